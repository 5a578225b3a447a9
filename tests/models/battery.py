"""What every clustering model must pass, whatever its paper."""

import functools
import json
from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny_models
from scipy.sparse import csr_matrix

from tfclust.callbacks import AveragingEpoch, Checkpoint
from tfclust.feeding import ordered_batches
from tfclust.metrics import ClusteringAccuracy
from tfclust.models import fed_model
from tfclust.models.objective_model import PRECISIONS

BATCH_SIZE = 16
BATCHES = 3  # that cover the 37 rows of the fixture

IMAGES = np.arange(37 * 6, dtype="uint8").reshape(37, 6)
BAD_DATA = {
    "nan": (lambda x: np.where(x == x.max(), np.nan, x), "NaN or infinite"),
    "infinite": (lambda x: np.where(x == x.max(), np.inf, x), "NaN or infinite"),
    "infinite in float32": (lambda x: x.astype("float64") * 1e300, "NaN or infinite"),
    "sparse nan": (lambda x: csr_matrix(x) * np.nan, "NaN or infinite"),
    "vector": (lambda x: x[:, 0], "shape (n, features)"),
    "rank 5": (lambda x: x.reshape(37, 1, 1, 1, 6), "rank 2"),
    "fewer rows than clusters": (lambda x: x[:2], "as many rows as there are clusters"),
    "no rows": (lambda x: x[:0], "at least one row"),
    "no features": (lambda x: x[:, :0], "one feature"),
    "raw pixels": (lambda x: IMAGES, "scale raw pixels"),
    "negative integers": (lambda x: -IMAGES.astype("int32"), "within 0 and 1"),
    "complex": (lambda x: x + 1j, "real numbers"),
    "objects": (lambda x: x.astype(object), "real numbers"),
    "text": (lambda x: x.astype(str), "real numbers"),
}
DEGENERATE = {  # of rows in [0, 1]
    "a constant": lambda x: np.full_like(x, 0.5),
    "zeros": np.zeros_like,
    "identical rows": lambda x: np.repeat(x[:1], 37, axis=0),
    "two distinct rows": lambda x: np.repeat(x[:2], [36, 1], axis=0),
    "a row for each cluster": lambda x: x[:3],
}
BAD_ARGUMENTS = {
    "one cluster": ({"n_clusters": 1}, "`n_clusters` must be an integer of at least 2"),
    "no clusters": ({"n_clusters": 0}, "`n_clusters` must be an integer of at least 2"),
    "half a cluster": ({"n_clusters": 2.5}, "`n_clusters` must be an integer of at least 2"),
    "true clusters": ({"n_clusters": True}, "`n_clusters` must be an integer of at least 2"),
    "empty batches": ({"batch_size": 0}, "`batch_size` must be an integer of at least 1"),
}


