"""Figure 7: images on the way from centroid to centroid."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.figure import Figure

from reproduce.figures.aecm.trained_model import FALLBACK, needs_of_model, trained_model
from tfclust import plots

_STEPS = 10  # images of one interpolation, its two centroids included
SETTINGS = {name: {**settings, "steps": _STEPS} for name, settings in FALLBACK.items()}


needs = needs_of_model


def gather(task, settings):
    """Decode the path through all centroids, in the order of their classes."""
    trained = trained_model(task, settings)
    stops = trained.clusters_by_class(trained.labels)
    paths = [
        trained.images(trained.model.interpolate(a, b, settings["steps"]))
        for a, b in itertools.pairwise(stops)
    ]
    return {"images": np.concatenate(paths), "description": trained.description}


def plot(results, settings) -> Figure:
    """Draw an interpolation a row; centroids have a frame."""
    steps, images = settings["steps"], results["images"]
    ends = [i for i in range(len(images)) if i % steps in (0, steps - 1)]
    figure = plots.images_grid(images, steps, frames=ends)
    figure.suptitle(f"Interpolations (Figure 7)\n{results['description']}", fontsize=10)
    return figure


def caption(results, settings) -> str:
    """Tell what was run."""
    return (
        f"**Figure 7. Interpolations between centroids.** {results['description']}. Each row leads "
        "from the centroid of one class to that of the next, both framed, by decoded convex "
        "combinations of the two codes.\n\n"
        "The paper shows mnist. It counts nine interpolations between its ten centroids without "
        "saying how many images each has or in which order they come: read as the nine ways "
        f"between neighbours in the order of the classes, {settings['steps']} images each. The "
        "paper does not say which run it shows; of the finished runs on mnist the one of highest "
        "ARI is taken, and where there is none, a model is trained for the figure."
    )
