"""Figure 1: centroids after every step of the last epoch, and their averages."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reproduce.figures.aecm import five_gaussians
from reproduce.figures.declared import variant
from reproduce.figures.task import Needs
from reproduce.progress import epoch_bar
from tfclust import plots

_PAPER = {
    **five_gaussians.SETTINGS,
    "seed": 0,
    # The paper states no rate. In half decades up to the last at which no run diverges.
    "rates": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    "rate_seeds": tuple(range(20)),
}
SETTINGS = {"small": _PAPER, "paper": _PAPER}


def needs(task, settings) -> Needs:
    """The run that is traced, and those at each rate."""
    return Needs((settings["dataset"],), 1 + len(settings["rates"]) * len(settings["rate_seeds"]))


def gather(task, settings):
    """Train one module with its centroids recorded, and twenty at each rate for their loss."""
    data = five_gaussians.load(task, settings)
    trace = task.keep(settings, lambda: _trace(data.x, settings))
    components = [data.x[data.y == k].mean(axis=0) for k in range(data.n_classes)]
    rows = task.run([_at_rate(settings, rate) for rate in settings["rates"]])
    losses = [_mean_loss(row) for row in rows]
    return {**trace, "points": data.x, "true_centers": np.array(components), "losses": losses}


def _mean_loss(records) -> float:
    """Mean over the finished runs, NaN where all diverged."""
    losses = [sum(record["loss_terms"].values()) for record in records]
    return np.mean(losses) if losses else np.nan


def _at_rate(settings, rate):
    return variant(
        "aecm",
        "table3",
        settings["dataset"],
        "cm",
        "",
        figure=1,
        epochs=settings["epochs"],
        seeds=settings["rate_seeds"],
        learning_rate=rate,
    )


def _trace(x, settings):
    import keras

    from reproduce.methods.training import Progress
    from tfclust.callbacks import AveragingEpoch
    from tfclust.models import CM

    model = CM(**five_gaussians.module_arguments(settings), seed=settings["seed"])
    model.compile(keras.optimizers.SGD(settings["learning_rate"]), jit_compile=True)
    with epoch_bar("figure 1") as report:
        model.fit(x, epochs=settings["epochs"], verbose=0, callbacks=[Progress(report)])
    centroids = []
    trace = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: centroids.append(model.centroids())
    )
    model.fit(x, epochs=1, verbose=0, callbacks=[trace, AveragingEpoch()])
    return {"steps": np.array(centroids), "averages": model.centroids()}


def plot(results, settings) -> Figure:
    """Draw the points, the centroids of the last epoch, their averages and the true centers."""
    figure = Figure(figsize=(6, 5.5), layout="constrained")
    ax = figure.subplots()
    plots.scatter(results["points"], None, ax=ax, title="Dispersion of the centroids (Figure 1)")
    steps = results["steps"]
    colours = plots.colours(steps.shape[1])
    for k, colour in enumerate(colours):
        ax.scatter(*steps[:, k].T, marker="x", s=14, linewidths=0.7, color=colour)
    black = {"edgecolors": "black", "zorder": 3}
    ax.scatter(*results["averages"].T, marker="s", s=60, c="white", **black)
    ax.scatter(*results["true_centers"].T, marker="o", s=150, c="none", linewidths=1.8, **black)
    _legend(ax)
    return figure


def _legend(ax):
    def sign(label, **style):
        return ax.plot([], [], linestyle="", color="black", label=label, **style)[0]

    handles = [
        sign("centroids, each step of the last epoch", marker="x"),
        sign("their averages", marker="s", fillstyle="none"),
        sign("true centers", marker="o", fillstyle="none", markersize=10),
    ]
    ax.legend(handles=handles, fontsize=8, loc="upper right")


def caption(results, settings) -> str:
    """Tell what was run, and what the losses at the candidate rates were."""
    losses = ", ".join(
        f"{loss:.3f} at {rate:g}"
        for rate, loss in zip(settings["rates"], results["losses"], strict=True)
    )
    lowest = settings["rates"][int(np.nanargmin(results["losses"]))]
    distance = np.linalg.norm(results["averages"][:, None] - results["true_centers"], axis=-1)
    return (
        "**Figure 1. Dispersion of the centroids.** CM on the five Gaussians: "
        f"{five_gaussians.describe(settings)}, seed {settings['seed']}. Crosses: centroids after "
        f"each of the {len(results['steps'])} steps of the averaging epoch; squares: their "
        "averages; circles: means of the components. The farthest average lies "
        f"{distance.min(axis=1).max():.2f} standard deviations of a coordinate from the nearest "
        "circle.\n\n"
        f"{five_gaussians.CAVEAT} The paper does not state the learning rate. Mean final loss a "
        f"sample over {len(settings['rate_seeds'])} seeds: {losses}; the lowest is at {lowest:g}."
    )
