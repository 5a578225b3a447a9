"""What a search shows while it runs."""

import contextlib
import math

from tqdm import tqdm

from tfclust.callbacks import ProgressBar


class Progress:
    """A bar over the trials, one over the epochs of a training, and a line for each trial.

    Args:
        objective: `Objective`.
        max_trials: trials in all.
        done: trials of an earlier part of the search.
        verbose: False shows nothing.
    """

    def __init__(self, objective, max_trials, done, verbose):
        self.objective = objective
        self.best = None
        self.bar = tqdm(
            total=max_trials,
            initial=len(done),
            desc=f"search by {objective.name}",
            unit="trial",
            disable=not verbose,
        )
        self.verbose = verbose
        for trial in done:
            self._keep(trial.score)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.bar.close()

    def of_trial(self, number):
        """What shows the trainings of a trial: see `progress` of `tfclust.recipes.Recipe.fit`."""
        hidden = None if self.verbose else True  # None hides it from a log file: it would pile up

        @contextlib.contextmanager
        def shown(what, stages):
            name, epochs = f"trial {number}, {what}", sum(stages.values())
            with tqdm(total=epochs, desc=name, unit="epoch", leave=False, disable=hidden) as bar:
                yield ProgressBar(bar, stages)

        return shown

    def show(self, trial, parameters):
        """Writes a finished trial."""
        is_best = self._keep(trial.score)
        if self.verbose:
            settings = "  ".join(f"{p.name}={_text(trial.settings[p.name])}" for p in parameters)
            mark = "  best so far" if is_best else ""
            self.bar.write(
                f"{trial.number:4}  {self.objective.name}={_score_text(trial)}  {settings}  "
                f"{trial.seconds:.0f} s{mark}"
            )
        self.bar.update()

    def _keep(self, score):
        is_best = math.isfinite(score) and (
            self.best is None or self.objective.is_better(score, self.best)
        )
        if is_best:
            self.best = score
            self.bar.set_postfix(best=_text(score), refresh=False)
        return is_best


def _score_text(trial):
    """A trial's score, or why it has none."""
    if trial.diverged:
        return "diverged"
    return _text(trial.score) if math.isfinite(trial.score) else "empty clusters"


def _text(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)
