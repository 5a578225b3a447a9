from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from battery import ClusteringModelBattery, assert_same_weights, compiled
from scipy.sparse import csr_matrix
from scipy.special import expit, log_softmax, logsumexp, softmax

from tfclust.callbacks import Checkpoint
from tfclust.models import DAMIC
from tfclust.pretraining import cross_entropy_loss, kmeans, squared_error_loss
from tfclust.stages import Stages, seconds_of_stages


@pytest.fixture(scope="module")
def rows(rows):
    """Values that a sigmoid can give back."""
    return np.clip(rows, 0.0, 1.0)


@pytest.fixture(scope="module")
def sparse_rows(rows):
    return csr_matrix(rows)


class TestDAMIC(ClusteringModelBattery):
    model_class = DAMIC
    needs_weights: ClassVar = {"autoencoder": (0,)}
    kwargs: ClassVar = {
        "n_clusters": 3,
        "embedding_dim": 2,
        "hidden_units": (),
        "gate_units": (5,),
        "seed": 0,
    }
    trains_as_it_tests = False  # batches are normalized

    def test_objective_is_eq_3_in_float64(self, trained, rows):
        assert_eq_3(trained, rows)

    def test_objective_is_eq_3_where_layers_are_normalized_first(self, rows):
        model = compiled(self.build(normalize_first=True))
        model.fit(rows, epochs=2, verbose=0)
        kinds = [type(layer).__name__ for layer in model.encoder.layers]
        assert kinds == ["ParallelDense", "ParallelBatchNormalization", "Activation"]
        assert_eq_3(model, rows)

    def test_layers_are_normalized_after_their_elu(self, trained):
        for network in (trained.encoder, trained.clustering_network):
            kinds = [type(layer).__name__ for layer in network.layers[1:3]]
            assert kinds[0] == "Activation"
            assert kinds[1].endswith("BatchNormalization")

    def test_a_config_means_what_the_constructor_does(self, trained):
        config = trained.get_config()
        assert DAMIC.from_config(config).normalize_first is False
        for some in ({"n_clusters": 3}, {"n_clusters": 3, "gate": True, "hidden_units": (8,)}):
            expected = DAMIC(**some).get_config()
            config_of_some = DAMIC.from_config(some).get_config()
            for own in ("name", "seed"):
                del expected[own], config_of_some[own]
            assert config_of_some == expected

    def test_a_whole_config_of_before_there_was_an_order_normalizes_first(self, trained):
        config = trained.get_config()
        del config["normalize_first"]
        assert DAMIC.from_config(config).normalize_first is True

    def test_gradients_are_those_of_eqs_4_and_5(self, trained, rows):
        logits, distances = parts_in_float64(trained, rows)
        weights = softmax(log_softmax(logits, axis=1) - distances, axis=1)
        network = trained.clustering_network
        with tf.GradientTape() as tape:
            loss = trained.compute_loss(rows, training=False)
        gradients = tape.gradient(loss, network.trainable_weights)
        with tf.GradientTape() as tape:
            log_p = tf.nn.log_softmax(network(rows, training=False))
            weighted = -tf.reduce_sum(tf.cast(weights, tf.float32) * log_p)
        for gradient, expected in zip(
            gradients, tape.gradient(weighted, network.trainable_weights), strict=True
        ):
            np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)

    def test_the_two_rules_are_eqs_2_and_6_and_their_agreement_is_told(self, trained, rows):
        logits, distances = parts_in_float64(trained, rows)
        by_gate, by_error = logits.argmax(axis=1), distances.argmin(axis=1)
        np.testing.assert_array_equal(trained.assign(rows), by_gate)
        np.testing.assert_array_equal(trained.assign(rows, rule="reconstruction"), by_error)
        assert trained.assign(rows, rule="reconstruction").dtype == np.int64
        assert trained.agreement(rows) == np.mean(by_gate == by_error)
        with pytest.raises(ValueError, match=r"must be one of gate, .*Received: rule='soft'"):
            trained.assign(rows, rule="soft")

    def test_the_code_of_a_row_is_what_the_gates_softmax_sees(self, trained, rows):
        codes = trained.embed(rows)
        assert codes.shape == (37, 5)
        logits = trained.clustering_network.layers[-1](codes)
        np.testing.assert_allclose(logits, trained.clustering_network(rows), atol=1e-5)

    def test_every_autoencoder_is_normalized_by_its_own_statistics(self, trained):
        moving = [w for w in trained.encoder.weights if w.name == "moving_mean"]
        assert [w.shape for w in moving] == [(3, 2)]
        assert not np.allclose(moving[0][0], moving[0][1])

    def test_reconstructions_are_those_of_the_single_autoencoders(self, trained, rows):
        each = np.stack([trained.autoencoder(k).predict(rows, verbose=0) for k in range(3)])
        assert each.min() > 0.0 and each.max() < 1.0
        chosen = each[trained.assign(rows), np.arange(37)]
        np.testing.assert_allclose(trained.reconstruct(rows, "chosen"), chosen, atol=1e-6)

    def test_code_has_as_many_units_as_clusters_where_none_is_given(self):
        model = self.build(embedding_dim=None)
        model.build((None, 6))
        assert model.encoder.output_shape == (3, None, 3)

    @pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
    def test_values_outside_of_0_to_1_are_refused_with_a_way_to_scale(self, trained, rows, kind):
        for beyond in (rows + 0.5, 255.0 * rows):
            with pytest.raises(
                ValueError, match=r"within 0 and 1.*x\.max\(\) - x\.min\(\).*Received: x from"
            ):
                trained.fit(kind(beyond), verbose=0)

    @pytest.mark.parametrize(
        "changes", [{"embedding_dim": 0}, {"hidden_units": (0,)}, {"gate_units": 5}]
    )
    def test_bad_networks_are_refused(self, changes):
        with pytest.raises(ValueError, match=r"`\w+(\[0\])?` must .*Received: "):
            self.build(**changes)


