"""Rows of the settings that the recorded searches chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reproduce import search_record
from reproduce.errors import UserError
from reproduce.experiment import Experiment
from reproduce.known_settings import check_settings
from reproduce.search_record import SearchRecord

TABLE = "tuning"  # under which these rows are declared
FRESH_SEEDS = tuple(range(100, 110))  # none of a search's own
# Paper -> tables whose constants it searched and did not print: what a search finds here stands in
# them. Elsewhere it is better settings than the printed ones, in a table of its own.
NOT_PRINTED = {"aecm": ("table9",)}


def tuned(
    reference: Sequence[Experiment], searches: Sequence[SearchRecord] | None = None
) -> list[Experiment]:
    """Return a row for each recorded search of the methods and datasets of a paper's experiments.

    A row differs from the paper's own in what was searched and in nothing else: it has all rows of
    the data, the paper's network and the paper's length.

    Args:
        reference: Experiments of the paper.
        searches: Records; those that are committed, which are read now, if None.

    Raises:
        UserError: If the record of a search cannot be read, or its method does not know what it
            chose; names the file.

    Example:
        >>> from reproduce.experiments.aecm import PAPER
        >>> from reproduce.tuned import tuned
        >>> tuned(PAPER.experiments, searches=[])
        []
    """
    found = searches
    if found is None:
        found = search_record.records(of={(row.method, row.dataset) for row in reference})
    return [row for search in found for row in _row(search, reference)]


def searched_row(rows: Sequence[Experiment], method: str, dataset: str) -> Experiment | None:
    """Return the row whose settings a search of a method on a dataset replaces, or None.

    It is the one from random starts where there are other starts beside them, and of several
    lengths the first.
    """
    found = [
        row
        for row in rows
        if (row.method, row.dataset, row.profile) == (method, dataset, "reference")
    ]
    return min(found, key=lambda row: row.init != "random", default=None)


def _row(search: SearchRecord, reference: Sequence[Experiment]) -> list[Experiment]:
    of_paper = [row for row in reference if row.paper == search.paper]
    row = searched_row(of_paper, search.method, search.dataset)
    if row is None:
        return []
    settings = {**dict(row.settings), **search.chosen, "chosen_by": search.objective}
    printed = row.table not in NOT_PRINTED.get(row.paper, ())
    place = {"table": TABLE, "profile": "practical"} if printed else {"profile": "tuned"}
    try:
        chosen = replace(row, seeds=FRESH_SEEDS, settings=settings, **place)
        check_settings(chosen)
    except ValueError as error:
        raise UserError(f"{search.name}.json: not what a search chooses: {error}") from None
    return [chosen]
