"""What the report shows of a search: which criterion to trust, and what it found."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from reproduce.report.row import Row
from reproduce.search_record import SearchRecord
from reproduce.tuned import searched_row
from tfclust.selection import CRITERIA

METRIC = "ari"


@dataclass(frozen=True)
class Trust:
    """One criterion over the trials of a search.

    Args:
        criterion: Its name.
        correlation: Spearman's rank correlation with ARI, 1 where the better by the criterion is
            the better by ARI; None where it has fewer than three values, or all are one.
        trials: Number of trials that have a value.
        picked: ARI of the trial that the criterion picks; None without a value.
    """

    criterion: str
    correlation: float | None
    trials: int
    picked: float | None


@dataclass(frozen=True)
class SearchView:
    """A search beside the rows of its settings.

    Args:
        record: The search.
        trusts: One a criterion.
        mean: Mean over the trials of their ARI.
        best: ARI of the best trial.
        minutes: Minutes of all trials.
        chosen: Row of the settings that were chosen, over fresh seeds; None if not declared.
        paper: Row of the paper's settings; None if not declared.
    """

    record: SearchRecord
    trusts: Sequence[Trust]
    mean: float | None
    best: float | None
    minutes: float
    chosen: Row | None
    paper: Row | None

    @property
    def infinite(self) -> int:
        """Number of trials that diverged or left clusters empty."""
        return sum(trial["score"] is None for trial in self.record.trials)

    @classmethod
    def of(cls, record: SearchRecord, rows: Sequence[Row]) -> SearchView:
        """Build the view of a search from its record and the rows of its paper."""
        trials = [trial for trial in record.trials if trial["runs"]]
        scores = [_mean_score(trial) for trial in trials]
        return cls(
            record,
            [
                trust(name, [_median(trial, name) for trial in trials], scores)
                for name, criterion in CRITERIA.items()
                if criterion.compares_settings
            ],
            mean=statistics.fmean(scores) if scores else None,
            best=max(scores, default=None),
            minutes=sum(trial["seconds"] for trial in record.trials) / 60,
            chosen=next((row for row in rows if _was_chosen_by(row, record)), None),
            paper=_replaced_row(rows, record),
        )


def trust(name: str, values: Sequence[float | None], scores: Sequence[float]) -> Trust:
    """Return how a criterion's values over trials go with their scores against labels."""
    pairs = [(v, s) for v, s in zip(values, scores, strict=True) if v is not None]
    badness = [CRITERIA[name].badness(value) for value, _ in pairs]
    correlation = _spearman([-bad for bad in badness], [score for _, score in pairs])
    picked = pairs[badness.index(min(badness))][1] if pairs else None
    return Trust(name, correlation, len(pairs), picked)


def _spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    if len(one) < 3 or len(set(one)) == 1 or len(set(other)) == 1:
        return None
    from scipy.stats import spearmanr

    return float(spearmanr(one, other).statistic)


def _mean_score(trial) -> float:
    return statistics.fmean(run["scores"][METRIC] for run in trial["runs"])


def _median(trial, criterion: str) -> float | None:
    values = [run["criteria"][criterion] for run in trial["runs"]]
    known = [value for value in values if value is not None and math.isfinite(value)]
    return statistics.median(known) if known else None


def _was_chosen_by(row: Row, record: SearchRecord) -> bool:
    experiment = row.experiment
    return (experiment.method, experiment.dataset, dict(experiment.settings).get("chosen_by")) == (
        record.method,
        record.dataset,
        record.objective,
    )


def _replaced_row(rows: Sequence[Row], record: SearchRecord) -> Row | None:
    replaced = searched_row([row.experiment for row in rows], record.method, record.dataset)
    return next((row for row in rows if row.experiment == replaced), None)
