"""Figure 5: covariance of the memberships, true and found."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reproduce.experiments.mixae import EPOCHS
from reproduce.figures.declared import run_of_figure
from reproduce.figures.finished_models import best_model
from reproduce.figures.mixae.mixtures import (
    FALLBACK,
    error,
    mixture,
    needs_of_mixtures,
    table_models,
)
from reproduce.figures.task import Needs
from tfclust import plots

_VECTORS = ("rcv1_10k", "har_recomputed")
SETTINGS = {
    "small": {**FALLBACK["small"], "vector_epochs": 10},
    "paper": {**FALLBACK["paper"], "vector_epochs": EPOCHS},
}


def needs(task, settings) -> Needs:
    """A trained mixture for the images and one for each set of vectors."""
    of_images = needs_of_mixtures(task, settings)
    return Needs((*of_images.datasets, *_VECTORS), 1 + len(_VECTORS))


def gather(task, settings):
    """Compute both covariances for the images and the two sets of vectors."""
    from tfclust.metrics import membership_covariance

    images = mixture(task, settings)
    runs = {images.data.name: (images.data.y, images.memberships)}
    runs.update({name: _vectors(task, settings, name) for name in _VECTORS})
    results = {"datasets": list(runs)}
    for name, (y, memberships) in runs.items():
        results[f"{name} true"] = membership_covariance(np.eye(memberships.shape[1])[y])
        results[f"{name} found"] = membership_covariance(memberships)
    return results


def _vectors(task, settings, dataset):
    row = ("mixae", "table2", dataset, "mixae", "random")
    here = {**settings, "dataset": dataset, "epochs": settings["vector_epochs"]}
    run = run_of_figure(row, 5, here)
    _, model, data = best_model(task, table_models(task, dataset), error, run)
    return data.y, model.predict(data.x, batch_size=2000, verbose=0)


def plot(results, settings) -> Figure:
    """Draw a column a dataset, the true covariance above the one that was found."""
    datasets = results["datasets"]
    figure = Figure(figsize=(3.6 * len(datasets), 6.4), layout="constrained")
    figure.suptitle("Covariance of the memberships (Figure 5)")
    for column, dataset in zip(figure.subplots(2, len(datasets)).T, datasets, strict=True):
        for ax, kind in zip(column, ("true", "found"), strict=True):
            values = results[f"{dataset} {kind}"]
            ticks = range(len(values))
            title = f"{dataset}, {kind}"
            plots.heat_map(values, ticks, ticks, "cluster", "cluster", title, ax=ax)
    return figure


def caption(results, settings) -> str:
    """Tell what is shown."""
    return (
        "**Figure 5. Clustering covariance.** `1/N sum_i p_i p_i^T - pbar pbar^T` of the one-hot "
        "classes (above) and of MIXAE's memberships (below) on "
        f"{', '.join(results['datasets'])}. Clusters are in the order of the autoencoders, which "
        "is not that of the classes.\n\n"
        "Of the finished runs the one of lowest reconstruction error is taken; where there is "
        "none, a model is trained for the figure. rcv1_10k stands in for Reuters, har_recomputed "
        "for HHAR."
    )
