"""Figure 4: images drawn in the style of others, and new ones of every cluster."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reproduce.figures.gumbel.trained_model import FALLBACK, test_rows, trained_model
from reproduce.figures.task import Needs

_CLUSTERS = (7, 10, 14)  # as printed
_STYLES = 10  # test images whose style is taken
_EACH = 8  # new images of a cluster
SETTINGS = FALLBACK


def needs(task, settings) -> Needs:
    """A trained model for each number of clusters."""
    return Needs((settings["dataset"],), len(_CLUSTERS))


def gather(task, settings):
    """Draw test images as every cluster, and new images, for each number of clusters."""
    results = {"runs": []}
    for k in _CLUSTERS:
        model, data, description = trained_model(task, settings, k)
        results[k] = np.stack([model.generate(cluster, _EACH, seed=0) for cluster in range(k)])
        results["runs"].append(description)
        if k == 10:
            chosen = np.random.default_rng(0).choice(test_rows(data), _STYLES, replace=False)
            shown = data.x[np.sort(chosen)]
            results["styles"] = np.concatenate(
                [shown[:, np.newaxis], model.transfer_style(shown)], axis=1
            )
    return results


def plot(results, settings) -> Figure:
    """Draw the styles at the left, then a panel for each number of clusters."""
    figure = Figure(figsize=(15, 5), layout="constrained")
    figure.suptitle(f"Images generated on {settings['dataset']} (Figure 4)")
    panels = figure.subplots(1, 1 + len(_CLUSTERS))
    titles = ("test image, then as each cluster", *(f"{k} clusters" for k in _CLUSTERS))
    tables = (results["styles"], *(results[k] for k in _CLUSTERS))
    for ax, title, table in zip(panels, titles, tables, strict=True):
        ax.imshow(_montage(table, settings["side"]), cmap="gray", vmin=0.0, vmax=1.0)
        ax.set_title(title)
        ax.set_axis_off()
    return figure


def _montage(table, side):
    """One image of a table `(rows, columns, side * side)` of them."""
    rows, columns, _ = table.shape
    tiles = table.reshape(rows, columns, side, side).transpose(0, 2, 1, 3)
    return tiles.reshape(rows * side, columns * side)


def caption(results, settings) -> str:
    """Tell what was run."""
    return (
        f"**Figure 4. Generated images.** {'; '.join(results['runs'])}. (a) A test image, and its "
        "code z, the mean of q(z|x), decoded with each category; (b) to (d) a cluster a row, z "
        "drawn from its prior.\n\n"
        "The paper does not say whether z is a mean or a draw, nor where its z of (b) to (d) is "
        "from. Of the finished runs the one of lowest loss on the validation part is taken; where "
        "there is none, a model is trained for the figure."
    )
