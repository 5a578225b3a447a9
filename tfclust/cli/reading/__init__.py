"""Reads a user's file, whatever its kind: `read` gives its `Samples`."""

from tfclust.cli.reading.files import check_table, read, read_labels, read_rows, sha256
from tfclust.cli.reading.options import Options
from tfclust.cli.reading.samples import Known, Samples

__all__ = [
    "Known",
    "Options",
    "Samples",
    "check_table",
    "read",
    "read_labels",
    "read_rows",
    "sha256",
]
