"""Checks of what a user passes in; every message states the rule, then what was received."""

import difflib
import numbers
import reprlib

import numpy as np

from tfclust.inputs import as_array, dense

_ROWS_AT_A_TIME = 256  # that are made dense


def check_integer(name, value, minimum, maximum=None):
    """Returns `value` as an int, or raises ValueError where it is no integer in the bounds."""
    is_integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if is_integer and value >= minimum and (maximum is None or value <= maximum):
        return int(value)
    bounds = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
    raise ValueError(f"`{name}` must be an integer {bounds}. Received: {name}={value!r}")


def check_count(name, value, default=None):
    """Returns `value` as an int of at least 1, or `default` for None.

    Raises:
        ValueError: it is something else; 0 is not taken for None.
    """
    return default if value is None else check_integer(name, value, 1)


def check_weight(name, value):
    """Returns `value` as a float, or raises ValueError where it is not finite or is negative."""
    if not isinstance(value, numbers.Real) or not np.isfinite(value) or value < 0:
        raise ValueError(
            f"`{name}` must be a finite number of at least 0. Received: {name}={value!r}"
        )
    return float(value)


def check_positive(name, value):
    """Returns `value` as a float, or raises ValueError where it is not finite or not above 0."""
    if not isinstance(value, numbers.Real) or not np.isfinite(value) or value <= 0:
        raise ValueError(f"`{name}` must be a finite number above 0. Received: {name}={value!r}")
    return float(value)


def check_share(name, value):
    """Returns `value` as a float, or raises ValueError where it is no number from 0 to 1."""
    if not isinstance(value, numbers.Real) or not 0.0 <= value <= 1.0:
        raise ValueError(f"`{name}` must be a share from 0 to 1. Received: {name}={value!r}")
    return float(value)


def check_choice(name, value, choices):
    """Returns `value`, or raises ValueError where it is none of `choices`."""
    if value not in tuple(choices):  # a mapping would have to hash it
        raise ValueError(
            f"`{name}` must be one of {', '.join(choices)}. Received: {name}={value!r}"
        )
    return value


def check_names(what, names, known):
    """Raises ValueError where one of the `names` of `what` is not among those that are known."""
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(
            f"The {what} must be among {', '.join(sorted(known))}. "
            f"Received: {', '.join(unknown)}.{did_you_mean(unknown[0], known)}"
        )


def check_model(callback, is_fit, needs):
    """Raises ValueError, at the beginning of a training, where its model is not one for `callback`.

    Args:
        callback: Keras callback whose model is set.
        is_fit: whether the model has what the callback uses.
        needs: the rule, such as "a model with a temperature, such as GumbelSoftmaxVAE".
    """
    if not is_fit:
        raise ValueError(
            f"`{type(callback).__name__}` needs {needs}. "
            f"Received: a model of type {type(callback.model).__name__}"
        )


def did_you_mean(name, names):
    """The end of a message, " Did you mean 'alpha'?"; empty where none of `names` is close."""
    known = {other.lower(): other for other in names}
    close = difflib.get_close_matches(name.lower(), known, n=1)
    return f" Did you mean {known[close[0]]!r}?" if close else ""


def check_cluster(name, value, n_clusters):
    """Returns `value` as an int, or raises ValueError where it is no cluster id."""
    is_integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not is_integer or not 0 <= value < n_clusters:
        raise ValueError(
            f"`{name}` must be a cluster id from 0 to {n_clusters - 1}. Received: {name}={value!r}"
        )
    return int(value)


def check_range(name, bounds):
    """Returns two numbers, 0 <= low <= high, as floats, or raises ValueError."""
    try:
        low, high = (check_weight(name, bound) for bound in bounds)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`{name}` must be two numbers, low and high. Received: {name}={bounds!r}"
        ) from error
    if low > high:
        raise ValueError(f"`{name}` must be in order, low and high. Received: {name}={bounds!r}")
    return low, high


