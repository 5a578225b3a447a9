"""What a model that keeps values for the rows of its training must pass."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from battery import BATCH_SIZE, ClusteringModelBattery, assert_same_weights

from tfclust.callbacks import Checkpoint


class NumberedRowsBattery(ClusteringModelBattery):
    """The battery, but for trainings on datasets, whose rows have no numbers."""

    test_a_dataset_of_batches_trains_as_its_rows_in_that_order = None
    test_text_within_a_dataset_is_refused = None
    test_batches_of_a_dataset_are_checked_as_arrays_are = None
    test_weights_within_a_dataset_are_refused = None

    def test_a_dataset_is_no_training_data(self, rows):
        batches = tf.data.Dataset.from_tensor_slices(rows).batch(BATCH_SIZE)
        with pytest.raises(ValueError, match=r"`x` must be an array.*keeps values for each row"):
            self.make().fit(batches, verbose=0)

    def test_a_dataset_is_predicted_and_evaluated_as_its_rows(self, trained, rows):
        batches = tf.data.Dataset.from_tensor_slices(rows.astype("float64")).batch(BATCH_SIZE)
        for of in (trained.embed, trained.assign, lambda x: trained.evaluate(x, verbose=0)):
            np.testing.assert_array_equal(of(batches), of(rows))

    def test_a_run_that_was_cut_off_goes_on_with_the_values_that_it_had(self, rows, tmp_path):
        def train(directory, stop_after=None):
            model = self.make_eager(update_interval=8)  # so that epochs end between two updates

            def stop(epoch, logs):
                if epoch + 1 == stop_after:
                    raise KeyboardInterrupt

            ends = keras.callbacks.LambdaCallback(on_epoch_end=stop)
            model.fit(rows, epochs=5, verbose=0, callbacks=[Checkpoint(directory, 0), ends])
            return model

        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "cut", stop_after=3)
        assert_same_weights(train(tmp_path / "cut"), train(tmp_path / "whole"))

    def test_files_and_exports_hold_no_values_of_rows(self, trained, rows, tmp_path):
        assert {len(values.numpy()) for values in trained.row_values.values()} == {len(rows)}
        trained.save(tmp_path / "model.keras")
        assert keras.models.load_model(tmp_path / "model.keras").row_values == {}
        trained.export(tmp_path / "exported", verbose=False)
        exported = tf.saved_model.load(tmp_path / "exported")
        np.testing.assert_allclose(exported.serve(rows), trained(rows), rtol=1e-5, atol=1e-6)
        assert not any(len(rows) in variable.shape for variable in exported.variables)
