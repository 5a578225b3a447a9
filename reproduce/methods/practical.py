"""Ways to cluster without labels, each as somebody would use it who has a file and no more.

All get the data as their file has them, images as images. `AutoClusterer` scales them itself. The
others, which do not, see rows that `tfclust.auto.Preparation` has made, as AutoClusterer does:
pixels and other columns of one unit in [0, 1], columns of several units with mean 0 and variance 1,
rows of text of one length. Of those rows

- k-means, the spectral clustering and the models see all columns; the Gaussian mixture and HDBSCAN
  at most the first 50 principal components, since a covariance grows with the square of them;
- MIXAE and ClusterGAN see images again, where they are images;
- DAMIC, which takes values in [0, 1] alone, sees each column scaled to that where some are not.

A model is built and trained by its recipe, as `tfclust fit --model` and `DeepClusterer` do. The
seconds of a run are those from the data in memory to the labels, with all scaling.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import numpy as np
from sklearn.cluster import HDBSCAN
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics import pairwise_distances

from reproduce.errors import UserError
from reproduce.experiment import Experiment
from reproduce.methods.baselines import fit_labels, make_mixture
from reproduce.methods.mixae import samples
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import Progress, finished
from tfclust.auto import Preparation
from tfclust.checks import in_unit_range, value_range
from tfclust.datasets.preprocessing import rescale
from tfclust.inputs import dense
from tfclust.pretraining import kmeans, manifold
from tfclust.recipes import RECIPES, Recipe
from tfclust.sklearn import AutoClusterer


def run_practical(task: Task) -> list[Outcome]:
    """Cluster as a method of the leaderboard does, seed by seed.

    Raises:
        UserError: The method needs a package that is not installed; names the extra.
    """
    method = task.experiment.method
    try:
        if method in _SHALLOW:
            return [_partition(task, seed) for seed in task.seeds]
        one = _choose if method == "autoclusterer" else _train
        return [one(task, seed) for seed in task.seeds]
    except ImportError as error:
        raise UserError(str(error)) from error


def _prepared(task: Task):
    """The rows of a task as `Preparation` makes them, float32, CSR where they are."""
    x = samples(task).astype("float32")
    return Preparation.of(x).apply(x)


# What has no network --------------------------------------------------------------------------


def _partition(task: Task, seed: int) -> Outcome:
    start = time.monotonic()
    labels = _SHALLOW[task.experiment.method](_prepared(task), task, seed)
    task.progress(task.experiment.epochs, task.experiment.epochs)
    return Outcome(seed=seed, labels=labels, seconds=time.monotonic() - start)


def _kmeans(x, task: Task, seed: int):
    settings = task.settings
    return kmeans(x, settings["n_clusters"], seed, settings["n_init"], task.experiment.epochs)[1]


def _mixture(x, task: Task, seed: int):
    components = _components(x, task.settings["most_columns"], seed)
    return fit_labels(make_mixture(task, seed), components.astype("float64"))


def _hdbscan(x, task: Task, seed: int):
    """Clusters by density on a map of neighbours; what it calls noise is one cluster more."""
    settings = task.settings
    components = _components(x, settings["most_columns"], seed)
    places = manifold(components, settings["map_dimensions"], seed, settings["n_neighbors"])
    clusters = HDBSCAN(
        min_cluster_size=max(settings["least_size"], int(settings["least_share"] * len(places))),
        min_samples=settings["min_samples"],
        copy=True,
    )
    labels = clusters.fit_predict(places)
    return np.where(labels < 0, labels.max() + 1, labels)


def _spectral(x, task: Task, seed: int):
    """K-means on the leading directions of the normalized Gaussian similarities of all rows.

    Their matrix, of which the similarities to some rows, the landmarks, stand for the whole, has
    the median squared distance of as many rows as width. Rows of the directions have length 1.

    Reference: Fowlkes, Belongie, Chung, Malik, Spectral grouping using the Nystroem method, 2004.
    """
    settings = task.settings
    n_landmarks = min(settings["landmarks"], x.shape[0])
    some = np.random.RandomState(seed).choice(x.shape[0], n_landmarks, replace=False)
    width = float(np.median(pairwise_distances(x[np.sort(some)]) ** 2)) or 1.0
    kernel = Nystroem(gamma=1 / width, n_components=n_landmarks, random_state=seed)
    features = kernel.fit_transform(x).astype("float64")
    degrees = features @ features.sum(axis=0)
    features /= np.sqrt(np.maximum(degrees, np.finfo("float64").eps))[:, None]
    _, directions = np.linalg.eigh(features.T @ features)  # the largest last
    places = features @ directions[:, -settings["n_clusters"] :]
    places /= np.maximum(np.linalg.norm(places, axis=1, keepdims=True), np.finfo("float64").eps)
    return kmeans(places, settings["n_clusters"], seed, settings["n_init"], task.experiment.epochs)[
        1
    ]


def _components(x, most: int, seed: int):
    """The rows, or as many of their principal components where they have more columns."""
    if x.shape[1] > most:
        return PCA(most, random_state=seed).fit_transform(x)
    return dense(x)


_SHALLOW = {"kmeans": _kmeans, "mixture": _mixture, "hdbscan": _hdbscan, "spectral": _spectral}


# What trains ----------------------------------------------------------------------------------


def _choose(task: Task, seed: int) -> Outcome:
    """AutoClusterer, in one go, so that its seconds are those of the whole."""
    settings = task.settings
    clusterer = AutoClusterer(
        settings["n_clusters"], effort=settings["effort"], random_state=seed, verbose=0
    )
    start = time.monotonic()
    labels = clusterer.fit_predict(samples(task))
    seconds = time.monotonic() - start
    clusterer.model_.save(task.directory / "model.keras")
    told = {name: clusterer.record_[name] for name in ("agreement", "assortativity", "fidelity")}
    known = {name: value for name, value in told.items() if value is not None}
    return Outcome(seed=seed, labels=labels, seconds=seconds, extra_metrics=known)


def _train(task: Task, seed: int) -> Outcome:
    """A model by the recipe of its row; a run that was cut off goes on."""
    watch = _Stopwatch(task.directory / "checkpoints" / "seconds")
    recipe = read_recipe(task.experiment)
    x = _taken(recipe, task)
    model = recipe.build(seed=seed)

    def report(done, total):
        watch.keep()
        task.progress(done, total)

    @contextlib.contextmanager
    def progress(_, stages):
        yield Progress(report, total=sum(stages.values()), stages=stages)

    recipe.fit(model, x, directory=task.directory, progress=progress)
    labels = model.assign(x)
    return finished(task, model, x, {"seconds": watch.seconds}, labels)


def read_recipe(experiment: Experiment) -> Recipe:
    """Return the recipe that the settings of a row hold.

    Example:
        >>> from reproduce.experiments import PAPERS
        >>> from reproduce.methods.practical import read_recipe
        >>> rows = PAPERS["practical"].experiments
        >>> [row] = [row for row in rows if (row.dataset, row.method) == ("wine", "aecm")]
        >>> read_recipe(row).pretraining["clustering_epochs"]
        50
    """
    settings = dict(experiment.settings)
    pretraining, callbacks = settings["pretraining"], dict(settings["callbacks"])
    registered = RECIPES[experiment.method]
    own = {name: settings[name] for name in (*registered.arguments, "batch_size")}
    return registered.changed(
        own,
        n_clusters=settings["n_clusters"],
        optimizer=dict(settings["optimizer"]),
        pretraining=None if pretraining is None else dict(pretraining),
        callbacks={name: dict(given) for name, given in callbacks.items()},
        epochs=experiment.epochs,
    )


def _taken(recipe: Recipe, task: Task):
    """The rows of a task as the model of a recipe takes them."""
    x = _prepared(task)
    if recipe.unit_range and not in_unit_range(*value_range(x)):
        x = rescale(x, "max_abs" if hasattr(x, "tocsr") else "minmax")
    shape = task.settings.get("image_shape")
    return x if shape is None or not recipe.keeps_images else x.reshape(-1, *shape)


class _Stopwatch:
    """Seconds of a run over the processes that took part, as a file keeps them between two.

    Args:
        path: The file.
    """

    def __init__(self, path: Path):
        self._path = path
        self._before = float(path.read_text()) if path.exists() else 0.0
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return self._before + time.monotonic() - self._start

    def keep(self) -> None:
        """Write down the seconds until now."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(repr(self.seconds))
        part.replace(self._path)
