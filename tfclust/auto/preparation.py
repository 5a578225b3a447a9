"""What kind of data there are, and how that kind is scaled."""

from dataclasses import asdict, dataclass

import numpy as np

KINDS = ("images", "rows", "text", "counts")
ALIKE = 0.9  # of the whole range, that most columns of one unit reach at either end
AT_ONCE = 20_000  # rows that are rounded
LEAST_COLUMNS = 10  # of fewer, ends that meet may be those of a table that somebody has scaled


@dataclass(frozen=True)
class Preparation:
    """The kind of some data, and their scaling, which new rows get too.

    - "images" `(n, height, width, ...)`, and "rows" of ten columns or more that are of one unit,
      most of them with the same least and largest value, as pixels and coordinates are: to [0, 1]
      by the least and the largest value of all. Differences of extent between the columns stay.
    - "rows" of columns that measure different things: each to mean 0 and variance 1; of a sparse
      matrix with values below 0, all to the number that makes the mean square of those stored 1.
    - "text", a sparse matrix of values of at least 0: each row to the length that makes its mean
      square 1.
    - "counts", whole numbers of at least 0 of which most are 0: `log(1 + c)`, where each row has
      been scaled to the median sum of the rows.

    Args:
        kind: one of "images", "rows", "text" and "counts".
        shift: what is subtracted, a number or one a column; None for nothing.
        divisor: what is divided by, a number or one a column; of counts, the sum that rows get.

    Example:

    >>> import numpy as np
    >>> from tfclust.auto import Preparation
    >>> x = np.array([[1.0, 100.0], [3.0, 300.0], [2.0, 700.0]])
    >>> Preparation.of(x).apply(x).std(axis=0).round(3).tolist()
    [1.0, 1.0]
    """

    kind: str
    shift: list[float] | float | None = None
    divisor: list[float] | float | None = None

    @classmethod
    def of(cls, x):
        """The preparation of data of this kind.

        Args:
            x: array `(n, d)` or `(n, height, width, ...)`, or CSR matrix `(n, d)`.
        """
        if hasattr(x, "tocsr"):
            return cls._of_sparse(x)
        if x.ndim > 2:
            return cls("images", *_of_all(x))
        if _are_counts(x):
            return cls("counts", divisor=_median_sum(x))
        if _are_of_one_unit(x):
            return cls("rows", *_of_all(x))
        shift, divisor = np.mean(x, axis=0, dtype="float64"), np.std(x, axis=0, dtype="float64")
        constant = np.ptp(x, axis=0) == 0
        return cls("rows", shift.tolist(), np.where(constant, 1.0, divisor).tolist())

    @classmethod
    def _of_sparse(cls, x):
        if x.nnz and x.data.min() < 0:
            return cls("rows", divisor=float(np.sqrt(np.square(x.data, dtype="float64").mean())))
        if _are_whole(x.data):
            return cls("counts", divisor=_median_sum(x))
        return cls("text")

    def apply(self, x):
        """The data as scaled rows, float32 `(n, d)`, CSR where they are; `x` is left as it is."""
        if self.kind == "text":
            lengths = np.sqrt(_row_sums(x, square=True) / x.shape[1])
            return _rows_times(x, 1 / _nonzero(lengths))
        if self.kind == "counts":
            if (x.data if hasattr(x, "tocsr") else x).min(initial=0) < 0:
                raise ValueError(
                    "`X` must hold values of at least 0, as the counts that were fitted. "
                    f"Received: a least value of {x.min()}"
                )
            x = _rows_times(x, self.divisor / _nonzero(_row_sums(x)))
            return x.log1p() if hasattr(x, "tocsr") else np.log1p(x)
        if hasattr(x, "tocsr"):
            return (x / self.divisor).astype("float32")
        x = x.reshape(len(x), -1)
        scaled = (x - np.asarray(self.shift, "float64")) / np.asarray(self.divisor, "float64")
        return scaled.astype("float32")

    def to_json(self):
        """Plain JSON, of which `Preparation(**...)` makes the preparation again."""
        return asdict(self)

    def words(self):
        """What was done, in plain words."""
        if self.kind == "text":
            return "text, all rows scaled to one length"
        if self.kind == "counts":
            return "counts, of which the logarithm was taken after rows were given equal sums"
        if self.shift is None:
            return "rows, all divided by one number"
        if np.ndim(self.shift):
            return "rows of columns in units of their own, each scaled to mean 0 and variance 1"
        return f"{self.kind} of one unit, all scaled to [0, 1] alike"


def _of_all(x):
    low, high = float(x.min()), float(x.max())
    return low, high - low or 1.0


def _are_of_one_unit(x):
    """Whether most columns reach close to the least and to the largest value of all."""
    low, high = float(x.min()), float(x.max())
    if x.shape[1] < LEAST_COLUMNS or high == low:
        return False
    least, largest = np.median(x.min(axis=0)), np.median(x.max(axis=0))
    edge = (1 - ALIKE) * (high - low)
    return bool(least <= low + edge and largest >= high - edge)


def _are_counts(x):
    if x.min() < 0 or np.count_nonzero(x) >= 0.5 * x.size or _are_of_one_unit(x):
        return False
    return all(_are_whole(x[first : first + AT_ONCE]) for first in range(0, len(x), AT_ONCE))


def _are_whole(values):
    return bool(len(values) and np.all(values == np.rint(values)))


def _row_sums(x, square=False):
    x = (x.multiply(x) if hasattr(x, "tocsr") else np.square(x)) if square else x
    return np.asarray(x.sum(axis=1, dtype="float64")).ravel()


def _median_sum(x):
    return float(np.median(_row_sums(x))) or 1.0


def _nonzero(values):
    return np.where(values == 0, 1.0, values)


def _rows_times(x, factors):
    if hasattr(x, "tocsr"):
        return x.multiply(factors[:, None]).tocsr().astype("float32")
    return (x * factors[:, None]).astype("float32")
