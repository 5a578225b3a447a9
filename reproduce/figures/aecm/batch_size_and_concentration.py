"""Figure 9: ARI of CM over batch sizes and concentrations."""

from __future__ import annotations

from matplotlib.figure import Figure

from reproduce.figures.aecm import concentration_grid
from reproduce.figures.task import Needs

SETTINGS = {
    "small": {
        **concentration_grid.SMALL,
        "title": "Batch size and concentration (Figure 9 at small scale:\n"
        "a coarser grid and 50 epochs for 150)",
    },
    "paper": {**concentration_grid.PAPER, "title": "Batch size and concentration (Figure 9)"},
}
_INITS = {"random": "random", "kmeans++": "k-means++"}


def needs(task, settings) -> Needs:
    """A grid for each start."""
    return concentration_grid.needs(settings, len(_INITS))


def gather(task, settings):
    """Train every combination from both starts."""
    return {init: concentration_grid.scores(task, settings, 9, init) for init in _INITS}


def plot(results, settings) -> Figure:
    """Draw random starts on the left and k-means++ on the right."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    figure.suptitle(settings["title"])
    panels = figure.subplots(1, 2, sharey=True)
    for ax, (init, title) in zip(panels, _INITS.items(), strict=True):
        dots = concentration_grid.draw(ax, results[init], settings, init, title)
    figure.colorbar(dots, ax=panels, label="ARI")
    return figure


def caption(results, settings) -> str:
    """Tell what was run."""
    return (
        f"**{settings['title']}**\n\n"
        f"{concentration_grid.describe(settings)}. The paper's grid is not printed, nor which axis "
        "is which: batch sizes are read as powers of e on the x-axis, concentrations as powers of "
        "ten on the y-axis."
    )
