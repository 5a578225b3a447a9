"""All that was run of one paper, table by table, for its own page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from reproduce import published
from reproduce.experiment import Experiment
from reproduce.ledger import run_key
from reproduce.paper import Paper
from reproduce.report import label_free, notes
from reproduce.report.row import CHOSEN_BY, Row, distinction
from reproduce.report.search_view import SearchView
from reproduce.search_record import SearchRecord
from reproduce.table import Table

_NO_METHODS = {"ground_truth", "log_k"}  # values to compare with that a table prints


@dataclass(frozen=True)
class TableView:
    """A table of a paper with our rows.

    Args:
        table: The table.
        rows: Its declared rows, and those that the ledger holds besides.
    """

    table: Table
    rows: tuple[Row, ...]

    @property
    def datasets(self) -> Mapping[str, list[Row]]:
        """The rows of which something was run, by dataset."""
        groups = defaultdict(list)
        for row in self.rows:
            if row.records or row.diverged:
                groups[row.experiment.dataset].append(row)
        return groups

    @property
    def not_run(self) -> Mapping[str, list[Row]]:
        """The rows of which nothing was run, by dataset."""
        groups = defaultdict(list)
        for row in self.rows:
            if not (row.records or row.diverged):
                groups[row.experiment.dataset].append(row)
        return groups

    @property
    def counts(self) -> Counter:
        """How many cells have each verdict."""
        return Counter(cell.verdict for row in self.rows for cell in row.comparisons)


def details(
    paper: Paper, records: Sequence[Mapping[str, Any]], searches: Sequence[SearchRecord]
) -> dict[str, Any]:
    """Return what the page of a paper shows, by the names of its template.

    Args:
        paper: The paper.
        records: Those of a ledger.
        searches: Those of every paper.

    Example:
        >>> from reproduce.experiments import PAPERS
        >>> from reproduce.report.details import details
        >>> details(PAPERS["damic"], [], [])["left_out"]
        []
    """
    groups = defaultdict(list)
    for record in records:
        if record["paper"] == paper.name:
            groups[run_key(record)[:-1]].append(record)
    declared = {table.name: paper.rows(table) for table in paper.tables}
    others = _undeclared([*paper.experiments, *chain(*declared.values())], groups)
    views = [_table_view(table, declared[table.name], groups, others) for table in paper.tables]
    views = [view for view in views if view.rows]  # without a search, nothing was searched
    methods = {experiment.method for experiment in paper.experiments}
    rows = [row for view in views for row in view.rows]
    once = {row.experiment.identity: row for row in rows}.values()  # whatever tables show it
    choices = label_free.label_free_choices(list(once))
    columns = label_free.columns(choices)
    return {
        "paper": paper,
        "views": views,
        "not_reached": _not_reached(views),
        "left_out": sorted(_published_methods(paper) - methods),
        "choices": choices,
        "columns": columns,
        "not_recorded": label_free.not_recorded(columns),
        "beaten": _beaten(choices, rows),
        "searches": [
            SearchView.of(search, rows) for search in searches if search.paper == paper.name
        ],
    }


def _undeclared(declared: Sequence[Experiment], groups: Mapping[tuple, list]) -> list[Experiment]:
    """Rebuild the experiments of the ledger that no declaration stands for."""
    known = {experiment.identity for experiment in declared}
    return [
        Experiment.from_config(
            group[0]["config"], seeds=sorted({record["seed"] for record in group})
        )
        for identity, group in groups.items()
        if identity not in known
    ]


def _table_view(
    table: Table,
    declared: Sequence[Experiment],
    groups: Mapping[tuple, list],
    others: Sequence[Experiment],
) -> TableView:
    rows = [
        Row.of(
            table,
            experiment,
            groups.get(experiment.identity, []),
            _deviation(experiment, declared)
            if experiment.profile == "practical" or table.variants
            else distinction(experiment, declared),
        )
        for experiment in declared
    ]
    rows += [
        Row.of(table, other, groups[other.identity], _deviation(other, declared))
        for other in others
        if table.shows(other)
    ]
    return TableView(table, tuple(rows))


def _deviation(other: Experiment, declared: Sequence[Experiment]) -> str:
    """Name the settings in which a row differs from the paper's, or else the first declared."""
    model = next(
        (
            experiment
            for experiment in declared
            if (experiment.dataset, experiment.method, experiment.init)
            == (other.dataset, other.method, other.init)
        ),
        None,
    )
    if model is None:
        return ""
    before, after = dict(model.settings), dict(other.settings)
    return ", ".join(
        f"{name}={after.get(name, 'unset')}"
        for name in sorted({*before, *after} - {CHOSEN_BY})
        if before.get(name) != after.get(name)
    )


def _beaten(
    choices: Sequence[label_free.LabelFreeChoice], rows: Sequence[Row]
) -> dict[str, dict[str, tuple[int, int]]]:
    """Count by method how often a criterion's pick beats the mean; `"paper"` is the paper's own."""
    methods = dict.fromkeys(choice.row.experiment.method for choice in choices)
    return {
        method: {
            **label_free.beaten([c for c in choices if c.row.experiment.method == method]),
            "paper": label_free.beaten_in_print(
                [row for row in rows if row.experiment.method == method]
            ),
        }
        for method in methods
    }


def _not_reached(views: Sequence[TableView]) -> list[dict[str, Any]]:
    """Collect the rows not reached, each with its cells; once, however many tables print them."""
    lines: dict[tuple, dict[str, Any]] = {}
    for view in views:
        for row in view.rows:
            for cell in row.comparisons:
                if cell.verdict == "not reached":
                    line = lines.setdefault(row.experiment.identity, _line(view.table, row))
                    figures = cell.metric, cell.paper_mean, cell.paper_std
                    line["cells"].setdefault(figures, (cell, []))[1].append(view.table.number)
    return list(lines.values())


def _line(table: Table, row: Row) -> dict[str, Any]:
    tried, guess = notes.tried(row.experiment), table.guess(row.experiment)
    why = f"Tried: {tried}" if tried else f"A guess: {guess or 'none yet.'}"
    return {"row": row, "why": why, "cells": {}}


def _published_methods(paper: Paper) -> set[str]:
    tables = {table.name for table in paper.tables}
    found = {key[3] for key in published.load() if key[0] == paper.name and key[1] in tables}
    return found - _NO_METHODS
