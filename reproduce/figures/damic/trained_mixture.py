"""The trained DAMIC that the figures show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reproduce.experiment import Experiment
from reproduce.figures.declared import run_of_figure
from reproduce.figures.finished_models import best_model, finished_models, loss
from reproduce.figures.task import Needs

# Trained for a figure where no finished run on MNIST is at hand: USPS is an eighth of its size.
FALLBACK = {
    "small": {"dataset": "usps", "epochs": 8, "pretrain_epochs": 4, "seed": 0},
    "paper": {"dataset": "mnist", "epochs": 50, "pretrain_epochs": 50, "seed": 0},
}


@dataclass(frozen=True)
class TrainedMixture:
    """A trained DAMIC on images, its data and clusters, and the run in words."""

    model: Any
    data: Any
    labels: np.ndarray
    description: str

    def order(self) -> np.ndarray:
        """Clusters in the order of the class that most of their images have, empty ones last."""
        counts = [
            np.bincount(self.data.y[self.labels == k], minlength=self.data.n_classes)
            for k in range(self.model.n_clusters)
        ]
        majorities = [np.argmax(c) if c.sum() else self.data.n_classes for c in counts]
        return np.argsort(majorities, kind="stable")


def needs_of_mixture(task, settings) -> Needs:
    """What the trained mixture needs."""
    return Needs(("mnist" if _finished(task) else settings["dataset"],), 1)


def _finished(task):
    return finished_models(task, "damic", "mnist", "damic", "pretrained")


def trained_mixture(task, settings) -> TrainedMixture:
    """Return the finished run on MNIST of lowest loss, chosen without labels, or train one."""
    from tfclust.metrics import clustering_accuracy

    experiment, model, data = best_model(task, _finished(task), loss, figure_run(settings))
    labels = model.assign(data.x, batch_size=2000)
    accuracy = clustering_accuracy(data.y, labels)
    description = (
        f"DAMIC on {experiment.dataset}, K = {model.n_clusters}, at most {experiment.epochs} "
        f"epochs, seed {experiment.seeds[0]}, accuracy {100 * accuracy:.1f}"
    )
    return TrainedMixture(model, data, labels, description)


def figure_run(settings) -> Experiment:
    """Return the experiment that a figure trains where the ledger has none."""
    row = ("damic", "table2", "mnist", "damic", "pretrained")
    return run_of_figure(row, 2, settings, pretrain_epochs=settings["pretrain_epochs"])
