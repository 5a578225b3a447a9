"""Shallow baselines: k-means and Gaussian mixtures of scikit-learn."""

from __future__ import annotations

import time
import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from reproduce.methods.task import Outcome, Task
from tfclust.inputs import dense

# A paper that prints no start gets scikit-learn's own.
_KMEANS_INITS = {"random": "random", "kmeans++": "k-means++", "": "k-means++"}
_MIXTURE_INITS = {"random": "random_from_data", "kmeans++": "k-means++", "": "kmeans"}
_COVARIANCES = {"isotropic": "spherical", "diagonal": "diag", "full": "full"}


class UniformGaussianMixture(GaussianMixture):
    """A Gaussian mixture whose components keep equal weights (Sect. 5.1.3)."""

    def _m_step(self, x, log_resp, **kwargs):
        super()._m_step(x, log_resp, **kwargs)
        self.weights_ = np.full(self.n_components, 1.0 / self.n_components)


def run_kmeans(task: Task) -> list[Outcome]:
    """K-means of at most `epochs` Lloyd iterations."""

    def make(seed):
        return KMeans(
            task.settings["n_clusters"],
            init=_KMEANS_INITS[task.experiment.init],
            n_init=task.settings["n_init"],
            max_iter=task.experiment.epochs,
            random_state=seed,
        )

    return [_fit(make(seed), task, seed, task.data.x) for seed in task.seeds]


def run_gmm(task: Task) -> list[Outcome]:
    """A Gaussian mixture with the covariances and weights that the settings name."""
    x = dense(task.data.x)
    # In float32 a component of some hundred features can come out ill-defined.
    x = x.astype("float64")
    return [_fit(make_mixture(task, seed), task, seed, x) for seed in task.seeds]


def make_mixture(task: Task, seed: int):
    """The Gaussian mixture that a task's settings name, not fitted; `epochs` bounds its steps."""
    mixture = UniformGaussianMixture if task.settings["uniform_weights"] else GaussianMixture
    return mixture(
        task.settings["n_clusters"],
        covariance_type=_COVARIANCES[task.settings["covariance"]],
        init_params=_MIXTURE_INITS[task.experiment.init],
        max_iter=task.experiment.epochs,
        random_state=seed,
    )


def fit_labels(estimator, x):
    """Clusters of `x` by an estimator that stops where it is told to, without its warning."""
    with warnings.catch_warnings():
        # A paper gives the baselines so many iterations and no more.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit_predict(x)


def _fit(estimator, task: Task, seed: int, x) -> Outcome:
    start = time.monotonic()
    labels = fit_labels(estimator, x)
    task.progress(task.experiment.epochs, task.experiment.epochs)
    return Outcome(seed=seed, labels=labels, seconds=time.monotonic() - start)
