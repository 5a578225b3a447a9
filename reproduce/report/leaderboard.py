"""How the ways to cluster without labels compare, over the sets on which they were run."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reproduce.experiments.practical import NAMES, PAPER
from reproduce.ledger import run_key
from reproduce.report.comparison import LOWER_IS_BETTER, RUNTIME, Comparison
from reproduce.report.row import Row

METRIC = "acc"  # by which methods are ranked
LEAST_SHARE = 0.5  # of the sets that were run, on which a method that is ranked has runs


@dataclass(frozen=True)
class Standing:
    """One method.

    Args:
        method: Its name.
        rows: Dataset -> its row there, where it has runs, finished or diverged.
        rank: Mean of its ranks over the counted sets, None where it is not ranked.
        seconds: Seconds of a run on each of the counted sets, together; None as for `rank`, or
            where all runs on a set diverged, or had a device.
    """

    method: str
    rows: Mapping[str, Row]
    rank: float | None = None
    seconds: float | None = None

    @property
    def name(self) -> str:
        """The method in words."""
        return NAMES[self.method]

    def cell(self, dataset: str, metric: str) -> Comparison | None:
        """Return its scores on a set; None where no run is finished."""
        row = self.rows.get(dataset)
        if row is None or not row.records:
            return None
        return next(cell for cell in row.comparisons if cell.metric == metric)


@dataclass(frozen=True)
class Leaderboard:
    """All methods that have runs, the best by mean rank first and those without a rank last.

    Args:
        datasets: The sets of which something was run.
        counted: Those of them over which ranks are means.
        standings: One a method.
    """

    datasets: tuple[str, ...]
    counted: tuple[str, ...]
    standings: tuple[Standing, ...]

    @property
    def machines(self) -> str:
        """Processors and cores, or accelerators, of all finished runs."""
        rows = (row for standing in self.standings for row in standing.rows.values())
        return "; ".join(sorted({row.machines for row in rows if row.machines}))

    def is_best(self, standing: Standing, dataset: str, metric: str) -> bool:
        """Tell whether no method has a better mean on a set."""
        cells = (each.cell(dataset, metric) for each in self.standings)
        means = [cell.mean for cell in cells if cell is not None]
        own = standing.cell(dataset, metric)
        best = min if metric in LOWER_IS_BETTER else max
        return own is not None and own.mean == best(means)


def leaderboard(records: Sequence[Mapping[str, Any]]) -> Leaderboard:
    """Rank the methods of the leaderboard by their mean accuracy, set by set.

    Ranked are the methods with runs on half or more of the sets of which anything was run; counted
    are the sets on which every one of these has runs. On a set the best has rank 1, methods of one
    mean share the mean of their ranks, and a method all of whose runs diverged comes last.

    Args:
        records: Those of a ledger. Runs of settings that are no longer declared are left out.

    Example:
        >>> from reproduce.report.leaderboard import leaderboard
        >>> leaderboard([]).standings
        ()
    """
    runs = defaultdict(list)
    for record in records:
        if record["paper"] == PAPER.name:
            runs[run_key(record)[:-1]].append(record)
    [table] = PAPER.tables
    rows = defaultdict(dict)
    for experiment in PAPER.rows(table):
        if experiment.identity in runs:
            row = Row.of(table, experiment, runs[experiment.identity])
            rows[experiment.method][experiment.dataset] = row
    declared = dict.fromkeys(experiment.dataset for experiment in PAPER.experiments)
    datasets = tuple(name for name in declared if any(name in own for own in rows.values()))
    standings = [Standing(method, rows[method]) for method in NAMES if method in rows]
    ranked = [each for each in standings if len(each.rows) >= LEAST_SHARE * len(datasets)]
    counted = tuple(name for name in datasets if all(name in each.rows for each in ranked))
    placed = [_placed(each, ranked, counted) if each in ranked else each for each in standings]
    placed.sort(key=lambda standing: (standing.rank is None, standing.rank))
    return Leaderboard(datasets, counted, tuple(placed))


def _placed(standing: Standing, ranked: Sequence[Standing], counted: Sequence[str]) -> Standing:
    if not counted:
        return standing
    cells = [standing.cell(dataset, RUNTIME) for dataset in counted]
    means = [None if cell is None else cell.mean for cell in cells]
    return Standing(
        standing.method,
        standing.rows,
        rank=statistics.fmean(_rank(standing, ranked, dataset) for dataset in counted),
        seconds=None if None in means else sum(means),
    )


def _rank(standing: Standing, ranked: Sequence[Standing], dataset: str) -> float:
    own = _mean(standing, dataset)
    means = [_mean(each, dataset) for each in ranked]
    better, alike = sum(mean > own for mean in means), means.count(own)
    return better + (alike + 1) / 2


def _mean(standing: Standing, dataset: str) -> float:
    cell = standing.cell(dataset, METRIC)
    return -1.0 if cell is None else cell.mean
