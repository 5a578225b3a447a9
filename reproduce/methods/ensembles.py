"""Small models, all seeds of a row in one program."""

from __future__ import annotations

import time

import numpy as np
import tensorflow as tf

from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import train
from tfclust.callbacks import AveragingEpoch
from tfclust.feeding import ordered_batches
from tfclust.metrics import sparsity_criterion
from tfclust.models.ensemble import Ensemble

# Data so small that most of a training would pass between its epochs: all of them are one program.
ROWS_AT_ONCE = 2000


def train_ensemble(task: Task, ensemble: Ensemble) -> list[Outcome]:
    """Train a compiled ensemble for `epochs` and the averaging epoch; one outcome a member."""
    x, size = task.data.x, task.settings["batch_size"]
    at_once = task.trains_here and x.shape[0] <= ROWS_AT_ONCE
    way = _train_at_once if at_once else _train_by_epochs
    seconds = way(task, ensemble) / len(task.seeds)
    memberships = ensemble.predict(x, batch_size=size, verbose=0)
    terms, centroids = _terms(ensemble, x, size), ensemble.centroids()
    return [
        Outcome(
            seed=seed,
            labels=memberships[:, s].argmax(axis=1),
            seconds=seconds,
            loss_terms={name: float(values[s]) for name, values in terms.items()},
            l_sp=sparsity_criterion(memberships[:, s], centroids[s]),
        )
        for s, seed in enumerate(task.seeds)
    ]


def _train_at_once(task: Task, ensemble: Ensemble) -> float:
    start, epochs = time.monotonic(), task.experiment.epochs
    ensemble.fit_at_once(task.data.x, epochs)
    task.progress(epochs + 1, epochs + 1)
    return time.monotonic() - start


def _train_by_epochs(task: Task, ensemble: Ensemble) -> float:
    state = {}
    epochs = task.experiment.epochs + 1
    train(task, ensemble, task.data.x, epochs, state, callbacks=[AveragingEpoch()])
    return state["seconds"]


def _terms(ensemble: Ensemble, x, batch_size: int) -> dict[str, np.ndarray]:
    """Each term per sample, `(S,)`, over the batches of the rows in their order."""
    batch_terms = tf.function(ensemble.loss_terms, reduce_retracing=True)
    sums = {name: 0.0 for name in ensemble.TERMS}
    for (rows,) in ordered_batches(x, batch_size=batch_size):
        for name, value in batch_terms(rows).items():
            sums[name] = sums[name] + np.asarray(value, dtype="float64")
    return {
        name: np.broadcast_to(v, (len(ensemble.seeds),)) / x.shape[0] for name, v in sums.items()
    }
