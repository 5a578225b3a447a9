"""What a model says of the rows of a file, written piece by piece."""

import csv

import numpy as np

from tfclust.cli.messages import bar
from tfclust.cli.run_folder import whole

ROWS_OF_PIECE = 20_000  # what is made dense and held at a time
BATCH_SIZE = 1024  # nothing is trained: larger batches are only faster

EXAMPLES = 32  # samples that an export may ask its server for

LABELS = "labels.csv"
JOINED = "joined.csv"
OF_ROW = ("cluster", "membership")  # what is found of each row
MEMBERSHIPS = "memberships.npy"
EMBEDDING = "embedding.npy"


def write(model, x, index, folder, with_embedding=True):
    """Writes `labels.csv`, `memberships.npy` and `embedding.npy` into a folder.

    Args:
        model: trained.
        x: as the model takes it.
        index: what names each row in `labels.csv`, name of the column -> its values.
        folder: `pathlib.Path`; made when needed.
        with_embedding: False leaves `embedding.npy` out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    n = x.shape[0]
    with (
        whole(folder / LABELS) as labels,
        whole(folder / MEMBERSHIPS) as memberships,
        labels.open("w", newline="", encoding="utf-8") as file,
    ):
        rows = csv.writer(file, lineterminator="\n")
        _write_pieces(memberships, n, _with_rows(rows, index, _predictor(model, x)), "assigning")
    if with_embedding:
        with whole(folder / EMBEDDING) as embedding:
            embed = lambda piece: model.embed(x[piece], batch_size=BATCH_SIZE)  # noqa: E731
            _write_pieces(embedding, n, embed, "embedding")


def write_examples(samples, path):
    """Writes the first samples, as a server is asked for them, into a `.npy` file."""
    x = samples.x[:EXAMPLES]
    x = x.toarray() if hasattr(x, "toarray") else x
    if samples.pixel_max > 1:
        x = np.rint(x * samples.pixel_max).astype("uint8")
    with whole(path) as part, part.open("wb") as file:
        np.save(file, x)


def write_labels(model, x, index, file):
    """Writes what `labels.csv` holds into an open file."""
    predict = _with_rows(csv.writer(file, lineterminator="\n"), index, _predictor(model, x))
    for piece in _pieces(x.shape[0], "assigning"):
        predict(piece)


def join(table, left_out, folder):
    """Writes `joined.csv` beside the `labels.csv` of a folder; see `write_joined`."""
    with (
        (folder / LABELS).open(newline="", encoding="utf-8") as labels,
        whole(folder / JOINED) as part,
        part.open("w", newline="", encoding="utf-8") as file,
    ):
        write_joined(table, left_out, labels, file)


def write_joined(table, left_out, labels, file):
    """Writes the columns of a table beside the cluster and the membership of each row.

    Args:
        table: the names of its columns, and its rows.
        left_out: places of the rows that have no cluster.
        labels: open file of what `labels.csv` holds, in the same order.
        file: open file to write to.
    """
    names, rows = table
    left_out, found = set(left_out), csv.DictReader(labels)
    joined = csv.writer(file, lineterminator="\n")
    joined.writerow([*names, *(_unlike(name, names) for name in OF_ROW)])
    for place, row in enumerate(rows):
        label = dict.fromkeys(OF_ROW, "") if place in left_out else next(found)
        joined.writerow([*row, *(label[name] for name in OF_ROW)])


def _unlike(name, names):
    """The name, or with a number behind it where it is among `names`."""
    numbered = (name, *(f"{name}_{i}" for i in range(2, len(names) + 3)))
    return next(each for each in numbered if each not in names)


def read_labels(folder):
    """Cluster of each row, `(n,)`, of a `labels.csv`."""
    with (folder / LABELS).open(newline="", encoding="utf-8") as file:
        return np.array([int(row["cluster"]) for row in csv.DictReader(file)])


def _predictor(model, x):
    return lambda piece: model.predict(x[piece], batch_size=BATCH_SIZE, verbose=0)


def _with_rows(rows, index, predict):
    """A function that predicts a piece and writes its rows too."""
    rows.writerow((*index, *OF_ROW))

    def written(piece):
        memberships = predict(piece)
        clusters = memberships.argmax(axis=1)
        names = (values[piece] for values in index.values())
        shares = (f"{share:.6f}" for share in memberships.max(axis=1))
        rows.writerows(zip(*names, clusters, shares, strict=True))
        return memberships

    return written


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
