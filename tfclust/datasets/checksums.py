"""SHA-256 of data, on disk and in memory."""

import functools
import hashlib
from pathlib import Path

import numpy as np


def file_sha256(path):
    """Returns the hexadecimal SHA-256 of a file, read once a process while it does not change."""
    path = Path(path).resolve()
    status = path.stat()
    return _read_sha256(path, status.st_size, status.st_mtime_ns)


@functools.cache
def _read_sha256(path, size, modified_ns):
    # The size and the time of change are part of the key alone: a changed file is read again.
    return hashlib.sha256(path.read_bytes()).hexdigest()


def array_sha256(*arrays):
    """Returns the hexadecimal SHA-256 over the bytes of arrays and CSR matrices, None left out."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            continue
        sparse = hasattr(array, "indptr")
        for part in (array.data, array.indices, array.indptr) if sparse else (array,):
            digest.update(np.ascontiguousarray(part))
    return digest.hexdigest()
