"""Ways to cut rows into clusters, and what each finds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tfclust.pretraining import gaussian_mixture, kmeans, manifold, mixture_start

COVARIANCES = ("full", "tied", "diag", "spherical")
FULL_DIMENSIONS = 50  # the most in which a cluster has a covariance of its own
FLAT = 1e-3  # of the variance of all rows in a direction: a cluster of less is no likely cluster
RIDGE = 0.1  # of the mean variance, which bounds a likelihood that has no bound


def partition_by_kmeans(x, n_clusters, seed, n_init=10):
    """Partition by k-means, of several starts.

    Args:
        x: array or CSR matrix `(n, d)`.
        n_clusters, seed, n_init: see `tfclust.pretraining.kmeans`.
    """
    return kmeans(x, n_clusters, seed, n_init)[1].astype("int64")


def partition_by_mixture(x, n_clusters, seed, n_init=3):
    """Partition by the mixture of Gaussians of least BIC.

    The covariances are those that `COVARIANCES` names: from clusters that are spheres of any size
    to each its own ellipsoid. Where the likeliest has a flat cluster, as columns of few values make
    them, its likelihood says nothing, and all are fitted again with a ridge on their variances.

    Args:
        x: array `(n, d)`.
        n_clusters, seed, n_init: see `tfclust.pretraining.gaussian_mixture`.
    """
    mixture = _likeliest(x, n_clusters, seed, n_init)
    if _is_flat(x, mixture):
        mixture = _likeliest(x, n_clusters, seed, n_init, ridge=RIDGE)
    return mixture.predict(x).astype("int64")


def _likeliest(x, n_clusters, seed, n_init, **options):
    mixtures = (
        gaussian_mixture(x, n_clusters, seed, n_init, covariance, **options)
        for covariance in COVARIANCES
        if x.shape[1] <= FULL_DIMENSIONS or covariance in ("diag", "spherical")
    )
    return min(mixtures, key=lambda mixture: mixture.bic(np.asarray(x, "float64")))


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
    return mixture_start(places, n_clusters, seed, n_init)[1].astype("int64")


@dataclass(frozen=True)
class Way:
    """A way to cut rows into clusters.

    Args:
        name: str, which records have it by.
        words: str, what it is in plain words.
        of_codes: bool, whether it sees the codes of an autoencoder, or the scaled rows themselves.
        partition: function of (x, n_clusters, seed) that gives the cluster of each row, int64
            `(n,)`, from 0 to K - 1.
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
