import json
from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from battery import assert_same_weights, compiled
from numbered_rows_battery import NumberedRowsBattery
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

from tfclust.callbacks import Checkpoint, UpdateTargets
from tfclust.losses import student_log_memberships, target_distribution, target_divergence
from tfclust.metrics import clustering_accuracy
from tfclust.models import CM, DEC, IDEC
from tfclust.pretraining import stepwise_sgd


def memberships_of(codes, means):
    """Eq. 1."""
    closeness = 1.0 / (1.0 + ((codes[:, None] - means) ** 2).sum(axis=2))
    return closeness / closeness.sum(axis=1, keepdims=True)


def targets_of(q):
    """Eq. 3, of all rows."""
    weights = q**2 / q.sum(axis=0)
    return weights / weights.sum(axis=1, keepdims=True)


class EmbeddedBattery(NumberedRowsBattery):
    kwargs: ClassVar = {
        **{"n_clusters": 3, "embedding_dim": 2, "hidden_units": (8,), "seed": 0},
        **{"update_interval": 3, "tol": 0.0},  # steps of an epoch
    }
    set_by_rule = ("shares",)
    steady: ClassVar = {"update_interval": 99}
    needs_weights: ClassVar = {"centroids": ("input",)}

    def test_decoder_mirrors_the_encoder_and_the_code_is_linear(self):
        model = self.build(hidden_units=(8, 7, 5), activation="leaky_relu")
        model.build((None, 6))
        for network, widths in ((model.encoder, (8, 7, 5, 2)), (model.decoder, (5, 7, 8, 6))):
            assert tuple(layer.units for layer in network.layers) == widths
            activations = [layer.activation for layer in network.layers]
            assert activations == [keras.activations.leaky_relu] * 3 + [keras.activations.linear]

    def test_memberships_are_a_students_t_of_the_codes(self, trained, rows):
        codes = trained.embed(rows).astype("float64")
        expected = memberships_of(codes, trained.centroids())
        np.testing.assert_allclose(trained.predict(rows, verbose=0), expected, rtol=1e-4)

    def test_targets_are_those_of_all_rows_and_stay_for_an_interval(self, rows):
        model, taken = self.make(update_interval=4, batch_size=8), []
        record = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: taken.append(
                (model.row_values["targets"].numpy(), model.predict(rows, verbose=0))
            )
        )
        model.build((None, 6))
        first = targets_of(model.predict(rows, verbose=0).astype("float64"))
        model.fit(rows, epochs=2, verbose=0, callbacks=[record])
        wanted = [first] * 3
        for step in (4, 8):
            now = targets_of(taken[step - 1][1].astype("float64"))
            wanted += [now] * 4
        for (targets, _), expected in zip(taken, wanted, strict=False):
            np.testing.assert_allclose(targets, expected, rtol=1e-4)
        shares = taken[7][1].mean(axis=0)
        np.testing.assert_allclose(model.shares, shares, rtol=1e-5)

    def test_training_takes_the_kept_targets_of_the_rows_of_a_batch(self, rows):
        model = self.make(tol=0.0)
        model.build((None, 6))
        targets = np.random.default_rng(0).dirichlet(np.ones(3), 37).astype("float32")
        model.set_row_values("targets", targets)
        numbers = np.array([30, 2, 5])
        memberships, terms = model.objective(rows[numbers], True, numbers)
        p, q = targets[numbers], memberships.numpy()
        expected = getattr(model, "gamma", 1.0) * (p * np.log(p / q)).sum() / 3
        assert float(terms["divergence"]) == pytest.approx(expected, rel=1e-5)

    @pytest.mark.parametrize(("tol", "steps"), [(0.0, 9), (1.0, 4)])
    def test_training_ends_at_the_update_at_which_few_rows_have_moved(self, rows, tol, steps):
        model = self.make(keras.optimizers.SGD(0.0), update_interval=4, tol=tol)
        model.fit(rows, epochs=3, verbose=0)
        assert int(model.optimizer.iterations) == steps

    def test_codes_upon_centroids_have_finite_gradients(self, rows):
        model = self.make(keras.optimizers.SGD(0.1))
        model.build((None, 6))
        model.means.assign(model.embed(rows[:3]))
        assert all(np.isfinite(model.fit(rows, epochs=2, verbose=0).history["loss"]))
        assert all(np.isfinite(weight).all() for weight in model.get_weights())

    def test_a_start_that_was_cut_off_goes_on_to_the_same_weights(self, rows, tmp_path):
        class CutOff(keras.callbacks.Callback):
            def on_stage_begin(self, name, epochs):
                self.name = name

            def on_epoch_begin(self, epoch, logs=None):
                if (self.name, epoch) == self.at:
                    raise KeyboardInterrupt

        def start(directory, at):
            model, cut = self.make(), CutOff()
            cut.at = at
            model.pretrain(rows, 2, 2, directory=directory, verbose=0, callbacks=[cut])
            return model

        for at in (("layer_2", 1), ("autoencoder", 0)):
            with pytest.raises(KeyboardInterrupt):
                start(tmp_path / "cut", at)
        resumed, whole = start(tmp_path / "cut", None), start(tmp_path / "whole", None)
        assert_same_weights(resumed, whole)
        with pytest.raises(ValueError, match=r"`directory` must be.*Received"):
            self.make().pretrain(rows, 2, 2, 0.5, directory=tmp_path / "cut", verbose=0)

    def test_the_start_says_what_it_trains_and_sets_the_means_of_kmeans(self, rows):
        model = self.make()
        history = model.pretrain(rows, epochs=3, layer_epochs=2, verbose=0).history
        stages = model.pretraining_stages(len(rows), epochs=3, layer_epochs=2)
        assert {name: len(losses) for name, losses in history.items()} == stages
        assert list(stages) == ["layer_1", "layer_2", "autoencoder"]
        best = KMeans(3, n_init=20, random_state=0).fit(model.embed(rows))
        np.testing.assert_allclose(model.centroids(), best.cluster_centers_, rtol=1e-5)
        assert model.decoder.trainable == model.trains_decoder
        assert list(self.make().pretrain(rows, 1, 0, verbose=0).history) == ["autoencoder"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"embedding_dim": 0},
            {"hidden_units": (8, 0)},
            {"activation": "square"},
            {"kernel_start": "large"},
            {"update_interval": 0},
            {"tol": 1.5},
            {"tol": np.nan},
        ],
    )
    def test_arguments_out_of_their_range_are_refused(self, changes):
        with pytest.raises(ValueError, match=r"`\w+(\[1\])?` must be .*Received: "):
            self.build(**changes)

    @pytest.mark.parametrize("changes", [{"dropout": 1.0}, {"layer_epochs": -1}, {"n_init": 0}])
    def test_a_start_out_of_its_range_is_refused(self, rows, changes):
        with pytest.raises(ValueError, match=r"`\w+` must be .*Received: "):
            self.make().pretrain(rows, verbose=0, **changes)

    def test_presets_are_those_of_the_dataset(self):
        model = self.model_class.from_preset("usps", seed=0)
        assert (model.update_interval, model.batch_size, model.n_clusters) == (30, 256, 10)
        assert model.compiled


