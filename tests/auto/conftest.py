"""What the tests of `tfclust.auto` share."""

import keras
import pytest


class Rates(keras.callbacks.Callback):
    """Keeps the rate of learning of every epoch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


@pytest.fixture
def rates():
    """Callback whose `seen` has the rates of the epochs of all trainings."""
    return Rates()
