"""What a method is given to run, and what a finished run leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reproduce.experiment import Experiment
from tfclust.datasets import Dataset


@dataclass(frozen=True)
class Task:
    """Seeds of an experiment that are run together.

    Args:
        experiment: What to run.
        seeds: For which seeds.
        data: Its dataset, scaled as the experiment says, images flat.
        directory: Folder for the checkpoints and the trained models of these runs.
        progress: Called with the number of epochs done and their total.
        trains_here: Whether this process trains, so that the weights are at hand between epochs.
    """

    experiment: Experiment
    seeds: tuple[int, ...]
    data: Dataset
    directory: Path
    progress: Callable[[int, int], None]
    trains_here: bool = True

    @property
    def settings(self) -> dict:
        """The settings of the experiment."""
        return dict(self.experiment.settings)


@dataclass
class Outcome:
    """Result of one seed.

    Args:
        seed: The seed.
        labels: Cluster ids, `(n,)`.
        seconds: Time spent training, summed over the processes that took part; of AE-CM without its
            pretraining, as its records have had it from the first.
        loss_terms: The final terms of the objective per sample, by name.
        l_sp: The criterion of Sect. 5.2.4 per sample, or None where the method has none.
        extra_metrics: Scores beyond those of the labels.
        scored: Indices of the rows that the scores are taken on, or None for all.
        curve: Scores while training, one dict an evaluation.
    """

    seed: int
    labels: np.ndarray
    seconds: float
    loss_terms: dict[str, float] = field(default_factory=dict)
    l_sp: float | None = None
    extra_metrics: dict[str, float] = field(default_factory=dict)
    scored: np.ndarray | None = None
    curve: list[dict] = field(default_factory=list)