def check_concentration(alpha, n_clusters):
    """Returns a Dirichlet concentration as a float or a tuple of `n_clusters` floats.

    Raises:
        ValueError: an entry is not positive and finite, or their number is not `n_clusters`.
    """
    values = _array("alpha", alpha, "one number or one number for each cluster", "float64")
    if values.ndim > 1 or (values.ndim == 1 and values.size != n_clusters):
        raise ValueError(
            f"`alpha` must be one number or one number for each of the {n_clusters} clusters. "
            f"Received: alpha of shape {values.shape}"
        )
    if not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise ValueError(f"`alpha` must be positive and finite. Received: alpha={alpha}")
    return float(values) if values.ndim == 0 else tuple(values.tolist())


def check_proportions(name, value, count):
    """Returns `count` shares as a tuple that sums to 1, or None for None.

    Raises:
        ValueError: an entry is not positive and finite, or their number is not `count`.
    """
    if value is None:
        return None
    shares = _array(name, value, f"{count} positive numbers", "float64")
    if shares.shape != (count,) or not np.all(np.isfinite(shares)) or np.any(shares <= 0):
        raise ValueError(f"`{name}` must be {count} positive numbers. Received: {name}={value}")
    return tuple((shares / shares.sum()).tolist())


def check_numbers(name, value, count):
    """Returns `count` finite numbers as a tuple of floats, or None for None.

    Raises:
        ValueError: one of them is not finite, or their number is another.
    """
    if value is None:
        return None
    values = _array(name, value, f"{count} finite numbers", "float64")
    if values.shape != (count,) or not np.all(np.isfinite(values)):
        raise ValueError(f"`{name}` must be {count} finite numbers. Received: {name}={value}")
    return tuple(values.tolist())


def check_units(name, units, may_be_empty=True):
    """Returns layer widths as a tuple of ints, or raises ValueError where one is below 1."""
    if not np.iterable(units):
        raise ValueError(f"`{name}` must be a sequence of integers. Received: {name}={units!r}")
    if not (may_be_empty or len(units)):
        raise ValueError(f"`{name}` must hold at least one width. Received: {name}={units!r}")
    return tuple(check_integer(f"{name}[{i}]", unit, 1) for i, unit in enumerate(units))


def check_pair(name, value):
    """Returns an int, or a pair of them, as a pair; raises ValueError where one is below 1."""
    pair = tuple(value) if np.iterable(value) else (value, value)
    if len(pair) != 2:
        raise ValueError(f"`{name}` must be one integer or two. Received: {name}={value!r}")
    return check_units(name, pair)


def count_distinct_rows(x, most):
    """Number of distinct rows of an array or CSR matrix, counted no further than to `most`."""
    distinct = set()
    for first in range(0, x.shape[0], _ROWS_AT_A_TIME):
        rows = x[first : first + _ROWS_AT_A_TIME]
        distinct.update(row.tobytes() for row in dense(rows) + 0)  # which makes 0 of -0
        if len(distinct) >= most:
            return most
    return len(distinct)


def value_range(x):
    """The least and the largest value of an array or CSR matrix."""
    return float(x.min()), float(x.max())


def in_unit_range(low, high):
    """Whether both are in [0, 1], or a millionth beyond, which scaling in float32 may leave."""
    return low >= -1e-6 and high <= 1.0 + 1e-6


def check_sigmoid_range(x):
    """Returns `x`, an array or CSR matrix, or raises ValueError where a value is not in [0, 1]."""
    low, high = value_range(x)
    if not in_unit_range(low, high):
        raise ValueError(
            "`x` must lie within 0 and 1, as what a sigmoid reconstructs does: scale it, for all "
            "features alike `(x - x.min()) / (x.max() - x.min())`, or each by its own range, "
            '`datasets.load(name, scale="minmax")`, or "max_abs" where it is sparse. '
            f"Received: x from {low:g} to {high:g}"
        )
    return x


def check_cluster_ids(labels, x, n_clusters):
    """Returns `labels` as an array of one cluster id for each row of `x`.

    Raises:
        ValueError: it has another shape, or another value than the integers below `n_clusters`.
    """
    labels = np.asarray(labels)
    ids = np.arange(n_clusters)
    if labels.shape != (x.shape[0],) or not np.isin(labels, ids).all():
        raise ValueError(
            f"`labels` must hold an integer from 0 to {n_clusters - 1} for each of the "
            f"{x.shape[0]} rows of `x`. Received: labels of shape {labels.shape}, with the values "
            f"{reprlib.repr(np.unique(labels).tolist())}"
        )
    return labels.astype("int64")


