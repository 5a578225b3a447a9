"""Whether clusters are of one size because the data are so, or because a prior asks for it."""

import numpy as np

from tfclust.inputs import dense

ROWS_SEEN = 5000
STARTS = 10  # of k-means
CLEARLY = 0.2  # nats a row, by which a mixture must be likelier, and its sizes less even


def evened_sizes(codes, clusters, n_clusters, seed=0):
    """Sizes of likelier clusters that are less even, where there are such; else None.

    The clusters are compared with the isotropic mixture of Gaussians that k-means finds in the
    codes: see `tfclust.pretraining.isotropic_mixture`. It has no prior, so clusters of 900, 50 and
    50 rows stay so. Where it is likelier than the clusters by more than 0.2 nats a row, and the
    entropy of its sizes is as much lower, something pulls the clusters to one size against the
    data.

    Args:
        codes: array or CSR matrix `(n, p)`; of more than 5000 rows, 5000 are looked at.
        clusters: of each row, ints `(n,)` from 0.
        n_clusters: K.
        seed: int from 0 to 2**32 - 1, of k-means.

    Returns:
        None, or sizes of the likelier clusters, falling, a list of K ints that sum to about n.

    Example:

    >>> import numpy as np
    >>> from tfclust.auto import evened_sizes
    >>> codes = np.repeat([[0.0, 0.0], [9.0, 0.0]], [180, 20], axis=0)
    >>> codes += np.random.default_rng(0).normal(size=codes.shape)
    >>> evened_sizes(codes, np.arange(200) % 2, 2)
    [180, 20]
    >>> evened_sizes(codes, (codes[:, 0] > 5).astype(int), 2) is None
    True
    """
    from tfclust.pretraining import isotropic_mixture  # and with it TensorFlow

    rows = np.unique(np.linspace(0, len(clusters) - 1, ROWS_SEEN).astype(int))
    seen, clusters = codes[rows], np.asarray(clusters)[rows]
    seen = dense(seen)
    if np.ptp(seen, axis=0).max() == 0:
        return None
    _, variance, shares = isotropic_mixture(seen, n_clusters, seed, STARTS)
    own = _badness(*_moments(seen.astype("float64"), clusters, n_clusters), seen.shape[1])
    is_likelier = _badness(variance, shares, seen.shape[1]) < own - CLEARLY
    is_less_even = _evenness(shares) < _evenness(_shares(clusters, n_clusters)) - CLEARLY
    if not (is_likelier and is_less_even):
        return None
    members = shares * (len(rows) + n_clusters) - 1  # the mixture adds one to each cluster
    return sorted(np.rint(members * codes.shape[0] / len(rows)).astype(int).tolist(), reverse=True)


def _badness(variance, shares, d):
    """Minus the log likelihood of a row in its cluster, up to a constant: see the mixture's."""
    return d / 2 * np.log(variance) + _evenness(shares)


def _evenness(shares):
    """Entropy of the shares: the larger, the more even."""
    shares = shares[shares > 0]
    return -np.sum(shares * np.log(shares))


def _shares(clusters, n_clusters):
    return np.bincount(clusters, minlength=n_clusters) / len(clusters)


def _moments(codes, clusters, n_clusters):
    """Variance of a feature within a cluster, and the shares of the clusters."""
    squares = sum(
        np.sum(np.square(members - members.mean(axis=0)))
        for members in (codes[clusters == k] for k in np.unique(clusters))
    )
    smallest = np.finfo("float64").eps * np.square(codes).mean() or 1.0
    return max(squares / codes.size, smallest), _shares(clusters, n_clusters)
