import keras
import numpy as np
import pytest

from tfclust.callbacks import StopOnNaN


@pytest.fixture
def stop():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    callback = StopOnNaN()
    callback.set_model(model)
    return callback


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.float32("nan")])
def test_a_loss_that_is_not_finite_stops_and_names_epoch_and_terms(stop, value):
    logs = {"loss": value, "sparsity": value, "cross": 1.0}
    with pytest.raises(RuntimeError, match=r"at epoch 5\..*loss=.*sparsity=") as error:
        stop.on_epoch_end(4, logs)
    assert error.value.epoch == 5
    assert "cross" not in str(error.value)
    assert stop.model.stop_training


@pytest.mark.parametrize("logs", [None, {}, {"loss": 1.0}, {"loss": 1.0, "val_loss": np.nan}])
def test_a_finite_loss_goes_on(stop, logs):
    stop.on_epoch_end(4, logs)
    assert not stop.model.stop_training
