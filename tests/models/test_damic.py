from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from battery import ClusteringModelBattery, assert_same_weights, compiled
from scipy.sparse import csr_matrix
from scipy.special import expit, log_softmax, logsumexp, softmax

from tfclust.callbacks import Checkpoint
from tfclust.models import DAMIC, damic
from tfclust.models.damic import NORMALIZED
from tfclust.networks import smallest_batch
from tfclust.pretraining import (
    Stages,
    cross_entropy_loss,
    kmeans,
    seconds_of_stages,
    squared_error_loss,
)


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

    def test_objective_is_eq_3_in_float64(self, trained, rows):
        assert_eq_3(trained, rows)

    @pytest.mark.parametrize("first", [False, True])
    def test_objective_is_eq_3_where_layers_are_normalized(self, first, rows):
        model = compiled(
            self.build(normalized=NORMALIZED, normalize_first=first, linear_code=False)
        )
        model.fit(rows, epochs=2, verbose=0)
        for network in (model.encoder, model.clustering_network):
            kinds = [type(layer).__name__ for layer in network.layers[1:3]]
            assert kinds[not first].endswith("BatchNormalization")
            assert kinds[first] == "Activation"
        assert_eq_3(model, rows)

    @pytest.mark.parametrize("part", NORMALIZED)
    def test_the_parts_that_are_named_are_normalized_and_no_others(self, part, rows):
        model = compiled(self.build(hidden_units=(4,), normalized=[part]))
        autoencoder, _ = model.pretrain_autoencoder(rows, epochs=1, verbose=0)
        networks = {
            "autoencoder": autoencoder.layers[0],
            "experts": model.encoder,
            "gate": model.clustering_network,
        }
        assert [name for name, network in networks.items() if has_statistics(network)] == [part]

    def test_what_is_no_part_is_not_normalized(self):
        with pytest.raises(ValueError, match=r"must be one of autoencoder, experts, gate"):
            self.build(normalized=("encoder",))

    def test_a_code_is_linear_or_a_hidden_layer(self, rows):
        linear, hidden = (self.build(linear_code=linear) for linear in (True, False))
        for model in (linear, hidden):
            model.build((None, 6))
        assert len(linear.encoder.layers) == 1
        assert linear.encoder.layers[0].activation is keras.activations.linear
        assert hidden.encoder.layers[0].activation is keras.activations.elu

    def test_a_config_means_what_the_constructor_does(self, trained):
        config = trained.get_config()
        assert DAMIC.from_config(config).normalized == ()
        for some in ({"n_clusters": 3}, {"n_clusters": 3, "gate": True, "hidden_units": (8,)}):
            expected = DAMIC(**some).get_config()
            config_of_some = DAMIC.from_config(some).get_config()
            for own in ("name", "seed"):
                del expected[own], config_of_some[own]
            assert config_of_some == expected

    def test_a_whole_config_of_before_parts_could_be_named_normalizes_all(self, trained):
        config = trained.get_config()
        for name in ("linear_code", "normalized", "normalize_first"):
            del config[name]
        model = DAMIC.from_config(config)
        assert (model.normalized, model.normalize_first) == (NORMALIZED, True)
        assert model.linear_code is False

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

    def test_certainty_is_of_the_gates_log_odds_and_the_margin_of_errors(self, trained, rows):
        logits, distances = parts_in_float64(trained, rows)
        largest = np.sort(softmax(logits, axis=1), axis=1)[:, -1]
        margins = np.diff(np.sort(distances, axis=1)[:, :2], axis=1)[:, 0]
        expected = {"agreement": trained.agreement(rows)}
        for percent in (10, 50, 90):
            odds = np.percentile(np.log(largest / (1.0 - largest)), percent)
            expected[f"gate_log_odds_{percent}"] = odds
            expected[f"error_margin_{percent}"] = np.percentile(margins, percent)
        told = trained.certainty(rows)
        assert set(told) == set(expected)
        for name, value in expected.items():
            assert told[name] == pytest.approx(value, rel=1e-3, abs=1e-4), name

    def test_the_code_of_a_row_is_what_the_gates_softmax_sees(self, trained, rows):
        codes = trained.embed(rows)
        assert codes.shape == (37, 5)
        logits = trained.clustering_network.layers[-1](codes)
        np.testing.assert_allclose(logits, trained.clustering_network(rows), atol=1e-5)

    def test_every_autoencoder_is_normalized_by_its_own_statistics(self, rows):
        model = compiled(self.build(normalized=("experts",), linear_code=False))
        model.fit(rows, epochs=2, verbose=0)
        moving = [w for w in model.encoder.weights if w.name == "moving_mean"]
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


def has_statistics(network):
    return smallest_batch(network) == 2


def make(**changes):
    return compiled(TestDAMIC().build(**changes))


