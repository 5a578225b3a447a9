"""Reads a user's file, whatever its kind."""

import hashlib
import zipfile
from pathlib import Path

from tfclust.cli.errors import UserError
from tfclust.cli.reading import arrays, images, tables
from tfclust.cli.reading.values import check_values
from tfclust.datasets.checksums import file_sha256

READERS = {
    ".csv": tables.read,
    ".parquet": tables.read,
    ".npy": arrays.read_npy,
    ".npz": arrays.read_npz,
    ".mtx": arrays.read_mtx,
}


def read(path, columns=(), label_column=None):
    """Reads the samples at `path`.

    Args:
        path: `.csv`, `.parquet`, `.npy`, `.npz` or `.mtx` file, or folder of images.
        columns: names of the columns to take, in this order; all but the labels where empty.
        label_column: what holds labels: a column of a table, another array of an `.npz` file, or
            "folder" for the names of the folders of images. Kept out of the samples.

    Returns:
        `Samples`.

    Raises:
        UserError: the file is missing or damaged, or holds what cannot be clustered; says where.
    """
    path = Path(path)
    samples = _reader(path)(path, tuple(columns), label_column)
    check_values(samples.x, samples.columns)
    return samples


def read_labels(path, column=None):
    """The labels `(n,)` in a `.csv`, `.parquet` or `.npy` file.

    Args:
        path: of the file.
        column: the column of a table; None where it has one only.

    Raises:
        UserError: the file is missing or damaged, or it is not clear which column is meant.
    """
    path = Path(path)
    readers = {".csv": tables.read_labels, ".parquet": tables.read_labels}
    readers[".npy"] = arrays.read_labels
    return _guarded(path, _choose(path, readers))(path, column)


def sha256(path):
    """SHA-256 of a file, or of the names and bytes of a folder's images."""
    path = Path(path)
    if not path.is_dir():
        return file_sha256(path)
    digest = hashlib.sha256()
    for image in images.find(path):
        digest.update(image.relative_to(path).as_posix().encode())
        digest.update(image.read_bytes())
    return digest.hexdigest()


def _reader(path):
    return _guarded(path, images.read if path.is_dir() else _choose(path, READERS))


def _choose(path, readers):
    if not path.exists():
        raise UserError(f"the data must be an existing file or folder. Received: {path}")
    if path.suffix.lower() not in readers:
        raise UserError(
            f"the file must be one of {', '.join(readers)}"
            f"{', or a folder of images' if readers is READERS else ''}. Received: {path}"
        )
    return readers[path.suffix.lower()]


def _guarded(path, reader):
    """The reader, whose libraries' errors say which file they are about."""

    def read(*arguments):
        try:
            return reader(*arguments)
        except UserError:
            raise
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{path} cannot be read: {error}") from error

    return read
