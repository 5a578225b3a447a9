"""Figure 10: as Figure 9, with the frequencies of the classes as the prior."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reproduce.experiments.aecm import UNAVAILABLE
from reproduce.figures.aecm import concentration_grid
from reproduce.figures.task import Needs

SETTINGS = {
    "small": {
        **concentration_grid.SMALL,
        "title": "Prior distribution (Figure 10 at small scale:\n"
        "a coarser grid and 50 epochs for 150)",
    },
    "paper": {**concentration_grid.PAPER, "title": "Prior distribution (Figure 10)"},
}
_MISSING = "10x73k"


def needs(task, settings) -> Needs:
    """One grid."""
    return concentration_grid.needs(settings, 1)


def gather(task, settings):
    """Train every combination from random starts with the prior `alpha f`."""
    y = task.load(concentration_grid.DATASET).y
    frequencies = np.bincount(y) / len(y)
    return {"ari": concentration_grid.scores(task, settings, 10, "random", frequencies)}


def plot(results, settings) -> Figure:
    """Draw panel (c), and say in (a) and (b) why they are empty."""
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    figure.suptitle(settings["title"])
    *empty, last = figure.subplots(1, 3)
    for ax, title in zip(empty, ("(a) 10x73k, uniform", "(b) 10x73k, true"), strict=True):
        ax.set(xticks=[], yticks=[], title=title)
        reason = UNAVAILABLE[_MISSING].replace(" offers", "\noffers")
        ax.text(0.5, 0.5, f"not available:\n{reason}", ha="center", va="center", fontsize=9)
    title = f"(c) {concentration_grid.DATASET}, true"
    dots = concentration_grid.draw(last, results["ari"], settings, "random", title)
    figure.colorbar(dots, ax=last, label="ARI")
    return figure


def caption(results, settings) -> str:
    """Tell what was run and what is missing."""
    return (
        f"**{settings['title']}**\n\n"
        f"{concentration_grid.describe(settings)}. Random starts; the prior is alpha f, f the "
        "frequencies of the true classes, which sums to alpha (the symmetric prior of Figure 9 "
        "sums to K alpha), as printed; prior and mean memberships are both sorted. (c) is to be "
        f"compared with the left panel of Figure 9. Panels (a) and (b) are empty: {_MISSING} is "
        f"not available, {UNAVAILABLE[_MISSING]}. Axes as in Figure 9."
    )
