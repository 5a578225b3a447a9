"""How well the neighbours of a row share its class or its cluster."""

import numpy as np

from tfclust.checks import check_integer
from tfclust.metrics.labels import number_labels

_MOST_ROWS = 5000  # whose neighbours are looked for


def knn_error(train_codes, train_y, codes, y, k):
    """Share of rows that their k nearest neighbours among the training codes classify wrongly.

    An evaluation of codes by labels; a model is never trained on it.

    Args:
        train_codes: `(n, p)`, codes whose classes are known.
        train_y: `(n,)`, their classes, of any kind: see `evaluate`.
        codes: `(m, p)`, codes to classify.
        y: `(m,)`, their classes.
        k: number of neighbours, by Euclidean distance, that vote; from 1 to n.

    Returns:
        Error, a float in [0, 1].

    Raises:
        ValueError: `k` is not an integer from 1 to n, a class is missing, or shapes do not fit.

    Example:
        >>> from tfclust.metrics import knn_error
        >>> knn_error([[0.0], [1.0]], [0, 1], [[0.1], [0.2], [0.9], [0.4]], [0, 0, 1, 1], k=1)
        0.25

    Reference: Table 2 of Arias Figueroa and Ramirez Rivera (2017) takes k = 3, 5 and 10.
    """
    from sklearn.neighbors import KNeighborsClassifier

    if check_integer("k", k, 1) > len(train_codes):
        raise ValueError(
            f"`k` must be at most the number of training codes, {len(train_codes)}. Received: k={k}"
        )
    classes, train_numbers = number_labels("train_y", train_y)
    others, numbers = number_labels("y", y)
    known = {label: number for number, label in enumerate(classes)}
    right = np.array([known.get(label, -1) for label in others])[numbers]
    found = KNeighborsClassifier(k).fit(train_codes, train_numbers).predict(codes)
    return float(np.mean(found != right))


def neighbour_assortativity(x, labels, n_neighbors=10):
    """How often near rows share a cluster, beyond what chance would give.

    Of all pairs of a row and one of its nearest neighbours, with e_ij the share of pairs from
    cluster i to cluster j, `a_i = sum_j e_ij` and `b_j = sum_i e_ij`, it is Newman's assortativity
    coefficient (his Eq. 2)

    `r = (sum_i e_ii - sum_i a_i b_i) / (1 - sum_i a_i b_i)`:

    1 where no cluster parts neighbours, 0 where labels are drawn by chance. No class is asked.

    Args:
        x: array or CSR matrix `(n, d)`.
        labels: `(n,)`, clusters of any kind: see `evaluate`.
        n_neighbors: int from 1 to n - 1, neighbours of a row by Euclidean distance.

    Returns:
        A float of at most 1; 0.0 of one cluster.

    Raises:
        ValueError: `n_neighbors` is not an integer from 1 to n - 1, or shapes do not fit.

    Example:
        >>> from tfclust.metrics import neighbour_assortativity
        >>> x = [[0.0], [0.1], [5.0], [5.1]]
        >>> neighbour_assortativity(x, [0, 0, 1, 1], n_neighbors=1)
        1.0
        >>> neighbour_assortativity(x, [0, 1, 0, 1], n_neighbors=1)
        -1.0

    Reference: Newman, Mixing patterns in networks, Physical Review E 67, 2003.

    Known limits: of more than 5000 rows, the neighbours of 5000 are looked for, which are drawn by
    a fixed seed. In many dimensions, where all rows are about as far, it says little.
    """
    x = x if hasattr(x, "tocsr") else np.asarray(x)
    if x.shape[0] != len(labels):
        raise ValueError(
            "`labels` must have one value a row of `x`. "
            f"Received: {len(labels)} values, {x.shape[0]} rows"
        )
    return pair_assortativity(labels, *neighbour_pairs(x, n_neighbors))


def neighbour_pairs(x, n_neighbors=10):
    """The pairs of `neighbour_assortativity`: numbers of rows, and of a neighbour of each.

    Args:
        x: array or CSR matrix `(n, d)`.
        n_neighbors: see `neighbour_assortativity`.

    Returns:
        Two int arrays of one length.
    """
    from sklearn.neighbors import NearestNeighbors

    n = x.shape[0]
    if check_integer("n_neighbors", n_neighbors, 1) >= n:
        raise ValueError(
            f"`n_neighbors` must be at most n - 1 = {n - 1}. Received: n_neighbors={n_neighbors}"
        )
    rows = np.random.RandomState(0).permutation(n)[:_MOST_ROWS]
    # One more than asked for: a row is its own neighbour, unless others are equal to it.
    search = NearestNeighbors(n_neighbors=n_neighbors + 1).fit(x)
    near = _without_self(search.kneighbors(x[rows], return_distance=False), rows)
    return np.repeat(rows, n_neighbors), near.ravel()


def pair_assortativity(labels, rows, neighbours):
    """The coefficient of `neighbour_assortativity`, of pairs such as `neighbour_pairs` gives."""
    clusters, numbers = number_labels("labels", labels)
    own, other = numbers[rows], numbers[neighbours]
    shares = [np.bincount(ends, minlength=len(clusters)) / own.size for ends in (own, other)]
    expected = float(shares[0] @ shares[1])
    if expected == 1.0:
        return 0.0
    return float((np.mean(own == other) - expected) / (1 - expected))


def _without_self(near, rows):
    """Numbers of neighbours, `(m, k + 1)`, without the row itself, or without the farthest."""
    own = near == rows[:, None]
    own[~own.any(axis=1), -1] = True
    return near[~own].reshape(len(rows), -1)
