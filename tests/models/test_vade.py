import warnings
from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from battery import ClusteringModelBattery
from scipy.special import expit, log_softmax, logsumexp, softmax
from scipy.stats import norm
from sklearn.datasets import load_digits
from sklearn.mixture import GaussianMixture

from tfclust.losses import (
    bounded_log_variance,
    categorical_divergences,
    component_divergences,
    gaussian_log_densities,
)
from tfclust.metrics import clustering_accuracy
from tfclust.models import VIBGMM, VaDE
from tfclust.pretraining import diagonal_mixture
from tfclust.randomness import gaussian_sample

OCCUPANCY = ("occupied_clusters", "smallest_cluster", "assignment_entropy")
SMALL = {
    **{"embedding_dim": 2, "hidden_units": (8,), "seed": 0},
    "reconstruction_loss": "squared_error",
}
STEP = 1e-5  # of differences of functions of float64


def log_densities(codes, means, log_variances):
    deviations = np.exp(0.5 * log_variances)
    return norm.logpdf(codes[:, None], means, deviations).sum(axis=2)


def divergences_of(mean, log_variance, means, log_variances):
    """KL(N(m, s^2) || N(mu_k, sigma_k^2)), written with variances."""
    variance, variances = np.exp(log_variance)[:, None], np.exp(log_variances)
    squared = (mean[:, None] - means) ** 2
    terms = np.log(variances / variance) + (variance + squared) / variances - 1.0
    return 0.5 * terms.sum(axis=2)


def forward(network, x):
    for layer in network.layers:
        kernel, bias = (np.asarray(weight, "float64") for weight in layer.get_weights())
        x = x @ kernel + bias
        x = np.maximum(x, 0.0) if layer.activation is keras.activations.relu else x
    return x


class Parts:
    """What NumPy needs of a model: its code of each row, and the errors of its decoder."""

    def __init__(self, model, x, noise):
        hidden = forward(keras.Sequential(model.encoder.layers[:-1]), x)
        last = [np.asarray(weight) for weight in model.encoder.layers[-1].get_weights()]
        self.mean = hidden @ last[0] + last[1]
        kernel, bias = model.log_variance.get_weights()
        self.log_variance = hidden @ kernel + bias
        self.code = self.mean + np.exp(0.5 * self.log_variance) * noise
        self.mixture = np.asarray(model.means), np.asarray(model.log_variances)
        self.log_shares = log_softmax(np.asarray(model.share_logits))
        decoded = forward(model.decoder, self.code)
        if model.reconstruction_loss == "squared_error":
            self.errors = ((x - decoded) ** 2).sum(axis=1)
        else:
            s = expit(decoded)
            self.errors = -(x * np.log(s) + (1 - x) * np.log(1 - s)).sum(axis=1)


def vade_terms(model, x, noise):
    parts = Parts(model, x, noise)
    gamma = softmax(parts.log_shares + log_densities(parts.code, *parts.mixture), axis=1)
    divergences = divergences_of(parts.mean, parts.log_variance, *parts.mixture)
    return {
        "reconstruction": parts.errors.mean(),
        "gaussian_kl": (gamma * divergences).sum(axis=1).mean(),
        "categorical_kl": (gamma * (np.log(gamma) - parts.log_shares)).sum(axis=1).mean(),
    }


def vibgmm_terms(model, x, noise):
    parts = Parts(model, x, noise)
    divergences = divergences_of(parts.mean, parts.log_variance, *parts.mixture)
    bound = -logsumexp(parts.log_shares - divergences, axis=1)
    weight = float(model.divergence_weight)
    return {"reconstruction": parts.errors.mean(), "mixture_kl": weight * bound.mean()}


