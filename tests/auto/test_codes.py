"""Autoencoders of `cluster_rows`: for how long they train, and how fast they learn."""

import pytest

from tfclust.auto.codes import build_autoencoder, train_autoencoder
from tfclust.auto.effort import EFFORTS, Effort


@pytest.mark.parametrize(
    ("effort", "n_rows", "epochs"),
    [
        ("good", 9_298, 200),
        ("good", 70_000, 67),
        ("best", 70_000, 135),
        ("fast", 70_000, 16),
        ("fast", 10**9, 1),
    ],
)
def test_many_rows_are_trained_on_for_fewer_epochs(effort, n_rows, epochs):
    assert EFFORTS[effort].epochs_of(n_rows, batch_size=256) == epochs


@pytest.mark.parametrize(
    ("trial", "shares"),
    [
        (Effort(1, 100, steps=30), [1.0] * 8 + [0.8, 0.4]),
        (Effort(1, 2, steps=15), [1.0, 1.0]),
    ],
)
def test_the_rate_falls_over_the_last_steps_of_a_trial(eager, rows, rates, trial, shares):
    model = build_autoencoder(3, rows.shape, "rows", seed=0)  # three steps an epoch
    train_autoencoder(model, rows, trial, callbacks=[rates])
    assert rates.seen == pytest.approx([1e-3 * share for share in shares], abs=1e-9)
