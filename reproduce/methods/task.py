"""What a method is given to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
