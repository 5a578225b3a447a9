"""Ways to cut rows into clusters, and what each finds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tfclust.pretraining import gaussian_mixture, kmeans, manifold, mixture_start

COVARIANCES = ("full", "tied", "diag", "spherical")
FULL_DIMENSIONS = 50  # the most in which a cluster has a covariance of its own
FLAT = 1e-3  # of the variance of all rows in a direction: a cluster of less is no likely cluster
# A column of nearly one value, after Kuhn (2008, the R package caret): its commonest value is more
# than 19 times as common as the next, and its values are fewer than a tenth of the rows.
COMMON = 19
DISTINCT = 0.1


@dataclass(frozen=True, eq=False)
class Partition:
    """Clusters of all rows, as one way finds them.

    Args:
        labels: cluster of each row, int64 `(n,)`, from 0 to K - 1.
        flat: whether a cluster has no extent in some direction in which the rows have one. Its
            likelihood is then without bound, and says nothing.
        bic: Bayesian information criterion, the lower the better; None of k-means.
    """

    labels: np.ndarray
    flat: bool = False
    bic: float | None = None


def partition_by_kmeans(x, n_clusters, seed, n_init=10):
    """Partition by k-means, of several starts.

    Args:
        x: array or CSR matrix `(n, d)`.
        n_clusters, seed, n_init: see `tfclust.pretraining.kmeans`.
    """
    labels = kmeans(x, n_clusters, seed, n_init)[1]
    return Partition(labels.astype("int64"))


def partition_by_mixture(x, n_clusters, seed, n_init=3):
    """Partition by the mixture of Gaussians of least BIC among those without a flat cluster.

    The covariances are those that `COVARIANCES` names: from clusters that are spheres of any size
    to each its own ellipsoid. Where every mixture has a flat cluster, as columns of few values
    make them, those of nearly one value are left out; and where that mends it for none, k-means is
    what is left.

    Args:
        x: array `(n, d)`.
        n_clusters, seed, n_init: see `tfclust.pretraining.gaussian_mixture`.
    """
    for seen in _views(x):
        sound = _sound_mixtures(seen, n_clusters, seed, n_init)
        if sound:
            return min(sound, key=lambda partition: partition.bic)
    return partition_by_kmeans(x, n_clusters, seed)


def _views(x):
    """The rows, and what is left of them without columns of nearly one value, if that is less."""
    varied = np.array([not _is_nearly_constant(column) for column in x.T])
    return [x] if varied.all() or not varied.any() else [x, x[:, varied]]


def _is_nearly_constant(column):
    counts = np.sort(np.unique(column, return_counts=True)[1])[::-1]
    if len(counts) == 1:
        return True
    return counts[0] > COMMON * counts[1] and len(counts) < DISTINCT * len(column)


def _sound_mixtures(x, n_clusters, seed, n_init):
    """Partitions by mixtures without a flat cluster, one of each kind of covariance."""
    found = (
        _mixture(x, n_clusters, seed, n_init, covariance)
        for covariance in COVARIANCES
        if x.shape[1] <= FULL_DIMENSIONS or covariance in ("diag", "spherical")
    )
    return [partition for partition in found if not partition.flat]


def _mixture(x, n_clusters, seed, n_init, covariance):
    mixture = gaussian_mixture(x, n_clusters, seed, n_init, covariance)
    labels = mixture.predict(x).astype("int64")
    return Partition(labels, _is_flat(x, mixture), float(mixture.bic(np.asarray(x, "float64"))))


def _is_flat(x, mixture):
    """Whether a covariance of the mixture is next to none in a direction, beside that of all."""
    whole = np.cov(np.asarray(x, "float64"), rowvar=False).reshape(x.shape[1], -1)
    values, vectors = np.linalg.eigh(whole)
    whitening = vectors / np.sqrt(np.maximum(values, 1e-12 + 1e-6 * values[-1]))
    return any(
        np.linalg.eigvalsh(whitening.T @ covariance @ whitening)[0] < FLAT
        for covariance in _matrices(mixture, x.shape[1])
    )


def _matrices(mixture, d):
    """The covariances of a mixture, `(d, d)` each."""
    given = mixture.covariances_
    if mixture.covariance_type == "tied":
        return [given]
    if mixture.covariance_type == "full":
        return given
    return [np.eye(d) * np.asarray(variances) for variances in given]


def partition_by_manifold(x, n_clusters, seed, n_init=3):
    """Partition by a full mixture on a UMAP of the rows: see `tfclust.pretraining.manifold`.

    Args:
        x: array `(n, d)`.
        n_clusters, seed, n_init: see `tfclust.pretraining.mixture_start`.
    """
    places = manifold(x, n_clusters, seed)
    return Partition(mixture_start(places, n_clusters, seed, n_init)[1].astype("int64"))


@dataclass(frozen=True)
class Way:
    """A way to cut rows into clusters.

    Args:
        name: str, which records have it by.
        words: str, what it is in plain words.
        of_codes: bool, whether it sees the codes of an autoencoder, or the scaled rows themselves.
        partition: function of (x, n_clusters, seed) that gives a `Partition`.
    """

    name: str
    words: str
    of_codes: bool
    partition: Callable


WAYS = {
    way.name: way
    for way in (
        Way("mixture", "a Gaussian mixture of the rows", False, partition_by_mixture),
        Way("kmeans", "k-means of the rows", False, partition_by_kmeans),
        Way("codes_manifold", "a map of neighbours of the codes", True, partition_by_manifold),
        Way("codes_mixture", "a Gaussian mixture of the codes", True, partition_by_mixture),
        Way("codes_kmeans", "k-means of the codes", True, partition_by_kmeans),
    )
}
