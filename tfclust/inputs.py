"""What a user may pass in as data: made an array or a CSR matrix, or refused with a sentence."""

import reprlib
from collections.abc import Callable, Iterator, Mapping, Set

import numpy as np

_EXACT = {"b": "bool", "i": "int64", "u": "uint64", "f": "float64"}  # by the kind of a column
_DATES = (
    "turn dates into numbers that mean something to you, such as the days since the first of them"
)
_ENCODE = (
    "encode text and categories as numbers, turn objects such as Decimal to float, or drop them"
)
_ADVICE = {
    "c": "put real and imaginary parts side by side",
    "M": _DATES,
    "m": "turn durations into numbers of a unit, such as seconds",
    "V": "join the fields, `numpy.lib.recfunctions.structured_to_unstructured(x)`",
}


def as_array(x):
    """`x` as a NumPy array, or as CSR where it is a SciPy sparse matrix; of real numbers.

    Args:
        x: array `(n, ...)`, or anything that NumPy makes one of; SciPy sparse matrix; table of
            pandas, polars or pyarrow, whose columns are numbers or booleans, nullable ones too,
            with NaN where a value is missing.

    Raises:
        ValueError: `x` is none of these, with the way to make it one; or holds text, dates,
            objects or complex numbers, in which columns.
    """
    refuse_what_is_no_array(x)
    if hasattr(x, "tocsr"):
        x = x.tocsr()
    elif hasattr(x, "to_pandas") and not hasattr(x, "get_columns"):  # of pyarrow
        x = _from_table(x.to_pandas())
    elif hasattr(x, "columns") and hasattr(x, "dtypes"):
        x = _from_table(x)
    elif isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        x = x.astype("float64").filled(np.nan)
    else:
        x = _from_values(x)
    _check_kind(x.dtype)
    return x


def dense(x):
    """`x`, an array or a SciPy sparse matrix, as an array."""
    return x.toarray() if hasattr(x, "toarray") else np.asarray(x)


def refuse_what_is_no_array(x):
    """Raises ValueError, with the way to make it one, where `x` is neither array nor table."""
    advice = next((advice for is_such, advice in _NO_ARRAYS if is_such(x)), None)
    if advice is not None and not hasattr(x, "tocsr"):  # SciPy's DOK matrices are mappings, too
        received = "x=None" if x is None else f"x of type {type(x).__name__}"
        raise ValueError(
            f"`x` must be an array or a table of numbers, shape (n, features): {advice}. "
            f"Received: {received}"
        )


def _has(*names):
    return lambda x: all(hasattr(x, name) for name in names)


def _is(*types):
    return lambda x: isinstance(x, types)


_NO_ARRAYS = (  # what is recognized, and what to do with it
    (lambda x: x is None, "there is nothing to work on without one"),
    (_is(Mapping), "pass one of the values, or join them, `numpy.stack(list(x.values()), axis=1)`"),
    (_is(str, bytes), "read the file first, such as `pandas.read_csv(x)`"),
    (_is(Set), "make it a list, as a set has no order"),
    (_has("element_spec"), "all rows are needed at once here, not batch by batch"),
    (_has("ragged_rank"), "rows must have one length, `x.to_tensor()`"),
    (_has("dense_shape"), "make it dense, `tf.sparse.to_dense(x)`, or a SciPy CSR matrix"),
    (_has("collect", "lazy"), "`x.collect()` it first"),
    (
        _is(Iterator),
        "join what it yields, `numpy.stack(list(x))`, or train on "
        "`tf.data.Dataset.from_generator(..., output_signature=...)`",
    ),
    (lambda x: isinstance(x, Callable) and not hasattr(x, "shape"), "call it first"),
)


def _from_values(x):
    try:
        array = np.asarray(x)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`x` must be an array of numbers, shape (n, features). "
            f"Received: x of type {type(x).__name__}, {error}"
        ) from error
    if array.dtype == object and array.ndim == 0:
        raise ValueError(
            "`x` must be an array of numbers, shape (n, features). "
            f"Received: x of type {type(x).__name__}"
        )
    return array


def _from_table(table):
    """Columns side by side, in the type that holds them all."""
    columns = table.get_columns() if hasattr(table, "get_columns") else _pandas_columns(table)
    values = [_column(column) for column in columns]
    bad = [
        f"{column.name!r} ({column.dtype})"
        for column, value in zip(columns, values, strict=True)
        if value.dtype.kind not in _EXACT
    ]
    if bad:
        kinds = {value.dtype.kind for value in values}
        advice = _DATES if "M" in kinds else _ENCODE
        raise ValueError(
            f"`x` must hold real numbers in every column: {advice}. "
            f"Received: columns {reprlib.repr(bad)}".replace('"', "")
        )
    return np.column_stack(values) if values else np.empty((len(table), 0))


def _pandas_columns(table):
    return [table.iloc[:, i] for i in range(table.shape[1])]  # names may come twice


def _column(column):
    kind = getattr(column.dtype, "kind", None)  # as NumPy names it; pandas' own types have one too
    if isinstance(column.dtype, np.dtype) or kind not in _EXACT:
        return column.to_numpy()
    if column.isna().any():
        return column.to_numpy(dtype="float64", na_value=np.nan)
    return column.to_numpy(dtype=_EXACT[kind])


def _check_kind(dtype):
    if dtype.kind not in _EXACT:
        advice = _ADVICE.get(dtype.kind, _ENCODE)
        raise ValueError(f"`x` must hold real numbers: {advice}. Received: x of dtype {dtype}")
