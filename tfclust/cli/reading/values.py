"""Checks the values of a user's data, and says where the bad ones stand."""

import numpy as np

from tfclust.cli.errors import UserError

SHOWN = 5  # columns, and rows of each, that a message names


def check_values(x, columns):
    """Raises a `UserError` that names columns and rows where `x` has missing or infinite values.

    Args:
        x: float32 array `(n, ...)` or CSR matrix `(n, d)`.
        columns: a name for each column, or None.
    """
    if 0 in x.shape:
        raise UserError(f"the data must have rows and columns. Received: shape {x.shape}")
    sparse = hasattr(x, "tocsr")
    rows = x.data if sparse else x.reshape(len(x), -1)
    if np.isfinite(np.sum(rows, dtype="float64")):
        return
    found = _sparse_places(x) if sparse else _dense_places(rows)
    where = "; ".join(
        f"{_name(column, columns)} in {_shown(numbers)}" for column, numbers in found[:SHOWN]
    )
    more = f"; and {len(found) - SHOWN} more columns" if len(found) > SHOWN else ""
    raise UserError(
        "the data must hold no missing and no infinite values: fill them, or choose other columns "
        f"with --columns. Received (rows count from 0): {where}{more}"
    )


def _dense_places(rows):
    """(column, its bad rows) of every column that has some."""
    bad = np.flatnonzero(~np.isfinite(np.sum(rows, axis=0, dtype="float64")))
    return [(column, np.flatnonzero(~np.isfinite(rows[:, column]))) for column in bad]


def _sparse_places(x):
    places = np.flatnonzero(~np.isfinite(x.data))
    rows = np.searchsorted(x.indptr, places, side="right") - 1
    columns = x.indices[places]
    return [(column, rows[columns == column]) for column in np.unique(columns)]


def _name(column, columns):
    return f"column {column}" if columns is None else f"column {columns[column]!r}"


def _shown(rows):
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows[:SHOWN]))}{more}"