LENGTHS = {"epochs": 12, "layer_epochs": 12, "gate_epochs": 12, "expert_epochs": 12}
START = {**LENGTHS, "least_steps": 0, "n_init": 3, "verbose": 0}


@pytest.fixture(scope="module")
def pretrained(rows, tmp_path_factory):
    """A model, the history of its pretraining, and the folder of its stages."""
    directory = tmp_path_factory.mktemp("stages")
    model = make(hidden_units=(8,))
    return model, model.pretrain(rows, **START, directory=directory).history, directory


def test_pretraining_is_layer_by_layer_then_whole_then_gate_and_experts(pretrained, rows):
    model, losses, _ = pretrained
    trainings = ["layer_1", "layer_2", "autoencoder", "gate", "experts"]
    assert list(losses)[:5] == trainings
    for name in trainings:
        assert len(losses[name]) == 12
        assert losses[name][-1] < losses[name][0]
    told = {name: values[0] for name, values in losses.items() if name not in trainings}
    assert told == model.certainty(rows)


def test_every_training_has_its_own_length_and_short_ones_take_the_least_steps(rows):
    # Five batches of eight rows, the last one of five.
    model = make(hidden_units=(8,), batch_size=8)
    lengths = {"epochs": 3, "gate_epochs": 2, "expert_epochs": 4}
    planned = model.pretraining_stages(37, **lengths, least_steps=11)
    assert planned == {"autoencoder": 3, "gate": 3, "experts": 4}
    losses = model.pretrain(rows, **lengths, least_steps=11, n_init=1, verbose=0).history
    assert {name: len(losses[name]) for name in planned} == planned
    assert "gate" not in make(gate=False).pretraining_stages(37)
    for bad in ({"epochs": 0}, {"layer_epochs": -1}, {"gate_epochs": 0}, {"least_steps": 0.5}):
        with pytest.raises(ValueError, match=r"must be an integer of at least .*Received"):
            model.pretraining_stages(37, **bad)


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

    def recorded(self, name, network, x, y, loss, augment=None):
        below = [stage[0].layers[0].get_weights() for stage in stages.values()]
        stages[name] = network, x, loss
        if name == "layer_2":
            first = stages["layer_1"][0].layers[0].predict(rows, verbose=0)
            np.testing.assert_allclose(x, first, rtol=1e-6)
        train(self, name, network, x, y, loss, augment)
        if name == "layer_2":
            after = stages["layer_1"][0].layers[0].get_weights()
            for now, kept in zip(after, below[0], strict=True):
                np.testing.assert_array_equal(now, kept)

    monkeypatch.setattr(Stages, "train", recorded)
    make(hidden_units=(8,)).pretrain_autoencoder(rows, 2, layer_epochs=2, verbose=0)
    assert list(stages) == ["layer_1", "layer_2", "autoencoder"]
    np.testing.assert_array_equal(stages["layer_1"][1], rows)
    np.testing.assert_array_equal(stages["autoencoder"][1], rows)
    losses = [loss for _, _, loss in stages.values()]
    assert losses == [cross_entropy_loss, squared_error_loss, cross_entropy_loss]


def test_start_labels_cluster_the_codes_of_the_autoencoder(rows):
    model = make()
    autoencoder, _ = model.pretrain_autoencoder(rows, epochs=1, verbose=0)
    labels = model.start_labels(rows, autoencoder, n_init=3)
    codes = autoencoder.layers[0].predict(rows, verbose=0)
    np.testing.assert_array_equal(labels, kmeans(codes, 3, model.seed, 3)[1])


def test_a_folder_of_another_pretraining_is_refused(pretrained, rows):
    for changes in ({"layer_epochs": 13}, {"patience": 2}):
        arguments = {"epochs": 12, "layer_epochs": 12, **changes}
        with pytest.raises(ValueError, match=r"take another, or remove it.*stage 'layer_1'"):
            make(hidden_units=(8,)).pretrain_autoencoder(rows, directory=pretrained[2], **arguments)


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


@pytest.fixture
def seen(monkeypatch):
    """The rows that every stage was trained on, by its name."""
    seen, train = {}, Stages.train

    def recorded(self, name, network, x, y, loss):
        seen[name] = x
        train(self, name, network, x, y, loss)

    monkeypatch.setattr(Stages, "train", recorded)
    return seen


@pytest.mark.parametrize("normalized", [(), NORMALIZED])
def test_autoencoders_begin_as_copies_where_asked(normalized, rows, labels, monkeypatch):
    model = make(hidden_units=(8,), normalized=normalized)
    autoencoder, _ = model.pretrain_autoencoder(rows, epochs=3, verbose=0)
    begun = {}

    def note(self, name, network, x, y, loss):
        begun[name] = [model.autoencoder(k).predict(rows, verbose=0) for k in range(3)]

    monkeypatch.setattr(Stages, "train", note)
    model.pretrain_clusters(rows, labels, autoencoder=autoencoder, verbose=0)
    for reconstructions in begun["experts"]:
        expected = keras.ops.sigmoid(autoencoder.predict(rows, verbose=0))
        np.testing.assert_allclose(reconstructions, expected, atol=1e-6)
    fresh = make(hidden_units=(8,), normalized=normalized)
    fresh.build((None, 6))
    first, second = (fresh.autoencoder(k).predict(rows, verbose=0) for k in (0, 1))
    assert not np.allclose(first, second, atol=1e-3)