def check_labels(y, x):
    """Returns `y` as an array of one label for each row of `x`, or None for None.

    Raises:
        ValueError: it has another shape.
    """
    if y is None:
        return None
    y = np.asarray(y)
    if y.shape != (x.shape[0],):
        raise ValueError(
            f"`y` must hold one label for each of the {x.shape[0]} rows of `x`. "
            f"Received: y of shape {y.shape}"
        )
    return y


def check_flat(input_shape, advice="flatten images"):
    """Raises ValueError, with `advice`, where batches of `input_shape` do not hold vectors."""
    if len(input_shape) != 2:
        raise ValueError(
            f"`x` must have rank 2, shape (n, features): {advice}. "
            f"Received: x of rank {len(input_shape)}, shape {tuple(input_shape)}"
        )


def check_data(x, sample_shape=None, min_rows=1, dtype="float32"):
    """Returns `x` as an array or CSR matrix of `dtype` that a model can be trained on.

    Args:
        x: array `(n, ...)`, SciPy sparse matrix or table `(n, d)`: see `tfclust.inputs.as_array`.
        sample_shape: shape of one sample, where the model knows it; None allows any.
        min_rows: fewest rows allowed.
        dtype: "float32" or "float64".

    Raises:
        ValueError: `x` is empty or not made of real numbers, has another rank or shape than the
            model takes, has fewer than `min_rows` rows, holds NaN or infinite values, or holds
            integers outside of 0 and 1 (raw pixels, most often).
    """
    x = as_array(x)
    sparse = hasattr(x, "tocsr")
    check_shape(x.shape, sample_shape, min_rows)
    _check_range(x.data if sparse else x)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is reported
        x = x.astype(dtype, copy=False)
        _check_finite(x.data if sparse else x)
    return x


def _array(name, value, rule, dtype=None):
    try:
        return np.asarray(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        received = f"{name} of type {type(value).__name__}, {error}"
        raise ValueError(f"`{name}` must be {rule}. Received: {received}") from error


def check_shape(shape, sample_shape=None, min_rows=1):
    """Raises ValueError where data of `shape` are not rows of `sample_shape`, or are too few.

    Args:
        shape: of the data; None for a number of rows that is not known.
        sample_shape, min_rows: see `check_data`.
    """
    if len(shape) < 2 or 0 in shape:
        raise ValueError(
            "`x` must have at least one row and one feature, shape (n, features). "
            f"Received: x of shape {shape}"
        )
    if sample_shape is not None and len(shape) != len(sample_shape) + 1:
        raise ValueError(
            f"`x` must have rank {len(sample_shape) + 1}, shape (n, {_sizes(sample_shape)}). "
            f"Received: x of rank {len(shape)}, shape {shape}"
        )
    if sample_shape is not None and any(
        want is not None and want != got for want, got in zip(sample_shape, shape[1:], strict=True)
    ):
        raise ValueError(
            f"`x` must have samples of shape ({_sizes(sample_shape)}), as the model was built with."
            f" Received: x of shape {shape}"
        )
    if shape[0] is not None and shape[0] < min_rows:
        raise ValueError(
            f"`x` must have at least as many rows as there are clusters, {min_rows}. "
            f"Received: {shape[0]} rows"
        )


def _sizes(sample_shape):
    return ", ".join("features" if size is None else str(size) for size in sample_shape)


def _check_range(values):
    if values.dtype.kind not in "iu" or not values.size:
        return
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 1:
        raise ValueError(
            "Integer `x` must lie within 0 and 1: scale raw pixels (`x / 255`), or pass measured "
            f"integers as floats (`x.astype('float32')`). Received: {values.dtype} values from "
            f"{low} to {high}"
        )


def _check_finite(values):
    if not np.isfinite(np.sum(values, dtype="float64")):
        bad = int(values.size - np.count_nonzero(np.isfinite(values)))
        raise ValueError(
            f"`x` must not hold NaN or infinite values, in {values.dtype}. Received: {bad} of them"
        )