class ClusteringModelBattery:
    """Tests of one model; a subclass names it and adds what is particular to it.

    Attributes:
        model_class: the `ClusteringModel`.
        kwargs: arguments of its constructor, for rows of 6 features; None takes those of
            `tiny_models`.
        lanes: leading axes that the memberships of a row have, such as one for members.
        extra_logs: names in the logs besides the loss and its terms.
        default_jit: how the test of two equal runs compiles: True where that takes but a moment.
        draws_codes: whether the terms of training are those of codes drawn anew in each step.
        set_by_rule: names of weights that `fit` sets from what the model says, not by gradients.
        steady: arguments under which all epochs of a training have one objective.
        needs_weights: method -> arguments, of what the model gives without data, once built.
    """

    model_class = None
    kwargs = None
    lanes = ()
    extra_logs = frozenset()
    default_jit = False
    draws_codes = False
    set_by_rule = ()
    steady: ClassVar = {}
    needs_weights: ClassVar = {}

    def build(self, **changes):
        """The model, not compiled."""
        kwargs = self.kwargs or tiny_models.arguments(self.model_class.__name__)
        return self.model_class(**{"batch_size": BATCH_SIZE, **kwargs, **changes})

    def build_seeded(self, seed, **changes):
        """The model with another seed."""
        return self.build(seed=seed, **changes)

    def make(self, optimizer=None, steps_per_execution=1, jit_compile=False, **changes):
        """The model, compiled; without XLA, whose compiler takes longer than these trainings."""
        return compiled(self.build(**changes), optimizer, steps_per_execution, jit_compile)

    def make_eager(self, optimizer=None, **changes):
        """The model for tests of a few steps, whose tracing would take longer than the steps."""
        model = self.build(**changes)
        model.compile(optimizer, run_eagerly=True)
        return model

    def train_with_checkpoints(self, directory, rows, last_step=None):
        """Four epochs, the last of them the averaging epoch, or those up to a step that fails."""
        model = self.make_eager()

        def stop(batch, logs):
            if int(model.optimizer.iterations) == last_step:
                raise KeyboardInterrupt

        steps = keras.callbacks.LambdaCallback(on_train_batch_end=stop)
        callbacks = [AveragingEpoch(), Checkpoint(directory, every_seconds=0), steps]
        return model, model.fit(rows, epochs=4, verbose=0, callbacks=callbacks)

    # What it returns --------------------------------------------------------------------------

    def test_memberships_are_float32_rows_that_sum_to_one(self, trained, rows):
        memberships = trained.predict(rows, verbose=0)
        assert memberships.shape == (len(rows), *self.lanes, 3)
        assert memberships.dtype == np.float32
        assert memberships.min() >= 0.0
        np.testing.assert_allclose(memberships.sum(axis=-1), 1.0, atol=1e-6)

    def test_assignments_are_int64_ids_of_the_largest_memberships(self, trained, rows):
        assigned = trained.assign(rows)
        assert assigned.shape == (len(rows), *self.lanes)
        assert assigned.dtype == np.int64
        memberships = trained.predict(rows, verbose=0)
        largest = np.take_along_axis(memberships, assigned[..., np.newaxis], axis=-1)
        np.testing.assert_array_equal(largest[..., 0], memberships.max(axis=-1))

    def test_codes_are_float32_one_for_each_row(self, trained, rows):
        codes = trained.embed(rows)
        assert codes.shape[0] == len(rows)
        assert codes.dtype == np.float32

    def test_loss_terms_are_those_it_names_and_add_up_to_the_loss(self, trained, rows):
        terms = trained.loss_terms(rows)
        assert tuple(terms) == trained.term_names()
        total = sum(np.sum(term) for term in terms.values())
        np.testing.assert_allclose(trained.compute_loss(rows, training=False), total, rtol=1e-6)

    def test_permuted_rows_give_permuted_memberships(self, trained, rows):
        order = np.random.default_rng(0).permutation(len(rows))
        expected = trained.predict(rows, verbose=0)[order]
        np.testing.assert_allclose(trained.predict(rows[order], verbose=0), expected, atol=1e-6)

    def test_loss_terms_do_not_depend_on_the_order_of_the_rows(self, trained, rows):
        for name, term in trained.loss_terms(rows[::-1].copy()).items():
            np.testing.assert_allclose(term, trained.loss_terms(rows)[name], rtol=1e-5)

    # The logs ---------------------------------------------------------------------------------

    def test_logs_hold_the_loss_and_every_term_per_sample(self, rows):
        model = self.make(optimizer=keras.optimizers.SGD(0.0))
        logs = model.fit(rows, shuffle=False, validation_data=rows, verbose=0).history
        names = {"loss", *model.term_names(), *self.extra_logs}
        assert set(logs) == names | {f"val_{name}" for name in names}

        evaluated = model.evaluate(rows, verbose=0, return_dict=True)
        for name, value in terms_per_sample(model, rows, training=False).items():
            np.testing.assert_allclose(logs[f"val_{name}"], [value], rtol=1e-5)
            np.testing.assert_allclose(evaluated[name], value, rtol=1e-5)
        if self.draws_codes:
            return
        for name, value in terms_per_sample(model, rows, training=True).items():
            np.testing.assert_allclose(logs[name], [value], rtol=1e-5)

    @pytest.mark.parametrize("dtype", PRECISIONS)
    def test_training_lowers_the_loss_under_every_precision(self, rows, dtype):
        model = self.make_eager(keras.optimizers.Adam(0.01), dtype=dtype, **self.steady)
        losses = model.fit(rows, epochs=3, verbose=0).history["loss"]
        assert losses[0] > losses[1] > losses[2]
        whole = "float64" if dtype == "float64" else "float32"
        assert {weight.dtype for weight in model.weights} == {whole}
        memberships = model.predict(rows, verbose=0)
        assert memberships.dtype == model.embed(rows).dtype == whole
        np.testing.assert_allclose(memberships.sum(axis=-1), 1.0, atol=1e-6)

    @pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
    def test_weights_of_half_precision_are_refused(self, dtype):
        with pytest.raises(ValueError, match=f"`dtype` must be one of.*Received: dtype='{dtype}'"):
            self.build(dtype=dtype)

    def test_nothing_of_a_float64_model_is_float32(self):
        model = self.build(dtype="float64")
        model.build((None, 6))
        model.compile()

        def everything(x):
            return model.objective(x, training=True), model.cluster_batch(x)

        traced = tf.function(everything).get_concrete_function(tf.TensorSpec((None, 6), "float64"))
        operations = traced.graph.get_operations()
        assert tf.float32 not in {tensor.dtype for each in operations for tensor in each.outputs}

    # What it is fed ---------------------------------------------------------------------------

    def test_sparse_rows_train_as_dense_ones(self, rows, sparse_rows):
        dense, sparse = self.make_eager(), self.make_eager()
        dense.fit(rows, epochs=2, verbose=0, validation_data=rows)
        sparse.fit(sparse_rows, epochs=2, verbose=0, validation_data=(sparse_rows,))
        assert_same_weights(sparse, dense)

    def test_sparse_rows_are_evaluated_and_predicted_as_dense_ones(
        self, trained, rows, sparse_rows
    ):
        for of in (
            trained.embed,
            trained.assign,
            lambda x: trained.predict(x, verbose=0),
            lambda x: trained.evaluate(x, verbose=0),
        ):
            np.testing.assert_array_equal(of(sparse_rows), of(rows))

    def test_a_dataset_of_batches_trains_as_its_rows_in_that_order(self, rows):
        array, stream = self.make_eager(), self.make_eager()
        batches = tf.data.Dataset.from_tensor_slices(rows.astype("float64")).batch(BATCH_SIZE)
        array.fit(rows, epochs=2, shuffle=False, verbose=0)
        stream.fit(batches, epochs=2, verbose=0)
        assert_same_weights(stream, array)
        for of in (
            stream.embed,
            lambda x: stream.predict(x, verbose=0),
            lambda x: stream.evaluate(x, verbose=0),
        ):
            np.testing.assert_array_equal(of(batches), of(rows))

    def test_batches_of_float64_are_cast_as_arrays_are(self, rows):
        single, double = self.make_eager(), self.make_eager()
        single.train_on_batch(rows[:BATCH_SIZE])
        double.train_on_batch(rows[:BATCH_SIZE].astype("float64"))
        assert_same_weights(double, single)
        assert double(rows.astype("float64")).dtype == "float32"

    def test_arrays_are_predicted_without_a_pipeline_as_with_one(
        self, trained, rows, sparse_rows, monkeypatch
    ):
        pipeline = ordered_batches(rows, None, BATCH_SIZE)
        expected = trained.predict(pipeline, verbose=0)
        monkeypatch.delattr(fed_model, "ordered_batches")
        steps = []
        counted = keras.callbacks.LambdaCallback(
            on_predict_batch_end=lambda step, logs: steps.append(step),
            on_predict_end=lambda logs: steps.append("end"),
        )
        for x in (rows, sparse_rows):
            predicted = trained.predict(x, BATCH_SIZE, verbose=0, callbacks=[counted])
            np.testing.assert_array_equal(predicted, expected)
        assert steps == 2 * [*range(BATCHES), "end"]

    def test_keras_exports_it_after_training_and_after_loading(self, rows, tmp_path):
        model = self.make_eager()
        model.train_on_batch(rows)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        for each in (model, loaded):
            each.embed(rows)  # what it keeps of this is no part of an export
            each.export(tmp_path / "exported", verbose=False)
            exported = tf.saved_model.load(tmp_path / "exported")
            np.testing.assert_allclose(exported.serve(rows), each(rows), rtol=1e-5, atol=1e-6)

    def test_weights_that_are_frozen_stay_and_keras_says_so(self, rows):
        model = self.make_eager()
        model.build((None, 6))
        weights = [weight for weight in model.weights if weight.name not in self.set_by_rule]
        before = [np.array(weight) for weight in weights]
        model.trainable = False
        with pytest.warns(UserWarning, match="does not have any trainable weights"):
            model.fit(rows, verbose=0)
        for weight, expected in zip(weights, before, strict=True):
            np.testing.assert_array_equal(weight, expected)

    def test_regularizers_of_weights_are_in_the_loss_and_in_no_term(self, rows):
        batch, (plain, penalized) = rows[:BATCH_SIZE], (self.build(), self.build())
        for model in (plain, penalized):
            model.build((None, rows.shape[1]))
            model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
        penalized.trainable_weights[0].regularizer = keras.regularizers.L2(0.5)
        before = np.asarray(plain.trainable_weights[0])
        penalty = 0.5 * np.square(before).sum()
        assert float(penalized.compute_loss(batch) - plain.compute_loss(batch)) == (
            pytest.approx(penalty, rel=1e-3)
        )
        logs, more = (
            model.evaluate(batch, verbose=0, return_dict=True) for model in (plain, penalized)
        )
        rows_of_loss = BATCH_SIZE * max(1, sum(self.lanes)) if plain.REDUCTION == "sum" else 1
        assert more.pop("loss") - logs.pop("loss") == (
            pytest.approx(penalty / rows_of_loss, rel=1e-3)
        )
        assert more == logs
        for model in (plain, penalized):
            model.train_on_batch(batch)
        moved = np.asarray(plain.trainable_weights[0]) - penalized.trainable_weights[0]
        np.testing.assert_allclose(moved, 0.1 * before, rtol=1e-3, atol=1e-5)

    def test_labels_that_are_text_are_numbered_for_the_metrics(self, rows, labels):
        model, text = self.build(), np.array(["bird", "cat", "dog"])[labels]
        metrics = [] if self.lanes else [ClusteringAccuracy(3)]
        model.compile(run_eagerly=True, metrics=metrics)
        model.fit(rows, text, validation_data=(rows, text), verbose=0)
        expected = model.evaluate(rows, labels, verbose=0)
        assert model.evaluate(rows, text, verbose=0) == expected
        assert model.evaluate(rows, text.astype(object), verbose=0) == expected

    def test_lists_of_logs_begin_with_the_loss_and_the_metrics(self, rows, labels):
        model, metrics = self.build(), [] if self.lanes else [ClusteringAccuracy(3)]
        model.compile(run_eagerly=True, metrics=metrics)
        first = ["loss", *(metric.name for metric in metrics)]
        logs = model.evaluate(rows, labels, verbose=0, return_dict=True)
        values = model.evaluate(rows, labels, verbose=0)
        assert values[: len(first)] == [logs[name] for name in first]
        assert sorted(values) == sorted(logs.values())
        model.reset_metrics()
        assert model.train_on_batch(rows, labels)[0] == model.get_metrics_result()["loss"]

    def test_text_within_a_dataset_is_refused(self, rows):
        batches = tf.data.Dataset.from_tensors((rows, np.full(37, "cat")))
        for method in ("fit", "evaluate"):
            with pytest.raises(ValueError, match=r"`y` must be numbers within a.*dtype string"):
                getattr(self.make(), method)(batches)

    def test_labels_never_change_the_weights(self, rows, labels):
        without, with_labels = self.make_eager(), self.make_eager()
        without.fit(rows, epochs=2, verbose=0)
        with_labels.fit(rows, labels, epochs=2, verbose=0)
        assert_same_weights(with_labels, without)

    def test_every_epoch_takes_every_row_once_in_another_order(self, rows, monkeypatch):
        model, seen = self.make_eager(), []
        objective = model.objective

        def recorded(x, training=False, **numbers):
            seen.append(np.asarray(x).reshape(-1, *x.shape[-2:]))  # member, row, feature
            return objective(x, training, **numbers)

        monkeypatch.setattr(model, "objective", recorded)
        model.fit(rows, epochs=2, verbose=0)
        epochs = [np.concatenate(seen[:BATCHES], axis=1), np.concatenate(seen[BATCHES:], axis=1)]
        for members in zip(*epochs, strict=True):
            for epoch in members:
                np.testing.assert_array_equal(in_order(epoch), in_order(rows))
            assert not np.array_equal(*members)

    # The same again ---------------------------------------------------------------------------

    def test_one_seed_gives_the_same_weights_twice_and_another_seed_others(self, rows):
        first, second = (
            compiled(self.build_seeded(3), jit_compile=self.default_jit) for _ in range(2)
        )
        other = self.build_seeded(7)
        other.compile(run_eagerly=True)
        for model in (first, second, other):
            model.fit(rows[:32], epochs=2, verbose=0)
        assert_same_weights(second, first)
        trained = zip(other.trainable_weights, first.trainable_weights, strict=True)
        assert not any(np.array_equal(*weights) for weights in trained)

    def test_two_fits_go_on_as_one(self, rows):
        once, twice = self.make_eager(), self.make_eager()
        once.fit(rows, epochs=3, verbose=0)
        twice.fit(rows, epochs=1, verbose=0)
        twice.fit(rows, epochs=3, initial_epoch=1, verbose=0)
        assert_same_weights(twice, once)

    def test_steps_per_execution_changes_nothing(self, rows):
        single, several = self.make(), self.make(steps_per_execution=2)  # of three: 2 and 1
        expected = single.fit(rows, epochs=2, verbose=0).history
        logs = several.fit(rows, epochs=2, verbose=0).history
        assert int(several.optimizer.iterations) == 2 * BATCHES
        assert_same_weights(several, single)
        for name, values in expected.items():
            np.testing.assert_allclose(logs[name], values, rtol=1e-6)

    def test_a_saved_model_trains_on_as_the_one_that_was_saved(self, rows, tmp_path):
        model = self.make_eager()
        model.fit(rows, epochs=2, verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert loaded.get_config() == model.get_config()
        assert_same_weights(loaded, model)
        assert_same_weights(loaded.optimizer, model.optimizer)
        np.testing.assert_array_equal(
            loaded.predict(rows, verbose=0), model.predict(rows, verbose=0)
        )
        model.fit(rows, epochs=2, verbose=0)
        loaded.fit(rows, epochs=2, verbose=0)
        assert_same_weights(loaded, model)

    @pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
    def test_config_describes_the_model(self, rows, dtype):
        model = self.build(dtype=dtype)
        config = model.get_config()
        again = self.model_class.from_config(json.loads(json.dumps(config)))
        assert json.dumps(again.get_config()) == json.dumps(config)
        for one in (model, again):
            one.build((None, rows.shape[1]))
        assert_same_weights(again, model)

    def test_a_run_that_was_cut_off_in_an_epoch_ends_as_one_that_was_not(self, rows, tmp_path):
        with pytest.raises(KeyboardInterrupt):
            self.train_with_checkpoints(tmp_path / "cut", rows, last_step=2 * BATCHES + 2)
        resumed, history = self.train_with_checkpoints(tmp_path / "cut", rows)
        assert history.epoch == [2, 3]
        whole, _ = self.train_with_checkpoints(tmp_path / "whole", rows)
        assert_same_weights(resumed, whole)
        assert not (tmp_path / "cut").exists()

    def test_averaging_epoch_sets_the_mean_of_the_last_epochs_weights(self, rows):
        # Adam's first steps would show the last digits, in which graphs differ.
        plain, visited = self.make_eager(keras.optimizers.SGD(0.01)), []
        record = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: visited.append(
                weights_of(plain, "trainable_weights")
            )
        )
        plain.fit(rows, epochs=3, shuffle=False, verbose=0, callbacks=[record])
        last_epoch = list(zip(*visited[-BATCHES:], strict=True))
        model = self.make(keras.optimizers.SGD(0.01), steps_per_execution=2)
        model.fit(rows, epochs=3, shuffle=False, verbose=0, callbacks=[AveragingEpoch()])
        averages = weights_of(model, "trainable_weights")
        for weight, steps in zip(averages, last_epoch, strict=True):
            expected = np.mean(np.stack(steps), axis=0, dtype="float64")
            np.testing.assert_allclose(weight, expected, rtol=1e-4, atol=1e-6)
            assert not np.allclose(weight, steps[-1], rtol=1e-4, atol=1e-6)

    def test_data_without_clusters_give_finite_numbers(self, rows):
        model = self.make_eager(batch_size=len(rows))
        for case, degenerate in DEGENERATE.items():
            x = degenerate(rows.clip(0.0, 1.0))
            logs = model.fit(x, epochs=2, verbose=0, callbacks=[AveragingEpoch()]).history
            found = model.embed(x), model.reconstruct(x), model.predict(x, verbose=0)
            assert all(np.isfinite(values).all() for values in (*logs.values(), *found)), case

    # Before it is built -----------------------------------------------------------------------

    @pytest.mark.parametrize(
        "method", ["predict", "predict_on_batch", "assign", "embed", "reconstruct", "loss_terms"]
    )
    def test_a_model_without_weights_is_built_for_the_data_that_it_is_given(self, rows, method):
        model = self.build()
        getattr(model, method)(rows)
        assert model.built

    def test_what_a_model_without_weights_cannot_give_it_says_in_a_sentence(self, rows):
        model = self.build()
        asked = [
            *(functools.partial(getattr, model, part) for part in model.PARTS),
            *(functools.partial(getattr(model, m), *a) for m, a in self.needs_weights.items()),
            functools.partial(model.call, rows),
            model.start_weight_average,
        ]
        for ask in asked:
            with pytest.raises(ValueError, match=r"has no weights before .*`fit`.*Received: `"):
                ask()
        assert not any(hasattr(model, part) for part in model.PARTS)
        with pytest.raises(ValueError, match=r"must follow `start_weight_average`.*Received"):
            model.finish_weight_average()
        model.summary(print_fn=lambda *_, **__: None)
        model.build((None, rows.shape[1]))
        assert all(hasattr(model, part) for part in model.PARTS)

    # Bad input --------------------------------------------------------------------------------

    @pytest.mark.parametrize("case", BAD_DATA)
    def test_bad_data_is_refused_before_training(self, rows, case):
        spoil, rule = BAD_DATA[case]
        model = self.make()
        with pytest.raises(ValueError, match="Received: ") as error:
            model.fit(spoil(rows), verbose=0)
        assert rule in str(error.value)
        assert not model.optimizer.built

    @pytest.mark.parametrize("case", BAD_ARGUMENTS)
    def test_bad_arguments_are_refused(self, case):
        changes, rule = BAD_ARGUMENTS[case]
        with pytest.raises(ValueError, match="Received: ") as error:
            self.build(**changes)
        assert rule in str(error.value)

    @pytest.mark.parametrize("method", ["predict", "assign", "evaluate", "embed", "fit"])
    @pytest.mark.parametrize("features", [5, 7])
    def test_rows_of_another_size_are_refused(self, trained, method, features):
        steps = int(trained.optimizer.iterations)
        with pytest.raises(ValueError, match=r"samples of shape \(6\).*Received: x of shape"):
            getattr(trained, method)(np.zeros((37, features)))
        assert int(trained.optimizer.iterations) == steps

    @pytest.mark.parametrize("method", ["fit", "evaluate"])
    def test_labels_of_another_length_are_refused(self, trained, rows, method):
        with pytest.raises(ValueError, match=r"one label for each of the 37 rows.*Received: y"):
            getattr(trained, method)(rows, np.zeros(36))

    @pytest.mark.parametrize("name", ["sample_weight", "class_weight"])
    def test_weights_are_refused(self, trained, rows, name):
        value = {"sample_weight": np.ones(37), "class_weight": {0: 2.0}}
        with pytest.raises(ValueError, match=f"`{name}` must not be given.*Received: {name}"):
            trained.fit(rows, verbose=0, **{name: value[name]})

    def test_numbers_of_rows_steps_and_epochs_that_are_none_are_refused(self, trained, rows):
        counts = ("batch_size", "steps_per_epoch", "validation_batch_size", "validation_steps")
        for name, least in (*((name, 1) for name in counts), ("epochs", 0), ("initial_epoch", 0)):
            for value in (least - 1, 8.0, True, "8"):
                rule = (
                    rf"`{name}` must be an integer of at least {least}.*Received: {name}={value!r}"
                )
                with pytest.raises(ValueError, match=rule):
                    trained.fit(rows, validation_data=rows, verbose=0, **{name: value})
        for method in ("predict", "assign", "evaluate", "embed", "reconstruct"):
            for value in (0, -1, 8.0, True):
                with pytest.raises(ValueError, match=r"`batch_size` must be an integer of at lea"):
                    getattr(trained, method)(rows, batch_size=value)
        assert trained.embed(rows, batch_size=np.int64(8)).shape[0] == 37

    def test_the_last_rows_are_held_out_as_keras_holds_them_out(self, rows, labels):
        split, given = self.make_eager(), self.make_eager()
        history = split.fit(rows, labels, validation_split=0.3, verbose=0, epochs=2).history
        held_out = (rows[25:], labels[25:])
        expected = given.fit(rows[:25], labels[:25], validation_data=held_out, verbose=0, epochs=2)
        assert history == expected.history
        assert "val_loss" in history
        assert_same_weights(split, given)
        for share in (1.0, -0.5, "half", 0.99):
            with pytest.raises(ValueError, match=r"`validation_split` must .*Received: validation"):
                split.fit(rows, validation_split=share, verbose=0)

    def test_batches_of_a_dataset_are_checked_as_arrays_are(self, rows):
        model = self.make()
        bad = np.where(rows == rows[30].max(), np.nan, rows)  # not in the first batch
        with pytest.raises(ValueError, match=r"must not hold NaN.*Received: 1 of them"):
            model.fit(tf.data.Dataset.from_tensor_slices(bad).batch(BATCH_SIZE), verbose=0)
        for x in (IMAGES, np.tile(rows, 2), rows[:, :, np.newaxis]):
            batches = tf.data.Dataset.from_tensor_slices(x).batch(BATCH_SIZE)
            for method in (model.fit, model.predict, model.evaluate, model.embed):
                with pytest.raises(ValueError, match=r"(scale raw pixels|must have).*Received: "):
                    method(batches)

    def test_weights_within_a_dataset_are_refused(self, rows, labels):
        weighted = tf.data.Dataset.from_tensors((rows, labels, np.ones(37)))
        with pytest.raises(ValueError, match=r"`sample_weight` must not be given.*Received"):
            self.make().fit(weighted, verbose=0)

    def test_a_loss_is_refused(self):
        with pytest.raises(ValueError, match=r"`loss` must be None.*Received: loss=mse"):
            self.build().compile(loss="mse")

    def test_a_loss_that_is_not_finite_stops_training_at_its_epoch(self, rows):
        model = self.make_eager()

        def spoil(epoch, logs):
            if epoch == 2:
                model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])

        with pytest.raises(RuntimeError, match=r"stopped at epoch 3\b.*Received: .*loss=nan"):
            model.fit(
                rows,
                epochs=9,
                verbose=0,
                callbacks=keras.callbacks.LambdaCallback(on_epoch_begin=spoil),
            )


def terms_per_sample(model, rows, training):
    """The loss and its terms over the batches of the rows in their order."""
    expected = {name: 0.0 for name in model.term_names()}
    for batch in (rows[i : i + BATCH_SIZE] for i in range(0, len(rows), BATCH_SIZE)):
        share = (len(batch) if model.REDUCTION == "mean" else 1) / len(rows)
        for name, term in model.loss_terms(batch, training=training).items():
            expected[name] += share * np.mean(term)
    return {"loss": sum(expected.values()), **expected}


def compiled(model, optimizer=None, steps_per_execution=1, jit_compile=False):
    model.compile(optimizer, steps_per_execution=steps_per_execution, jit_compile=jit_compile)
    return model


def assert_same_weights(one, other):
    """Bit for bit, of two models or two optimizers."""
    for weight, expected in zip(weights_of(one), weights_of(other), strict=True):
        np.testing.assert_array_equal(weight, expected)


def weights_of(owner, name="weights"):
    if isinstance(owner, keras.optimizers.Optimizer):
        name = "variables"
    return [np.array(variable) for variable in getattr(owner, name)]


def in_order(x):
    """The rows of `x` in lexicographic order."""
    return x[np.lexsort(x.T)]
