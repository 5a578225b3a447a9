"""One table of a paper, as a view of declared runs."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field

from reproduce import published
from reproduce.experiment import Experiment

# Half a unit of the last printed digit: 4.79 and 4.8 percent are the same mean.
ROUNDING = 0.0005 + 1e-9


@dataclass(frozen=True)
class Table:
    """A paper's table: which runs it shows, by which metrics, and what the paper printed.

    Several tables of a paper often report the same runs. A run is declared once, under the most
    complete of them; the others name that table in `runs`.

    Args:
        name: Name in the published figures, such as `"table4"`.
        title: What the table shows, in a few words.
        runs: Tables under which its runs are declared, and from which figures that the table
            itself does not print (a standard deviation, a best run) are taken.
        methods: Methods among those runs that it shows.
        metrics: Metrics that it shows: keys of a run's metrics, loss terms, or `"runtime_s"`.
        datasets: Datasets that it shows; all if empty.
        inits: Initializations that it shows; all if empty.
        variants: Whether it is a table of our own, whose rows are variants of the first row of
            their dataset; they are told by what they change, and there is nothing to compare with.
        guesses: Why our runs do not reach the paper's figures, as far as is known: a shell pattern
            of "dataset method init" -> a sentence. Of the patterns that fit the first is taken.

    Example:
        >>> from reproduce.experiments import PAPERS
        >>> PAPERS["aecm"].table("table4").runs
        ('table11',)
    """

    name: str
    title: str
    runs: tuple[str, ...]
    methods: tuple[str, ...]
    metrics: tuple[str, ...] = ("ari", "nmi", "acc")
    datasets: tuple[str, ...] = ()
    inits: tuple[str, ...] = ()
    variants: bool = False
    guesses: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def number(self) -> str:
        """The number alone, as the paper prints it."""
        return self.name.removeprefix("table")

    def shows(self, experiment: Experiment) -> bool:
        """Tell whether the experiment is a row of this table."""
        return (
            experiment.table in self.runs
            and experiment.method in self.methods
            and (not self.datasets or experiment.dataset in self.datasets)
            and (not self.inits or experiment.init in self.inits)
        )

    def guess(self, experiment: Experiment) -> str:
        """Return the sentence of `guesses` for an experiment, `""` where there is none."""
        name = f"{experiment.dataset} {experiment.method} {experiment.init}".rstrip()
        fitting = (text for key, text in self.guesses.items() if fnmatch.fnmatchcase(name, key))
        return next(fitting, "")

    def published(self, experiment: Experiment, metric: str, stat: str) -> float | None:
        """Return the paper's figure for a cell, from this table or else from `runs`, or None.

        The paper's tables disagree on some means of what should be the same runs. A standard
        deviation is taken over even so, as the only one there is; a best run is not.
        """
        for name in (self.name, *self.runs):
            figure = _lookup(name, experiment, metric, stat)
            if figure is not None and (stat == "std" or self._agrees(name, experiment, metric)):
                return figure
        return None

    def _agrees(self, other: str, experiment: Experiment, metric: str) -> bool:
        means = (_lookup(name, experiment, metric, "mean") for name in (self.name, other))
        own, its = (0.0 if mean is None else mean for mean in means)
        return abs(own - its) <= ROUNDING


def _lookup(table: str, experiment: Experiment, metric: str, stat: str) -> float | None:
    return published.lookup(
        experiment.paper,
        table,
        experiment.dataset,
        experiment.method,
        experiment.init,
        metric,
        stat,
    )