class TestDEC(EmbeddedBattery):
    model_class = DEC

    def test_the_decoder_is_trained_by_the_start_alone(self, rows):
        model = self.make()
        model.build((None, 6))
        before = model.decoder.get_weights()
        model.fit(rows, epochs=2, verbose=0)
        for weight, expected in zip(model.decoder.get_weights(), before, strict=True):
            np.testing.assert_array_equal(weight, expected)
        model.pretrain(rows, epochs=1, layer_epochs=0, verbose=0)
        assert not np.array_equal(model.decoder.get_weights()[0], before[0])


def tiny_dec(**changes):
    settings = {"hidden_units": (8,), "batch_size": 37, "kernel_start": "small_normal", **changes}
    return DEC(3, embedding_dim=2, seed=0, **settings)


def test_kernels_of_the_paper_are_small_and_of_the_seed():
    model = tiny_dec(hidden_units=(200, 300))
    model.build((None, 100))
    kernels = [
        layer.kernel for network in (model.encoder, model.decoder) for layer in network.layers
    ]
    for kernel in kernels:
        assert np.std(kernel) == pytest.approx(0.01, rel=0.1)
    again = DEC.from_config(model.get_config())
    again.build((None, 100))
    assert_same_weights(again, model)


def test_the_papers_pretraining_steps_down_half_the_mean_squared_error(rows):
    model, begun = (tiny_dec(kernel_start="glorot_uniform") for _ in range(2))
    model.pretrain(rows, 1, 0, n_init=1, verbose=0, optimizer=stepwise_sgd)
    begun.build((None, 6))
    weights = begun.encoder.trainable_variables + begun.decoder.variables
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.square(begun.decode(begun.encoder(rows)) - rows)) / 2.0
    gradients = tape.gradient(error, [weight.value for weight in weights])
    trained = model.encoder.trainable_variables + model.decoder.variables
    for after, before, gradient in zip(trained, weights, gradients, strict=True):
        np.testing.assert_allclose(after, before - 0.1 * gradient, rtol=1e-5, atol=1e-7)