def test_an_autoencoder_that_is_normalized_otherwise_is_not_copied(rows):
    model = make(normalized=("experts",))
    with pytest.raises(ValueError, match=r'"autoencoder" and "experts", or neither. Received'):
        model.pretrain(rows, epochs=1, least_steps=0, n_init=1, copies=True, verbose=0)


def test_clusters_train_the_gate_and_each_autoencoder_on_its_own_rows(rows, labels):
    model = make()
    model.pretrain_clusters(rows, labels.tolist(), 60, 60, verbose=0)
    assert np.mean(model.assign(rows) == labels) > 0.6
    assert np.mean(model.assign(rows, rule="reconstruction") == labels) > 0.6


@pytest.mark.parametrize("normalized", [(), ("experts",)])
def test_an_autoencoder_learns_from_no_row_but_its_own(normalized, rows):
    """Other rows than those of cluster 0, in the same batches, leave its gradient as it is."""
    model = make(hidden_units=(8,), normalized=normalized)
    model.build((None, 6))
    network = model._cross_entropies()
    labels = np.arange(37) % 3
    with tf.GradientTape(persistent=True) as tape:
        errors = network(rows, training=False)
        each = damic._own_error(labels, errors)
        own = tf.reduce_sum(tf.boolean_mask(each, labels == 0))
        all_rows = tf.reduce_sum(each)
    kernel = model.encoder.trainable_weights[0]
    of_own, of_all = (tape.gradient(loss, kernel).numpy() for loss in (own, all_rows))
    np.testing.assert_allclose(of_all[0], of_own[0], rtol=1e-5, atol=1e-6)
    assert not of_own[1:].any()
    reconstructions = model.autoencoder(1).predict(rows, verbose=0)
    expected = -(rows * np.log(reconstructions) + (1 - rows) * np.log1p(-reconstructions))
    np.testing.assert_allclose(errors[:, 1], expected.sum(axis=1), rtol=1e-4)


def test_normalized_autoencoders_keep_the_statistics_of_batches_of_all_clusters(rows, labels):
    model = make(normalized=("experts",), linear_code=False)
    model.pretrain_clusters(rows, labels, 1, 3, batch_size=37, verbose=0)
    for k in range(3):
        autoencoder = model.autoencoder(k)
        np.testing.assert_allclose(autoencoder(rows), autoencoder(rows, training=True), atol=0.02)


def test_an_unfinished_stage_of_another_manner_is_not_taken_up(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(Checkpoint.__init__, "__defaults__", (0.0, None))  # at every epoch

    def interrupt(epoch, logs):
        if epoch == 3:
            raise Interrupted

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_begin=interrupt)]
    with pytest.raises(Interrupted):
        make().pretrain_autoencoder(rows, 9, 9, verbose=0, directory=tmp_path, callbacks=callbacks)
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
            model.pretrain_autoencoder(x, epochs, epochs, verbose=0, directory=tmp_path, **changes)
    stages = Stages(9, 8, 0, directory=tmp_path)
    network = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6)])
    with pytest.raises(ValueError, match=r"'loss': 'mse'"):
        stages.train("layer_1", network, rows, None, "mse")
    _, history = make().pretrain_autoencoder(rows, 9, 9, verbose=0, directory=tmp_path)
    assert len(history.history["layer_1"]) == 9


def test_the_autoencoder_of_an_empty_cluster_stays_as_it_is(rows):
    model = make()
    model.build((None, 6))
    before = model.autoencoder(2).get_weights()
    model.pretrain_clusters(rows, np.arange(37) % 2, verbose=0)
    for weight, expected in zip(model.autoencoder(2).get_weights(), before, strict=True):
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
        # Within the first layer, the autoencoder, the gate and the experts.
        if next(epochs) in (7, 32, 44, 56):
            raise Interrupted

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_begin=interrupt)]
    arguments = {**START, "directory": tmp_path}
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
        history = model.pretrain(rows, epochs=1, least_steps=0, n_init=1, verbose=0)
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
            if getattr(layer, "activation", None) is keras.activations.elu:
                x = np.where(x > 0, x, np.expm1(np.minimum(x, 0.0)))
        return x

    x = x.astype("float64")
    outputs = expit(forward(model.decoder, forward(model.encoder, x)))
    distances = 0.5 * np.square(x - outputs).sum(axis=2).T
    return forward(model.clustering_network, x), distances
