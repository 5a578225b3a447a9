"""Hand-written words on what was tried for a row that does not reach the paper."""

from __future__ import annotations

import csv
import fnmatch
import functools
from pathlib import Path

from reproduce.experiment import Experiment

NOTES = Path(__file__).parent / "notes.csv"


def tried(experiment: Experiment, path: Path = NOTES) -> str:
    """Return the words of the first line of the notes that fits the experiment, or `""`.

    A line fits if each of its columns `dataset, method, init, epochs, profile` is a shell pattern
    of the experiment's value; `*` fits any. So a line for one row stands above one for many.

    Example:
        >>> from reproduce.experiments import PAPERS
        >>> from reproduce.report.notes import tried
        >>> isinstance(tried(PAPERS["aecm"].experiments[0]), str)
        True
    """
    for line in _lines(path):
        if all(
            fnmatch.fnmatchcase(str(getattr(experiment, name)), line[name])
            for name in ("dataset", "method", "init", "epochs", "profile")
        ):
            return line["tried"]
    return ""


@functools.cache
def _lines(path: Path) -> tuple[dict[str, str], ...]:
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
