"""The model that a partition teaches."""

import keras
import numpy as np
import pytest

from tfclust.auto import parametric
from tfclust.auto.codes import build_autoencoder
from tfclust.auto.parametric import teach


class Rates(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


def test_the_rate_falls_in_both_trainings(eager, rows, labels, monkeypatch):
    monkeypatch.setattr(parametric, "LEAST_STEPS", 1)
    rates, model = Rates(), build_autoencoder(3, rows.shape, "rows", seed=0)
    teach(model, rows, np.eye(3, dtype="float32")[labels], [rates])
    assert rates.seen == pytest.approx(2 * [1e-3, 8e-4, 6e-4, 4e-4, 2e-4])
