"""Everything of one paper that can be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reproduce.errors import UserError
from reproduce.experiment import Experiment
from reproduce.known_settings import check_settings
from reproduce.table import Table
from reproduce.tuned import NOT_PRINTED, TABLE, tuned


@dataclass(frozen=True)
class Paper:
    """A paper's tables, the experiments behind them, and its figures that can be drawn.

    Args:
        name: Short name, the `paper` of its experiments.
        title: Title of the paper.
        experiments: Every experiment, each declared once, but those that searches chose.
        tables: The tables, in the paper's order.
        figures: Numbers of the figures that can be drawn.
        unavailable: Datasets of the paper that cannot be had, by published name, with the reason.

    Example:
        >>> from reproduce.experiments import PAPERS
        >>> PAPERS["aecm"].table("9").name
        'table9'
    """

    name: str
    title: str
    experiments: tuple[Experiment, ...]
    tables: tuple[Table, ...]
    figures: tuple[int, ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        for experiment in self.experiments:
            check_settings(experiment)

    def table(self, name: str) -> Table:
        """Return a table by its name or its bare number; raise UserError if there is none."""
        for table in self.tables:
            if name in (table.name, table.number):
                return table
        known = ", ".join(table.name for table in self.tables)
        raise UserError(f"the paper {self.name} declares {known}. Received: table {name!r}")

    def rows(self, table: Table) -> list[Experiment]:
        """Return the experiments that a table shows, in the order of their declaration.

        Those that the searches chose, read now, come last. The table of searched settings shows
        them beside the paper's on the same datasets.

        Raises:
            UserError: If the record of a search that the table shows is damaged; names its file.
        """
        shown = [experiment for experiment in self.experiments if table.shows(experiment)]
        if not {TABLE, *NOT_PRINTED.get(self.name, ())} & set(table.runs):
            return shown
        chosen = [row for row in tuned(shown) if table.shows(row)]
        if TABLE not in table.runs:
            return [*shown, *chosen]
        datasets = {row.dataset for row in chosen}
        return [row for row in (*shown, *chosen) if row.dataset in datasets]