def test_the_papers_rate_falls_to_a_tenth_every_20000_steps():
    model = tiny_dec()
    model.build((None, 6))
    optimizer = stepwise_sgd(model.decoder)
    for steps, rate in ((0, 0.1), (19_999, 0.1), (20_000, 0.01), (99_999, 1e-5)):
        optimizer.iterations.assign(steps)
        assert float(optimizer.learning_rate) == pytest.approx(rate / (2 * 6), rel=1e-4)


@pytest.mark.parametrize(
    ("drop_ends", "drops"), [(True, [0.2, 0.2]), (False, [0.2])], ids=("paper", "code")
)
def test_data_and_code_are_dropped_in_part_unless_hidden_outputs_alone_are(
    rows, drop_ends, drops, tmp_path
):
    tiny_dec().pretrain(rows, 1, 1, 0.2, directory=tmp_path, drop_ends=drop_ends, verbose=0)
    for layer in (1, 2):
        record = json.loads((tmp_path / f"layer_{layer}.json").read_text())
        assert record["manner"]["dropout"] == drops


@pytest.mark.parametrize("optimizer", ["sgd", keras.optimizers.SGD(1e-3), stepwise_sgd])
def test_every_stage_begins_with_an_optimizer_that_has_taken_no_steps(rows, optimizer, tmp_path):
    class Counted(keras.callbacks.Callback):
        steps: ClassVar = []

        def on_train_end(self, logs=None):
            self.steps.append(int(self.model.optimizer.iterations))
            assert isinstance(self.model.optimizer, keras.optimizers.SGD)

    counted = Counted()
    options = {"verbose": 0, "directory": tmp_path / "stages", "optimizer": optimizer}
    tiny_dec().pretrain(rows, 3, 2, callbacks=[counted], **options)
    assert counted.steps == [2, 2, 3]
    with pytest.raises(ValueError, match=r"`directory` must be.*Received.*'optimizer'"):
        tiny_dec().pretrain(rows, 3, 2, **{**options, "optimizer": None})


# IDEC is DEC and one more term: the battery is run for DEC, what is stored and served for both.
def test_error_of_idec_is_a_sum_over_features_and_gamma_weighs_the_divergence(rows):
    kwargs = {**EmbeddedBattery.kwargs, "batch_size": 8}
    plain, weighted = IDEC(gamma=1.0, **kwargs), IDEC(gamma=0.5, **kwargs)
    for model in (plain, weighted):
        model.build((None, 6))
    first, second = plain.loss_terms(rows), weighted.loss_terms(rows)
    error = ((rows - plain.reconstruct(rows)) ** 2).sum() / len(rows)
    for terms in (first, second):
        assert float(terms["reconstruction"]) == pytest.approx(error, rel=1e-5)
    assert float(second["divergence"]) == pytest.approx(float(first["divergence"]) / 2)
    with pytest.raises(ValueError, match=r"`gamma` must be.*Received"):
        IDEC(gamma=-1.0, **kwargs)


