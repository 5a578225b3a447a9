"""What is said of a row besides its cluster: how sure that is, and what else it may be."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from tfclust.selection import BATCH_ROWS, squared_errors

FEW_ROWS = 10  # of a cluster, below which all rows together are what its rows are measured by
NORMAL = 1.4826  # deviations of a normal variable in its median absolute deviation
UNLIKE = 3.5  # outlier score from which Iglewicz and Hoaglin (1993) call a value an outlier
NO_CHOICE = -1


@dataclass(frozen=True, eq=False)
class RowFacts:
    """What is said of each of n rows.

    Args:
        cluster: int64 `(n,)`, the cluster of the largest membership.
        membership: float64 `(n,)`, that membership.
        confidence: float64 `(n,)` in [0, 1], how likely another training puts the row with this
            cluster, where `Yardstick` knows of others; else the membership.
        second_choice: int64 `(n,)`, the cluster of the second largest membership; -1 where all
            memberships but the largest are 0.
        outlier_score: float64 `(n,)`, how far the row's reconstruction error lies above the median
            of its cluster, in deviations; above 3.5 the row is unlike its cluster.
    """

    cluster: np.ndarray
    membership: np.ndarray
    confidence: np.ndarray
    second_choice: np.ndarray
    outlier_score: np.ndarray

    def __len__(self):
        return len(self.cluster)

    def rows(self):
        """For each row a tuple of the values of `NAMES`."""
        return zip(*(getattr(self, name).tolist() for name in NAMES), strict=True)


NAMES = tuple(each.name for each in fields(RowFacts))
INTEGERS = ("cluster", "second_choice")


@dataclass(frozen=True)
class Yardstick:
    """What rows are measured by: the errors and the agreement of those that were trained on.

    The outlier score is the modified z-score of Iglewicz and Hoaglin: the distance from the median
    of the cluster in units of 1.4826 times the median absolute deviation. It is taken of the cube
    root of the squared error, in which a chi-squared variable is close to a normal one (Wilson and
    Hilferty, 1931). A cluster of fewer than 10 rows, or whose errors are all one, takes the
    deviation of all rows, and one of fewer than 10 their median too.

    The confidence rises with the membership as the agreement of other partitions does: in each
    cluster by isotonic regression, so that its rows' mean confidence is their mean agreement.

    Args:
        medians: of the cube root of the squared error of a row, `(K,)`.
        deviations: of it, `(K,)`, above 0.
        calibration: for each cluster its memberships, rising, and the confidence at each, between
            which it is linear; None where there was one partition alone.

    Example:

    >>> import numpy as np
    >>> from tfclust.auto import Yardstick
    >>> memberships = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    >>> yardstick = Yardstick.of(memberships, errors=[1.0, 1.1, 1.2])
    >>> facts = yardstick.measure(memberships, errors=[1.0, 1.1, 9.0])
    >>> (facts.outlier_score > 3.5).tolist()
    [False, False, True]

    Reference: Iglewicz, Hoaglin, How to detect and handle outliers, 1993. Wilson, Hilferty, The
    distribution of chi-square, PNAS 17, 1931. Zadrozny, Elkan, Transforming classifier scores into
    accurate multiclass probability estimates, KDD 2002.
    """

    medians: Sequence[float]
    deviations: Sequence[float]
    calibration: Sequence[tuple[Sequence[float], Sequence[float]]] | None = None

    @classmethod
    def of(cls, memberships, errors, partitions=()):
        """The yardstick of the rows that a model was trained on.

        Args:
            memberships: array `(n, K)`.
            errors: squared reconstruction errors `(n,)`.
            partitions: clusters of the same rows `(n,)` by other trainings or other ways, whose
                numbers need not be those of the memberships.

        Raises:
            ValueError: there is not one error, or one cluster in each partition, for each row.
        """
        n, n_clusters = memberships.shape
        for name, values in (("errors", errors), *(("partitions", each) for each in partitions)):
            if np.shape(values) != (n,):
                raise ValueError(
                    f"`{name}` must hold one value for each of the {n} rows. "
                    f"Received: {name} of shape {np.shape(values)}"
                )
        clusters = np.argmax(memberships, axis=1)
        medians, deviations = _spreads(np.cbrt(errors, dtype="float64"), clusters, n_clusters)
        calibration = None
        if len(partitions):
            agreed = agreement(clusters, partitions)
            largest = np.max(memberships, axis=1).astype("float64")
            calibration = [
                _risen(largest[rows], agreed[rows]) for rows in _groups(clusters, n_clusters)
            ]
        return cls(medians, deviations, calibration)

    def measure(self, memberships, errors):
        """The `RowFacts` of rows, of those that were trained on or of others.

        Args:
            memberships: array `(m, K)`.
            errors: squared reconstruction errors `(m,)`.
        """
        every = np.arange(len(memberships))
        cluster = np.argmax(memberships, axis=1)
        largest = memberships[every, cluster].astype("float64")
        others = np.array(memberships)
        others[every, cluster] = -1.0
        second = np.argmax(others, axis=1)
        second[others[every, second] <= 0] = NO_CHOICE
        medians, deviations = np.array(self.medians), np.array(self.deviations)
        above = np.cbrt(errors, dtype="float64") - medians[cluster]
        return RowFacts(
            cluster.astype("int64"),
            largest,
            self._confidence(cluster, largest),
            second.astype("int64"),
            above / deviations[cluster],
        )

    def _confidence(self, cluster, largest):
        if self.calibration is None:
            return largest
        confidence = np.empty_like(largest)
        for k, (at, agreed) in enumerate(self.calibration):
            confidence[cluster == k] = np.interp(largest[cluster == k], at, agreed)
        return confidence

    def to_json(self):
        """Plain JSON; `Yardstick(**...)` takes it."""
        return asdict(self)


def measure_rows(model, x, yardstick):
    """The `RowFacts` of rows by a trained model.

    Args:
        model: `ClusteringModel`.
        x: array `(n, ...)` or CSR matrix `(n, d)`, as the model takes it.
        yardstick: `Yardstick`.
    """
    memberships = model.predict(x, batch_size=BATCH_ROWS, verbose=0)
    return yardstick.measure(memberships, reconstruction_errors(model, x))


def reconstruction_errors(model, x):
    """Squared reconstruction error of each row, float64 `(n,)`, summed over its features."""
    starts = range(0, x.shape[0], BATCH_ROWS)  # what is made dense at a time, of sparse rows
    pieces = (x[start : start + BATCH_ROWS] for start in starts)
    found = [squared_errors(x, model.reconstruct(x, batch_size=BATCH_ROWS)) for x in pieces]
    return np.concatenate(found)


def agreement(clusters, partitions):
    """Share of the partitions that put each row where `clusters` does, `(n,)`.

    The clusters of each partition are paired with those of `clusters` so that as many rows as
    possible agree.

    Args:
        clusters: ints `(n,)` from 0.
        partitions: sequence of ints `(n,)` from 0, with or without the same number of clusters.
    """
    return np.mean([renumbered(each, clusters) == clusters for each in partitions], axis=0)


def renumbered(partition, clusters, n_clusters=0):
    """A partition with the numbers of those clusters that it agrees with most; -1 for none.

    Args:
        partition, clusters: ints `(n,)` from 0.
        n_clusters: numbers that both may have, also where no row has them.
    """
    from scipy.optimize import linear_sum_assignment

    table = shared_rows(partition, clusters, n_clusters)
    own, theirs = linear_sum_assignment(table, maximize=True)
    numbers = np.full(len(table), NO_CHOICE)
    numbers[own] = theirs
    return numbers[partition]


def shared_rows(one, other, n_clusters=0):
    """How many rows each cluster of a partition shares with each of another's, int64.

    Of at least `n_clusters` clusters each, of which some may have no row.
    """
    one, other = np.asarray(one), np.asarray(other)
    sizes = (max(each.max() + 1, n_clusters) for each in (one, other))
    table = np.zeros(tuple(sizes), "int64")
    np.add.at(table, (one, other), 1)
    return table


def _groups(clusters, n_clusters):
    """For each cluster, its rows as a mask; all rows where they are few."""
    for k in range(n_clusters):
        rows = clusters == k
        yield rows if rows.sum() >= FEW_ROWS else np.ones_like(rows)


def _spreads(values, clusters, n_clusters):
    """Median and deviation of the values of each cluster: see `Yardstick`."""
    _, of_all = _spread(values)
    found = [_spread(values[rows]) for rows in _groups(clusters, n_clusters)]
    return [middle for middle, _ in found], [own or of_all or 1.0 for _, own in found]


def _spread(values):
    middle = float(np.median(values))
    return middle, NORMAL * float(np.median(np.abs(values - middle)))


def _risen(memberships, agreed):
    """The isotonic regression of agreement on membership, as the ends of its steps."""
    from sklearn.isotonic import IsotonicRegression

    found = IsotonicRegression(y_min=0.0, y_max=1.0).fit(memberships, agreed)
    return found.X_thresholds_.tolist(), found.y_thresholds_.tolist()
