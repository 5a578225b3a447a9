"""Figure 11: what the merging term E3 does to twice as many centroids as there are clusters."""

from __future__ import annotations

import functools

import numpy as np
from matplotlib.figure import Figure

from reproduce.figures.aecm import five_gaussians
from reproduce.figures.task import Needs
from reproduce.progress import epoch_bar
from tfclust import plots

_PAPER = {
    **five_gaussians.SETTINGS,
    "n_clusters": 2 * five_gaussians.SETTINGS["n_clusters"],
    "weights": (0.0, 1.0, 1.5),  # of E3
    "seeds": tuple(range(20)),
}
SETTINGS = {"small": _PAPER, "paper": _PAPER}

_TITLES = {0.0: "(a) without $E_3$", 1.0: "(b) with $E_3$", 1.5: "(c) with $1.5\\,E_3$"}
_SHIFT = 0.06  # standard deviation of the noise that keeps centroids apart in the picture


def needs(task, settings) -> Needs:
    """Twenty modules in one program at each weight."""
    return Needs((settings["dataset"],), len(settings["weights"]))


def gather(task, settings):
    """Train twenty modules at each weight of E3 and keep the one of lowest loss."""
    data = five_gaussians.load(task, settings)
    arrays = {"points": data.x}
    for weight in settings["weights"]:
        kept = {**settings, "weights": weight}
        best = task.keep(kept, functools.partial(_best, data.x, settings, weight))
        arrays.update({f"{name}_{weight}": array for name, array in best.items()})
    return arrays


def _best(x, settings, weight):
    import keras

    from reproduce.methods.training import Progress
    from tfclust.callbacks import AveragingEpoch
    from tfclust.models import CMEnsemble

    ensemble = CMEnsemble(
        settings["seeds"],
        **five_gaussians.module_arguments(settings),
        term_weights={"cross": weight},
    )
    optimizer = keras.optimizers.SGD(settings["learning_rate"])
    ensemble.compile(optimizer, steps_per_execution=50, jit_compile=True)
    with epoch_bar(f"figure 11, E3 times {weight}") as report:
        callbacks = [Progress(report), AveragingEpoch()]
        ensemble.fit(x, epochs=settings["epochs"] + 1, verbose=0, callbacks=callbacks)
    best = ensemble.members()[int(np.argmin(_losses(ensemble, x)))]
    return {"labels": best.assign(x), "centroids": best.centroids(), "seed": best.seed}


def _losses(ensemble, x):
    """Each member's loss over the batches of `x` in their order."""
    from tfclust.feeding import ordered_batches

    batches = ordered_batches(x, batch_size=ensemble.batch_size)
    return sum(sum(map(np.asarray, ensemble.loss_terms(rows).values())) for (rows,) in batches)


def plot(results, settings) -> Figure:
    """Draw a panel for each weight: points by cluster, and the centroids, slightly apart."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    figure.suptitle("Final centroids of CM with K = 10 on five Gaussians (Figure 11)")
    panels = figure.subplots(1, len(settings["weights"]))
    noise = np.random.default_rng(0)
    for ax, weight in zip(panels, settings["weights"], strict=True):
        centroids = results[f"centroids_{weight}"]
        plots.scatter(
            results["points"],
            results[f"labels_{weight}"],
            centroids + noise.normal(scale=_SHIFT, size=centroids.shape),
            ax=ax,
            title=_TITLES[weight],
        )
    return figure


def caption(results, settings) -> str:
    """Tell what was run, and how many places the centroids take."""
    weights = settings["weights"]
    places = ", ".join(
        f"{_count_places(results[f'centroids_{weight}'])} with E3 times {weight:g} (seed "
        f"{int(results[f'seed_{weight}'])})"
        for weight in weights
    )
    return (
        "**Figure 11. Importance of E3.** CM on the five Gaussians: "
        f"{five_gaussians.describe(settings)}, random start; of {len(settings['seeds'])} seeds the "
        "one of lowest loss. Points have the colour of their cluster; centroids are shifted by "
        f"Gaussian noise of standard deviation {_SHIFT} so that those in one place are seen. "
        f"Counting centroids closer than 0.3 as one, they take these many places: {places}.\n\n"
        f"{five_gaussians.CAVEAT} The paper does not state the other settings; they are those of "
        "Figure 1. Which of the runs it shows is not said either."
    )


def _count_places(centroids) -> int:
    """Count groups of centroids that are linked by distances below 0.3."""
    from scipy.cluster.hierarchy import fcluster, linkage

    return int(fcluster(linkage(centroids), 0.3, "distance").max())
