"""One trial of a search."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tfclust.tuning.objectives import median_of_known


@dataclass(frozen=True)
class Trial:
    """A setting, trained from several seeds.

    Args:
        number: from 1.
        settings: name -> value, those that all trials share included.
        score: the objective's value; infinite where most runs diverged or left clusters empty.
        runs: for each run a dict of its `seed`, `criteria`, cluster `sizes`, and, where there are
            labels for the record, `scores`. Empty where the training diverged.
        epochs: of each training, without the averaging epoch.
        seconds: of the whole trial.
    """

    number: int
    settings: Mapping[str, Any]
    score: float
    runs: Sequence[Mapping[str, Any]]
    epochs: int
    seconds: float

    @property
    def diverged(self):
        """Whether the training ended in a loss that is not finite."""
        return not self.runs

    @property
    def empty_clusters(self):
        """Median over the runs of the number of clusters without a row, None without runs."""
        counts = [sum(size == 0 for size in run["sizes"]) for run in self.runs]
        return median_of_known(counts)

    def criterion(self, name):
        """Median of a criterion over the runs that have it, None where none does."""
        return median_of_known([run["criteria"].get(name) for run in self.runs])

    def mean_score(self, name):
        """Mean over the runs of a score against labels, None where there were no labels."""
        values = [run["scores"][name] for run in self.runs if run["scores"]]
        return math.fsum(values) / len(values) if values else None

    def config(self):
        """The trial as plain JSON; a score that is infinite is None."""
        score = self.score if math.isfinite(self.score) else None
        return {**asdict(self), "score": score}

    @classmethod
    def from_config(cls, config, bad):
        """Rebuilds a trial; a score of None becomes `bad`."""
        score = bad if config["score"] is None else config["score"]
        settings = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in config["settings"].items()
        }
        return cls(**{**config, "score": score, "settings": settings})
