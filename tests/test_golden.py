"""Trajectories recorded with the authors' code of AE-CM, DKM, ClusterGAN and IDEC, DEC's as well.

Of VaDE, whose authors train the shares otherwise, the objective and its gradient.

20 steps from known weights on known batches: a faithful model that takes the same steps sees the
same loss terms and ends with the same weights.
"""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfclust.models import AECM, CM, DEC, DKM, IDEC, ClusterGAN, VaDE, clustergan, vade
from tfclust.optimizers import FusedAdam

GOLDEN = Path(__file__).parent / "golden"
OPTIMIZERS = {"fused": FusedAdam, "keras": keras.optimizers.Adam}


def read(name):
    """The arrays of a recorded file."""
    with np.load(GOLDEN / f"{name}.npz", allow_pickle=False) as file:
        return dict(file)


def load(name):
    """A recorded trajectory: its arrays, and its weights before and after."""
    recorded = read(f"{name}_trajectory")
    count = sum(name.startswith("w0_") for name in recorded)
    before, after = ([recorded[f"{when}_{i:02d}"] for i in range(count)] for when in ("w0", "w1"))
    return recorded, before, after


def make(name, recorded):
    if name == "cm":
        return CM(5, alpha=recorded["alpha"])
    return AECM(
        5,
        embedding_dim=4,
        hidden_units=(10, 10, 20),
        alpha=recorded["alpha"],
        beta=float(recorded["beta"]),
        lbd=float(recorded["lbd"]),
    )


def parts(model):
    """The model's layers in the order of the recorded weights."""
    autoencoder = [model.encoder, model.decoder] if isinstance(model, AECM) else []
    return [model.assignment, model.centroid_map, *autoencoder]


def set_weights(model, weights):
    weights = iter(weights)
    for part in parts(model):
        part.set_weights([next(weights) for _ in part.weights])
    assert not list(weights)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("name", ["cm", "aecm"])
def test_training_follows_the_recorded_trajectory(name, jit_compile, optimizer):
    recorded, before, after = load(name)
    model = make(name, recorded)
    model.build((None, recorded["batches"].shape[-1]))
    model.compile(OPTIMIZERS[optimizer](1e-3, epsilon=1e-3), jit_compile=jit_compile)
    set_weights(model, before)

    terms = []
    for batch in recorded["batches"]:
        logs = model.train_on_batch(batch, return_dict=True)
        terms.append([logs[term] * len(batch) for term in model.TERMS])
        model.reset_metrics()
    np.testing.assert_allclose(terms, recorded["terms"], rtol=1e-4)

    weights = [weight for part in parts(model) for weight in part.get_weights()]
    for weight, expected in zip(weights, after, strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-3, rtol=0.0)
    if name == "aecm":
        memberships = model.predict(recorded["batches"][0], verbose=0)
        expected = recorded["responsibilities_first_batch_after"]
        np.testing.assert_allclose(memberships, expected, atol=1e-3, rtol=0.0)


def set_code(model, weights):
    """The weights of an autoencoder with one hidden layer, and the centroids of its codes."""
    model.encoder.set_weights(weights[:4])
    model.decoder.set_weights(weights[4:8])
    model.means.assign(weights[8])


def assert_code(model, expected):
    found = [*model.encoder.get_weights(), *model.decoder.get_weights(), np.array(model.means)]
    for weight, value in zip(found, expected, strict=True):
        np.testing.assert_allclose(weight, value, atol=1e-5)


def test_dkm_follows_the_recorded_trajectory():
    recorded, before, after = load("dkm")
    model = DKM(3, embedding_dim=2, hidden_units=(8,), lbd=float(recorded["lbd"]))
    model.build((None, 6))
    rate, epsilon = float(recorded["learning_rate"]), float(recorded["epsilon"])
    model.compile(FusedAdam(rate, epsilon=epsilon), run_eagerly=True)
    set_code(model, before)
    for batch, alpha, (error, distance) in zip(
        recorded["batches"], recorded["alphas"], recorded["terms"], strict=True
    ):
        model.alpha.assign(alpha)
        model.reset_metrics()
        logs = model.train_on_batch(batch, return_dict=True)
        assert logs["reconstruction"] == pytest.approx(error, rel=1e-4)
        assert logs["distance"] == pytest.approx(recorded["lbd"] * distance, rel=1e-4)
    assert_code(model, after)


@pytest.mark.parametrize("name", ["dec", "idec"])
def test_targets_and_steps_follow_the_recorded_trajectory(name):
    recorded, before, after = load(name)
    x, steps = recorded["x"], {k: recorded[k].item() for k in ("batch_size", "update_interval")}
    options = {"embedding_dim": 2, "hidden_units": (8,), "tol": 0.0, **steps}
    # IDEC's authors take the mean of the error over the features, and the paper, its sum.
    scale = 1.0 if name == "dec" else x.shape[1]
    weights = [1.0] if name == "dec" else [recorded["gamma"] * scale, scale]
    model = DEC(3, **options) if name == "dec" else IDEC(3, gamma=weights[0], **options)
    model.build((None, x.shape[1]))
    rate = recorded["learning_rate"] / scale
    model.compile(keras.optimizers.SGD(float(rate), float(recorded["momentum"])), run_eagerly=True)
    set_code(model, before)

    history = model.fit(x, epochs=5, shuffle=False, verbose=0).history
    sizes = np.array([16, 16, 16, 12])
    of_epochs = (recorded["terms"].reshape(5, 4, -1) * sizes[:, np.newaxis]).sum(axis=1) / len(x)
    for term, weight, expected in zip(
        ("divergence", "reconstruction"), weights, of_epochs.T, strict=False
    ):
        np.testing.assert_allclose(history[term], weight * expected, rtol=1e-4)
    assert_code(model, after)
    np.testing.assert_allclose(model.predict(x, verbose=0), recorded["memberships"], atol=1e-5)