def double(model_class, rows, **changes):
    """A built model of float64 with weights that are none of a start, and its rows and draws."""
    arguments = {"embedding_dim": 2, "hidden_units": (5,), "batch_size": 9, "seed": 0, **changes}
    model = model_class(3, dtype="float64", **arguments)
    model.build((None, 6))
    model.compile()
    rng = np.random.default_rng(0)
    model.set_weights([w + 0.3 * rng.normal(size=w.shape) for w in model.get_weights()])
    x = rows[:9].clip(0.0, 1.0).astype("float64")
    zeros = tf.zeros((9, 2), "float64")
    return model, x, gaussian_sample(zeros, zeros, model.step_seed()).numpy()


def check_terms_and_gradients(model, terms, x, noise):
    """The terms of a training step, and the gradient of every weight, against NumPy's."""
    found = model.loss_terms(x, training=True)
    for name, value in terms(model, x, noise).items():
        np.testing.assert_allclose(found[name], value, rtol=1e-9, err_msg=name)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x)
    weights = model.trainable_weights
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        at = np.asarray(weight).copy()
        where = np.unravel_index(np.abs(gradient.numpy()).argmax(), at.shape)
        values = []
        for step in (STEP, -STEP):
            moved = at.copy()
            moved[where] += step
            weight.assign(moved)
            values.append(sum(terms(model, x, noise).values()))
        weight.assign(at)
        slope = (values[0] - values[1]) / (2 * STEP)
        np.testing.assert_allclose(gradient[where], slope, rtol=1e-5, atol=1e-8)


@pytest.mark.filterwarnings("ignore:Epoch .* assigned no sample")
class TestVaDE(ClusteringModelBattery):
    model_class = VaDE
    extra_logs = frozenset(OCCUPANCY)
    needs_weights: ClassVar = {"generate": (0,), "centroids": ("input",)}
    draws_codes = True

    def test_networks_are_those_of_the_paper(self):
        model = VaDE(10, seed=0)
        model.build((None, 20))
        widths = [layer.units for layer in model.encoder.layers]
        assert widths == [500, 500, 2000, 10]
        assert [layer.units for layer in model.decoder.layers] == [2000, 500, 500, 20]
        assert model.log_variance.kernel.shape == (2000, 10)
        assert model.batch_size == 100
        optimizer = model.default_optimizer()
        assert float(optimizer.learning_rate) == pytest.approx(2e-3)
        assert optimizer.epsilon == 1e-4

    def test_memberships_are_those_of_the_mixture_at_the_mean_code(self, trained, rows):
        codes = trained.embed(rows).astype("float64")
        mixture = np.asarray(trained.means), np.asarray(trained.log_variances)
        joint = log_softmax(np.asarray(trained.share_logits)) + log_densities(codes, *mixture)
        np.testing.assert_allclose(
            trained.predict(rows, verbose=0), softmax(joint, axis=1), rtol=1e-4, atol=1e-6
        )

    def test_generated_points_are_decoded_draws_of_a_component(self, trained):
        drawn = trained.generate(cluster=1, n=4, seed=5)
        np.testing.assert_array_equal(drawn, trained.generate(1, 4, seed=5))
        assert not np.array_equal(drawn, trained.generate(2, 4, seed=5))
        noise = tf.random.stateless_normal((4, 2), (5, 0))
        codes = trained.means[1] + np.exp(0.5 * np.asarray(trained.log_variances[1])) * noise
        np.testing.assert_allclose(drawn, trained.decoder(codes), rtol=1e-4, atol=1e-6)

    def test_reconstructions_are_of_the_mean_code_and_centroids_are_decoded(self, trained, rows):
        decoded = trained.decoder(trained.embed(rows))
        np.testing.assert_allclose(trained.reconstruct(rows), decoded, atol=1e-5)
        decoded = trained.decoder(trained.centroids())
        np.testing.assert_allclose(trained.centroids("input"), decoded, atol=1e-6)

    def test_cross_entropy_reconstructs_in_0_to_1_and_refuses_other_data(self, rows):
        model = self.make(reconstruction_loss="cross_entropy")
        with pytest.raises(ValueError, match=r"within 0 and 1.*Received: x from .* to 2"):
            model.fit(np.where(rows == rows.max(), 2.0, np.abs(rows)), verbose=0)
        model.fit(np.clip(rows, 0.0, 1.0), verbose=0)
        outputs = model.reconstruct(np.clip(rows, 0.0, 1.0))
        assert outputs.min() > 0.0 and outputs.max() < 1.0

    def test_the_start_says_what_it_trains_and_sets_the_mixture_of_the_codes(self, rows):
        model = self.make()
        history = model.pretrain(rows, epochs=3, layer_epochs=2, n_init=4, verbose=0).history
        stages = model.pretraining_stages(len(rows), epochs=3, layer_epochs=2)
        assert {name: len(losses) for name, losses in history.items()} == stages
        means, variances, shares = diagonal_mixture(model.embed(rows), 3, model.seed, 4)
        np.testing.assert_allclose(model.centroids(), means, rtol=1e-5)
        np.testing.assert_allclose(np.exp(model.log_variances), variances, rtol=1e-4)
        np.testing.assert_allclose(softmax(model.share_logits), shares, rtol=1e-5)
        _, log_variance, _ = model._codes(rows, training=False)
        ratio = np.exp(log_variance) / (shares @ variances)
        np.testing.assert_allclose(ratio, 0.01, rtol=1e-4)

    @pytest.mark.parametrize(
        "changes",
        [{"embedding_dim": 0}, {"hidden_units": (8, 0)}, {"reconstruction_loss": "mae"}],
    )
    def test_arguments_out_of_their_range_are_refused(self, changes):
        with pytest.raises(ValueError, match=r"`\w+(\[1\])?` must be .*Received: "):
            self.build(**changes)

    @pytest.mark.parametrize("changes", [{"dropout": 1.0}, {"layer_epochs": -1}, {"n_init": 0}])
    def test_a_start_out_of_its_range_is_refused(self, rows, changes):
        with pytest.raises(ValueError, match=r"`\w+` must be .*Received: "):
            self.make().pretrain(rows, verbose=0, **changes)


