"""What was read from a user's file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples of a file and what it calls them.

    Args:
        x: float32 array `(n, d)`, images `(n, height, width)` or `(n, height, width, channels)`
            with pixels in [0, 1], or CSR matrix `(n, d)`.
        columns: name of each column; None where they have none.
        labels: text or number of each row, `(n,)`, that was asked for; None where none was.
        files: name of each image in its folder; None for what is no folder.
        pixel_max: what the stored values were divided by: 255 for pixels, else 1.
    """

    x: Any
    columns: tuple[str, ...] | None = None
    labels: np.ndarray | None = None
    files: Sequence[str] | None = None
    pixel_max: int = 1

    @property
    def image_shape(self):
        """Shape of an image; None for rows."""
        return tuple(self.x.shape[1:]) if self.x.ndim > 2 else None

    @property
    def index(self):
        """What names each sample, name of the column -> its values."""
        return {"row": range(self.x.shape[0])} if self.files is None else {"file": self.files}

    def describe(self):
        """A phrase such as "150 rows of 4 columns"."""
        n = self.x.shape[0]
        if self.image_shape:
            return f"{n:,} images of {' x '.join(map(str, self.image_shape))}"
        sparse = f", {self.x.nnz:,} of them not 0" if hasattr(self.x, "nnz") else ""
        return f"{n:,} rows of {self.x.shape[1]:,} columns{sparse}"
