"""Reads arrays and sparse matrices: `.npy`, `.npz` and `.mtx`."""

import reprlib

import numpy as np

from tfclust.checks import did_you_mean
from tfclust.cli.messages import UserError, listed
from tfclust.cli.reading.columns import check_apart, named
from tfclust.cli.reading.ids import LARGEST_EXACT, holds_ids, ids_note
from tfclust.cli.reading.samples import PIXEL_MAX, Known, Samples
from tfclust.cli.reading.values import check_values, without_missing

DATA = ("x", "X", "x_train", "X_train")  # names of the data among several arrays, best first


def read_npy(path, options, known):
    """The `Samples` of a `.npy` file; see `tfclust.cli.reading.read`."""
    _refuse_labels(options, known, "a .npy file")
    return _samples(_load(path), options, known)


def read_npz(path, options, known):
    """The `Samples` of a `.npz` file: a matrix of `scipy.sparse.save_npz`, or arrays.

    Of several arrays, the first of `DATA` is taken, or the only one besides the labels.
    """
    label = options.label_column if known is None else None
    with _load(path) as stored:
        names = set(stored.files)
        if {"format", "data", "shape"} <= names:
            _refuse_labels(options, known, "a sparse matrix")
            return _sparse(path, options, known)
        if label is not None:
            _check_array(label, names)
        data = names - {label}
        name = next((name for name in DATA if name in data), None)
        if name is None and len(data) != 1:
            raise UserError(
                f"a file of several arrays must call the data one of {', '.join(DATA)}. "
                f"Received: {path} with {listed(sorted(names))}"
            )
        name = name or data.pop()
        x = _array(stored, name, path)
        labels = None if label is None else _labels(_array(stored, label, path), len(x))
    note = f"the data are the array {name!r} of {len(data)}" if len(data) > 1 else None
    return _samples(x, options, known, labels, note)


def _load(path):
    """What NumPy keeps in a file; Python objects, which would be run, are refused."""
    try:
        return np.load(path, allow_pickle=False)
    except ValueError as error:
        raise ValueError(
            "it holds no numbers that numpy.save or numpy.savez has written"
        ) from error


def read_mtx(path, options, known):
    """The `Samples` of a Matrix Market file, CSR where the file is sparse."""
    from scipy.io import mmread

    _refuse_labels(options, known, "a matrix")
    return _samples(mmread(path), options, known)


def read_npy_labels(path, column, options):
    """The labels in a `.npy` file."""
    if column is not None:
        raise UserError(f"a .npy file has no columns. Received: --label-column {column}")
    labels = _load(path)
    return _labels(labels, labels.size)


def read_npz_labels(path, column, options):
    """The labels in a `.npz` file: the only array, or the one that is named."""
    with _load(path) as stored:
        names = sorted(stored.files)
        if column is None and len(names) != 1:
            raise UserError(
                "a file of labels must have one array, or --label-column must name it. "
                f"Received: {path} with {listed(names)}"
            )
        name = names[0] if column is None else column
        _check_array(name, names)
        labels = _array(stored, name, path)
    return _labels(labels, labels.size)


def _check_array(name, names):
    if name not in names:
        raise UserError(
            f"the file must have the array {name!r}. "
            f"Received: {listed(sorted(names))}.{did_you_mean(name, names)}"
        )


def _sparse(path, options, known):
    from scipy.sparse import load_npz

    return _samples(load_npz(path), options, known)


def _array(stored, name, path):
    try:
        return stored[name]
    except ValueError as error:
        raise UserError(f"the array {name!r} of {path} cannot be read: {error}") from error


