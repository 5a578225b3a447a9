"""GMVAE, seed by seed."""

from __future__ import annotations

import numpy as np

from reproduce import known_settings
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import compile_for_epochs, score_curve, train
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
    model.save(task.directory / "model.keras")
    terms = model.evaluate(x, verbose=0, return_dict=True)
    labels = model.assign(x, batch_size=2000)
    return Outcome(
        seed=seed,
        labels=labels,
        seconds=state["seconds"],
        loss_terms={name: terms[name] for name in model.TERMS},
        extra_metrics={"occupied_clusters": len(np.unique(labels))},
        curve=state.get("curve", []),
    )
