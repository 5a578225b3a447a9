"""Missing and infinite values: refused by name and place, left out or filled."""

import numpy as np

from tfclust.cli.messages import SHOWN, UserError, counted, first_of, listed


def all_finite(values):
    """Whether an array has no NaN and no infinite values."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.sum(values, dtype="float64")  # one pass, and no array of answers
    return bool(np.isfinite(total) or np.isfinite(values).all())


def check_values(x):
    """Raises `UserError` where images or a sparse matrix have missing or infinite values.

    Args:
        x: array `(n, ...)` or CSR matrix `(n, d)`.
    """
    sparse = hasattr(x, "tocsr")
    if all_finite(x.data if sparse else x):
        return
    if not sparse:
        x = x.reshape(len(x), -1)
        places = _places(~np.isfinite(x))
    else:
        bad = np.flatnonzero(~np.isfinite(x.data))
        rows = np.searchsorted(x.indptr, bad, side="right") - 1
        places = {int(c): rows[x.indices[bad] == c] for c in np.unique(x.indices[bad])}
    _refuse("no missing and no infinite values", "mend them", places)


def without_missing(x, sources, how, medians=None):
    """The rows of `x` with their missing values left out or filled.

    Args:
        x: float array `(n, d)`, NaN where a value is missing.
        sources: name or place of the column in the file that each column of `x` is from.
        how: "drop", "median", or None to refuse them.
        medians: that fill missing values of new data; None takes those of `x`.

    Returns:
        The rows, the places of those left out, the medians for new data (None where `how` is not
        "median"), and sentences on what was done.

    Raises:
        UserError: values are infinite, or missing where nothing is to be done about it.
    """
    if how == "median" and medians is None:
        medians = _medians(x, sources)
    if all_finite(x):
        return x, (), medians, ()
    infinite = _places(np.isinf(x), sources)
    if infinite:
        _refuse("no infinite values", "mend them", infinite)
    missing = np.isnan(x)
    places = _places(missing, sources)
    if how is None:
        _refuse(
            "no missing values",
            "fit with --missing drop to leave their rows out, or --missing median to fill them",
            places,
        )
    rows = np.flatnonzero(missing.any(axis=1))
    if how == "median":
        x = np.where(missing, np.asarray(medians, x.dtype), x)
        done = f"medians fill the missing values of {counted(len(rows), 'row')}"
        return x, (), medians, (done,)
    if len(rows) == len(x):
        _refuse("rows without missing values", "there are none", places)
    done = f"{counted(len(rows), 'row')} of {len(x):,} left out for missing values"
    return np.delete(x, rows, axis=0), rows, None, (done,)


def _medians(x, sources):
    empty = [name for i, name in enumerate(sources) if np.isnan(x[:, i]).all()]
    if empty:
        raise UserError(
            "--missing median must find values in every column: leave others out with --drop. "
            f"Received: none in {listed(empty)}"
        )
    return [float(np.nanmedian(x[:, i])) for i in range(x.shape[1])]


def _places(bad, sources=None):
    """Rows of the bad values of each column that has some, name or place of the column -> rows."""
    found = {}
    for i in np.flatnonzero(bad.any(axis=0)):
        # Of the columns that one column of the file became, all miss the same rows.
        found.setdefault(int(i) if sources is None else sources[i], np.flatnonzero(bad[:, i]))
    return found


def _refuse(rule, way, places):
    columns = [
        f"column {name!r} in {counted(len(rows), 'row')} ({_first(rows)})"
        for name, rows in places.items()
    ]
    raise UserError(
        f"the data must hold {rule}: {way}, or leave columns out with --drop. "
        f"Received (rows count from 0): {first_of(columns)}"
    )


def _first(rows):
    more = ", ..." if len(rows) > SHOWN else ""
    return ", ".join(map(str, rows[:SHOWN])) + more
