"""The columns that words of the command line name."""

import csv
from collections import Counter

from tfclust.checks import did_you_mean
from tfclust.cli.messages import UserError, listed


def named(words, names, what="table"):
    """The columns that words name: each is a name, or several with commas between them.

    Args:
        words: of the command line.
        names: of all columns there are.
        what: has them.

    Raises:
        UserError: there is no such column, or more than one.
    """
    found = {}
    known = set(names)
    for word in words:
        parts = [word] if word in known else next(csv.reader([word], skipinitialspace=True), [])
        found.update(dict.fromkeys(part.strip() for part in parts))
    check_names(found, names, what)
    return list(found)


def check_names(wanted, names, what="table"):
    """Raises `UserError` where a wanted name is of no column, or of several."""
    counts = Counter(names)
    for name in wanted:
        if not counts[name]:
            raise UserError(
                f"the {what} must have the column {name!r}. "
                f"Received: the columns {listed(names)}.{did_you_mean(name, names)}"
            )
        if counts[name] > 1:
            raise UserError(f"the columns must have different names. Received: {name!r} twice")


def check_apart(names_of):
    """Raises `UserError` where two options name the same column.

    Args:
        names_of: option -> the columns that it names.
    """
    option_of = {}
    for option, names in names_of.items():
        for name in names:
            if option_of.setdefault(name, option) != option:
                raise UserError(
                    f"{option_of[name]} and {option} must name different columns. "
                    f"Received: {name!r} for both"
                )