def make(**changes):
    return compiled(TestDAMIC().build(**changes))


@pytest.fixture(scope="module")
def pretrained(rows, tmp_path_factory):
    """A model, the history of its pretraining, and the folder of its stages."""
    directory = tmp_path_factory.mktemp("stages")
    model = make(hidden_units=(8,))
    history = model.pretrain(rows, epochs=12, n_init=3, verbose=0, directory=directory)
    return model, history.history, directory


def test_pretraining_is_layer_by_layer_then_whole_then_gate_then_clusters(pretrained):
    _, losses, _ = pretrained
    trainings = ["layer_1", "layer_2", "autoencoder", "gate"]
    assert list(losses)[:4] == trainings
    assert set(losses) - set(trainings) <= {f"cluster_{k}" for k in range(3)}
    for name in trainings:
        assert len(losses[name]) == 12
        assert losses[name][-1] < losses[name][0]


# What Keras says of every optimizer that was saved before its first step.
@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
def test_a_start_is_saved_before_any_joint_training(pretrained, rows, tmp_path):
    model = pretrained[0]
    model.save(tmp_path / "start.keras")
    loaded = keras.models.load_model(tmp_path / "start.keras")
    np.testing.assert_array_equal(loaded.assign(rows), model.assign(rows))
    np.testing.assert_array_equal(loaded.distances(rows), model.distances(rows))


def test_each_layer_reconstructs_what_the_trained_layers_below_give(rows, monkeypatch):
    stages, train = {}, Stages.train

    def recorded(self, name, network, x, y, loss):
        below = [stage[0].layers[0].get_weights() for stage in stages.values()]
        stages[name] = network, x, loss
        if name == "layer_2":
            first = stages["layer_1"][0].layers[0].predict(rows, verbose=0)
            np.testing.assert_allclose(x, first, rtol=1e-6)
        train(self, name, network, x, y, loss)
        if name == "layer_2":
            after = stages["layer_1"][0].layers[0].get_weights()
            for now, kept in zip(after, below[0], strict=True):
                np.testing.assert_array_equal(now, kept)

    monkeypatch.setattr(Stages, "train", recorded)
    make(hidden_units=(8,)).pretrain_autoencoder(rows, epochs=2, verbose=0)
    assert list(stages) == ["layer_1", "layer_2", "autoencoder"]
    np.testing.assert_array_equal(stages["layer_1"][1], rows)
    np.testing.assert_array_equal(stages["autoencoder"][1], rows)
    losses = [loss for _, _, loss in stages.values()]
    assert losses == [cross_entropy_loss, squared_error_loss, cross_entropy_loss]


def test_kmeans_labels_cluster_the_codes_of_the_first_autoencoder(rows):
    model = make()
    labels = model.kmeans_labels(rows, n_init=3)  # builds the model
    codes = model.encoder(rows, training=False)[0]
    np.testing.assert_array_equal(labels, kmeans(codes, 3, model.seed, 3)[1])


