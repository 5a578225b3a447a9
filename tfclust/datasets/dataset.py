"""What `load` returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples, their true classes, and what a report must tell about them.

    Args:
        x: Samples, `(n, d)`, or images `(n, height, width)` or `(n, height, width, channels)`; a
            NumPy array or a SciPy CSR matrix.
        y: True classes, int64 `(n,)` from 0, or None where the set has none.
        name: Name that `load` takes.
        n_classes: Number of true classes.
        sha256: Hexadecimal SHA-256 of the file that the set was read from; of the bytes of `x` and
            `y` before any scaling where there is no file.
        n_train: Rows `[:n_train]` are the published training part and the rest the test part;
            None where the set has no split.
        scale: Preprocessing that `x` went through, as given to `load`.
        pixel_max: Largest value that a pixel can take as stored, which `scale=None` divides by;
            1 where nothing is to be divided.

    Example:
        >>> from tfclust.datasets import load
        >>> load("wine")
        Dataset(name='wine', n_classes=3, n_train=None, scale=None)
    """

    x: Any = field(repr=False)
    y: np.ndarray | None = field(repr=False)
    name: str
    n_classes: int
    sha256: str = field(repr=False)
    n_train: int | None = None
    scale: str | None = None
    pixel_max: float = field(default=1.0, repr=False)