@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
def test_objective_of_vade_and_its_gradients_are_numpys_in_float64(rows, loss):
    model, x, noise = double(VaDE, rows, reconstruction_loss=loss)
    check_terms_and_gradients(model, vade_terms, x, noise)


# VIB-GMM is VaDE and another divergence: the battery is run for VaDE, what is stored for both.
def test_objective_of_vib_gmm_and_its_gradients_are_numpys_in_float64(rows):
    model, x, noise = double(VIBGMM, rows, divergence_weight=0.3)
    model.divergence_weight.assign(0.3)
    check_terms_and_gradients(model, vibgmm_terms, x, noise)


def test_divergence_of_vib_gmm_is_that_of_vade_at_the_best_memberships(rows):
    model, x, noise = double(VIBGMM, rows)
    model.divergence_weight.assign(1.0)
    parts = Parts(model, x, noise)
    divergences = divergences_of(parts.mean, parts.log_variance, *parts.mixture)
    found = float(model.loss_terms(x, training=True)["mixture_kl"])

    def of(logits):
        gamma = softmax(logits, axis=1)
        own = (gamma * divergences).sum(axis=1)
        return float(tf.reduce_mean(own + categorical_divergences(logits, parts.log_shares)))

    best = parts.log_shares - divergences
    assert of(best) == pytest.approx(found, rel=1e-9)
    rng = np.random.default_rng(0)
    assert all(of(best + rng.normal(size=best.shape)) > found for _ in range(20))


