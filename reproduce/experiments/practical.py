"""A leaderboard of ways to cluster without labels: of scikit-learn's, of every model's, and ours.

Every method gets the data as their files have them, and the number of classes for K; HDBSCAN finds
its own number. Labels score a run that is over, and are read nowhere else. How each method sees the
data is told by `reproduce.methods.practical`.

A row has all that decides how it is run, the model's recipe too. So a recipe that changes has rows
of its own, and no mean is over two of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reproduce.experiment import Experiment
from reproduce.paper import Paper
from reproduce.table import Table
from tfclust.auto.effort import EFFORTS
from tfclust.recipes import RECIPES, Recipe

FIVE_RUNS = tuple(range(5))
# Dataset -> its rows, its classes, and the shape of an image where it has images.
DATASETS = {
    "mnist": (70_000, 10, (28, 28, 1)),
    "fashion_mnist": (70_000, 10, (28, 28, 1)),
    "usps": (9_298, 10, (16, 16, 1)),
    "pendigits": (10_992, 10, None),
    "twenty_newsgroups": (18_846, 20, None),
    "rcv1_10k": (10_000, 4, None),
    "har_recomputed": (10_411, 6, None),
    "digits": (1_797, 10, (8, 8, 1)),
    "wine": (178, 3, None),
    "breast_cancer": (569, 2, None),
    "uci_ecoli": (336, 8, None),
    "uci_yeast": (1_484, 10, None),
}
NAMES = {
    "kmeans": "k-means",
    "mixture": "full Gaussian mixture",
    "hdbscan": "HDBSCAN on UMAP",
    "spectral": "spectral (Nystroem)",
    **{recipe.name: recipe.model for recipe in RECIPES.values()},
    "autoclusterer": "AutoClusterer",
}

# A covariance takes time and memory of the square of the columns, and a map of neighbours is drawn
# from few columns as well as from many.
MOST_COLUMNS = 50
# Method -> epochs, which for these are iterations or fits, and settings.
_SHALLOW = {
    "kmeans": (300, {"n_init": 10}),
    "mixture": (
        100,
        {"covariance": "full", "uniform_weights": False, "most_columns": MOST_COLUMNS},
    ),
    # As umap-learn's own page on clustering has them, but that the least size of a cluster, 500 of
    # 70,000 rows there, is a share of the rows.
    "hdbscan": (
        1,
        {
            **{"n_neighbors": 30, "map_dimensions": 2, "most_columns": MOST_COLUMNS},
            **{"min_samples": 10, "least_share": 0.01, "least_size": 5},
        },
    ),
    "spectral": (300, {"landmarks": 500, "n_init": 10}),
}
EFFORT = "good"
# What AutoClusterer does is no setting: where a change of it changes what it finds, another number
# here gives the new runs a row of their own.
REVISION = 5


def _settings(method: str, n_rows: int, n_clusters: int) -> tuple[int, dict[str, Any]]:
    """The epochs and settings of a method on data of that size, without those of the data."""
    if method in _SHALLOW:
        return _SHALLOW[method]
    if method == "autoclusterer":
        return EFFORTS[EFFORT].epochs, {"effort": EFFORT, "revision": REVISION}
    return RECIPES[method].epochs, _of_recipe(RECIPES[method], n_rows, n_clusters)


def _of_recipe(recipe: Recipe, n_rows: int, n_clusters: int) -> dict[str, Any]:
    """All that a recipe decides, as settings: a mapping is a sequence of pairs."""
    config = recipe.config(n_clusters, n_rows)
    parts = {name: _pairs(config[name]) for name in ("optimizer", "pretraining", "callbacks")}
    return {**config["settings"], **parts}


def _pairs(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return tuple((name, _pairs(inner)) for name, inner in sorted(value.items()))


def _row(dataset: str, method: str) -> Experiment:
    n_rows, n_clusters, image_shape = DATASETS[dataset]
    epochs, settings = _settings(method, n_rows, n_clusters)
    of_data = {"n_clusters": n_clusters, "scale": "raw"}
    if image_shape is not None:
        of_data["image_shape"] = image_shape
    row = ("practical", "leaderboard", dataset, method, "", epochs, FIVE_RUNS)
    return Experiment(*row, {**settings, **of_data}, profile="practical")


PAPER = Paper(
    name="practical",
    title="A leaderboard without labels",
    experiments=tuple(_row(dataset, method) for dataset in DATASETS for method in NAMES),
    tables=(
        Table(
            "leaderboard",
            "Ways to cluster without labels, on twelve sets",
            ("leaderboard",),
            tuple(NAMES),
            metrics=("acc", "nmi", "ari", "runtime_s"),
        ),
    ),
)
