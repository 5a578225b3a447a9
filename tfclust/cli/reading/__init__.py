"""Reads a user's file, whatever its kind: `read` gives its `Samples`."""

from tfclust.cli.reading.files import read, read_labels, sha256
from tfclust.cli.reading.options import Options
from tfclust.cli.reading.samples import Known, Samples

__all__ = ["Known", "Options", "Samples", "read", "read_labels", "sha256"]
