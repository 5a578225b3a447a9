"""What Figures 9 and 10 share: CM over batch sizes and concentrations."""

from __future__ import annotations

import numpy as np

from reproduce import published
from reproduce.figures.declared import variant
from reproduce.figures.task import Needs

# One axis is said to be exponential and the other in powers of ten: batch sizes are read as the
# powers of e, and concentrations as those of ten, in the order in which the caption names them.
SMALL = {
    "batch_sizes": tuple(round(np.exp(power)) for power in (4, 5, 6, 7)),
    "concentrations": tuple(10.0**power for power in (0, 0.5, 1, 1.5, 2, 2.5, 3)),
    "epochs": 50,
    "seed": 0,
}
PAPER = {
    "batch_sizes": tuple(round(np.exp(power)) for power in np.arange(3, 7.5, 0.5)),
    "concentrations": tuple(10.0**power for power in np.arange(0, 3.25, 0.25)),
    "epochs": 150,
    "seed": 0,
}
DATASET = "pendigits"


def needs(settings, n_grids: int) -> Needs:
    """What so many grids need."""
    size = len(settings["concentrations"]) * len(settings["batch_sizes"])
    return Needs((DATASET,), n_grids * size)


def scores(task, settings, figure, init, prior=1.0) -> np.ndarray:
    """Train every combination once; ARI `(concentrations, batch sizes)`, NaN where it diverged.

    Args:
        task: The figure's places.
        settings: `SMALL` or `PAPER`.
        figure: Number of the figure.
        init: `"random"` or `"kmeans++"`.
        prior: 1 for the symmetric prior, or the frequencies of the classes.
    """
    experiments = [
        variant(
            "aecm",
            "table11",
            DATASET,
            "cm",
            init,
            figure=figure,
            epochs=settings["epochs"],
            seeds=(settings["seed"],),
            alpha=(np.asarray(prior) * concentration).tolist(),
            batch_size=batch_size,
        )
        for concentration in settings["concentrations"]
        for batch_size in settings["batch_sizes"]
    ]
    found = [row[0]["metrics"]["ari"] if row else np.nan for row in task.run(experiments)]
    return np.reshape(found, (len(settings["concentrations"]), len(settings["batch_sizes"])))


def smoothed(values) -> np.ndarray:
    """Mean of each cell and those of its eight neighbours that exist."""
    padded = np.pad(values, 1, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    known = np.isfinite(windows)
    total = np.where(known, windows, 0.0).sum(axis=(2, 3))
    return total / np.maximum(known.sum(axis=(2, 3)), 1)


def bar(init) -> float:
    """The mean ARI of Table 1, above which dots are black."""
    return published.lookup("aecm", "table1", DATASET, "cm", init, "ari", "mean")


def draw(ax, values, settings, init, title):
    """Draw dots coloured by their smoothed ARI, black above Table 1; return the colour scale."""
    smooth = smoothed(values)
    batch_sizes, concentrations = np.meshgrid(settings["batch_sizes"], settings["concentrations"])
    colours = {"cmap": "coolwarm", "vmin": 0, "vmax": 0.6}
    dots = ax.scatter(batch_sizes, concentrations, s=90, c=smooth, **colours)
    above = smooth > bar(init)
    ax.scatter(batch_sizes[above], concentrations[above], s=90, c="black")
    ax.set_xscale("log", base=np.e)
    ax.set_yscale("log", base=10)
    exponents = np.unique(np.round(np.log(settings["batch_sizes"])).astype(int))
    ax.set_xticks(np.exp(exponents), [f"$e^{exponent}$" for exponent in exponents])
    ax.minorticks_off()
    ax.set(xlabel="batch size", ylabel="concentration", title=title)
    return dots


def describe(settings) -> str:
    """The settings in words."""
    return (
        f"CM on {DATASET}, {settings['epochs']} epochs, one run (seed {settings['seed']}) for each "
        f"of {len(settings['batch_sizes'])} batch sizes from {min(settings['batch_sizes'])} to "
        f"{max(settings['batch_sizes'])} and {len(settings['concentrations'])} concentrations from "
        f"{min(settings['concentrations']):g} to {max(settings['concentrations']):g}. Colour: ARI, "
        "averaged over a dot and its neighbours; black: above the mean of Table 1"
    )
