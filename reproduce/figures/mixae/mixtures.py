"""The trained MIXAE that the figures show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reproduce.experiment import Experiment
from reproduce.experiments import PAPERS
from reproduce.experiments.mixae import EPOCHS
from reproduce.figures.declared import run_of_figure
from reproduce.figures.finished_models import best_model, finished_models
from reproduce.figures.task import Needs

# Trained for a figure where no finished run on MNIST is at hand: USPS is an eighth of its size.
FALLBACK = {
    "small": {"dataset": "usps", "image_shape": (16, 16, 1), "epochs": 15, "seed": 0},
    "paper": {"dataset": "mnist", "image_shape": (28, 28, 1), "epochs": EPOCHS, "seed": 0},
}

_SHOWN = ("table2", "figure6")


@dataclass(frozen=True)
class Mixture:
    """A trained MIXAE on images, its data and memberships, and the run in words."""

    model: Any
    data: Any
    images: np.ndarray
    memberships: np.ndarray
    description: str

    @property
    def labels(self) -> np.ndarray:
        """Cluster of each image."""
        return self.memberships.argmax(axis=1)

    def examples(self, each: int, seed: int = 0) -> np.ndarray:
        """Random images of every cluster, `(K * each, height, width)`; black where it has fewer.

        Clusters come in the order of the class that most of their images have.
        """
        rng, y, labels = np.random.default_rng(seed), self.data.y, self.labels
        counts = [
            np.bincount(y[labels == k], minlength=1) for k in range(self.memberships.shape[1])
        ]
        order = np.argsort([np.argmax(count) for count in counts], kind="stable")
        images = np.zeros((len(order), each, *self.images.shape[1:3]))
        for row, cluster in enumerate(order):
            members = rng.permutation(np.flatnonzero(labels == cluster))[:each]
            images[row, : len(members)] = self.images[members, :, :, 0]
        return images.reshape(-1, *images.shape[2:])


def needs_of_mixtures(task, settings, n_clusters=(10,)) -> Needs:
    """What the mixtures of these numbers of clusters need."""
    datasets = ("mnist" if _finished(task, k) else settings["dataset"] for k in n_clusters)
    return Needs(tuple(datasets), len(n_clusters))


def _finished(task, n_clusters: int) -> list:
    return [
        run
        for run in table_models(task, "mnist")
        if dict(run[1].settings)["n_clusters"] == n_clusters
    ]


def mixture(task, settings, n_clusters: int = 10) -> Mixture:
    """Return the finished run on MNIST of lowest error, chosen without labels, or train one."""
    from tfclust.metrics import clustering_accuracy

    found, run = _finished(task, n_clusters), figure_run(settings, n_clusters)
    experiment, model, data = best_model(task, found, error, run)
    images = as_images(data.x, experiment)
    memberships = model.predict(images, batch_size=2000, verbose=0)
    accuracy = clustering_accuracy(data.y, memberships.argmax(axis=1))
    description = (
        f"MIXAE on {experiment.dataset}, K = {model.n_clusters}, {experiment.epochs} epochs, seed "
        f"{experiment.seeds[0]}, accuracy {100 * accuracy:.1f}"
    )
    return Mixture(model, data, images, memberships, description)


def table_models(task, dataset: str) -> list:
    """Return the finished runs of the tables' settings whose model is at hand."""
    paper = PAPERS["mixae"]
    declared = {row.identity for name in _SHOWN for row in paper.rows(paper.table(name))}
    found = finished_models(task, "mixae", dataset, "mixae", "random")
    return [run for run in found if run[1].identity in declared]


def error(record) -> float:
    """Return the reconstruction error of a run; the loss would not do, as its terms cancel."""
    return record["loss_terms"]["reconstruction"]


def figure_run(settings, n_clusters: int = 10) -> Experiment:
    """Return the experiment that a figure trains where the ledger has none."""
    row = ("mixae", "table2", "mnist", "mixae", "random")
    shape = settings["image_shape"]
    return run_of_figure(row, 6, settings, n_clusters=n_clusters, image_shape=shape)


def as_images(x, experiment: Experiment) -> np.ndarray:
    """Rows as the images of an experiment."""
    return x.reshape(-1, *dict(experiment.settings)["image_shape"])
