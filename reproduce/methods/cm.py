"""CM and its ablations, all seeds in one program."""

from __future__ import annotations

from reproduce.methods.ensembles import train_ensemble
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import compile_for_epochs
from tfclust.models import CM, CMEnsemble
from tfclust.pretraining import kmeans


def run_cm(task: Task) -> list[Outcome]:
    """Train CM for `epochs` and the averaging epoch, from random or k-means++ centroids."""
    return train_ensemble(task, _build(task))


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
