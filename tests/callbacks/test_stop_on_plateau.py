import types

import pytest

from tfclust.callbacks import StopOnPlateau


def epochs_run(losses, patience=2, state=None):
    """How many epochs run when they end with the given losses."""
    model = types.SimpleNamespace(stop_training=False)
    callback = StopOnPlateau(patience, state)
    callback.set_model(model)
    for epoch, loss in enumerate(losses, start=1):
        callback.on_epoch_end(epoch - 1, {"loss": loss})
        if model.stop_training:
            break
    return epoch


@pytest.mark.parametrize(
    ("losses", "expected"),
    [([3, 2, 1, 0.5, 0.4], 5), ([3, 2, 2, 2.5, 1], 4), ([3, 4, 2, 4, 1, 1, 1, 0], 7)],
)
def test_training_stops_after_so_many_epochs_without_a_new_minimum(losses, expected):
    assert epochs_run(losses) == expected


def test_a_run_that_is_taken_up_again_stops_where_it_would_have():
    state = {"seconds": 1.0}
    epochs_run([3, 2, 2.5], state=state)
    assert epochs_run([2.2, 0.1], state=dict(state)) == 1


def test_a_training_that_is_over_is_forgotten():
    state = {"seconds": 1.0}
    callback = StopOnPlateau(1, state)
    callback.set_model(types.SimpleNamespace(stop_training=False))
    callback.on_epoch_end(0, {"loss": 1.0})
    callback.on_train_end()
    assert state == {"seconds": 1.0}


def test_a_training_that_was_broken_off_is_forgotten():
    callback = StopOnPlateau(1)
    callback.set_model(types.SimpleNamespace(stop_training=False))
    callback.on_epoch_end(0, {"loss": 0.5})
    callback.on_train_begin()
    callback.on_epoch_end(0, {"loss": 1.0})
    assert not callback.model.stop_training


def test_a_loss_that_is_no_number_is_no_minimum():
    assert epochs_run([float("nan"), float("nan"), 1.0]) == 2


def test_no_patience_is_refused():
    with pytest.raises(ValueError, match=r"`patience` must be an integer.*Received: patience=0"):
        StopOnPlateau(0)
