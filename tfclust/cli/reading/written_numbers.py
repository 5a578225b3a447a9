"""Numbers as people write them: decimal commas, marks of thousands, percents, currencies."""

import re
from dataclasses import dataclass

import pyarrow
import pyarrow.compute as pc

UNITS = "%$€£¥"
THOUSANDS = {",": ",", ".": r"\.", "'": "['’]", " ": "[ \u00a0\u2009\u202f]"}
# Other ways of writing them: mark of decimals, mark of thousands.
CONVENTIONS = ((",", None), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"))


@dataclass(frozen=True)
class Parsed:
    """A column of text that was read as numbers.

    Args:
        values: float64, null where the text is; None where some text is no number.
        units: the signs that the numbers bear, sorted; "" for none.
        is_other: for each row, whether it holds text that is no number.
    """

    values: pyarrow.ChunkedArray | None
    units: tuple[str, ...]
    is_other: pyarrow.ChunkedArray


def parse(column, decimal, thousands):
    """Reads a column of text as numbers, all of it or nothing.

    Args:
        column: Arrow array of strings.
        decimal: mark of decimals.
        thousands: mark of thousands, a key of `THOUSANDS`, or None.
    """
    parts = pc.extract_regex(column, _pattern(decimal, thousands))
    is_other = pc.and_(pc.is_null(parts), pc.is_valid(column))
    if pc.any(is_other).as_py():
        return Parsed(None, (), is_other)
    before, sign, minus, number, after = (
        pc.struct_field(parts, name) for name in ("before", "sign", "minus", "number", "after")
    )
    found = pc.unique(pc.drop_null(pc.binary_join_element_wise(before, after, "")))
    if thousands is not None:
        number = pc.replace_substring_regex(number, THOUSANDS[thousands], "")
    if decimal != ".":
        number = pc.replace_substring(number, decimal, ".")
    sign = pc.replace_substring(pc.binary_join_element_wise(sign, minus, ""), "−", "-")
    number = pc.binary_join_element_wise(sign, number, "")
    return Parsed(pc.cast(number, pyarrow.float64()), tuple(sorted(found.to_pylist())), is_other)


def options_that_read(column):
    """The options of the command line, or "", by which the whole column would be numbers."""
    found = []
    for decimal, thousands in CONVENTIONS:
        options = f"--decimal {decimal}" if decimal == "," else ""
        if thousands is not None:
            mark = thousands if thousands in ",." else f'"{thousands}"'
            options = f"{options} --thousands {mark}".strip()
        known = any(set(other.split()) <= set(options.split()) for other in found)
        if not known and parse(column, decimal, thousands).values is not None:
            found.append(options)
    return " or ".join(found)


def _pattern(decimal, thousands):
    mark = re.escape(decimal)
    whole = r"\d+"
    if thousands is not None:
        whole = rf"(?:\d{{1,3}}(?:{THOUSANDS[thousands]}\d{{3}})+|\d+)"
    number = rf"(?:{whole}(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d+)?"
    return (
        rf"^\s*(?P<sign>[+\-−]?)(?P<before>[{UNITS}]?)\s*(?P<minus>[+\-−]?)"
        rf"(?P<number>{number})[\s\x{{a0}}]*(?P<after>[{UNITS}]?)\s*$"
    )
