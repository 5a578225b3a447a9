"""Reads a user's file by the kind that its name says."""

import hashlib
import zipfile
from pathlib import Path

from tfclust.cli.messages import UserError
from tfclust.cli.reading import arrays, images, tables
from tfclust.cli.reading.options import Options
from tfclust.datasets.checksums import file_sha256

COMPRESSED = ".gz"
TEXT = (".csv", ".tsv", ".txt", *(f"{suffix}.gz" for suffix in (".csv", ".tsv", ".txt")))
READERS = {
    **dict.fromkeys((*TEXT, tables.PARQUET), tables.read),
    ".npy": arrays.read_npy,
    ".npz": arrays.read_npz,
    ".mtx": arrays.read_mtx,
}
LABEL_READERS = {
    **dict.fromkeys((*TEXT, tables.PARQUET), tables.read_labels),
    ".npy": arrays.read_npy_labels,
    ".npz": arrays.read_npz_labels,
}
OF_ARRAYS = ("columns", "drop", "label_column", "missing")
OF_TABLES = (*OF_ARRAYS, "id_column", "one_hot", "dates")
OF_TEXT = (*OF_TABLES, "header", "separator", "decimal", "thousands", "encoding")
OF_IMAGES = ("label_column",)


def read(path, options=None, known=None):
    """Reads the samples at `path`.

    Args:
        path: text file of separated columns, `.parquet`, `.npy`, `.npz` or `.mtx` file, or folder
            of images.
        options: `Options`; None takes the defaults.
        known: `Known` of a run, for new data that are to be read as its own were; None for data
            to be fitted. Labels are not looked for in new data.

    Returns:
        `Samples`.

    Raises:
        UserError: the file is missing or damaged, or holds what cannot be clustered; says where.
    """
    path, options = Path(path), options or Options()
    reader = _guarded(path, _choose(path, READERS, images.read))
    if known is None:
        options.allow_only(*_of_use(path))
    samples = reader(path, options, known)
    if 0 in samples.x.shape:
        raise UserError(f"the data must have rows and columns. Received: shape {samples.x.shape}")
    return samples


def read_labels(path, column=None, options=None):
    """The labels `(n,)` in a table, a `.npy` or a `.npz` file, or of a folder of images.

    Args:
        path: of the file.
        column: the column of a table, or the array of a `.npz` file; None where it has one only.
        options: `Options` of the run that is scored; None takes the defaults.

    Raises:
        UserError: the file is missing or damaged, or it is not clear which column is meant.
    """
    path, options = Path(path), options or Options()
    reader = _guarded(path, _choose(path, LABEL_READERS, images.read_labels))
    return reader(path, column, options)


def read_rows(path, options):
    """The names of all columns of a table, and an iterator of its rows as the file has them.

    Raises:
        UserError: the file is no table, or it is missing or damaged.
    """
    check_table(path)
    return _guarded(Path(path), tables.read_rows)(Path(path), options)


def check_table(path):
    """Raises `UserError` where `path`, which is to be joined with clusters, is no table."""
    path = Path(path)
    if path.is_dir() or _suffix(path) not in (*TEXT, tables.PARQUET):
        raise UserError(
            f"--join must come with a table, {', '.join((*TEXT, tables.PARQUET))}. Received: {path}"
        )


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


def _suffix(path):
    """What the name says of the kind of a file, such as ".csv" or ".csv.gz"."""
    suffixes = path.suffixes[-2:] if path.suffix.lower() == COMPRESSED else path.suffixes[-1:]
    return "".join(suffixes).lower()


def _of_use(path):
    """The names of the options for a kind of file, and what it is called."""
    if path.is_dir():
        return OF_IMAGES, "a folder of images"
    suffix = _suffix(path)
    names = OF_TEXT if suffix in TEXT else OF_TABLES if suffix == tables.PARQUET else OF_ARRAYS
    return names, f"a {suffix} file"


def _choose(path, readers, of_folder):
    """The reader of a kind of file, or that of folders."""
    if path.is_dir():
        return of_folder
    if not path.exists():
        raise UserError(f"the data must be an existing file or folder. Received: {path}")
    suffix = _suffix(path)
    if suffix not in readers:
        raise UserError(
            f"the file must be one of {', '.join(readers)}, or a folder of images. Received: {path}"
        )
    return readers[suffix]


def _guarded(path, reader):
    """The reader, whose libraries' errors say which file they are about."""

    def read(*arguments):
        try:
            return reader(*arguments)
        except UserError:
            raise
        except UnicodeError as error:
            raise UserError(
                f"--encoding must name that of the text. Received: {path}, of another: {error}"
            ) from error
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(f"{path} cannot be read: {error}") from error

    return read