def test_the_weight_of_vib_gmm_is_a_variable_that_is_saved(rows, tmp_path):
    model = VIBGMM(3, embedding_dim=2, hidden_units=(8,), divergence_weight=0.2, seed=0)
    model.build((None, 6))
    model.divergence_weight.assign(0.7)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.divergence_weight, 0.7)
    assert loaded.get_config()["divergence_weight"] == 0.2
    with pytest.raises(ValueError, match=r"`divergence_weight` must be.*Received"):
        VIBGMM(3, divergence_weight=-1.0)


def test_closed_form_is_the_mean_of_draws(rows):
    """KL(q(z, c|x) || p(z, c)) with q = q(z|x) gamma, for any gamma, from the densities alone."""
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    means, log_variances = 2 * rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    logits, share_logits = rng.normal(size=(4, 3)), rng.normal(size=3)
    gamma, log_shares = softmax(logits, axis=1), log_softmax(share_logits)
    closed = (gamma * component_divergences(mean, log_variance, means, log_variances)).numpy()
    closed = closed.sum(axis=1) + categorical_divergences(logits, share_logits)
    draws = []
    for _ in range(20_000):
        codes = mean + np.exp(0.5 * log_variance) * rng.normal(size=(4, 2))
        own = norm.logpdf(codes, mean, np.exp(0.5 * log_variance)).sum(axis=1)
        joint = log_shares + log_densities(codes, means, log_variances)
        draws.append((gamma * (own[:, None] + np.log(gamma) - joint)).sum(axis=1))
    error = np.std(draws, axis=0) / np.sqrt(len(draws))
    assert np.all(np.abs(np.mean(draws, axis=0) - closed) < 4 * error)
    assert np.all(error < 0.1 * closed)


def test_densities_and_divergences_are_numpys_in_float64():
    rng = np.random.default_rng(0)
    mean, log_variance = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    means, log_variances = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    expected = log_densities(mean, means, log_variances)
    found = gaussian_log_densities(mean, means, log_variances)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    expected = divergences_of(mean, log_variance, means, log_variances)
    found = component_divergences(mean, log_variance, means, log_variances)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    each = np.tile(means, (5, 1, 1)), np.tile(log_variances, (5, 1, 1))
    np.testing.assert_allclose(component_divergences(mean, log_variance, *each), expected)


def test_a_log_variance_beyond_the_bound_comes_back():
    far = tf.constant([-1e9, -40.0, 2.0, 1e9])
    with tf.GradientTape() as tape:
        tape.watch(far)
        bounded = bounded_log_variance(far)
        divergence = tf.reduce_sum(tf.exp(bounded) - bounded)
    np.testing.assert_allclose(bounded, [-15.0, -15.0, 2.0, 15.0])
    np.testing.assert_array_equal(np.sign(tape.gradient(divergence, far)), [-1, -1, 1, 1])


@pytest.mark.parametrize("of_codes", [-200.0, 0.0, 200.0])
@pytest.mark.parametrize("of_components", [-200.0, 200.0])
def test_extreme_variances_give_finite_terms_and_gradients(rows, of_codes, of_components):
    model = VaDE(3, **SMALL)
    model.build((None, 6))
    model.compile()
    model.log_variance.bias.assign(np.full(2, of_codes))
    model.log_variances.assign(np.full((3, 2), of_components) * [[1.0], [1.0], [-1.0]])
    for training in (False, True):
        with tf.GradientTape() as tape:
            loss = model.compute_loss(rows, training=training)
        gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
        assert np.isfinite(loss)
        assert all(np.isfinite(gradient).all() for gradient in gradients)
    assert np.isfinite(model.predict(rows, verbose=0)).all()


# The start -----------------------------------------------------------------------------------


def blobs(sizes, seed=0):
    rng = np.random.default_rng(seed)
    centers = np.array([[0.0, 0.0], [40.0, 0.0], [0.0, 70.0]])[: len(sizes)]
    return np.concatenate(
        [c + rng.normal(size=(n, 2)) for c, n in zip(centers, sizes, strict=True)]
    )


