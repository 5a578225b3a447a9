"""Figure 7: clusters of style, with more autoencoders than digits."""

from __future__ import annotations

from matplotlib.figure import Figure

from reproduce.figures.mixae.mixtures import FALLBACK, mixture, needs_of_mixtures
from reproduce.figures.task import Needs
from tfclust import plots

_CLUSTERS = (10, 20, 30)
_EACH = 4  # images of a cluster, as printed
SETTINGS = FALLBACK


def needs(task, settings) -> Needs:
    """A trained mixture for each K."""
    return needs_of_mixtures(task, settings, _CLUSTERS)


def gather(task, settings):
    """Compute the covariance of the memberships, and draw images, for each K."""
    from tfclust.metrics import membership_covariance

    results = {}
    for k in _CLUSTERS:
        shown = mixture(task, settings, k)
        results[k] = {
            "covariance": membership_covariance(shown.memberships),
            "images": shown.examples(_EACH),
            "description": shown.description,
        }
    return results


def plot(results, settings) -> Figure:
    """Draw the covariances above, and below them the images, a cluster a column."""
    figure = Figure(figsize=(14, 6.5), layout="constrained")
    figure.suptitle("Clusters of style (Figure 7)")
    above, below = figure.subplots(2, len(_CLUSTERS), height_ratios=(2, 1))
    for top, bottom, k in zip(above, below, _CLUSTERS, strict=True):
        covariance = results[k]["covariance"]
        ticks = range(0, k)
        plots.heat_map(covariance, ticks, ticks, "cluster", "cluster", f"K = {k}", ax=top)
        top.set(xticks=[], yticks=[])
        bottom.imshow(_montage(results[k]["images"], k), cmap="gray", vmin=0.0, vmax=1.0)
        bottom.set_axis_off()
    return figure


def _montage(images, n_clusters):
    """One image: a column a cluster."""
    _, height, width = images.shape
    tiles = images.reshape(n_clusters, _EACH, height, width)
    return tiles.transpose(1, 2, 0, 3).reshape(_EACH * height, n_clusters * width)


def caption(results, settings) -> str:
    """Tell what was run."""
    runs = "; ".join(results[k]["description"] for k in _CLUSTERS)
    return (
        f"**Figure 7. Variation of K.** {runs}. Above, the covariance of the memberships; below, "
        f"{_EACH} random images a cluster, in the order of the digit that most of it are.\n\n"
        "Of the finished runs on mnist the one of lowest reconstruction error is taken for each "
        "K; where there is none, a model is trained for the figure."
    )
