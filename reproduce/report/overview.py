"""The first page's lines: for each model of a paper, the settings that come nearest to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reproduce.report.reached import (
    MANY_SEEDS,
    NOT_COMPARABLE,
    REACHED,
    REASONS,
    Cell,
    Reached,
)
from reproduce.report.row import Row

NO_GUESS = "no guess yet"


@dataclass(frozen=True)
class Line:
    """One setting of a model beside the paper, and the cells for which it stands.

    Args:
        row: The setting.
        cells: Those that it is the first to reach; of the first line of a model, also those that
            none reaches.
    """

    row: Row
    cells: tuple[Cell, ...]

    @property
    def verdict(self) -> str:
        """What became of the cells: a word for all, or one for each part of them."""
        parts = {
            outcome: [cell.metric for cell in self.cells if cell.outcome == outcome]
            for outcome in (REACHED, *REASONS)
        }
        if self.row.experiment.dataset in NOT_COMPARABLE:
            parts = {"reached, on other data": parts.pop(REACHED), **parts}
        told = {outcome: metrics for outcome, metrics in parts.items() if metrics}
        if len(told) == 1:
            return next(iter(told))
        return "; ".join(f"{outcome}: {', '.join(metrics)}" for outcome, metrics in told.items())

    @property
    def settings(self) -> str:
        """The setting in words, and of how many that were run it is the one shown."""
        run = sum(bool(row.records) for row in self.cells[0].rows)
        return f"{self.row.settings}, of {run} settings run" if run > 1 else self.row.settings


def lines(reached: Reached) -> list[Line]:
    """Return one line a model of a table, or more where its cells are reached by several settings.

    Example:
        >>> from reproduce.report.overview import lines
        >>> from reproduce.report.reached import count_reached
        >>> [line.verdict for line in lines(count_reached([])[3])]  # MIXAE on MNIST
        ['not run']
    """
    return [line for cells in reached.models for line in _of_model(cells)]


def _of_model(cells: Sequence[Cell]) -> list[Line]:
    found = []
    open_cells = [cell for cell in cells if cell.outcome == REACHED]
    rows = cells[0].rows
    while open_cells:
        row = max(rows, key=lambda row: _gain(row, open_cells))
        found.append((row, [cell for cell in open_cells if cell.is_reached_by(row)]))
        open_cells = [cell for cell in open_cells if not cell.is_reached_by(row)]
    others = [cell for cell in cells if cell.outcome != REACHED]
    if not found:
        found.append((max(rows, key=lambda row: _nearness(row, cells)), []))
    found[0][1].extend(others)
    return [Line(row, tuple(c for c in cells if c in its_cells)) for row, its_cells in found]


def _gain(row: Row, cells: Sequence[Cell]) -> tuple:
    """Larger the more cells a setting reaches, and of as many where it saw no labels."""
    return sum(cell.is_reached_by(row) for cell in cells), not row.labels_seen


def _nearness(row: Row, cells: Sequence[Cell]) -> tuple:
    """Larger the nearer a setting comes: where it has runs, many runs, and a mean near the bar."""
    if not row.records:
        return (False,)
    leads = (cell.comparison(row).lead for cell in cells)
    return True, len(row.records) >= MANY_SEEDS, sum(leads)


def guesses(counts: Iterable[Reached]) -> dict[str, list[str]]:
    """Return the best guess why, for all that was run and is not reached: guess -> models.

    Example:
        >>> from reproduce.report.overview import guesses
        >>> from reproduce.report.reached import count_reached
        >>> guesses(count_reached([]))  # nothing was run
        {}
    """
    found = defaultdict(list)
    for count in counts:
        for cells in count.models:
            missed = [cell.metric for cell in cells if cell.outcome == "not reached"]
            if missed:
                row = cells[0].rows[0]
                guess = count.table.guess(row.experiment) or NO_GUESS
                model = f"{row.experiment.dataset}, {row.model} ({', '.join(missed)})"
                found[guess].append(model)
    return dict(found)