def test_the_mixture_is_the_likeliest_of_its_starts():
    x = blobs((50, 100, 150))
    means, variances, shares = diagonal_mixture(x, 3, seed=0)
    order = np.argsort(shares)
    np.testing.assert_allclose(shares[order], [1 / 6, 1 / 3, 1 / 2], atol=1e-6)
    np.testing.assert_allclose(means[order], [x[:50].mean(0), x[50:150].mean(0), x[150:].mean(0)])
    np.testing.assert_allclose(variances[order][0], x[:50].var(0), rtol=1e-2)
    again = diagonal_mixture(x, 3, seed=0)
    np.testing.assert_array_equal(again[0], means)


def test_a_start_with_a_tiny_component_is_refused_for_the_next_best(monkeypatch):
    taken, fit = [], GaussianMixture.fit

    def first_is_tiny(self, x):
        fit(self, x)
        if not taken:  # the likeliest by far, on a handful of rows
            self.weights_, self.lower_bound_ = np.array([0.995, 0.005]), 1e9
        taken.append(self.lower_bound_)
        return self

    monkeypatch.setattr(GaussianMixture, "fit", first_is_tiny)
    _, _, shares = diagonal_mixture(blobs((100, 100)), 2, seed=0, n_init=3)
    np.testing.assert_allclose(shares, [0.5, 0.5], atol=1e-6)
    assert len(taken) == 3


def test_it_is_said_where_every_start_has_a_tiny_component():
    x = blobs((4, 400, 400))
    rule = r"Each of 3 mixtures .* less than 3\.33% .* where it is [012] of 3"
    with pytest.warns(UserWarning, match=rule):
        _, _, shares = diagonal_mixture(x, 3, seed=0, n_init=3)
    assert shares.min() == pytest.approx(4 / 804, rel=1e-3)


def test_rows_that_coincide_have_a_mixture():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Each of 2 mixtures")
        found = diagonal_mixture(np.ones((9, 2)), 3, seed=0, n_init=2)
    assert all(np.isfinite(each).all() for each in found)
    assert found[1].min() > 0.0 and found[2].min() > 0.0


def test_a_start_of_labels_makes_their_clusters_the_components(rows, labels):
    model = VaDE(3, **SMALL)
    model.pretrain(rows, 1, 0, start=labels, verbose=0)
    codes = model.embed(rows)
    means = [codes[labels == cluster].mean(axis=0) for cluster in range(3)]
    np.testing.assert_allclose(model.centroids(), means, rtol=1e-4, atol=1e-6)
    assert len(np.unique(model.log_variances)) == 1
    with pytest.raises(ValueError, match=r"`start` must be one of.*Received: start='ward'"):
        model.pretrain(rows, 1, 0, start="ward", verbose=0)


# Collapse ------------------------------------------------------------------------------------


def test_components_that_die_are_named_while_it_trains(rows):
    model = VaDE(3, **SMALL, batch_size=8)
    model.build((None, 6))
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    model.share_logits.assign([0.0, -50.0, -60.0])
    with pytest.warns(UserWarning, match=r"Epoch 11 .* 2 of 3 clusters: 1, 2") as warned:
        logs = model.fit(rows, epochs=12, verbose=0).history
    assert len(warned) == 1
    assert logs["occupied_clusters"] == [1.0] * 12


def test_digits_are_clustered_and_no_component_dies():
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype("float32")
    model = VaDE(10, hidden_units=(100, 100), batch_size=100, seed=0)
    model.compile(steps_per_execution=18, jit_compile=False)
    model.pretrain(x, epochs=30, layer_epochs=0, n_init=5, verbose=0)
    start = clustering_accuracy(y, model.assign(x))
    logs = model.fit(x, epochs=15, verbose=0).history
    assert logs["loss"][-1] < logs["loss"][0]
    assert logs["occupied_clusters"] == [10.0] * 15
    assert clustering_accuracy(y, model.assign(x)) > max(start - 0.02, 0.6)
