"""Figure 3: images of every cluster."""

from __future__ import annotations

from matplotlib.figure import Figure

from reproduce.figures.mixae.mixtures import FALLBACK, mixture, needs_of_mixtures
from tfclust import plots

_EACH = 12  # images of a cluster
SETTINGS = FALLBACK


needs = needs_of_mixtures


def gather(task, settings):
    """Draw random images of every cluster."""
    shown = mixture(task, settings)
    return {"images": shown.examples(_EACH), "description": shown.description}


def plot(results, settings) -> Figure:
    """Draw a cluster a row."""
    figure = plots.images_grid(results["images"], _EACH)
    figure.suptitle(f"Images by cluster (Figure 3)\n{results['description']}", fontsize=10)
    return figure


def caption(results, settings) -> str:
    """Tell what was run and how the images were drawn."""
    return (
        f"**Figure 3. Sample output.** {results['description']}. Each row is a cluster, in the "
        f"order of the digit that most of it are; its {_EACH} images are drawn at random.\n\n"
        "The paper does not say which run it shows, how many images, or how they were chosen. Of "
        "the finished runs on mnist the one of lowest reconstruction error is taken; where there "
        "is none, a model is trained for the figure."
    )
