"""How well the neighbours of a code share its class."""

import numpy as np

from tfclust.checks import check_integer
from tfclust.metrics.labels import number_labels


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