def _samples(x, options, known, labels=None, note=None):
    _check_kind(x)
    sparse = hasattr(x, "tocsr")
    x = x.tocsr() if sparse else x
    places, chosen = _places(x, options, known)
    if chosen:
        x = x[:, places]
    notes = [] if note is None else [note]
    if x.ndim == 2 and x.size and x.dtype.kind in "iu" and not sparse:
        _check_exact(x, places)
        if known is None and not options.columns:
            notes += _notes_on_ids(x, places)
    pixels = x.dtype == np.uint8 and not sparse  # sparse ones are counts
    x = _float(x, pixels)
    left_out, medians = (), None
    if x.ndim == 2 and not sparse:
        medians = None if known is None else known.medians
        x, left_out, medians, done = without_missing(x, places, options.missing, medians)
        notes += done
    else:
        if options.missing is not None and known is None:
            raise UserError(
                "--missing must come with rows that are stored with their zeros. "
                f"Received: {'a sparse matrix' if sparse else 'images'}"
            )
        check_values(x)
    return Samples(
        x,
        columns=chosen or None,
        labels=None if labels is None else np.delete(labels, left_out),
        pixel_max=PIXEL_MAX if pixels else 1,
        left_out=left_out,
        known=Known(columns=chosen, medians=medians, colour=_has_colours(x.shape)),
        notes=notes,
    )


def _check_kind(x):
    """Raises `UserError` where an array holds no numbers, or is neither of rows nor of images."""
    if x.dtype.kind not in "fiub":
        raise UserError(
            f"the data must be numbers. Received: an array of {reprlib.repr(str(x.dtype))}"
        )
    if x.ndim not in (2, 3, 4):
        raise UserError(
            "the data must be rows (n, d), or images (n, height, width) or "
            f"(n, height, width, channels). Received: shape {x.shape}"
        )


def _places(x, options, known):
    """The places of the columns to take, and their names where some are chosen."""
    if known is not None:
        words, dropped = known.columns, ()
    else:
        words, dropped = options.columns, options.drop
    everything = range(x.shape[1])
    if not words and not dropped:
        return everything, ()
    if x.ndim > 2:
        raise UserError(
            f"images have no columns to choose. Received: {', '.join(words or dropped)}"
        )
    names = list(map(str, everything))
    words, dropped = named(words, names, "array"), named(dropped, names, "array")
    check_apart({"--columns": words, "--drop": dropped})
    chosen = words or [name for name in names if name not in dropped]
    return list(map(int, chosen)), tuple(chosen)


def _has_colours(shape):
    """Whether images have colours; None for rows."""
    return None if len(shape) == 2 else len(shape) == 4 and shape[-1] == 3


def _check_exact(x, places):
    """Raises `UserError` where float64 cannot hold the integers of a column."""
    for extremes in (x.max(axis=0), x.min(axis=0)):
        beyond = np.flatnonzero((extremes > LARGEST_EXACT) | (extremes < -LARGEST_EXACT))
        if len(beyond):
            raise UserError(
                "integers beyond 2**53 are ids rather than numbers: leave them out with --drop. "
                f"Received: column {places[beyond[0]]} with {extremes[beyond[0]]}"
            )


def _notes_on_ids(x, places):
    # A narrower range cannot hold so many, which spares most columns the sorting.
    wide = np.flatnonzero(np.ptp(x, axis=0) >= len(x) - 1)
    ids = [places[i] for i in wide if holds_ids(x[:, i])]
    return [ids_note(ids)] if ids else []


def _float(x, pixels):
    """The values in float32 where that holds them as well, or no scale subtracts; else float64."""
    if hasattr(x, "tocsr"):
        with np.errstate(over="ignore"):  # what is too large is reported as infinite
            return x.astype("float32", copy=False)
    if pixels:
        return x.astype("float32") / np.float32(PIXEL_MAX)
    exact = x.dtype.itemsize <= 2 or x.dtype == np.float32
    return x.astype("float32" if exact else "float64", copy=False)


def _labels(labels, n_rows):
    if labels.shape != (n_rows,):
        raise UserError(
            f"the labels must be one for each of the {n_rows} rows. "
            f"Received: labels of shape {labels.shape}"
        )
    return labels.astype(str)


def _refuse_labels(options, known, kind):
    if options.label_column is not None and known is None:
        raise UserError(
            f"{kind} has no named labels: score the run by `tfclust evaluate`. "
            f"Received: --label-column {options.label_column}"
        )
