"""Reads tables: text files of separated columns, and Parquet."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow
from pyarrow import parquet
from pyarrow.types import is_integer

from tfclust.cli.messages import UserError, first_of, listed
from tfclust.cli.reading import delimited, features
from tfclust.cli.reading.columns import check_apart, check_names, named
from tfclust.cli.reading.ids import holds_ids, ids_note
from tfclust.cli.reading.samples import Known, Samples
from tfclust.cli.reading.values import without_missing

PARQUET = ".parquet"
UNNAMED = re.compile(r"Unnamed: \d+|__index_level_\d+__")  # as pandas calls them in CSV, Parquet
RESULTS = ("row", "cluster", "membership")  # the columns that are written beside the ids


def read(path, options, known):
    """The `Samples` of a table; see `tfclust.cli.reading.read`."""
    table = _open(path, options)
    if known is None:
        chosen = _choose(table.names, options)
    else:
        chosen = _choose_again(table.names, options, known)
    arrow = table.read(chosen.all, chosen.as_text)
    found, notes = _features(arrow, chosen, options, known)
    x = np.column_stack([feature.values for feature in found] or [np.empty((len(arrow), 0))])
    sources = [feature.source for feature in found for _ in feature.names]
    medians = None if known is None else known.medians
    x, left_out, medians, done = without_missing(x, sources, options.missing, medians)
    ids = {}
    if chosen.id is not None:
        values = arrow.column(chosen.id).cast(pyarrow.string()).fill_null("")
        ids[chosen.id] = np.delete(np.asarray(values), left_out)
    return Samples(
        x,
        columns=tuple(name for feature in found for name in feature.names),
        labels=None if chosen.label is None else _labels(arrow.column(chosen.label), left_out),
        ids=ids,
        left_out=left_out,
        known=Known(
            columns=[feature.source for feature in found],
            units={feature.source: feature.unit for feature in found if feature.unit},
            categories={f.source: f.categories for f in found if f.categories is not None},
            medians=medians,
        ),
        notes=[*table.notes, *notes, *done],
    )


def read_labels(path, column, options):
    """The labels in a table of one column, or in the one that is named."""
    table = _open(path, options)
    columns = [name for name in table.names if not UNNAMED.fullmatch(name)]
    if column is None and len(columns) != 1:
        raise UserError(
            "a table of labels must have one column, or --label-column must name it. "
            f"Received: {path} with the columns {listed(table.names)}"
        )
    name = columns[0] if column is None else column
    check_names([name], table.names)
    return _labels(table.read([name], [name]).column(name), ())


def read_rows(path, options):
    """The names of all columns of a table, and its rows as the file has them."""
    table = _open(path, options)
    columns = [column.to_pylist() for column in table.read_all().columns]
    return table.names, zip(*columns, strict=True)


class _TextTable:
    """A text file of separated columns."""

    def __init__(self, path, options):
        self.path = path
        self.decimal = options.decimal
        self.layout = delimited.look(path, options)
        self.names = self.layout.names
        self.notes = self.layout.notes

    def read(self, columns, as_text):
        return delimited.read(self.path, self.layout, columns, as_text, self.decimal)

    def read_all(self):
        return delimited.read(self.path, self.layout, None, self.names, self.decimal, missing=False)


class _ParquetTable:
    """A Parquet file."""

    notes = ()

    def __init__(self, path):
        self.file = parquet.ParquetFile(path)
        self.names = self.file.schema_arrow.names

    def read(self, columns, as_text):
        return self.file.read(columns)

    def read_all(self):
        return self.file.read()


def _open(path, options):
    if path.suffix.lower() != PARQUET:
        return _TextTable(path, options)
    return _ParquetTable(path)


@dataclass(frozen=True)
class _Chosen:
    """The columns of a table that are read, and what they are taken for.

    Args:
        numbers: names of those to cluster by, in their order, those of categories among them.
        one_hot: names of those of categories.
        label, id: name of the column of labels, of ids, or None.
        by_name: whether a person chose the columns to cluster by one by one.
    """

    numbers: Sequence[str]
    one_hot: Sequence[str]
    label: str | None
    id: str | None
    by_name: bool

    @property
    def as_text(self):
        return list(dict.fromkeys(name for name in (*self.one_hot, self.label, self.id) if name))

    @property
    def all(self):
        return list(dict.fromkeys([*self.numbers, *self.as_text]))


def _choose(names, options):
    """What the options choose of the columns of a table."""
    label, id_column = options.label_column, options.id_column
    if id_column in RESULTS:
        raise UserError(
            f"--id-column must not be called as another column of labels.csv, {listed(RESULTS)}. "
            f"Received: {id_column!r}"
        )
    columns, dropped = named(options.columns, names), named(options.drop, names)
    apart = {
        "--drop": dropped,
        "--id-column": [id_column] if id_column is not None else [],
        "--label-column": [label] if label is not None else [],
    }
    check_apart({"--columns": columns, **apart})
    others = {name for names in apart.values() for name in names}
    numbers = columns or [name for name in names if name not in others]
    one_hot = named(options.one_hot, names)
    for name in one_hot:
        if name not in numbers:
            raise UserError(
                "--one-hot must name columns to cluster by, among --columns where that is given. "
                f"Received: {name!r}"
            )
    chosen = _Chosen(numbers, one_hot, label, id_column, bool(columns))
    check_names(chosen.all, names)
    return chosen


def _choose_again(names, options, known):
    """The columns of new data: those of the run; ids where there are some."""
    id_column = options.id_column if options.id_column in names else None
    chosen = _Chosen(known.columns or names, list(known.categories), None, id_column, by_name=True)
    check_names(chosen.all, names)
    return chosen


def _features(arrow, chosen, options, known):
    """The `Feature` of each column to cluster by, and sentences on them."""
    found, refused, notes, ids = [], [], [], []
    for name in chosen.numbers:
        column = arrow.column(name)
        if UNNAMED.fullmatch(name) and not chosen.by_name:
            notes += _leave_out(name, column)
            continue
        try:
            if name in chosen.one_hot:
                categories = None if known is None else known.categories[name]
                feature = features.one_hot(name, column, categories)
            else:
                feature = features.numbers(name, column, options)
        except features.NoNumbers as error:
            refused.append(str(error))
            continue
        if not chosen.by_name and _is_id(column):
            ids.append(name)
        if known is not None and column.null_count < len(column):
            _check_unit(feature, known.units.get(name, ""))
        elif feature.unit:
            notes.append(f"the numbers of {name!r} are taken without their {feature.unit}")
        found.append(feature)
        notes += feature.notes
    if refused:
        _refuse(refused, is_new=known is not None)
    if ids:
        notes.append(ids_note(ids))
    return found, notes


def _is_id(column):
    """Whether a column holds another integer in each row."""
    return is_integer(column.type) and not column.null_count and holds_ids(column.to_numpy())


def _leave_out(name, column):
    """Sentences on a column without a name, which is no data: an index, or nothing at all."""
    if column.null_count == len(column):
        return []
    if _is_id(column):
        return [f"{name!r}, which numbers the rows, is left out"]
    raise UserError(
        "every column must have a name: leave others out with --drop, or keep an index beside the "
        f"clusters with --id-column. Received: a column without one, here called {name!r}"
    )


def _check_unit(feature, unit):
    if feature.unit != unit:
        raise UserError(
            f"the numbers of {feature.source!r} must have the unit that they had in the run, "
            f"{unit or 'none'}. Received: {feature.unit or 'none'}"
        )


def _refuse(refused, is_new):
    ways = (
        ": leave others out with --drop, keep an id with --id-column, name the labels with "
        "--label-column, or turn categories into columns of 0 and 1 with --one-hot"
    )
    raise UserError(
        f"columns must hold numbers{', as in the run' if is_new else ways}. "
        f"Received: {first_of(refused)}"
    )


def _labels(column, left_out):
    """Labels as text, so that numbers and names are treated alike."""
    rows = np.delete(np.arange(len(column)), left_out)
    missing = rows[np.asarray(column.is_null())[rows]]
    if len(missing):
        raise UserError(f"every row must have a label. Received: none in row {missing[0]}")
    return np.array(list(map(str, column.take(rows).to_pylist())))
