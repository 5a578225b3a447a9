"""Scores of soft memberships that need no labels, on NumPy arrays and in float64."""

import numpy as np

# Loose enough for memberships computed in bfloat16, tight enough to refuse logits.
_ROW_SUM_TOLERANCE = 1e-2


def _memberships(name, p):
    p = np.asarray(p, dtype=np.float64)
    if p.ndim != 2 or p.size == 0 or not np.isfinite(p).all():
        raise ValueError(
            f"`{name}` must be a non-empty 2-D array of finite memberships, one row a point. "
            f"Received: {name}.shape={p.shape}, finite={bool(np.isfinite(p).all())}"
        )
    row_sums = p.sum(axis=1)
    if p.min() < 0 or np.abs(row_sums - 1).max() > _ROW_SUM_TOLERANCE:
        raise ValueError(
            f"Rows of `{name}` must be non-negative and sum to 1. Received: smallest "
            f"entry={p.min():g}, row sums from {row_sums.min():g} to {row_sums.max():g}"
        )
    return p


def _entropy(p):
    return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)


def sample_entropy(p):
    """Mean entropy of the rows of the memberships, in nats: 0 where every point is certain.

    `1/N sum_i Entr(p_i)` with `Entr(p_i) = -sum_k p_ik log p_ik`, at most `log K`.

    Args:
        p: array `(n, n_clusters)` of memberships; rows sum to 1 (within 0.01).

    Returns:
        A float, in nats.

    Raises:
        ValueError: if `p` is not a non-empty 2-D array of finite, non-negative rows that sum
            to 1.

    Example:

    >>> from tfclust.metrics import sample_entropy
    >>> sample_entropy([[1.0, 0.0], [0.0, 1.0]])
    0.0

    Reference:
        Zhang et al. (2017), Deep unsupervised clustering using mixture of autoencoders, Eq. 3.
    """
    return float(_entropy(_memberships("p", p)).mean())


def batch_entropy(p):
    """Entropy of the mean membership, in nats: `log K` where the clusters are equally used.

    `Entr(pbar) = -sum_k pbar_k log pbar_k` with `pbar = 1/N sum_i p_i`.

    Args:
        p: array `(n, n_clusters)` of memberships; rows sum to 1 (within 0.01).

    Returns:
        A float, in nats.

    Raises:
        ValueError: if `p` is not a non-empty 2-D array of finite, non-negative rows that sum
            to 1.

    Example:

    >>> from tfclust.metrics import batch_entropy
    >>> round(batch_entropy([[1.0, 0.0], [0.0, 1.0]]), 4)  # log 2
    0.6931

    Reference:
        Zhang et al. (2017), Deep unsupervised clustering using mixture of autoencoders, Eq. 4.
    """
    return float(_entropy(_memberships("p", p).mean(axis=0)))


def membership_covariance(p):
    """Covariance of the memberships, `1/N sum_i p_i p_i^T - pbar pbar^T`.

    Its diagonal tells how large and how certain the clusters are, the rest which of them share
    points.

    Args:
        p: array `(n, n_clusters)` of memberships; rows sum to 1 (within 0.01).

    Returns:
        Array `(n_clusters, n_clusters)`, float64.

    Raises:
        ValueError: if `p` is not a non-empty 2-D array of finite, non-negative rows that sum
            to 1.

    Example:

    >>> from tfclust.metrics import membership_covariance
    >>> membership_covariance([[1.0, 0.0], [0.0, 1.0]])
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])

    Reference:
        Zhang et al. (2017), Deep unsupervised clustering using mixture of autoencoders, Fig. 5.
    """
    p = _memberships("p", p)
    mean = p.mean(axis=0)
    return p.T @ p / len(p) - np.outer(mean, mean)


def sparsity_criterion(memberships, centroids):
    """L_sp of the AE-CM paper per point, its label-free criterion for the choice among runs.

    The spread of the centroids under the memberships, never negative, and 0 where every row
    is one-hot (or all centroids in use coincide):

        L_sp = 1/N sum_i (sum_k g_ik ||mu_k||^2 - ||sum_k g_ik mu_k||^2)
             = 1/N sum_i (sum_k g_ik (1 - g_ik) ||mu_k||^2 - sum_{k != l} g_ik g_il mu_k.mu_l)
             = 1/N sum_i  sum_{k < l} g_ik g_il ||mu_k - mu_l||^2

    The last form, which extends the paper's Eq. 5 to any K, is the one computed, because it
    does not cancel. The paper writes `L_sp = E_2 + E_3`, naming the two terms of its loss;
    `E_3` enters here with the minus it has there. The paper sums over points, this divides
    by N: runs on the same data rank alike.

    Args:
        memberships: array `(n, n_clusters)`, the responsibilities `g`; rows sum to 1 (within
            0.01).
        centroids: array `(n_clusters, d)`, the centroids `mu`, in the space that was
            clustered: the codes for AE-CM, the data for CM.

    Returns:
        A float, in squared units of the centroids. Lower is better.

    Raises:
        ValueError: if `memberships` is not a non-empty 2-D array of finite, non-negative rows
            that sum to 1, or `centroids` is not a finite 2-D array with one row a cluster.

    Example:

    >>> from tfclust.metrics import sparsity_criterion
    >>> sparsity_criterion([[0.5, 0.5], [1.0, 0.0]], [[0.0, 0.0], [0.0, 2.0]])
    0.5

    Limits:
        A collapsed run, all points surely in one cluster, has the best value, 0: compare
        runs that use their clusters. Even so its pick is hardly better than a run at random:
        see `tfclust.selection.select`.

    Reference:
        Boubekki et al. (2021), Joint optimization of an autoencoder for clustering and
        embedding, Eq. 3, Eq. 5 and Sect. 5.2.4.
    """
    from scipy.spatial.distance import pdist

    g = _memberships("memberships", memberships)
    mu = np.asarray(centroids, dtype=np.float64)
    if mu.ndim != 2 or mu.shape[0] != g.shape[1] or not np.isfinite(mu).all():
        raise ValueError(
            "`centroids` must be a finite 2-D array with one row a column of `memberships`. "
            f"Received: centroids.shape={mu.shape}, memberships.shape={g.shape}, "
            f"finite={bool(np.isfinite(mu).all())}"
        )
    overlap = (g.T @ g / len(g))[np.triu_indices(len(mu), k=1)]
    return float(overlap @ pdist(mu, "sqeuclidean"))
