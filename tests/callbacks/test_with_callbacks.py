import keras
import pytest

from tfclust.callbacks.with_callbacks import with_callbacks


@pytest.fixture
def model():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def test_none_leaves_the_own_ones(model):
    own = keras.callbacks.Callback()
    assert with_callbacks(None, model, own) == [own]


def test_one_callback_or_several_come_after_the_own_ones(model):
    own, first, second = (keras.callbacks.Callback() for _ in range(3))
    assert with_callbacks(first, model, own) == [own, first]
    assert with_callbacks([first, second], model, own) == [own, first, second]
    assert with_callbacks((first, second), model, own) == [own, first, second]


def test_a_callback_list_gets_the_own_ones_and_they_the_model(model):
    own = keras.callbacks.Callback()
    given = keras.callbacks.CallbackList([], model=model)
    assert with_callbacks(given, model, own) is given
    assert own in given.callbacks
    assert own.model is model
