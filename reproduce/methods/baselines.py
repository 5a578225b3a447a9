"""Shallow baselines: k-means and Gaussian mixtures of scikit-learn."""

from __future__ import annotations

import time
import warnings

from reproduce.methods.outcome import Outcome
from reproduce.methods.task import Task
from reproduce.methods.uniform_mixture import UniformGaussianMixture

_SKLEARN_INITS = {"random": "random", "kmeans++": "k-means++"}


def run_kmeans(task: Task) -> list[Outcome]:
    """K-means of at most `epochs` Lloyd iterations."""
    from sklearn.cluster import KMeans

    def make(seed):
        return KMeans(
            task.settings["n_clusters"],
            init=_SKLEARN_INITS[task.experiment.init],
            n_init=task.settings["n_init"],
            max_iter=task.experiment.epochs,
            random_state=seed,
        )

    return [_fit(make(seed), task, seed, task.data.x) for seed in task.seeds]


def run_gmm(task: Task) -> list[Outcome]:
    """A mixture with full covariances, or an isotropic one with uniform weights."""
    from sklearn.mixture import GaussianMixture

    isotropic = task.settings["covariance"] == "isotropic"
    mixture = UniformGaussianMixture if task.settings["uniform_weights"] else GaussianMixture

    def make(seed):
        return mixture(
            task.settings["n_clusters"],
            covariance_type="spherical" if isotropic else "full",
            init_params="random_from_data" if task.experiment.init == "random" else "k-means++",
            max_iter=task.experiment.epochs,
            random_state=seed,
        )

    x = task.data.x.toarray() if hasattr(task.data.x, "toarray") else task.data.x
    return [_fit(make(seed), task, seed, x) for seed in task.seeds]


def _fit(estimator, task: Task, seed: int, x) -> Outcome:
    from sklearn.exceptions import ConvergenceWarning

    start = time.monotonic()
    with warnings.catch_warnings():
        # The paper gives the baselines so many iterations and no more.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = estimator.fit_predict(x)
    task.progress(task.experiment.epochs, task.experiment.epochs)
    return Outcome(seed=seed, labels=labels, seconds=time.monotonic() - start)
