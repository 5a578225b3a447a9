"""Which published cells of the papers' own models our runs reach, and why not the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reproduce.experiments import PAPERS
from reproduce.ledger import run_key
from reproduce.paper import Paper
from reproduce.report.comparison import Comparison
from reproduce.report.row import Row, distinction
from reproduce.table import Table

MANY_SEEDS = 5
# Why a cell does not count as reached, the most telling first.
REACHED = "reached"
REASONS = ("not reached", "too few seeds", "not run", "bundle ready", "not comparable")
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
# Counted, as sets of these names were the papers' own, but with other columns or rows than theirs.
NOT_COMPARABLE = {
    "breast_cancer": "the paper's is another set, of 683 rows and 9 columns",
    "uci_glass": "the paper's has the row numbers as a column, in the order of the classes",
}
# Better settings of ours prove nothing about the paper's.
COUNTED_PROFILES = ("reference", "authors_code", "tuned")


@dataclass(frozen=True)
class Cell:
    """One published figure: of a dataset, a model, a start and a metric.

    Args:
        metric: The metric.
        rows: Our settings that may reach it, the paper's own first.
        bundled: Whether runs of them that the ledger lacks lie in a bundle, ready to be trained.

    Example:
        >>> from reproduce.report.reached import count_reached
        >>> count_reached([])[0].cells[0].outcome
        'not run'
    """

    metric: str
    rows: tuple[Row, ...]
    bundled: bool = False

    @property
    def outcome(self) -> str:
        """`"reached"`, by five seeds or more of one setting, or one of `REASONS`."""
        if any(self.is_reached_by(row) for row in self.rows):
            return REACHED
        if self.rows[0].experiment.dataset in NOT_COMPARABLE:
            return "not comparable"
        if self.bundled:
            return "bundle ready"
        if not any(row.records for row in self.rows):
            return "not run"
        return "too few seeds" if any(map(self._is_met_by, self.rows)) else "not reached"

    @property
    def is_reached_without_labels(self) -> bool:
        """Whether a setting reaches it whose constants no search with labels chose."""
        return any(self.is_reached_by(row) and not row.labels_seen for row in self.rows)

    def is_reached_by(self, row: Row) -> bool:
        """Tell whether the mean of many seeds of a setting is at the bar."""
        return self._is_met_by(row) and len(row.records) >= MANY_SEEDS

    def comparison(self, row: Row) -> Comparison:
        """Return what a setting gave beside what the paper prints."""
        return next(cell for cell in row.comparisons if cell.metric == self.metric)

    def _is_met_by(self, row: Row) -> bool:
        return self.comparison(row).verdict == "reached"


@dataclass(frozen=True)
class Reached:
    """The counted cells of one table.

    Args:
        paper: Name of the paper.
        table: The table.
        cells: Its cells with a published mean, without those of data that are not counted.
    """

    paper: str
    table: Table
    cells: tuple[Cell, ...]

    @property
    def outcomes(self) -> Counter:
        """How many cells have each outcome."""
        return Counter(cell.outcome for cell in self.cells)

    @property
    def without_labels(self) -> int:
        """How many are reached by settings that no search with labels chose."""
        return sum(cell.is_reached_without_labels for cell in self.cells)

    @property
    def reached_on_other_data(self) -> int:
        """How many are reached on data that are not quite the paper's."""
        return sum(
            cell.outcome == REACHED and cell.rows[0].experiment.dataset in NOT_COMPARABLE
            for cell in self.cells
        )

    @property
    def models(self) -> list[list[Cell]]:
        """The cells of one dataset, model and start together."""
        groups = defaultdict(list)
        for cell in self.cells:
            groups[_model(cell.rows[0])].append(cell)
        return list(groups.values())


def count_reached(
    records: Iterable[Mapping[str, Any]], bundled: Collection[tuple] = ()
) -> list[Reached]:
    """Count the cells that are reached, table by table.

    A cell is reached where the mean over five or more finished runs of one declared setting is at
    least the published mean less the published standard deviation, 0 where none is printed; of
    errors, at most their sum. Settings are the paper's, those of its authors' code, and those that
    a search found for what the paper searched and did not print; neither better ones of ours, nor
    runs of a figure or a search, among which one would have to choose.

    Args:
        records: Those of a ledger.
        bundled: Keys of the runs that lie in a folder of bundles.

    Example:
        >>> from reproduce.report.reached import count_reached
        >>> sum(len(reached.cells) for reached in count_reached([]))
        113
    """
    runs = defaultdict(list)
    for record in records:
        runs[run_key(record)[:-1]].append(record)
    return [
        _of_table(PAPERS[paper], PAPERS[paper].table(name), methods, runs, bundled)
        for paper, tables in _OWN.items()
        for name, methods in tables.items()
    ]


def _of_table(
    paper: Paper,
    table: Table,
    methods: Sequence[str],
    runs: Mapping[tuple, list],
    bundled: Collection[tuple],
) -> Reached:
    experiments = [
        experiment
        for experiment in paper.rows(table)
        if experiment.method in methods
        and experiment.profile in COUNTED_PROFILES
        and experiment.dataset not in NOT_COUNTED
    ]
    models = defaultdict(list)
    for experiment in experiments:
        records = runs.get(experiment.identity, [])
        row = Row.of(table, experiment, records, distinction(experiment, experiments))
        models[_model(row)].append(row)
    return Reached(
        paper.name,
        table,
        tuple(
            Cell(cell.metric, tuple(rows), any(_waits(row, bundled) for row in rows))
            for rows in models.values()
            for cell in rows[0].comparisons
            if cell.bar is not None
        ),
    )


def _waits(row: Row, bundled: Collection[tuple]) -> bool:
    """Whether a bundle has a run of the row that the ledger lacks."""
    done = {record["seed"] for record in row.records}
    return any(
        seed not in done and row.experiment.key(seed) in bundled for seed in row.experiment.seeds
    )


def _model(row: Row) -> tuple[str, str, str]:
    return row.experiment.dataset, row.experiment.method, row.experiment.init


def summary(counts: Sequence[Reached]) -> str:
    """Return the sums over all tables in a sentence.

    Example:
        >>> from reproduce.report.reached import count_reached, summary
        >>> summary(count_reached([])).split(";")[0]
        '0 of 113 published cells are reached by 5 seeds or more'
    """
    outcomes = sum((count.outcomes for count in counts), Counter())
    others = ", ".join(f"{outcomes[reason]} {reason}" for reason in REASONS if outcomes[reason])
    sentences = [
        f"{outcomes[REACHED]} of {outcomes.total()} published cells are reached by {MANY_SEEDS} "
        "seeds or more",
        f"{sum(count.without_labels for count in counts)} without rows whose constants a search "
        "with labels chose",
    ]
    return "; ".join(sentences + [f"of the others, {others}"] * bool(others))
