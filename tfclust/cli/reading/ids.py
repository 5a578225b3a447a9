"""Integers that are names of rows rather than numbers."""

import numpy as np

from tfclust.cli.messages import listed

LARGEST_EXACT = 2**53  # beyond it float64 leaves integers out


def holds_ids(values):
    """Whether integers `(n,)`, n > 1, are all different."""
    n = len(values)
    if n < 2 or int(values.max()) - int(values.min()) < n - 1:  # too narrow, and no need to sort
        return False
    ordered = np.sort(values)
    return bool(np.all(ordered[1:] != ordered[:-1]))


def ids_note(columns):
    """The sentence on columns that are clustered by and may hold ids."""
    return (
        f"no two rows have the same integer in {listed(columns)}: leave ids out with --drop, or "
        "keep them beside the clusters with --id-column"
    )
