import keras
import numpy as np
import pytest
import tensorflow as tf
from battery import assert_same_weights
from numbered_model import EVERY, NumberedModel

from tfclust.callbacks import Checkpoint


def make(**options):
    model = NumberedModel(3, batch_size=8, seed=0)
    model.compile(keras.optimizers.SGD(0.1), **{"jit_compile": False, **options})
    return model


@pytest.mark.parametrize("feed", ["dense", "sparse"])
def test_every_row_comes_with_its_number_and_its_label(rows, sparse_rows, labels, feed):
    model, seen = make(run_eagerly=True), []
    train_step = model.train_step

    def recorded(data):
        x, y, numbers = model.unpack_batch(data)
        np.testing.assert_array_equal(x, rows[numbers])
        np.testing.assert_array_equal(y, labels[numbers])
        seen.append(numbers)
        return train_step(data)

    model.train_step = recorded
    model.fit({"dense": rows, "sparse": sparse_rows}[feed], labels, epochs=2, verbose=0)
    for epoch in (seen[:5], seen[5:]):
        assert sorted(np.concatenate(epoch)) == list(range(37))


def test_targets_are_those_of_all_rows_until_they_are_taken_anew(rows):
    model, taken = make(), []
    set_row_values = model.set_row_values

    def recorded(name, values):
        taken.append(int(model.optimizer.iterations))
        set_row_values(name, values)

    model.set_row_values = recorded
    losses = model.fit(rows, epochs=4, verbose=0).history["loss"]
    assert taken == [0, *range(EVERY, 21, EVERY)]
    assert model.row_values["wanted"].shape == (37, 3)
    assert all(np.isfinite(losses))
    model.fit(rows[:20], verbose=0)  # other rows, other values
    assert model.row_values["wanted"].shape == (20, 3)


def test_executions_of_several_steps_train_as_single_ones(rows):
    single, several = make(), make(steps_per_execution=EVERY)
    for model in (single, several):
        model.fit(rows[:32], epochs=3, verbose=0)
    assert_same_weights(several, single)


def test_a_run_that_was_cut_off_goes_on_with_the_targets_that_it_had(rows, tmp_path):
    def train(directory, stop_after=None):
        model = make()

        def stop(epoch, logs):
            if epoch + 1 == stop_after:
                raise KeyboardInterrupt

        ends = keras.callbacks.LambdaCallback(on_epoch_end=stop)
        model.fit(rows, epochs=4, verbose=0, callbacks=[Checkpoint(directory, 0), ends])
        return model

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", stop_after=3)
    assert_same_weights(train(tmp_path / "cut"), train(tmp_path / "whole"))


def test_files_and_exports_hold_the_model_and_no_rows(rows, tmp_path):
    model = make()
    model.fit(rows, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.row_values == {}
    expected = model.predict(rows, verbose=0)
    np.testing.assert_array_equal(loaded.predict(rows, verbose=0), expected)
    model.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    np.testing.assert_allclose(exported.serve(rows), expected, rtol=1e-6)
    assert {tuple(variable.shape) for variable in exported.variables} == {(6, 2), (2,), (3, 2)}


def test_rows_of_a_dataset_have_no_numbers(rows):
    batches = tf.data.Dataset.from_tensor_slices(rows).batch(8)
    with pytest.raises(ValueError, match=r"`x` must be an array.*keeps values.*Received: x of ty"):
        make().fit(batches, verbose=0)
    assert make().evaluate(batches, verbose=0) == make().evaluate(rows, verbose=0)