def test_clustergan_follows_the_recorded_trajectory(monkeypatch):
    """Their code draws one factor a batch and gives its critic the other sign."""
    recorded, before, after = load("clustergan")
    batches, n_critic = recorded["batches"], 5
    _, rows, width = batches.shape
    size = recorded["codes"].shape[-1]
    latent_dim, n_clusters = 2, size - 2
    model = ClusterGAN(
        n_clusters,
        latent_dim=latent_dim,
        hidden_units=(8, 8),
        output_activation="linear",
        beta_n=float(recorded["beta_n"]) / latent_dim,  # theirs is of the mean over the code
        beta_c=float(recorded["beta_c"]),
        critic_steps=n_critic,
    )
    model.build((None, width))
    model.compile(FusedAdam(1e-4, beta_1=0.5, beta_2=0.9, epsilon=1e-8), run_eagerly=True)
    codes, factors = iter(recorded["codes"]), iter(recorded["factors"])

    def recorded_prior(count, seed):
        drawn = next(codes)
        return tf.constant(drawn[:, :latent_dim]), tf.constant(drawn[:, latent_dim:])

    def interpolated(x, drawn, seed):
        factor = next(factors)
        return factor * x + (1.0 - factor) * drawn

    monkeypatch.setattr(model, "_prior", recorded_prior)
    monkeypatch.setattr(clustergan, "interpolated_rows", interpolated)
    networks = (model.encoder, model.generator, model.critic)

    def with_our_sign(weights):
        *hidden, kernel, bias = weights
        assert not bias.any()  # of no matter to a difference of means
        return [*hidden, -kernel]

    for network, first in zip(networks, (0, 6, 12), strict=True):
        theirs = before[first : first + 6]
        network.set_weights(theirs if first < 12 else with_our_sign(theirs))
    turns = batches.reshape(-1, n_critic * rows, width)
    of_critic = recorded["critic"].reshape(-1, n_critic)
    for batch, critic, generator in zip(turns, of_critic, recorded["generator"], strict=True):
        model.reset_metrics()
        logs = model.train_on_batch(batch, return_dict=True)
        assert logs["critic"] + logs["penalty"] == pytest.approx(critic[-1], rel=1e-5)
        ours = logs["generator"] + logs["code"] + logs["category"]
        assert ours == pytest.approx(generator, rel=1e-5)
    expected = [*after[:12], *with_our_sign(after[12:])]
    found = [weight for network in networks for weight in network.get_weights()]
    for weight, value in zip(found, expected, strict=True):
        np.testing.assert_allclose(weight, value, atol=1e-5, rtol=0.0)


@pytest.mark.parametrize(
    "output, error", [("sigmoid", "cross_entropy"), ("linear", "squared_error")]
)
def test_vade_has_the_recorded_losses_and_gradients(output, error, monkeypatch):
    """At uniform shares, as their gamma takes pi once a dimension; it adds 1e-10 to a density."""
    recorded = read("vade_objective")
    *weights, means, variances = (recorded[f"w_{i:02d}"] for i in range(12))
    *slopes, of_means, of_variances = (recorded[f"{output}_g_{i:02d}"] for i in range(12))
    p, n_clusters = means.shape
    options = {"embedding_dim": p, "hidden_units": (8,), "reconstruction_loss": error}
    model = VaDE(n_clusters, **options, dtype="float64")
    model.build((None, recorded["x"].shape[1]))
    model.encoder.set_weights(weights[:4])
    model.log_variance.set_weights(weights[4:6])
    model.decoder.set_weights(weights[6:])
    model.means.assign(means.T)
    model.log_variances.assign(np.log(variances.T))
    monkeypatch.setattr(
        vade, "gaussian_sample", lambda mean, log, seed: mean + tf.exp(log / 2) * recorded["noise"]
    )

    networks = (model.encoder, model.log_variance, model.decoder)
    trained = [weight for network in networks for weight in network.trainable_weights]
    with tf.GradientTape() as tape:
        memberships, terms = model.objective(tf.constant(recorded["x"]), training=True)
        loss = tf.add_n(list(terms.values()))
    found = tape.gradient(loss, [*trained, model.means, model.log_variances])
    constant = p**2 / 2 * np.log(2 * np.pi)  # of their sum, and of no gradient
    assert float(loss) == pytest.approx(recorded[f"{output}_losses"].mean() - constant, rel=1e-6)
    np.testing.assert_allclose(memberships, recorded[f"{output}_gamma"], atol=1e-6)
    expected = [*slopes, of_means.T, (of_variances * variances).T]
    for slope, value in zip(found, expected, strict=True):
        np.testing.assert_allclose(slope, value, rtol=1e-5, atol=1e-6)
