"""Which runs a command line asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from reproduce.errors import UserError
from reproduce.experiment import Experiment
from reproduce.paper import Paper

Selection = list[tuple[Experiment, tuple[int, ...]]]


def select(
    paper: Paper,
    table: str,
    datasets: Sequence[str] = (),
    methods: Sequence[str] = (),
    inits: Sequence[str] = (),
    profile: str = "reference",
    epochs: int | None = None,
    seeds: Sequence[int] = (),
) -> Selection:
    """Return the experiments of a table that fit every condition, each with its seeds.

    Args:
        paper: The paper.
        table: Name or number of one of its tables.
        datasets: Datasets to keep; all if empty, as for `methods`, `inits` and `seeds`.
        methods: Methods to keep.
        inits: Initializations to keep.
        profile: Profile to keep.
        epochs: Keep the rows of this length. If none is declared, every row is run for this many
            epochs instead, which makes it a row of its own.
        seeds: Seeds to keep; each must be declared by one of the rows.

    Raises:
        UserError: If a condition names something that the table does not have, or nothing is left.

    Example:
        >>> from reproduce.experiments import PAPERS
        >>> from reproduce.selection import select
        >>> [(cm, seeds)] = select(PAPERS["aecm"], "4", ["usps"], inits=["random"], seeds=[0, 1])
        >>> cm.method, seeds
        ('cm', (0, 1))
    """
    rows = paper.rows(paper.table(table))
    conditions = {
        "dataset": datasets,
        "method": methods,
        "init": inits,
        "profile": (profile,),
    }
    for name, wanted in conditions.items():
        rows = _keep(rows, name, wanted, table)
    if epochs is not None:
        rows = _of_length(rows, epochs)
    return _with_seeds(rows, seeds)


def pending(selection: Selection, ended: set[tuple]) -> Selection:
    """Return what of a selection is not among the keys of the runs that ended."""
    lacking = (
        (experiment, tuple(seed for seed in seeds if experiment.key(seed) not in ended))
        for experiment, seeds in selection
    )
    return [(experiment, seeds) for experiment, seeds in lacking if seeds]


def count(selection: Selection) -> int:
    """Return the number of runs in a selection."""
    return sum(len(seeds) for _, seeds in selection)


def _keep(rows: list[Experiment], name: str, wanted: Sequence[str], table: str) -> list[Experiment]:
    known = list(dict.fromkeys(getattr(row, name) for row in rows))
    unknown = [value for value in wanted if value not in known]
    if unknown:
        raise UserError(
            f"`{name}` must be one of {', '.join(map(repr, known))} in this selection of "
            f"{table}. Received: {', '.join(map(repr, unknown))}"
        )
    return [row for row in rows if not wanted or getattr(row, name) in wanted]


def _of_length(rows: list[Experiment], epochs: int) -> list[Experiment]:
    declared = [row for row in rows if row.epochs == epochs]
    # Rows that differed in their length alone become one.
    return declared or list(dict.fromkeys(dataclasses.replace(row, epochs=epochs) for row in rows))


def _with_seeds(rows: list[Experiment], seeds: Sequence[int]) -> Selection:
    undeclared = sorted(set(seeds).difference(*(row.seeds for row in rows)))
    if undeclared:
        declared = dict.fromkeys(f"{min(row.seeds)}-{max(row.seeds)}" for row in rows)
        raise UserError(
            "`--seeds` must be among the declared ones, as many as the paper has runs: "
            f"{' or '.join(declared)}. Received: {', '.join(map(str, undeclared))}"
        )
    chosen = (
        (row, tuple(seed for seed in row.seeds if not seeds or seed in seeds)) for row in rows
    )
    return [(row, its_seeds) for row, its_seeds in chosen if its_seeds]
