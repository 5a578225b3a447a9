import math

import numpy as np
import pytest

from tfclust.callbacks import LossNotFinite
from tfclust.selection import Run, with_stability
from tfclust.tuning import search


class Trainer:
    """Stands in for the training: runs whose criteria follow from the settings alone.

    Attributes:
        asked: the recipe and the seeds of every training.
        stop_at: number of the training that is cut off, None for none.
        diverges, collapses: tell from the settings which trainings do.
    """

    def __init__(self):
        self.asked = []
        self.stop_at = None
        self.diverges = lambda settings: False
        self.collapses = lambda settings: False

    def __call__(self, recipe, x, seeds, progress=None):
        self.asked.append((recipe, tuple(seeds)))
        settings = recipe.constructor()
        if len(self.asked) == self.stop_at:
            raise KeyboardInterrupt
        if self.diverges(settings):
            raise LossNotFinite("The loss must stay finite")
        return with_stability([self.run(settings, seed, len(x)) for seed in seeds])

    def run(self, settings, seed, n):
        labels = np.arange(n) % 3
        labels[: 1 + seed] = 0
        names = ("l_sp", "reconstruction", "distortion", "membership_entropy")
        criteria = dict.fromkeys((*names, "silhouette", "calinski_harabasz"), float(seed))
        criteria["l_sp"] = (math.log10(settings.get("alpha", 1.0)) - 1.3) ** 2 + seed
        criteria["stability"] = None
        sizes = (n, 0, 0) if self.collapses(settings) else (1, 1, n - 2)
        return Run(criteria, sizes, seed, labels)


@pytest.fixture
def trainer(monkeypatch):
    """A `Trainer` in place of the training."""
    trainer = Trainer()
    monkeypatch.setattr(search, "Trainer", lambda **_: trainer)
    return trainer


@pytest.fixture
def call(trainer, rows):
    """Return a function that searches CM's settings on `rows`, with small defaults."""

    def tune(model="cm", x=rows, y=None, **changes):
        small = {
            "n_clusters": 3,
            "objective": "l_sp",
            "max_trials": 6,
            "seeds_per_trial": 3,
            "algorithm": "random",  # the Bayesian one takes its time to propose
            "verbose": False,
        }
        return search.tune(model, x, y, **{**small, **changes})

    return tune
