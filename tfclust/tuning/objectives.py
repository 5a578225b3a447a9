"""What a search makes better."""

from dataclasses import dataclass

import numpy as np

from tfclust.selection import CRITERIA

LABELLED = ("acc", "nmi", "ari", "purity")
# The loss is none of them: its weights are what is searched.
LABEL_FREE = tuple(name for name, criterion in CRITERIA.items() if criterion.compares_settings)
OF_CENTROIDS = ("l_sp", "distortion")
OBJECTIVES = (*LABEL_FREE, *LABELLED)


@dataclass(frozen=True)
class Objective:
    """An objective of a search, checked before anything is trained.

    Args:
        name: one of `OBJECTIVES`.

    Raises:
        ValueError: there is no such objective.
    """

    name: str

    def __post_init__(self):
        if self.name not in OBJECTIVES:
            raise ValueError(
                f"`objective` must be one of {', '.join(OBJECTIVES)}. "
                f"Received: objective={self.name!r}"
            )

    @property
    def direction(self):
        """Whether lower scores are better, "min", or higher, "max"."""
        return "max" if self.name in LABELLED else CRITERIA[self.name].direction

    def check(self, y, supervised, seeds_per_trial, model_class):
        """Raises a ValueError where a search by this objective could not be scored."""
        labelled = self.name in LABELLED
        if labelled and (y is None or not supervised):
            given = "no `y`" if y is None else f"supervised={supervised}"
            raise ValueError(
                f"`objective` {self.name!r} compares with labels, so `y` must be given and "
                f"`supervised=True` be said. Received: {given}"
            )
        if supervised and not labelled:
            raise ValueError(
                f"`supervised=True` goes with an objective of labels: {', '.join(LABELLED)}. "
                f"Received: objective={self.name!r}"
            )
        if self.name == "stability" and seeds_per_trial < 2:
            raise ValueError(
                "`seeds_per_trial` must be at least 2 for stability, the agreement of runs. "
                f"Received: seeds_per_trial={seeds_per_trial}"
            )
        if self.name in OF_CENTROIDS and not hasattr(model_class, "centroids"):
            raise ValueError(
                f"`objective` {self.name!r} needs a model with centroids. "
                f"Received: model={model_class.__name__}"
            )

    def score(self, runs, scores):
        """The score of a trial: the median over its runs, of scores against labels the mean.

        A run without a value, or whose value is NaN, counts as infinitely bad, and so does one
        that leaves a cluster empty: it is not a clustering into K clusters, and L_sp, the entropy
        and the stability of a collapsed run are the best there are. Scores against labels tell
        such runs from good ones, and tables print their means.

        Args:
            runs: list of `Run`.
            scores: for each run its scores against labels, which only labelled objectives read.
        """
        if self.name in LABELLED:
            return float(np.mean([score[self.name] for score in scores]))
        bad = np.inf if self.direction == "min" else -np.inf
        values = [(run.empty_clusters, run.criteria[self.name]) for run in runs]
        return median(
            bad if empty or value is None or np.isnan(value) else value for empty, value in values
        )

    def is_better(self, one, other):
        """Whether a score is better than another."""
        return one < other if self.direction == "min" else one > other


def median(values):
    """The median, where values may be infinite."""
    return float(np.median(list(values)))


def median_of_known(values):
    """The median of the values that are neither None nor NaN; None where there are none."""
    known = [value for value in values if value is not None and not np.isnan(value)]
    return median(known) if known else None
