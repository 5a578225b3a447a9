"""One row of a reported table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reproduce.experiment import PROFILES, Experiment
from reproduce.ledger import FINISHED
from reproduce.report.comparison import Comparison
from reproduce.table import Table
from tfclust.tuning.objectives import LABELLED

CHOSEN_BY = "chosen_by"  # the setting that names the objective of the search; told in words


@dataclass(frozen=True)
class Row:
    """One method of a table on one dataset: its finished runs and one comparison a metric.

    Args:
        experiment: What was run.
        records: Its finished runs, one a seed.
        comparisons: One a metric of the table.
        deviation: Settings in which it differs from the declared row of the same method, or from
            the others of its table that are called as it is, as text; empty where there are none.
        diverged: Number of recorded runs that diverged and were not finished later. They are in
            no mean.

    Example:
        >>> from reproduce.experiments import PAPERS
        >>> from reproduce.report.row import Row
        >>> paper = PAPERS["aecm"]
        >>> Row.of(paper.table("table7"), paper.rows(paper.table("table7"))[0], []).runs
        '0 of 20'
    """

    experiment: Experiment
    records: tuple[Mapping[str, Any], ...]
    comparisons: tuple[Comparison, ...]
    deviation: str = ""
    diverged: int = 0

    @classmethod
    def of(
        cls,
        table: Table,
        experiment: Experiment,
        records: Sequence[Mapping[str, Any]],
        deviation: str = "",
    ) -> Row:
        """Build the row of an experiment from all its records."""
        finished = tuple(record for record in records if record["status"] == FINISHED)
        done = {record["seed"] for record in finished}
        return cls(
            experiment,
            finished,
            tuple(Comparison.of(table, experiment, finished, metric) for metric in table.metrics),
            deviation,
            diverged=len({record["seed"] for record in records} - done),
        )

    @property
    def model(self) -> str:
        """Method and initialization, in words."""
        return f"{self.experiment.method} {self.experiment.init}".rstrip()

    @property
    def settings(self) -> str:
        """Length and profile, which search chose the constants, and how it deviates, in words."""
        experiment = self.experiment
        words = [f"{experiment.epochs} epochs"]
        if experiment.profile != "reference":
            words.append(PROFILES[experiment.profile])
        objective = dict(experiment.settings).get(CHOSEN_BY)
        if objective is not None:
            words.append(f"chosen by {objective}{', labels seen' if self.labels_seen else ''}")
        return ", ".join([*words, self.deviation] if self.deviation else words)

    @property
    def labels_seen(self) -> bool:
        """Whether a search that read the labels chose its constants."""
        return dict(self.experiment.settings).get(CHOSEN_BY) in LABELLED

    @property
    def n(self) -> str:
        """How many runs are finished, and how many diverged."""
        return f"{len(self.records)}{self._lost}"

    @property
    def runs(self) -> str:
        """How many runs are finished of how many declared, and how many diverged."""
        return f"{len(self.records)} of {len(self.experiment.seeds)}{self._lost}"

    @property
    def _lost(self) -> str:
        return f", {self.diverged} diverged" if self.diverged else ""

    @property
    def minutes(self) -> float | None:
        """Minutes of all finished runs together, None without a run."""
        if not self.records:
            return None
        return sum(record["seconds"] for record in self.records) / 60

    @property
    def empty_clusters(self) -> int | None:
        """The most clusters that a finished run leaves without a sample, None without a run."""
        return max((record["cluster_sizes"].count(0) for record in self.records), default=None)

    @property
    def machines(self) -> str:
        """Processors and cores, or accelerators, of the finished runs."""
        return "; ".join(sorted(set(map(_machine, self.records))))


def _machine(record: Mapping[str, Any]) -> str:
    if "bundle" in record:
        return ", ".join(sorted({device["kind"] for device in record["bundle"]["devices"]}))
    if "device" in record:
        return record["device"]["kind"]
    return f"{record['cpu']}, {record['cores']} cores"


def distinction(experiment: Experiment, others: Sequence[Experiment]) -> str:
    """Name the settings that tell an experiment from others that are called as it is.

    Example:
        >>> from dataclasses import replace
        >>> from reproduce.experiments import PAPERS
        >>> from reproduce.report.row import distinction
        >>> row = PAPERS["aecm"].rows(PAPERS["aecm"].table("4"))[0]
        >>> distinction(row, [row, replace(row, settings={**dict(row.settings), "alpha": 2})])
        'alpha=177'
        >>> distinction(row, [row])
        ''
    """
    own = dict(experiment.settings)
    twins = [dict(other.settings) for other in others if _label(other) == _label(experiment)]
    return ", ".join(
        f"{name}={own[name]}"
        for name in own
        if name != CHOSEN_BY and any(twin.get(name) != own[name] for twin in twins)
    )


def _label(row: Experiment) -> tuple:
    return row.dataset, row.method, row.init, row.profile, row.epochs
