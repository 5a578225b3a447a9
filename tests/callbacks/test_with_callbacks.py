import keras
import numpy as np
import pytest
from tiny_models import tiny_model

from tfclust.callbacks.steps_taken import with_callbacks


def test_none_leaves_the_own_ones():
    own = keras.callbacks.Callback()
    assert with_callbacks(None, own) == [own]


def test_one_callback_or_several_come_after_the_own_ones():
    own, first, second = (keras.callbacks.Callback() for _ in range(3))
    assert with_callbacks(first, own) == [own, first]
    for several in (
        [first, second],
        (first, second),
        keras.callbacks.CallbackList([first, second]),
    ):
        assert with_callbacks(several, own) == [own, first, second]


@pytest.mark.parametrize("options", [{}, {"add_history": True, "add_progbar": True}])
def test_a_callback_list_trains_a_model_and_its_callbacks_are_called(rows, options):
    epochs = []
    seen = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    callbacks = keras.callbacks.CallbackList([seen], **options)
    history = tiny_model("CM").fit(rows, epochs=2, verbose=0, callbacks=callbacks)
    assert epochs == [0, 1]
    assert np.isfinite(history.history["loss"]).tolist() == [True, True]
