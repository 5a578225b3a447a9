"""The run that each label-free criterion picks of a row's, and whether it beats the mean."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reproduce.report.row import Row
from tfclust.selection import CRITERIA, Run, select

METRIC = "ari"
# Their losses tell nothing: beta of MIXAE is set so that its terms cancel, and the terms of
# ClusterGAN are those of two sides.
WITHOUT_LOSS = ("mixae", "clustergan")
# The paper's rule takes L_sp as it is. With all rows in one cluster it is 0, the lowest there is,
# so the second column looks first at the runs that leave no cluster empty.
COLUMNS = {
    "L_sp": ("l_sp", True),
    "L_sp, no empty cluster": ("l_sp", False),
    "reconstruction": ("reconstruction", True),
    "distortion": ("distortion", True),
    "loss": ("loss", True),
    "membership entropy": ("membership_entropy", True),
}


@dataclass(frozen=True)
class Picked:
    """What one criterion picks.

    Args:
        seed: Seed of the run.
        score: Its ARI.
        beats_mean: Whether that is above the mean of all runs.
    """

    seed: int
    score: float
    beats_mean: bool


@dataclass(frozen=True)
class LabelFreeChoice:
    """A row's runs seen by every criterion.

    Args:
        row: The row.
        mean: Mean ARI of its runs.
        best: The best ARI.
        picked: Name of a column -> what its criterion picks, None where no run has a value.
    """

    row: Row
    mean: float
    best: float
    picked: Mapping[str, Picked | None]


def label_free_choices(rows: Sequence[Row]) -> list[LabelFreeChoice]:
    """Return the choices of each row of two or more runs that some criterion can choose among."""
    choices = [_choice(row) for row in rows if len(row.records) > 1]
    return [choice for choice in choices if any(choice.picked.values())]


def columns(choices: Sequence[LabelFreeChoice]) -> list[str]:
    """Return the names of the columns in which some criterion picks."""
    return [name for name in COLUMNS if any(choice.picked[name] for choice in choices)]


def not_recorded(shown: Sequence[str]) -> list[str]:
    """Return the criteria without a column: they need what the ledger does not keep."""
    known = {COLUMNS[name][0] for name in shown}
    return [name for name in CRITERIA if name not in known]


def beaten(choices: Sequence[LabelFreeChoice]) -> dict[str, tuple[int, int]]:
    """Return for each column in how many of how many cells its pick beats the mean.

    A cell is a dataset, a method, a start, a length and a profile, counted once however many
    tables show it.
    """
    cells = {choice.row.experiment.identity: choice for choice in choices}.values()
    counts = {}
    for name in COLUMNS:
        picked = [cell.picked[name] for cell in cells if cell.picked[name] is not None]
        counts[name] = sum(pick.beats_mean for pick in picked), len(picked)
    return counts


def beaten_in_print(rows: Sequence[Row]) -> tuple[int, int]:
    """Return in how many of how many cells the paper's own pick by L_sp beats its own mean."""
    pairs = {
        row.experiment.identity[1:4]: (cell.paper_picked, cell.paper_mean)
        for row in rows
        for cell in row.comparisons
        if cell.metric == METRIC and None not in (cell.paper_picked, cell.paper_mean)
    }
    return sum(selected > mean for selected, mean in pairs.values()), len(pairs)


def _choice(row: Row) -> LabelFreeChoice:
    runs = [_run(record) for record in row.records]
    scores = [record["metrics"][METRIC] for record in row.records]
    mean = statistics.fmean(scores)
    picked = {name: _picked(runs, mean, *rule) for name, rule in COLUMNS.items()}
    return LabelFreeChoice(row, mean, max(scores), picked)


def _picked(runs: Sequence[Run], mean: float, criterion: str, allow_empty: bool) -> Picked | None:
    if all(run.criteria[criterion] is None for run in runs):
        return None
    record = select(runs, criterion, allow_empty).model
    score = record["metrics"][METRIC]
    return Picked(record["seed"], score, score > mean)


def _run(record: Mapping[str, Any]) -> Run:
    terms, l_sp = record["loss_terms"], record["l_sp"]
    reconstruction = _reconstruction(record)
    known = l_sp is not None and reconstruction is not None
    criteria = {
        "l_sp": l_sp,
        "reconstruction": reconstruction,
        "distortion": l_sp + reconstruction if known else None,
        "loss": sum(terms.values()) if terms and record["method"] not in WITHOUT_LOSS else None,
        "membership_entropy": record["metrics"].get("sample_entropy"),
    }
    return Run(criteria, tuple(record["cluster_sizes"]), record["seed"], model=record)


def _reconstruction(record: Mapping[str, Any]) -> float | None:
    """The squared error without its weight; None where it was left out of the loss."""
    settings = record["config"]["settings"]
    if "reconstruction" not in settings.get("terms", ("reconstruction",)):
        return None
    error = record["loss_terms"].get("reconstruction")
    if error is None or not record["method"].startswith("aecm"):
        return error
    return error / settings["beta"] if settings["beta"] else None