def test_a_folder_of_another_pretraining_is_refused(pretrained, rows):
    for changes in ({"epochs": 13}, {"epochs": 12, "patience": 2}):
        with pytest.raises(ValueError, match=r"take another, or remove it.*stage 'layer_1'"):
            make(hidden_units=(8,)).pretrain_autoencoder(rows, directory=pretrained[2], **changes)


@pytest.mark.parametrize("labels", [[0, 1, 2], np.full(37, 3), np.full(37, -1), np.full(37, 0.5)])
def test_labels_that_are_no_clusters_are_refused(labels, rows):
    with pytest.raises(ValueError, match=r"`labels` must hold an integer from 0 to 2 for each of"):
        make().pretrain_clusters(rows, labels)


@pytest.mark.parametrize(
    ("change", "message"), [(2.0, "must lie within 0 and 1"), (np.nan, "must not hold NaN")]
)
def test_bad_data_are_refused_before_any_stage(change, message, rows, labels, seen):
    with pytest.raises(ValueError, match=message):
        make().pretrain(rows * change)
    with pytest.raises(ValueError, match=message):
        make().pretrain_clusters(rows * change, labels)
    assert not seen


def test_autoencoders_start_as_copies_of_one(pretrained, rows):
    start = make(hidden_units=(8,))
    start.pretrain_autoencoder(rows, epochs=12, verbose=0, directory=pretrained[2])  # finished
    each = [start.autoencoder(k).predict(rows, verbose=0) for k in range(3)]
    np.testing.assert_array_equal(each[1], each[0])
    np.testing.assert_array_equal(each[2], each[0])


@pytest.fixture
def seen(monkeypatch):
    """The rows that every stage was trained on, by its name."""
    seen, train = {}, Stages.train

    def recorded(self, name, network, x, y, loss):
        seen[name] = x
        train(self, name, network, x, y, loss)

    monkeypatch.setattr(Stages, "train", recorded)
    return seen


def test_clusters_train_the_gate_and_visit_every_row_once_an_epoch(rows, labels, seen):
    model = make()
    model.pretrain_clusters(rows, labels.tolist(), epochs=60, verbose=0)
    assert np.mean(model.assign(rows) == labels) > 0.6
    visited = np.concatenate([seen[f"cluster_{k}"] for k in range(3)])
    np.testing.assert_array_equal(np.sort(visited, axis=0), np.sort(rows, axis=0))
    for k in range(3):
        np.testing.assert_array_equal(seen[f"cluster_{k}"], rows[labels == k])


def test_an_autoencoder_of_few_rows_is_normalized_by_these(rows, labels):
    model = make()
    model.pretrain_autoencoder(1.0 - rows, epochs=5, verbose=0)  # of statistics of its own
    model.pretrain_clusters(rows, labels, epochs=3, batch_size=20, verbose=0)  # three steps
    for k in range(3):
        autoencoder, own = model.autoencoder(k), rows[labels == k]
        np.testing.assert_allclose(autoencoder(own), autoencoder(own, training=True), atol=0.02)


def test_an_unfinished_stage_of_another_manner_is_not_taken_up(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(Checkpoint.__init__, "__defaults__", (0.0, None))  # at every epoch

    def interrupt(epoch, logs):
        if epoch == 3:
            raise Interrupted

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_begin=interrupt)]
    with pytest.raises(Interrupted):
        make().pretrain_autoencoder(rows, 9, verbose=0, directory=tmp_path, callbacks=callbacks)
    assert [*tmp_path.glob("layer_1/epoch-*")]
    others = {
        "epochs": (make(), rows, 8, {}),
        "batch_size": (make(), rows, 9, {"batch_size": 9}),
        "seed": (make(seed=5), rows, 9, {}),
        "patience": (make(), rows, 9, {"patience": 2}),
        "rows": (make(), rows[:30], 9, {}),
        "network": (make(embedding_dim=4), rows, 9, {}),
    }
    for name, (model, x, epochs, changes) in others.items():
        with pytest.raises(ValueError, match=f"stages like these.*Received.*'{name}'"):
            model.pretrain_autoencoder(x, epochs, verbose=0, directory=tmp_path, **changes)
    stages = Stages(9, 8, 0, directory=tmp_path)
    network = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6)])
    with pytest.raises(ValueError, match=r"'loss': 'mse'"):
        stages.train("layer_1", network, rows, None, "mse")
    history = make().pretrain_autoencoder(rows, 9, verbose=0, directory=tmp_path).history
    assert len(history["layer_1"]) == 9


