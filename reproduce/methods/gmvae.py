"""GMVAE, seed by seed."""

from __future__ import annotations

from reproduce import known_settings
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import compile_for_epochs, finished, occupied, score_curve, train
from tfclust.models import GMVAE

CURVE_EVERY = 10  # epochs between two points of the curve


def run_gmvae(task: Task) -> list[Outcome]:
    """Train GMVAE for `epochs` from a random start; the record says how many clusters have rows."""
    return [_train(task, seed) for seed in task.seeds]


def _train(task: Task, seed: int) -> Outcome:
    x, settings, state = task.data.x, task.settings, {}
    named = {name: settings[name] for name in known_settings.GMVAE}
    model = GMVAE(**named, seed=seed, dtype=settings["precision"])
    model.build((None, x.shape[1]))
    compile_for_epochs(model, settings, x.shape[0])
    curve = score_curve(task, x, task.data.y, CURVE_EVERY, state)
    train(task, model, x, task.experiment.epochs, state, callbacks=curve)
    labels = model.assign(x, batch_size=2000)
    extra = {"occupied_clusters": occupied(labels)}
    return finished(task, model, x, state, labels, extra_metrics=extra)
