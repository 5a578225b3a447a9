"""How many clusters, where no one knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from tqdm import tqdm

from tfclust.checks import check_count, check_data, check_integer
from tfclust.randomness import run_seeds
from tfclust.recipes import find_recipe
from tfclust.selection import CRITERIA
from tfclust.tuning.objectives import LABEL_FREE, median, median_of_known
from tfclust.tuning.training import train

FALLING = ("reconstruction", "distortion")
SAME_PLACE = 0.1  # share of the largest distance of centroids below which two count as one


@dataclass(frozen=True)
class NumberOfClusters:
    """Fits over a range of K, and what each says of it.

    Args:
        candidates: the K, rising.
        criteria: name of a criterion -> its median over the runs of each K; NaN for none.
        merged: the estimate of the model's own merging: see `choose_n_clusters`; None for a model
            without centroids.
    """

    candidates: tuple[int, ...]
    criteria: Mapping[str, Sequence[float]]
    merged: int | None

    @property
    def picks(self):
        """Name of a criterion -> its best K; without those errors that fall as K rises."""
        return {
            name: self.candidates[
                int(np.argmin([CRITERIA[name].badness(value) for value in values]))
            ]
            for name, values in self.criteria.items()
            if name not in FALLING
        }

    @property
    def elbow(self):
        """The K at which the reconstruction error bends: the farthest below the curve's chord."""
        errors = np.asarray(self.criteria["reconstruction"])
        known = np.isfinite(errors)
        candidates, errors = np.array(self.candidates)[known], errors[known]
        across = (candidates - candidates[0]) / max(1, np.ptp(candidates))
        chord = errors[0] + across * (errors[-1] - errors[0])
        return int(candidates[np.argmax(chord - errors)])

    def table(self):
        """Every criterion over K, as text; a star marks what each picks."""
        picks = {**self.picks, "reconstruction": self.elbow}
        head = ("K", *self.criteria)
        lines = [
            (
                str(k),
                *(
                    f"{values[i]:.4g}{'*' if picks.get(name) == k else ' '}"
                    for name, values in self.criteria.items()
                ),
            )
            for i, k in enumerate(self.candidates)
        ]
        widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
        shown = (
            "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in (head, *lines)
        )
        merged = f"\nmerging from K = {self.candidates[-1]} leaves {self.merged}"
        return "\n".join(shown) + (merged if self.merged is not None else "")

    def plot(self):
        """Draws every criterion over K in a panel of its own, and what it picks as a dashed line.

        Returns:
            `matplotlib.figure.Figure`.
        """
        from matplotlib.figure import Figure

        from tfclust import plots

        picks = {**self.picks, "reconstruction": self.elbow}
        figure = Figure(figsize=(2.8 * len(self.criteria), 2.8), layout="constrained")
        panels = figure.subplots(1, len(self.criteria), squeeze=False)[0]
        for ax, (name, values) in zip(panels, self.criteria.items(), strict=True):
            words = name.replace("_", " ")
            plots.curves(self.candidates, {name: values}, "clusters", "", ax=ax)
            ax.get_legend().remove()
            title = words
            if name in picks:
                ax.axvline(picks[name], color="0.5", linestyle="--")
                title = f"{words}: {'elbow' if name == 'reconstruction' else 'pick'} {picks[name]}"
            ax.set_title(title, fontsize=9)
        return figure


def choose_n_clusters(
    model, x, candidates, *, settings=None, seeds_per_candidate=3, seed=0, epochs=None, verbose=True
):
    """Fits a model over a range of K and shows every criterion over K.

    L_sp, entropy and loss fall or rise with K by themselves, so read their curves; silhouette,
    Calinski-Harabasz and stability can be compared between K. One more estimate is the model's own
    merging (the term E_3 of CM and AE-CM, Fig. 11): of the runs with the largest K, the median
    number of places that centroids of clusters with rows take, two within a tenth of the largest
    distance between centroids being one.

    Args:
        model: name of a recipe, such as "cm", a model's class, or a `tfclust.recipes.Recipe`.
        x: array `(n, ...)` or CSR matrix `(n, d)`.
        candidates: two or more numbers of clusters.
        settings: dict of arguments of the constructor, and `learning_rate`, in place of the
            recipe's or besides; `n_clusters`, as a search settles it, is not used. None.
        seeds_per_candidate: runs of each K.
        seed: int from which the seeds of the runs follow.
        epochs: of each training; None takes the recipe's.
        verbose: whether to show a progress bar.

    Returns:
        `NumberOfClusters`.

    Raises:
        ValueError: fewer than two candidates, or bad data or settings.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust.tuning import choose_n_clusters

    x = load_iris().data

    settings = {"alpha": 20.0, "batch_size": 30}
    found = choose_n_clusters("cm", x, range(2, 5), settings=settings, epochs=20)
    print(found.table())
    found.picks["silhouette"]
    ```

    Reference: Boubekki, Kampffmeyer, Brefeld, Jenssen, Joint optimization of an autoencoder for
    clustering and embedding, Machine Learning 110, 2021, Fig. 4 and Fig. 11.

    Known limits: the settings are those of one K; alpha is relative to the batch, not to K. The
    Dirichlet prior works against merging, the more so the larger alpha.
    """
    candidates = sorted({check_integer("candidates", k, 2) for k in candidates})
    if len(candidates) < 2:
        raise ValueError(
            "`candidates` must hold two or more numbers of clusters. "
            f"Received: candidates={candidates}"
        )
    check_integer("seeds_per_candidate", seeds_per_candidate, 1)
    check_count("epochs", epochs)
    seeds = run_seeds(seed, seeds_per_candidate)
    fixed = {name: value for name, value in (settings or {}).items() if name != "n_clusters"}
    recipe = find_recipe(model).changed(fixed, epochs=epochs)
    x = check_data(x, min_rows=candidates[-1])
    values = {name: [] for name in LABEL_FREE}
    for k in tqdm(candidates, desc="numbers of clusters", unit="K", disable=not verbose):
        runs = train(recipe.changed(n_clusters=k), x, seeds)
        for name, column in values.items():
            value = median_of_known([run.criteria[name] for run in runs])
            column.append(np.nan if value is None else value)
    known = {name: column for name, column in values.items() if np.isfinite(column).any()}
    return NumberOfClusters(tuple(candidates), known, _merged(runs))


def _merged(runs):
    """The median number of places that centroids of clusters with rows take."""
    if not hasattr(runs[0].model, "centroids"):
        return None
    return round(median([_places(run.model.centroids(), run.sizes) for run in runs]))


def _places(centroids, sizes):
    used = centroids[np.array(sizes) > 0]
    if len(used) < 2:
        return len(used)
    distances = np.linalg.norm(centroids[:, np.newaxis] - centroids, axis=-1)
    groups = fcluster(linkage(used, "single"), SAME_PLACE * distances.max(), "distance")
    return len(set(groups))