def test_idec_resumes_from_where_it_was_cut_off(rows, tmp_path):
    def train(folder, epochs):
        model = compiled(IDEC(**EmbeddedBattery.kwargs, batch_size=8))
        model.fit(rows, epochs=epochs, verbose=0, callbacks=[Checkpoint(tmp_path / folder)])
        return model

    train("cut off", 2)
    assert_same_weights(train("cut off", 4), train("whole", 4))


def test_objective_and_its_gradients_are_the_papers():
    rng = np.random.default_rng(0)
    z, mu = rng.normal(size=(9, 2)), rng.normal(size=(3, 2))
    q = memberships_of(z, mu)
    p = targets_of(q)
    codes, means = tf.constant(z), tf.constant(mu)
    with tf.GradientTape() as tape:
        tape.watch([codes, means])
        logs = student_log_memberships(codes, means)
        found = tf.exp(logs)
        targets = target_distribution(found, tf.reduce_mean(found, axis=0))
        divergence = target_divergence(targets, logs)
    by_codes, by_means = tape.gradient(divergence, [codes, means])
    np.testing.assert_allclose(found, q, rtol=1e-12)
    np.testing.assert_allclose(targets, p, rtol=1e-12)
    assert float(divergence) == pytest.approx((p * np.log(p / q)).sum(), rel=1e-12)
    differences = z[:, None] - mu
    pull = 2.0 * ((p - q) / (1.0 + (differences**2).sum(axis=2)))[..., None] * differences
    np.testing.assert_allclose(by_codes, pull.sum(axis=1), rtol=1e-9)  # Eq. 4
    np.testing.assert_allclose(by_means, -pull.sum(axis=0), rtol=1e-9)  # Eq. 5


def test_targets_of_distances_of_every_size_are_finite():
    codes = tf.constant([[0.0, 0.0], [1e15, 0.0], [3.0, -1e15]])
    logs = student_log_memberships(codes, codes)
    targets = target_distribution(tf.exp(logs), tf.reduce_mean(tf.exp(logs), axis=0))
    assert np.isfinite(target_divergence(targets, logs))
    np.testing.assert_allclose(targets, np.eye(3), atol=1e-6)
    of_empty = target_distribution([[1.0, 0.0]], [1.0, 0.0])  # no row is near the second
    np.testing.assert_array_equal(of_empty, [[1.0, 0.0]])


def test_a_model_without_targets_is_refused(rows):
    model = CM(3, batch_size=8, seed=0)
    model.compile(jit_compile=False)
    with pytest.raises(ValueError, match=r"`UpdateTargets` needs a model with targets.*Received"):
        model.fit(rows, verbose=0, callbacks=[UpdateTargets(rows, 5)])


def test_digits_are_clustered_better_than_by_kmeans():
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype("float32")
    model = DEC(
        **{"n_clusters": 10, "hidden_units": (200, 200), "activation": "leaky_relu"},
        **{"update_interval": 29, "tol": 0.0, "batch_size": 64, "seed": 0},
    )
    model.compile(steps_per_execution=29, jit_compile=False)
    model.pretrain(x, epochs=30, layer_epochs=10, n_init=5, verbose=0)
    start = clustering_accuracy(y, model.assign(x))
    model.fit(x, epochs=10, verbose=0)
    by_kmeans = KMeans(10, n_init=5, random_state=0).fit_predict(x)
    reached = clustering_accuracy(y, model.assign(x))
    assert reached > max(start, clustering_accuracy(y, by_kmeans))
