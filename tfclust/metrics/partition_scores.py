"""Scores that compare a clustering with the true classes.

Every score is a fraction, 1.0 for a perfect clustering; the papers print it times 100. Classes and
clusters may be named by anything hashable: integers, strings, booleans, categories, whole floats;
in a list, an array or a pandas column. A missing label is refused, and so is a fraction.
"""

import numpy as np

from tfclust.checks import check_integer
from tfclust.metrics.labels import number_labels


def _label_pair(y_true, y_pred):
    """Classes and clusters, each a list of those there are and the number of each point's own."""
    (classes, rows), (clusters, columns) = (
        number_labels(name, labels) for name, labels in (("y_true", y_true), ("y_pred", y_pred))
    )
    if len(rows) != len(columns):
        raise ValueError(
            "`y_true` and `y_pred` must have the same length. "
            f"Received: len(y_true)={len(rows)}, len(y_pred)={len(columns)}"
        )
    return classes, rows, clusters, columns


def _numbers(y_true, y_pred):
    _, rows, _, columns = _label_pair(y_true, y_pred)
    return rows, columns


def _contingency(y_true, y_pred):
    """Classes, clusters, and the table of their counts, `(n_classes, n_clusters)`."""
    classes, rows, clusters, columns = _label_pair(y_true, y_pred)
    shape = len(classes), len(clusters)
    counts = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1])
    return classes, clusters, counts.reshape(shape)


def _best_matching(table):
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(table, maximize=True)


def clustering_accuracy(y_true, y_pred):
    """Unsupervised clustering accuracy, the fraction right under the best one-to-one matching.

    `ACC = max_m 1/N sum_i 1{l_i = m(c_i)}`, over all one-to-one mappings `m` of clusters `c_i`
    to labels `l_i`, found by the Hungarian algorithm. With more clusters than classes the
    points of the surplus clusters count as errors; with fewer, those of the surplus classes.

    Args:
        y_true: `(n,)`, the class of each point.
        y_pred: `(n,)`, the cluster of each point.

    Returns:
        A float in `(0, 1]`.

    Raises:
        ValueError: if either is no array of labels, or the lengths differ.

    Example:

    >>> from tfclust.metrics import clustering_accuracy
    >>> clustering_accuracy([0, 0, 1, 1], [7, 7, 3, 7])
    0.75

    References:
        - Kuhn (1955), The Hungarian method for the assignment problem.
        - Zhang et al. (2017), Deep unsupervised clustering using mixture of autoencoders, Eq. 6.
    """
    _, _, table = _contingency(y_true, y_pred)
    return float(table[_best_matching(table)].sum() / table.sum())


def match_clusters(y_true, y_pred):
    """The one-to-one mapping of clusters to classes that `clustering_accuracy` scores.

    Args:
        y_true: `(n,)`, the class of each point.
        y_pred: `(n,)`, the cluster of each point.

    Returns:
        A dict, cluster -> class, as Python values. It has as many entries as the fewer of
        clusters and classes that occur: surplus clusters have no class and are absent.

    Raises:
        ValueError: if either is no array of labels, or the lengths differ.

    Example:

    >>> from tfclust.metrics import match_clusters
    >>> match_clusters([0, 0, 1, 1], [7, 7, 3, 7])
    {7: 0, 3: 1}
    """
    classes, clusters, table = _contingency(y_true, y_pred)
    rows, columns = _best_matching(table)
    return {clusters[k]: classes[c] for k, c in zip(columns, rows, strict=True)}


def purity(y_true, y_pred):
    """Fraction of points whose class is the majority class of their cluster.

    `purity = 1/N sum_k max_l |{i : c_i = k, l_i = l}|`. Several clusters may share a class, so
    it is never below ACC and never falls when a cluster is split: compare it at equal K only.

    Args:
        y_true: `(n,)`, the class of each point.
        y_pred: `(n,)`, the cluster of each point.

    Returns:
        A float in `(0, 1]`.

    Raises:
        ValueError: if either is no array of labels, or the lengths differ.

    Example:

    >>> from tfclust.metrics import purity
    >>> purity([0, 0, 1, 1], [0, 1, 2, 3])
    1.0

    Reference:
        Zhang et al. (2017), Deep unsupervised clustering using mixture of autoencoders,
        Sect. 4.4.
    """
    _, _, table = _contingency(y_true, y_pred)
    return float(table.max(axis=0).sum() / table.sum())


