import types

import keras
import numpy as np
import pytest

from tfclust.callbacks import StopWhenStable
from tfclust.models import CM


def epochs_run(assignments, tolerance, patience=1):
    """How many epochs run when each ends with the next of the given assignments."""
    queue = iter(assignments)
    model = types.SimpleNamespace(
        assign=lambda x, batch_size: np.array(next(queue)), stop_training=False
    )
    callback = StopWhenStable(np.zeros((4, 2)), tolerance, patience=patience)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in range(len(assignments)):
        callback.on_epoch_end(epoch)
        if model.stop_training:
            break
    return epoch + 1


CHANGING = [[0, 0, 0, 0], [0, 1, 1, 1], [0, 1, 1, 0], [0, 1, 1, 0], [1, 1, 1, 1]]


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [(0.001, 4), (0.25, 4), (0.26, 3), (0.75, 3), (0.76, 2)],
)
def test_training_stops_when_fewer_rows_than_the_tolerance_change(tolerance, expected):
    assert epochs_run(CHANGING, tolerance) == expected


def test_one_epoch_alone_is_never_stable():
    assert epochs_run([[0, 0, 0, 0], [1, 1, 1, 1]], tolerance=1.0) == 2


def test_patience_asks_for_so_many_stable_epochs_in_a_row():
    slow = [[0, 0], [0, 0], [0, 1], [0, 1], [0, 1], [0, 1], [0, 1]]
    assert epochs_run(slow, 0.001) == 2
    assert epochs_run(slow, 0.001, patience=3) == 6


def test_a_patience_below_one_epoch_is_refused():
    with pytest.raises(ValueError, match="`patience` must be an integer of at least 1"):
        StopWhenStable(np.zeros((4, 2)), patience=0)


@pytest.mark.parametrize("tolerance", [0, -0.1, 1.1, float("nan")])
def test_a_tolerance_that_is_no_share_is_refused(tolerance):
    with pytest.raises(ValueError, match=r"must be a share in \(0, 1\]. Received: tolerance="):
        StopWhenStable(np.zeros((4, 2)), tolerance)


def test_a_model_that_does_not_move_stops_after_two_epochs_of_every_fit():
    x = np.random.default_rng(0).normal(size=(40, 2)).astype("float32")
    model = CM(n_clusters=2, batch_size=20, seed=0)
    model.compile(keras.optimizers.SGD(0.0))
    callback = StopWhenStable(x)
    for _ in range(2):
        history = model.fit(x, epochs=5, verbose=0, callbacks=[callback])
        assert len(history.epoch) == 2
