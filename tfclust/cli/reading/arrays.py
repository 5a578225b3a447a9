"""Reads arrays and sparse matrices: `.npy`, `.npz` and `.mtx`."""

import numpy as np

from tfclust.cli.errors import UserError
from tfclust.cli.reading.samples import Samples

PIXEL_MAX = 255


def read_npy(path, columns, label_column):
    """The `Samples` of a `.npy` file; see `tfclust.cli.reading.read`."""
    _refuse_labels(label_column, ".npy file")
    return _samples(np.load(path, allow_pickle=False), columns)


def read_npz(path, columns, label_column):
    """The `Samples` of a `.npz` file: a matrix of `scipy.sparse.save_npz`, or arrays.

    Of several arrays, the one that is named `x` is taken, or the only one besides the labels.
    """
    with np.load(path, allow_pickle=False) as stored:
        names = set(stored.files)
        if {"format", "data", "shape"} <= names:
            _refuse_labels(label_column, "sparse matrix")
            return _sparse(path, columns)
        if label_column is not None and label_column not in names:
            raise UserError(
                f"the file must have the array {label_column!r}. Received: {sorted(names)}"
            )
        data = names - {label_column}
        if "x" not in data and len(data) != 1:
            raise UserError(
                "a file of several arrays must call the data `x`. "
                f"Received: {path} with {sorted(names)}"
            )
        x = stored["x" if "x" in data else data.pop()]
        labels = None if label_column is None else _labels(stored[label_column], len(x))
    return _samples(x, columns, labels)


def read_mtx(path, columns, label_column):
    """The `Samples` of a Matrix Market file, CSR where the file is sparse."""
    from scipy.io import mmread

    _refuse_labels(label_column, "matrix")
    return _samples(mmread(path), columns)


def read_labels(path, column=None):
    """The labels in a `.npy` file."""
    if column is not None:
        raise UserError(f"a .npy file has no columns. Received: --label-column {column}")
    labels = np.load(path, allow_pickle=False)
    return _labels(labels, len(labels))


def _sparse(path, columns):
    from scipy.sparse import load_npz

    return _samples(load_npz(path), columns)


def _samples(x, columns, labels=None):
    if x.dtype.kind not in "fiub":
        raise UserError(f"the data must be numbers. Received: an array of {x.dtype}")
    if x.ndim not in (2, 3, 4):
        raise UserError(
            "the data must be rows (n, d), or images (n, height, width) or "
            f"(n, height, width, channels). Received: shape {x.shape}"
        )
    pixels = x.dtype == np.uint8 and not hasattr(x, "tocsr")  # sparse ones are counts
    with np.errstate(over="ignore"):  # what is too large is reported as infinite
        x = (x.tocsr() if hasattr(x, "tocsr") else x).astype("float32", copy=False)
    if pixels:
        x = x / np.float32(PIXEL_MAX)
    if columns:
        x = x[:, _places(columns, x.shape)]
    pixel_max = PIXEL_MAX if pixels else 1
    return Samples(x, columns=columns or None, labels=labels, pixel_max=pixel_max)


def _places(columns, shape):
    if len(shape) > 2:
        raise UserError(f"images have no columns to choose. Received: {', '.join(columns)}")
    known = set(map(str, range(shape[1])))
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise UserError(
            f"--columns of an array must be numbers from 0 to {shape[1] - 1}. "
            f"Received: {', '.join(unknown)}"
        )
    return [int(name) for name in columns]


def _labels(labels, n_rows):
    if labels.shape != (n_rows,):
        raise UserError(
            f"the labels must be one for each of the {n_rows} rows. "
            f"Received: labels of shape {labels.shape}"
        )
    return labels.astype(str)


def _refuse_labels(label_column, kind):
    if label_column is not None:
        raise UserError(
            f"a {kind} has no named labels: score the run by `tfclust evaluate`. "
            f"Received: --label-column {label_column}"
        )
