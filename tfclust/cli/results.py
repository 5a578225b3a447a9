"""What a model says of the rows of a file, written piece by piece."""

import csv
from array import array

import numpy as np

from tfclust.auto.row_facts import (
    INTEGERS,
    NAMES,
    NO_CHOICE,
    RowFacts,
    Yardstick,
    reconstruction_errors,
)
from tfclust.cli.messages import bar
from tfclust.cli.run_folder import whole
from tfclust.inputs import dense

ROWS_OF_PIECE = 20_000  # what is made dense and held at a time
BATCH_SIZE = 1024  # nothing is trained: larger batches are only faster

EXAMPLES = 32  # samples that an export may ask its server for

LABELS = "labels.csv"
JOINED = "joined.csv"
MEMBERSHIPS = "memberships.npy"
EMBEDDING = "embedding.npy"


def write(model, x, index, folder, yardstick=None, with_embedding=True, partitions=()):
    """Writes `labels.csv`, `memberships.npy` and `embedding.npy` into a folder.

    Args:
        model: trained.
        x: as the model takes it.
        index: what names each row in `labels.csv`, name of the column -> its values.
        folder: `pathlib.Path`; made when needed.
        yardstick: `Yardstick` of the rows that the model was trained on; None where these are they.
        with_embedding: False leaves `embedding.npy` out.
        partitions: clusters of the same rows `(n,)` by other trainings: see `Yardstick.of`.

    Returns:
        The yardstick.
    """
    folder.mkdir(parents=True, exist_ok=True)
    n = x.shape[0]
    with whole(folder / MEMBERSHIPS) as path:
        predict = lambda piece: _predict(model, x[piece])  # noqa: E731
        _write_pieces(path, n, predict, "assigning")
    errors = np.empty(n)
    for piece in _pieces(n, "reconstructing"):
        errors[piece] = reconstruction_errors(model, x[piece])
    memberships = np.load(folder / MEMBERSHIPS, mmap_mode="r")
    yardstick = yardstick or Yardstick.of(memberships, errors, partitions)
    with (
        whole(folder / LABELS) as labels,
        labels.open("w", newline="", encoding="utf-8") as file,
    ):
        rows = _begun(index, file)
        for piece in _pieces(n, "writing"):
            _write_rows(rows, index, piece, yardstick.measure(memberships[piece], errors[piece]))
    if with_embedding:
        with whole(folder / EMBEDDING) as path:
            embed = lambda piece: model.embed(x[piece], batch_size=BATCH_SIZE)  # noqa: E731
            _write_pieces(path, n, embed, "embedding")
    return yardstick


def write_examples(samples, path):
    """Writes the first samples, as a server is asked for them, into a `.npy` file."""
    x = samples.x[:EXAMPLES]
    x = dense(x)
    if samples.pixel_max > 1:
        x = np.rint(x * samples.pixel_max).astype("uint8")
    with whole(path) as part, part.open("wb") as file:
        np.save(file, x)


def write_labels(model, x, index, yardstick, file):
    """Writes what `labels.csv` holds into an open file."""
    rows = _begun(index, file)
    for piece in _pieces(x.shape[0], "assigning"):
        errors = reconstruction_errors(model, x[piece])
        _write_rows(rows, index, piece, yardstick.measure(_predict(model, x[piece]), errors))


def join(table, left_out, folder):
    """Writes `joined.csv` beside the `labels.csv` of a folder; see `write_joined`."""
    with (
        (folder / LABELS).open(newline="", encoding="utf-8") as labels,
        whole(folder / JOINED) as part,
        part.open("w", newline="", encoding="utf-8") as file,
    ):
        write_joined(table, left_out, labels, file)


def write_joined(table, left_out, labels, file):
    """Writes the columns of a table beside what is found of each row.

    Args:
        table: the names of its columns, and its rows.
        left_out: places of the rows that have no cluster.
        labels: open file of what `labels.csv` holds, in the same order.
        file: open file to write to.
    """
    names, rows = table
    left_out, found = set(left_out), csv.DictReader(labels)
    joined = csv.writer(file, lineterminator="\n")
    joined.writerow([*names, *(_unlike(name, names) for name in NAMES)])
    for place, row in enumerate(rows):
        label = dict.fromkeys(NAMES, "") if place in left_out else next(found)
        joined.writerow([*row, *(label[name] for name in NAMES)])


def _unlike(name, names):
    """The name, or with a number behind it where it is among `names`."""
    numbered = (name, *(f"{name}_{i}" for i in range(2, len(names) + 3)))
    return next(each for each in numbered if each not in names)


def read_labels(folder):
    """Cluster of each row, `(n,)`, of a `labels.csv`."""
    with (folder / LABELS).open(newline="", encoding="utf-8") as file:
        return np.array([int(row["cluster"]) for row in csv.DictReader(file)])


def read_facts(folder):
    """The `RowFacts` of a `labels.csv`, rounded as it has them."""
    columns = [array("d") for _ in NAMES]
    with (folder / LABELS).open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        for row in rows:
            for column, text in zip(columns, row[-len(NAMES) :], strict=True):
                column.append(float(text or NO_CHOICE))
    found = dict(zip(NAMES, map(np.array, columns), strict=True))
    return RowFacts(**{**found, **{name: found[name].astype("int64") for name in INTEGERS}})


def _predict(model, x):
    return model.predict(x, batch_size=BATCH_SIZE, verbose=0)


def _begun(index, file):
    """A writer of rows into an open file, after their head."""
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow((*index, *NAMES))
    return rows


def _write_rows(rows, index, piece, facts):
    names = zip(*(values[piece] for values in index.values()), strict=True)
    for name, row in zip(names, facts.rows(), strict=True):
        rows.writerow((*name, *map(_written, row)))


def _written(value):
    if isinstance(value, float):
        return f"{value:.6f}"
    return "" if value == NO_CHOICE else value


def _write_pieces(path, n, function, what):
    """Writes the array that `function` gives piece by piece, and holds no more of it."""
    array = None
    for piece in _pieces(n, what):
        values = function(piece)
        if array is None:
            shape = (n, *values.shape[1:])
            array = np.lib.format.open_memmap(path, "w+", values.dtype, shape)
        array[piece] = values
    array.flush()


def _pieces(n, what):
    starts = range(0, n, ROWS_OF_PIECE)
    for start in bar(starts, desc=what, delay=2, leave=False, unit="piece"):
        yield slice(start, min(start + ROWS_OF_PIECE, n))
