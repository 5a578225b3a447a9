"""Our figures for one cell of a table beside the paper's."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reproduce.experiment import Experiment
from reproduce.table import Table

RUNTIME = "runtime_s"
LOSS_TERMS = ("reconstruction",)  # in the units of the loss
LOWER_IS_BETTER = (RUNTIME, *LOSS_TERMS, "knn_error_k3", "knn_error_k5", "knn_error_k10")
ENTROPIES = (
    "sample_entropy",
    "batch_entropy",
    "cluster_information",
)  # in nats; printed to be compared, not reached
# How the run of a model is chosen without labels, in words.
PICKS = {
    "aecm": "of lowest L_sp, as in the paper's Tables 4 and 7",
    "mixae": "of lowest reconstruction error",
    "gumbel": "of most information between row and cluster on the validation part",
}


@dataclass(frozen=True)
class Comparison:
    """One metric of one row: what our runs gave, what the paper printed, and the verdict.

    Ours counts as reached if the mean is within one published standard deviation below the
    published mean, or better: mean >= paper_mean - paper_std. Where the paper prints no standard
    deviation, the published mean itself is the bar. Run times and errors are reached from above.

    Args:
        metric: A key of a run's metrics, such as `"acc"`, one of its loss terms, or `"runtime_s"`.
        values: One value a seed, fractions or seconds.
        picked: Value of the run that is chosen without labels (`PICKS`), None if there is none.
        paper_mean: The published mean, None where the paper prints none; so for the next three.
        paper_std: The published standard deviation.
        paper_best: The published best run.
        paper_picked: The published value of the run of lowest L_sp.

    Example:
        >>> from reproduce.report.comparison import Comparison
        >>> Comparison("acc", (0.82, 0.86), None, paper_mean=0.861, paper_std=0.032).verdict
        'reached'
    """

    metric: str
    values: tuple[float, ...]
    picked: float | None
    paper_mean: float | None = None
    paper_std: float | None = None
    paper_best: float | None = None
    paper_picked: float | None = None

    @classmethod
    def of(
        cls,
        table: Table,
        experiment: Experiment,
        records: Sequence[Mapping[str, Any]],
        metric: str,
    ) -> Comparison:
        """Compare finished runs of an experiment with what the table prints for it."""
        return cls(
            metric,
            values=tuple(_value(record, metric) for record in records if _tells(record, metric)),
            picked=_picked(records, metric),
            paper_mean=table.published(experiment, metric, "mean"),
            paper_std=table.published(experiment, metric, "std"),
            paper_best=table.published(experiment, metric, "best"),
            paper_picked=table.published(experiment, metric, "selected_lsp"),
        )

    @property
    def mean(self) -> float | None:
        """Mean over the seeds, None without a run."""
        return statistics.fmean(self.values) if self.values else None

    @property
    def std(self) -> float | None:
        """Sample standard deviation over the seeds (n - 1), None for fewer than two runs."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    @property
    def best(self) -> float | None:
        """The best run, None without a run."""
        if not self.values:
            return None
        return min(self.values) if self.metric in LOWER_IS_BETTER else max(self.values)

    @property
    def bar(self) -> float | None:
        """The value that our mean must reach, None where the paper prints no mean."""
        if self.paper_mean is None:
            return None
        slack = self.paper_std or 0.0
        return self.paper_mean + (slack if self.metric in LOWER_IS_BETTER else -slack)

    @property
    def lead(self) -> float | None:
        """How far the mean is on the better side of the bar, None without a mean or a bar."""
        if self.mean is None or self.bar is None:
            return None
        return (self.mean - self.bar) * (-1 if self.metric in LOWER_IS_BETTER else 1)

    @property
    def verdict(self) -> str:
        """`"reached"`, `"not reached"`, `"no run yet"`, `"no published figure"` or `"no goal"`."""
        if self.bar is None:
            return "no published figure"
        if self.mean is None:
            return "no run yet"
        if self.metric in ENTROPIES:
            return "no goal"
        # The bar is a difference of decimal fractions: a mean equal to it must count.
        return "reached" if self.lead >= -1e-9 else "not reached"


def _tells(record: Mapping[str, Any], metric: str) -> bool:
    """Whether a run has a value of a metric: seconds are those of a run without a device."""
    return metric != RUNTIME or "device" not in record


def _value(record: Mapping[str, Any], metric: str) -> float:
    if metric == RUNTIME:
        return record["seconds"]
    return record["loss_terms" if metric in LOSS_TERMS else "metrics"][metric]


def _picked(records: Sequence[Mapping[str, Any]], metric: str) -> float | None:
    badness = [_badness(record) for record in records]
    known = [(bad, i) for i, bad in enumerate(badness) if bad is not None]
    if not known or metric == RUNTIME:
        return None
    return _value(records[min(known)[1]], metric)


def _badness(record: Mapping[str, Any]) -> float | None:
    """How far a run is from being picked; None where its model has no such rule."""
    if record["method"] == "mixae":
        return record["loss_terms"].get("reconstruction")
    if record["method"] == "gumbel":
        information = record["metrics"].get("cluster_information")
        return None if information is None else -information
    return record["l_sp"]
