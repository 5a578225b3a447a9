"""Reads tables: CSV and Parquet."""

import csv

import numpy as np
import pyarrow
from pyarrow import parquet
from pyarrow import types as kinds
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

from tfclust.cli.errors import UserError
from tfclust.cli.reading.samples import Samples

DELIMITERS = ",;\t"


def read(path, columns, label_column):
    """The `Samples` of a table; see `tfclust.cli.reading.read`.

    A CSV file has a header, unless its first line is all numbers: columns are then named by their
    places, from 0.
    """
    table = _read(path)
    labels = None if label_column is None else _labels(_column(table, label_column))
    names = columns or tuple(name for name in table.column_names if name != label_column)
    if label_column in columns:
        raise UserError(
            f"--columns must leave out the column of labels. Received: {label_column!r}"
        )
    chosen = [_column(table, name) for name in names]
    _check_numbers(names, chosen)
    x = np.empty((table.num_rows, len(names)), "float32")
    with np.errstate(over="ignore"):  # what is too large is reported as infinite
        for i, column in enumerate(chosen):
            x[:, i] = _numbers(column)
    return Samples(x, columns=names, labels=labels)


def read_labels(path, column=None):
    """The labels in a table of one column, or in the one that is named."""
    table = _read(path)
    if column is None and table.num_columns != 1:
        raise UserError(
            "a table of labels must have one column, or --label-column must name it. "
            f"Received: {path} with the columns {_listed(table.column_names)}"
        )
    return _labels(table.column(0) if column is None else _column(table, column))


def _read(path):
    return parquet.read_table(path) if path.suffix.lower() == ".parquet" else _read_csv(path)


def _read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = file.readline()
    delimiter = max(DELIMITERS, key=line.count)
    header = next(csv.reader([line], delimiter=delimiter), [])
    unnamed = header and all(map(_is_number, header))
    names = list(map(str, range(len(header)))) if unnamed else None
    return read_csv(
        path,
        read_options=ReadOptions(column_names=names),
        parse_options=ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=ConvertOptions(strings_can_be_null=True),
    )


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _column(table, name):
    places = [i for i, other in enumerate(table.column_names) if other == name]
    if not places:
        raise UserError(
            f"the table must have the column {name!r}. "
            f"Received: the columns {_listed(table.column_names)}"
        )
    if not name:
        raise UserError(
            "every column must have a name; a column without one is often an index that was "
            "written along: choose columns with --columns. Received: "
            f"column {places[0]} without a name"
        )
    if len(places) > 1:
        raise UserError(f"the columns must have different names. Received: {name!r} twice")
    return table.column(places[0])


def _check_numbers(names, columns):
    text = {name: column for name, column in zip(names, columns, strict=True) if _is_text(column)}
    if not text:
        return
    examples = ", ".join(f"{name!r} (such as {_example(text[name])})" for name in text)
    raise UserError(
        "columns must hold numbers: leave others out with --columns, or name the one with labels "
        f"by --label-column. Received: text in {examples}"
    )


def _is_text(column):
    kind = column.type
    return not (
        kinds.is_integer(kind)
        or kinds.is_floating(kind)
        or kinds.is_decimal(kind)
        or kinds.is_boolean(kind)
        or kinds.is_null(kind)
    )


def _example(column):
    """The first value that makes the column text."""
    values = (value for value in column.to_pylist() if value is not None)
    return repr(next((value for value in values if not _is_number(str(value))), None))


def _numbers(column):
    """The values as an array, missing ones NaN."""
    if kinds.is_null(column.type):
        return np.nan
    return column.cast(pyarrow.float64()).to_numpy()


def _labels(column):
    """Labels as text, so that numbers and names are treated alike."""
    missing = np.flatnonzero(column.is_null().to_numpy())
    if len(missing):
        raise UserError(f"every row must have a label. Received: none in row {missing[0]}")
    return np.array([str(value) for value in column.to_pylist()])


def _listed(names):
    return ", ".join(map(repr, names))
