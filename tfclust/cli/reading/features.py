"""Turns the columns of a table into numbers."""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow
import pyarrow.compute as pc
from pyarrow import types as kinds

from tfclust.cli.messages import UserError, counted
from tfclust.cli.reading import written_numbers
from tfclust.cli.reading.ids import LARGEST_EXACT

BEYOND_FLOAT64 = r"^\s*[+-]?\d{17,}\s*$"  # integers, as text
MOST_CATEGORIES = 1000
MICROSECONDS_OF_DAY = 86_400_000_000


@dataclass(frozen=True, eq=False)
class Feature:
    """What a column of a table became.

    Args:
        source: name of the column.
        names: of what it became.
        values: float64, NaN where missing: `(n,)` or `(n, len(names))`.
        unit: sign that every number bears, or "".
        categories: of a column of categories, else None.
        notes: sentences on what was done.
    """

    source: str
    names: Sequence[str]
    values: np.ndarray
    unit: str = ""
    categories: Sequence[str] | None = None
    notes: Sequence[str] = ()


class NoNumbers(ValueError):
    """A column holds something else; the text says what, and how often."""


def numbers(name, column, options):
    """The `Feature` of a column of numbers, or of lists of them.

    Args:
        name: of the column.
        column: Arrow chunked array.
        options: `Options` of the reading.

    Raises:
        NoNumbers: it holds no numbers.
    """
    kind = column.type
    if kinds.is_dictionary(kind):
        return numbers(name, column.cast(kind.value_type), options)
    if kinds.is_null(kind):
        return Feature(name, [name], np.full(len(column), np.nan))
    if kinds.is_integer(kind):
        return Feature(name, [name], _integers(name, column))
    if kinds.is_floating(kind) or kinds.is_decimal(kind) or kinds.is_boolean(kind):
        return Feature(name, [name], _float64(column))
    if kinds.is_string(kind) or kinds.is_large_string(kind):
        return _written(name, column, options)
    if kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind):
        return _lists(name, column)
    if kinds.is_date(kind) or kinds.is_timestamp(kind):
        if not options.dates:
            raise NoNumbers(f"dates in {name!r} (such as {_example(column)}: days by --dates)")
        return Feature(name, [name], _days(column))
    if kinds.is_temporal(kind):
        raise NoNumbers(f"times in {name!r} (such as {_example(column)})")
    raise NoNumbers(f"values of type {reprlib.repr(str(kind))} in {name!r}")


def one_hot(name, column, categories=None):
    """The `Feature` of a column of categories: for each, 1 in its rows and 0 in others.

    Args:
        name: of the column.
        column: Arrow chunked array.
        categories: of the data of a run; None takes those of the column, sorted.

    Raises:
        UserError: there are too many.
    """
    if kinds.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        text = pc.utf8_trim_whitespace(column.cast(pyarrow.string()))
    except pyarrow.ArrowNotImplementedError as error:
        raise NoNumbers(f"values of type {reprlib.repr(str(column.type))} in {name!r}") from error
    if categories is None:
        categories = sorted(pc.unique(pc.drop_null(text)).to_pylist())
    if len(categories) > MOST_CATEGORIES:
        raise UserError(
            f"--one-hot must name columns of at most {MOST_CATEGORIES} categories. "
            f"Received: {name!r} with {len(categories):,}"
        )
    places = pc.index_in(text, value_set=pyarrow.array(categories, pyarrow.string()))
    places = np.asarray(places.fill_null(-1))
    values = (places[:, None] == np.arange(len(categories))).astype("float64")
    missing = np.asarray(text.is_null())
    values[missing] = np.nan
    unseen = (places < 0) & ~missing
    notes = []
    if unseen.any():
        example = text[int(np.flatnonzero(unseen)[0])]
        notes.append(
            f"{counted(int(unseen.sum()), 'row')} with categories of {name!r} that the run has "
            f"not seen, such as {reprlib.repr(example.as_py())}: 0 in all of its columns"
        )
    return Feature(name, [f"{name}={value}" for value in categories], values, "", categories, notes)


def _integers(name, column):
    extremes = pc.min_max(column)
    for value in (extremes["min"].as_py(), extremes["max"].as_py()):
        if value is not None and abs(value) > LARGEST_EXACT:
            raise NoNumbers(f"integers beyond 2**53 in {name!r} (such as {value})")
    return _float64(column)


def _float64(column):
    """The values as an array, missing ones NaN."""
    return column.cast(pyarrow.float64()).to_numpy()


def _days(column):
    """Days since the start of 1970."""
    zone = None if kinds.is_date(column.type) else column.type.tz
    microseconds = column.cast(pyarrow.timestamp("us", zone), safe=False).cast(pyarrow.int64())
    return _float64(microseconds) / MICROSECONDS_OF_DAY


def _written(name, column, options):
    """The `Feature` of a column of text that may be numbers with a decimal comma or a unit."""
    parsed = written_numbers.parse(column, options.decimal, options.thousands)
    if parsed.values is None:
        others = column.filter(parsed.is_other)
        reads = written_numbers.options_that_read(column)
        hint = f": numbers by {reads}" if reads else ""
        rows = counted(len(others), "row")
        raise NoNumbers(f"text in {name!r} ({rows}, such as {_example(others)}{hint})")
    if len(parsed.units) > 1:
        received = " and ".join(repr(unit) if unit else "none" for unit in parsed.units)
        raise NoNumbers(f"numbers of different units in {name!r} ({received})")
    long = pc.match_substring_regex(column, BEYOND_FLOAT64)
    if pc.any(long).as_py():
        raise NoNumbers(f"integers beyond 2**53 in {name!r} (such as {column.filter(long)[0]})")
    unit = parsed.units[0] if parsed.units else ""
    return Feature(name, [name], parsed.values.to_numpy(), unit)


def _lists(name, column):
    """The `Feature` of a column of lists of one length: a column for each place in them."""
    lengths = pc.unique(pc.drop_null(pc.list_value_length(column))).to_pylist()
    if len(lengths) != 1 or lengths == [0]:
        received = f"from {min(lengths)} to {max(lengths)}" if lengths else "none at all"
        raise NoNumbers(f"lists of no or of different lengths in {name!r} ({received})")
    inner = column.drop_null().combine_chunks().flatten()
    if not (kinds.is_integer(inner.type) or kinds.is_floating(inner.type)):
        raise NoNumbers(f"lists of {reprlib.repr(str(inner.type))} in {name!r}")
    values = np.full((len(column), lengths[0]), np.nan)
    values[np.asarray(column.is_valid())] = np.reshape(
        inner.cast(pyarrow.float64()), (-1, *lengths)
    )
    return Feature(name, [f"{name}[{i}]" for i in range(lengths[0])], values)


def _example(column):
    """The first value of a column, short."""
    value = pc.drop_null(column)[0].as_py()
    return reprlib.repr(value) if isinstance(value, str) else str(value)
