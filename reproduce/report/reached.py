"""How many of the published cells of the papers' own models our runs reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reproduce.experiments import PAPERS
from reproduce.ledger import FINISHED, run_key
from reproduce.paper import Paper
from reproduce.report.comparison import Comparison
from reproduce.table import Table

MANY_SEEDS = 5
# Paper -> table -> its own models there: a baseline's cell says nothing of them. Other tables show
# the same runs again.
_OWN = {
    "aecm": {"table11": ("cm",), "table15": ("aecm",), "table9": ("cm", "aecm")},
    "mixae": {"table2": ("mixae",)},
    "damic": {"table2": ("damic",), "table3": ("damic",), "table4": ("damic",)},
    "gumbel": {"table1": ("gumbel",), "table2": ("gumbel",)},
}
NOT_COUNTED = {
    "rcv1_10k": "other documents than the papers'",
    "rcv1": "not the documents of the paper's Reuters set",
    "har_recomputed": "stands in for HHAR",
    "cifar10": "comes in no file, and was never run",
}


@dataclass(frozen=True)
class Reached:
    """The cells of one table: a dataset, a model, a start and a metric each.

    Args:
        paper: Name of the paper.
        table: The table.
        cells: Number of cells with a published mean, without those of data that are not counted.
        by_many: Cells that a setting of five seeds or more reaches.
        by_any: Cells that a setting of any number of seeds reaches.
    """

    paper: str
    table: Table
    cells: int
    by_many: int
    by_any: int


def count_reached(records: Iterable[Mapping[str, Any]]) -> list[Reached]:
    """Count the cells that are reached, table by table.

    A cell is reached where the mean over the finished runs of one declared setting is at least the
    published mean less the published standard deviation, 0 where none is printed; of errors, at
    most their sum. Only reference rows count: neither better settings of ours, nor runs of a
    figure or a search, among which one would have to choose.

    Args:
        records: Those of a ledger.

    Example:
        >>> from reproduce.report.reached import count_reached
        >>> sum(reached.cells for reached in count_reached([]))
        113
    """
    runs = defaultdict(list)
    for record in records:
        if record["status"] == FINISHED:
            runs[run_key(record)[:-1]].append(record)
    return [
        _of_table(PAPERS[paper], PAPERS[paper].table(name), methods, runs)
        for paper, tables in _OWN.items()
        for name, methods in tables.items()
    ]


def _of_table(
    paper: Paper, table: Table, methods: Sequence[str], runs: Mapping[tuple, list]
) -> Reached:
    rows = [
        row
        for row in paper.rows(table)
        if row.method in methods and row.profile == "reference" and row.dataset not in NOT_COUNTED
    ]
    most_seeds = {}  # of the settings that reach a cell; 0 where none does
    for row in rows:
        records = runs.get(row.identity, [])
        for metric in table.metrics:
            cell = Comparison.of(table, row, records, metric)
            if cell.bar is None:
                continue
            key = (row.dataset, row.method, row.init, metric)
            seeds = len(records) if cell.verdict == "reached" else 0
            most_seeds[key] = max(seeds, most_seeds.get(key, 0))
    return Reached(
        paper.name,
        table,
        cells=len(most_seeds),
        by_many=sum(seeds >= MANY_SEEDS for seeds in most_seeds.values()),
        by_any=sum(seeds > 0 for seeds in most_seeds.values()),
    )


def summary(counts: Sequence[Reached]) -> str:
    """Return the sums over all tables in a sentence."""
    cells, by_many, by_any = (
        sum(getattr(count, name) for count in counts) for name in ("cells", "by_many", "by_any")
    )
    return (
        f"{by_many} of {cells} published cells are reached by {MANY_SEEDS} seeds or more, {by_any} "
        "by any number"
    )