def homogeneity(y_true, y_pred):
    """Homogeneity, `1 - H(class | cluster) / H(class)`: 1.0 where no cluster mixes classes.

    Args:
        y_true: `(n,)`, the class of each point.
        y_pred: `(n,)`, the cluster of each point.

    Returns:
        A float in `[0, 1]`.

    Raises:
        ValueError: if either is no array of labels, or the lengths differ.

    Example:

    >>> from tfclust.metrics import homogeneity
    >>> homogeneity([0, 0, 1, 1], [0, 0, 0, 0])
    0.0

    Reference:
        Rosenberg and Hirschberg (2007), V-measure.
    """
    from sklearn.metrics import homogeneity_score

    return float(homogeneity_score(*_numbers(y_true, y_pred)))


def normalized_mutual_info(y_true, y_pred):
    """Mutual information of classes and clusters over the mean of their two entropies.

    `NMI = I(class; cluster) / ((H(class) + H(cluster)) / 2)`: the arithmetic mean, which is
    scikit-learn's default and what the code of the AE-CM authors computes. Their paper cites
    Estevez et al. (2009), who divide by the smaller entropy instead; and the DAMIC paper does
    not say which mean it takes.

    Args:
        y_true: `(n,)`, the class of each point.
        y_pred: `(n,)`, the cluster of each point.

    Returns:
        A float in `[0, 1]`; 1.0 where classes and clusters are both a single group.

    Raises:
        ValueError: if either is no array of labels, or the lengths differ.

    Example:

    >>> from tfclust.metrics import normalized_mutual_info
    >>> normalized_mutual_info([0, 0, 1, 1], [1, 1, 0, 0])
    1.0

    Reference:
        Boubekki et al. (2021), Joint optimization of an autoencoder for clustering and
        embedding, Sect. 5.1.2.
    """
    from sklearn.metrics import normalized_mutual_info_score

    return float(normalized_mutual_info_score(*_numbers(y_true, y_pred)))


def adjusted_rand(y_true, y_pred):
    """Adjusted Rand index: the agreement of two partitions on pairs, corrected for chance.

    Args:
        y_true: `(n,)`, the class of each point.
        y_pred: `(n,)`, the cluster of each point.

    Returns:
        A float in `[-0.5, 1]`, about 0 for a random clustering.

    Raises:
        ValueError: if either is no array of labels, or the lengths differ.

    Example:

    >>> from tfclust.metrics import adjusted_rand
    >>> adjusted_rand([0, 0, 1, 1], [1, 1, 0, 0])
    1.0

    Reference:
        Hubert and Arabie (1985), Comparing partitions.
    """
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(*_numbers(y_true, y_pred)))


def evaluate(y_true, y_pred):
    """Every score of a clustering at once.

    Args:
        y_true: `(n,)`, the class of each point.
        y_pred: `(n,)`, the cluster of each point.

    Returns:
        A dict of floats with keys `acc`, `nmi`, `ari`, `purity` and `homogeneity`.

    Raises:
        ValueError: if either is no array of labels, or the lengths differ.

    Example:

    >>> from tfclust.metrics import evaluate
    >>> evaluate(["cat", "cat", "dog", "dog"], [1, 1, 0, 0])
    {'acc': 1.0, 'nmi': 1.0, 'ari': 1.0, 'purity': 1.0, 'homogeneity': 1.0}
    """
    scores = {
        "acc": clustering_accuracy,
        "nmi": normalized_mutual_info,
        "ari": adjusted_rand,
        "purity": purity,
        "homogeneity": homogeneity,
    }
    return {name: score(y_true, y_pred) for name, score in scores.items()}


def cluster_sizes(labels, n_clusters):
    """Number of points in each cluster, empty clusters included.

    Args:
        labels: integer array `(n,)` of cluster ids in `[0, n_clusters)`.
        n_clusters: integer, the number of clusters K.

    Returns:
        An int64 array `(n_clusters,)` that sums to `n`.

    Raises:
        ValueError: if `labels` is not a non-empty 1-D integer array, `n_clusters` is not a
            positive integer, or an id lies outside of `[0, n_clusters)`.

    Example:

    >>> from tfclust.metrics import cluster_sizes
    >>> cluster_sizes([2, 0, 2], n_clusters=4).tolist()
    [1, 0, 2, 0]
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.size == 0 or labels.dtype.kind not in "iu":
        raise ValueError(
            "`labels` must be a non-empty 1-D array of integers. "
            f"Received: labels of shape {labels.shape}, dtype {labels.dtype}"
        )
    check_integer("n_clusters", n_clusters, 1)
    if labels.min() < 0 or labels.max() >= n_clusters:
        raise ValueError(
            "`labels` must lie in [0, n_clusters). Received: "
            f"n_clusters={n_clusters}, labels from {labels.min()} to {labels.max()}"
        )
    return np.bincount(labels, minlength=n_clusters).astype(np.int64, copy=False)
