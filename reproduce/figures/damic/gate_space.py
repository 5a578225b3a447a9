"""Figure 3, which the paper does not have: h(x), the space in which the gate decides."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reproduce.figures.damic.trained_mixture import FALLBACK, needs_of_mixture, trained_mixture
from tfclust import plots

SETTINGS = {
    "small": {**FALLBACK["small"], "points": 1500},
    "paper": {**FALLBACK["paper"], "points": 5000},
}


needs = needs_of_mixture


def gather(task, settings):
    """Project h(x) of random images by t-SNE."""
    shown = trained_mixture(task, settings)
    chosen = np.random.default_rng(0).permutation(len(shown.labels))[: settings["points"]]
    codes = shown.model.embed(shown.data.x[chosen], batch_size=2000)
    points, _ = plots.project(codes, method="tsne")
    numbers = np.argsort(shown.order())  # of each cluster among those in the order of the classes
    return {
        "points": points,
        "clusters": numbers[shown.labels[chosen]],
        "classes": shown.data.y[chosen],
        "description": shown.description,
    }


def plot(results, settings) -> Figure:
    """Draw the points by cluster and by class."""
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    figure.suptitle(f"h(x), by t-SNE: {results['description']}")
    for ax, kind in zip(figure.subplots(1, 2), ("clusters", "classes"), strict=True):
        plots.scatter(results["points"], results[kind], ax=ax, title=f"by {kind}")
    return figure


def caption(results, settings) -> str:
    """Tell what is shown."""
    return (
        f"**h(x), the gate's space.** t-SNE of h(x) of {len(results['points'])} random images. "
        f"{results['description']}.\n\n"
        "The paper has no such figure; it says that h(x) can be used to visualize the clustering."
    )
