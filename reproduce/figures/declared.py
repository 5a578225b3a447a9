"""The experiments of the tables as models for those of the figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reproduce.experiment import Experiment
from reproduce.experiments import PAPERS
from reproduce.known_settings import check_settings


def variant(
    paper: str,
    table: str,
    dataset: str,
    method: str,
    init: str,
    *,
    figure: int,
    epochs: int,
    seeds: tuple[int, ...],
    **changes: Any,
) -> Experiment:
    """Return a declared experiment with another length, other seeds and some settings changed.

    Raises:
        ValueError: The method does not know a setting.

    Example:
        >>> from reproduce.figures.declared import variant
        >>> row = ("aecm", "table11", "pendigits", "cm", "random")
        >>> variant(*row, figure=9, epochs=50, seeds=(0,), alpha=100).table
        'figure9'
    """
    declared = next(
        experiment
        for experiment in PAPERS[paper].experiments
        if (experiment.table, experiment.dataset, experiment.method, experiment.init)
        == (table, dataset, method, init)
    )
    changed = replace(
        declared,
        table=f"figure{figure}",
        epochs=epochs,
        seeds=seeds,
        settings={**dict(declared.settings), **changes},
    )
    check_settings(changed)
    return changed


def run_of_figure(row: tuple[str, ...], figure: int, settings, **changes: Any) -> Experiment:
    """Return what a figure trains where the ledger has no run that it could show.

    Args:
        row: Paper, table, dataset, method and initialization of a declared experiment.
        figure: Number of the figure.
        settings: Those of the figure: `dataset`, which may be another than the row's, `epochs` and
            `seed`.
        **changes: Settings of the row to change.

    Example:
        >>> from reproduce.figures.declared import run_of_figure
        >>> row = ("aecm", "table15", "mnist", "aecm", "random")
        >>> run = run_of_figure(row, 6, {"dataset": "usps", "epochs": 50, "seed": 0})
        >>> run.dataset, run.epochs, run.seeds
        ('usps', 50, (0,))
    """
    length = {"epochs": settings["epochs"], "seeds": (settings["seed"],)}
    declared = variant(*row, figure=figure, **length, **changes)
    return replace(declared, dataset=settings["dataset"])