def test_empty_and_tiny_clusters_keep_their_autoencoder(rows, seen):
    model = make()
    model.build((None, 6))
    before = [model.autoencoder(k).get_weights() for k in (1, 2)]
    labels = np.where(np.arange(37) < 34, 0, 1)  # three rows in cluster 1, none in 2
    model.pretrain_clusters(rows, labels, epochs=1, verbose=0)
    assert set(seen) == {"gate", "cluster_0"}
    for k, weights in zip((1, 2), before, strict=True):
        for weight, expected in zip(model.autoencoder(k).get_weights(), weights, strict=True):
            np.testing.assert_array_equal(weight, expected)
    assert np.isfinite(model.fit(rows, verbose=0).history["loss"]).all()


class Interrupted(Exception):
    """What ends a pretraining before its time."""


def test_a_pretraining_that_was_cut_off_in_any_stage_goes_on_to_the_same_end(
    pretrained, rows, tmp_path, monkeypatch
):
    whole, losses, _ = pretrained
    monkeypatch.setattr(Checkpoint.__init__, "__defaults__", (0.0, None))  # at every epoch
    epochs = iter(range(1000))

    def interrupt(epoch, logs):
        # Within the first layer, the autoencoder, the gate and the first cluster.
        if next(epochs) in (7, 32, 44, 56):
            raise Interrupted

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_begin=interrupt)]
    arguments = {"epochs": 12, "n_init": 3, "verbose": 0, "directory": tmp_path}
    for _ in range(4):
        with pytest.raises(Interrupted):
            make(hidden_units=(8,)).pretrain(rows, **arguments, callbacks=callbacks)
    resumed = make(hidden_units=(8,))
    history = resumed.pretrain(rows, **arguments)
    assert history.history == losses
    assert_same_weights(resumed, whole)
    assert seconds_of_stages(tmp_path) > 0.0


class TestWithoutGate:
    def test_objective_is_eq_7(self, rows):
        model = make(gate=False)
        losses = model.fit(rows, epochs=3, verbose=0).history
        assert set(losses) == {"loss", "smallest_error"}
        distances = model.distances(rows)
        np.testing.assert_allclose(
            model.loss_terms(rows)["smallest_error"], distances.min(axis=1).sum(), rtol=1e-5
        )
        np.testing.assert_array_equal(model.assign(rows), distances.argmin(axis=1))
        assert model.agreement(rows) == 1.0
        memberships = model.predict(rows, verbose=0)
        np.testing.assert_allclose(memberships, softmax(-distances, axis=1), atol=1e-6)

    def test_it_is_pretrained_and_saved_and_gives_the_joined_codes(self, rows, tmp_path):
        model = make(gate=False)
        history = model.pretrain(rows, epochs=1, n_init=1, verbose=0)
        assert "gate" not in history.history
        model.fit(rows, verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(loaded.assign(rows), model.assign(rows))
        codes = model.encoder(rows, training=False).numpy()
        # `embed` takes batches of another size, whose products round otherwise.
        expected = np.concatenate(codes, axis=1)
        np.testing.assert_allclose(model.embed(rows), expected, rtol=1e-5, atol=1e-6)


def assert_eq_3(model, rows):
    """Asserts that the objective, the memberships and the distances are those of Eqs. 1 and 3."""
    logits, distances = parts_in_float64(model, rows)
    expected = -logsumexp(log_softmax(logits, axis=1) - distances, axis=1).sum()
    np.testing.assert_allclose(model.loss_terms(rows)["mixture_nll"], expected, rtol=1e-6)
    np.testing.assert_allclose(model.predict(rows, verbose=0), softmax(logits, axis=1), atol=1e-6)
    np.testing.assert_allclose(model.distances(rows), distances, rtol=1e-5)


def parts_in_float64(model, x):
    """Logits `(n, K)` and distances `(n, K)`, by NumPy from the weights."""

    def forward(network, x):
        for layer in network.layers:
            weights = [np.asarray(w, dtype="float64") for w in layer.get_weights()]
            weights = [w[:, None] if w.ndim == 2 and w.shape[0] == 3 else w for w in weights]
            if hasattr(layer, "kernel"):
                kernel = np.asarray(layer.kernel, dtype="float64")
                x = x @ kernel + (weights[1] if layer.use_bias else 0.0)
            elif weights:
                gamma, beta, mean, variance = weights[:4]
                x = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
            else:
                x = np.where(x > 0, x, np.expm1(np.minimum(x, 0.0)))
        return x

    x = x.astype("float64")
    outputs = expit(forward(model.decoder, forward(model.encoder, x)))
    distances = 0.5 * np.square(x - outputs).sum(axis=2).T
    return forward(model.clustering_network, x), distances
