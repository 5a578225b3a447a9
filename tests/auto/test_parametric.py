"""The model that a partition teaches."""

import numpy as np
import pytest

from tfclust.auto import parametric
from tfclust.auto.codes import build_autoencoder
from tfclust.auto.parametric import teach


def test_the_rate_falls_in_both_trainings(eager, rows, labels, rates, monkeypatch):
    monkeypatch.setattr(parametric, "LEAST_STEPS", 1)
    model = build_autoencoder(3, rows.shape, "rows", seed=0)
    teach(model, rows, np.eye(3, dtype="float32")[labels], [rates])
    assert rates.seen == pytest.approx(2 * [1e-3, 8e-4, 6e-4, 4e-4, 2e-4])
