"""Figure 6: the terms of the objective and the purity as training goes, for K = 10, 20, 30."""

from __future__ import annotations

from matplotlib.figure import Figure

from reproduce.figures.mixae.mixtures import FALLBACK, figure_run
from reproduce.figures.task import Needs
from tfclust import plots

_CLUSTERS = (10, 20, 30)
_SERIES = {
    "reconstruction": "weighted reconstruction error",
    "unweighted_sample_entropy": "sample entropy, nats",
    "unweighted_batch_entropy": "batch entropy, nats",
    "purity": "purity",
}
SETTINGS = FALLBACK


def needs(task, settings) -> Needs:
    """One run for each K."""
    return Needs.of_runs(_experiments(settings))


def _experiments(settings):
    return [figure_run(settings, k) for k in _CLUSTERS]


def gather(task, settings):
    """Return the curves of one run for each K, but for those that diverged."""
    rows = task.run(_experiments(settings))
    return {k: row[0]["curve"] for k, row in zip(_CLUSTERS, rows, strict=True) if row}


def plot(results, settings) -> Figure:
    """Draw a panel a quantity, a curve a K."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    figure.suptitle(f"MIXAE on {settings['dataset']} as it is trained (Figure 6)")
    epochs = [point["epoch"] for point in next(iter(results.values()))]
    for ax, (name, title) in zip(figure.subplots(2, 2).ravel(), _SERIES.items(), strict=True):
        series = {f"K = {k}": [point[name] for point in curve] for k, curve in results.items()}
        plots.curves(epochs, series, "epoch", title, ax=ax)
    return figure


def caption(results, settings) -> str:
    """Tell what was run."""
    last = ", ".join(
        f"{100 * results[k][-1]['purity']:.1f} for K = {k}" if k in results else f"K = {k} diverged"
        for k in _CLUSTERS
    )
    return (
        f"**Figure 6. Evolution for varying K.** MIXAE on {settings['dataset']}, "
        f"{settings['epochs']} epochs, seed {settings['seed']}; the three quantities of Eq. 5 "
        "without their weights, over the batches of an epoch, and the purity of the assignments. "
        f"Purity at the end: {last}.\n\n"
        "The paper shows mnist and does not say whether its curves carry alpha and beta."
    )
