"""What was read from a user's file."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tfclust.cli.messages import counted

PIXEL_MAX = 255  # of a stored pixel, a byte


@dataclass(frozen=True)
class Known:
    """What the data of a run settled, so that new data are read alike.

    Args:
        columns: of the file, in their order; empty for all.
        units: sign that every number of a column bears, such as "%", name -> sign.
        categories: of each column that becomes columns of 0 and 1, name -> categories.
        medians: of the columns of the samples, which fill missing values; None where nothing does.
        colour: whether images have colours; None for what are no images.
    """

    columns: Sequence[str] = ()
    units: dict[str, str] = field(default_factory=dict)
    categories: dict[str, Sequence[str]] = field(default_factory=dict)
    medians: Sequence[float] | None = None
    colour: bool | None = None

    def to_json(self):
        """What `run.json` holds of it; `Known(**...)` takes it."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples of a file and what it calls them.

    Args:
        x: array `(n, d)`, images `(n, height, width)` or `(n, height, width, channels)` with
            pixels in [0, 1], or CSR matrix `(n, d)`; float64 where float32 may not tell its values
            apart before they are scaled, else float32.
        columns: name of each column of `x`; None where they have none.
        labels: text or number of each row, `(n,)`, that was asked for; None where none was.
        files: name of each image in its folder; None for what is no folder.
        pixel_max: what the stored values were divided by: `PIXEL_MAX` for pixels, else 1.
        ids: name of the column of ids -> its values; empty where none was asked for.
        left_out: places in the file, from 0, of the rows or images that are not among the samples.
        known: what new data need to be read alike.
        notes: sentences on how the file was read.
    """

    x: Any
    columns: tuple[str, ...] | None = None
    labels: np.ndarray | None = None
    files: Sequence[str] | None = None
    pixel_max: int = 1
    ids: dict[str, np.ndarray] = field(default_factory=dict)
    left_out: Sequence[int] = ()
    known: Known = field(default_factory=Known)
    notes: Sequence[str] = ()

    @property
    def image_shape(self):
        """Shape of an image; None for rows."""
        return tuple(self.x.shape[1:]) if self.x.ndim > 2 else None

    @property
    def names(self):
        """What to call each column; None for images."""
        if self.image_shape:
            return None
        return self.columns or [f"column {i}" for i in range(self.x.shape[1])]

    @property
    def index(self):
        """What names each sample, name of the column -> its values."""
        if self.files is not None:
            return {"file": self.files}
        n = self.x.shape[0] + len(self.left_out)
        rows = np.delete(np.arange(n), self.left_out) if len(self.left_out) else range(n)
        return {"row": rows, **self.ids}

    def describe(self):
        """A phrase such as "150 rows of 4 columns"."""
        n = self.x.shape[0]
        if self.image_shape:
            return f"{counted(n, 'image')} of {' x '.join(map(str, self.image_shape))}"
        sparse = f", {self.x.nnz:,} of them not 0" if hasattr(self.x, "nnz") else ""
        return f"{counted(n, 'row')} of {counted(self.x.shape[1], 'column')}{sparse}"
