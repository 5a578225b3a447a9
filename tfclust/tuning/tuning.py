"""What a search found."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfclust.recipes import Recipe, write_settings
from tfclust.selection import CRITERIA
from tfclust.tuning.objectives import LABEL_FREE, LABELLED, Objective
from tfclust.tuning.trial import Trial


@dataclass(frozen=True)
class Tuning:
    """The trials of a search.

    Args:
        recipe: what was searched, with what all trials share.
        fixed: settings that were given for all trials, name -> value.
        objective: by what.
        trials: in the order in which they were made.
    """

    recipe: Recipe
    fixed: Mapping[str, Any]
    objective: Objective
    trials: tuple[Trial, ...]

    @property
    def best(self):
        """The trial of best score; where none has a finite one, of fewest empty clusters."""

        def rank(trial):
            badness = trial.score if self.objective.direction == "min" else -trial.score
            empty = trial.empty_clusters
            return badness, math.inf if empty is None else empty

        return min(self.trials, key=rank)

    @property
    def best_settings(self):
        """Settings of the best trial: arguments of the constructor, and `learning_rate`."""
        return dict(self.best.settings)

    @property
    def best_recipe(self):
        """The recipe of the best trial: built from a seed of the search, it ends as that run did.

        A `tfclust.recipes.Recipe`, whose number of clusters and size of a batch are settled.
        """
        settings = {n: v for n, v in self.best.settings.items() if n != "n_clusters"}
        return self.recipe.changed(settings, epochs=self.best.epochs)

    def table(self):
        """The trials from best to worst, as text: settings, score, criteria, empty clusters."""
        names = [parameter.name for parameter in self.recipe.searched]
        labelled = [name for name in LABELLED if self.best.mean_score(name) is not None]
        head = ("trial", *names, *LABEL_FREE, *labelled, "empty", "seconds")
        lines = [head, *(self._line(trial, names, labelled) for trial in self._ranked())]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True))
            for line in lines
        )

    def _ranked(self):
        sign = 1 if self.objective.direction == "min" else -1
        return sorted(self.trials, key=lambda trial: sign * trial.score)

    def _line(self, trial, names, labelled):
        return (
            f"{trial.number}",
            *(_text(trial.settings[name]) for name in names),
            *(_text(trial.criterion(name)) for name in LABEL_FREE),
            *(_text(trial.mean_score(name)) for name in labelled),
            "diverged" if trial.diverged else _text(trial.empty_clusters),
            f"{trial.seconds:.1f}",
        )

    def plot(self, score=None):
        """Draws every trial as a line through its settings to its score, the best one thick.

        Args:
            score: the objective, another criterion, or a score against labels; trials without a
                value of it are drawn grey. None is the objective.

        Returns:
            `matplotlib.figure.Figure`.

        Raises:
            ValueError: there is no such score.
        """
        from tfclust import plots

        score = self.objective.name if score is None else score
        if score not in (*LABEL_FREE, *LABELLED):
            raise ValueError(
                f"`score` must be one of {', '.join((*LABEL_FREE, *LABELLED))}. "
                f"Received: score={score!r}"
            )
        return plots.parallel_coordinates(
            {each.name: self._axis(each) for each in self.recipe.searched},
            self.values(score),
            score.replace("_", " "),
            thick=self.trials.index(self.best),
            title=f"{self.recipe.model}: {len(self.trials)} trials by {self.objective.name}",
        )

    def _axis(self, parameter):
        positions = [parameter.position(trial.settings[parameter.name]) for trial in self.trials]
        ticks = {_text(tick): parameter.position(tick) for tick in parameter.ticks()}
        return positions, ticks

    def values(self, score):
        """A criterion or a score against labels of every trial, in their order; NaN for none.

        Of trials that leave a cluster empty too; the objective alone has none there.
        """
        read = Trial.criterion if score in CRITERIA else Trial.mean_score
        if score == self.objective.name:
            values = [trial.score if math.isfinite(trial.score) else None for trial in self.trials]
        else:
            values = [read(trial, score) for trial in self.trials]
        return [math.nan if value is None else value for value in values]

    def save_settings(self, path):
        """Writes the best recipe for `tfclust fit --settings` and `recipes.read_settings`."""
        write_settings(
            path,
            self.best_recipe,
            found_by={
                "objective": self.objective.name,
                "score": self.best.score if math.isfinite(self.best.score) else None,
                "trials": len(self.trials),
            },
        )


def _text(value):
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
