"""CM and its ablations, all seeds in one program."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from reproduce.methods.outcome import Outcome
from reproduce.methods.task import Task
from reproduce.methods.training import Clock, Progress, compile_for_epochs
from tfclust.callbacks import AveragingEpoch, Checkpoint
from tfclust.feeding import ordered_batches
from tfclust.metrics import sparsity_criterion
from tfclust.models import CM, CMEnsemble
from tfclust.pretraining import kmeans


def run_cm(task: Task) -> list[Outcome]:
    """Train CM for `epochs` and the averaging epoch, from random or k-means++ centroids."""
    x, settings = task.data.x, task.settings
    ensemble = _build(task)
    state = {}
    ensemble.fit(
        x,
        epochs=task.experiment.epochs + 1,
        verbose=0,
        callbacks=[
            Progress(task.progress),
            Clock(state),
            AveragingEpoch(),
            Checkpoint(task.directory / "checkpoints", state=state),
        ],
    )
    memberships = ensemble.predict(x, batch_size=settings["batch_size"], verbose=0)
    terms = _terms(ensemble, x, settings["batch_size"])
    return [
        Outcome(
            seed=seed,
            labels=memberships[:, s].argmax(axis=1),
            seconds=state["seconds"] / len(task.seeds),
            loss_terms={name: float(values[s]) for name, values in terms.items()},
            l_sp=sparsity_criterion(memberships[:, s], member.centroids()),
        )
        for s, (seed, member) in enumerate(zip(task.seeds, ensemble.members(), strict=True))
    ]


def _build(task: Task) -> CMEnsemble:
    x, settings = task.data.x, task.settings
    kept = settings.get("terms", CM.TERMS)
    if not set(kept) <= set(CM.TERMS):
        raise ValueError(f"`terms` must be among {', '.join(CM.TERMS)}. Received: terms={kept!r}")
    ensemble = CMEnsemble(
        task.seeds,
        settings["n_clusters"],
        alpha=settings["alpha"],
        term_weights={name: 0.0 for name in CM.TERMS if name not in kept},
        batch_size=settings["batch_size"],
        dtype=settings["precision"],
    )
    ensemble.build((None, *x.shape[1:]))
    if task.experiment.init == "kmeans++":
        n_init, max_iter = settings["kmeans_n_init"], settings["kmeans_iterations"]
        starts = [kmeans(x, ensemble.n_clusters, seed, n_init, max_iter)[0] for seed in task.seeds]
        ensemble.set_centroids(starts)
    compile_for_epochs(ensemble, settings, x.shape[0], xla=True)
    return ensemble


def _terms(ensemble: CMEnsemble, x, batch_size: int) -> dict[str, np.ndarray]:
    """Each term per sample, `(S,)`, over the batches of the rows in their order."""
    batch_terms = tf.function(ensemble.loss_terms, reduce_retracing=True)
    sums = {name: 0.0 for name in ensemble.TERMS}
    for (rows,) in ordered_batches(x, batch_size=batch_size):
        for name, value in batch_terms(rows).items():
            sums[name] = sums[name] + np.asarray(value, dtype="float64")
    return {
        name: np.broadcast_to(v, (len(ensemble.seeds),)) / x.shape[0] for name, v in sums.items()
    }
