"""Figure 2: what every autoencoder makes of an image of ones."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure

from reproduce.figures.damic.trained_mixture import FALLBACK, needs_of_mixture, trained_mixture
from tfclust import plots

SETTINGS = FALLBACK


needs = needs_of_mixture


def gather(task, settings):
    """Reconstruct an image whose pixels are all 1 by every autoencoder."""
    shown = trained_mixture(task, settings)
    size = shown.data.x.shape[1]
    ones, side = np.ones((1, size), dtype="float32"), math.isqrt(size)
    outputs = [shown.model.autoencoder(int(k)).predict(ones, verbose=0) for k in shown.order()]
    images = np.concatenate([ones, *outputs]).reshape(-1, side, side)
    return {"images": images, "description": shown.description}


def plot(results, settings) -> Figure:
    """Draw the input, framed, and then an autoencoder a panel."""
    images = results["images"]
    titles = ["input", *(f"DAE #{i}" for i in range(len(images) - 1))]
    figure = plots.images_grid(images, -(-len(images) // 2), titles, frames=[0])
    figure.suptitle(f"An image of ones (Figure 2)\n{results['description']}", fontsize=9)
    return figure


def caption(results, settings) -> str:
    """Tell what was run and how the autoencoders are ordered."""
    return (
        f"**Figure 2. The outputs of the autoencoders for an input of ones.** "
        f"{results['description']}. The autoencoders are in the order of the digit that most of "
        "their images are; their batch normalization uses the moving statistics.\n\n"
        "Of the finished runs on mnist the one of lowest loss is taken; where there is none, a "
        "model is trained for the figure."
    )
