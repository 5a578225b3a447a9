"""MIXAE, seed by seed."""

from __future__ import annotations

import keras
import numpy as np

from reproduce import known_settings
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import (
    Clock,
    Progress,
    compile_for_epochs,
    finished,
    pretrain_once,
    rate_schedule,
    score_curve,
    train,
)
from tfclust.callbacks import RebalanceEntropyWeights
from tfclust.metrics import batch_entropy, cluster_sizes, sample_entropy
from tfclust.models import MIXAE
from tfclust.randomness import layer_seeds
from tfclust.trainings import independent

CURVE_EVERY = 5  # epochs between two points of the curve
# Of rows that do not name one: they were run before there was a choice.
ASSIGNMENT_BIAS = "glorot_normal"
CURVE_LOGS = ("loss", "reconstruction", "unweighted_sample_entropy", "unweighted_batch_entropy")


def run_mixae(task: Task) -> list[Outcome]:
    """Train MIXAE for `epochs`, seed by seed, each from the best of its `starts`."""
    return [_train(task, seed) for seed in task.seeds]


def _train(task: Task, seed: int) -> Outcome:
    x, directory = samples(task), task.directory
    model, state = build_mixae(task, seed), {}
    before = _epochs_of_starts(task)
    if before > 0:
        pretrain_once(model, directory, lambda: _take_best_start(model, task, seed, state))
    curve = score_curve(task, x, task.data.y, CURVE_EVERY, state, CURVE_LOGS)
    callbacks = [*schedules(task.settings), *curve]
    train(task, model, x, task.experiment.epochs, state, before, callbacks)
    memberships = model.predict(x, batch_size=2000, verbose=0)
    entropies = {
        "sample_entropy": sample_entropy(memberships),
        "batch_entropy": batch_entropy(memberships),
    }
    labels = memberships.argmax(axis=1)
    return finished(task, model, x, state, labels, extra_metrics=entropies)


def _epochs_of_starts(task: Task) -> int:
    """Epochs of all starts together; none where there is one start alone, the training's own."""
    starts = task.settings.get("starts", 1)
    return starts * task.settings["start_epochs"] if starts > 1 else 0


def _take_best_start(model: MIXAE, task: Task, seed: int, state: dict) -> None:
    """Set the weights of the best start after `start_epochs`; no label is read.

    That is, of those with the fewest empty clusters, the one of lowest reconstruction error.
    """
    settings, x, ranks, weights = task.settings, samples(task), [], []
    epochs = settings["start_epochs"]
    total = _epochs_of_starts(task) + task.experiment.epochs
    with independent() as one:
        for number, each in enumerate(layer_seeds(seed, settings["starts"])):
            start = build_mixae(task, each)
            progress = Progress(task.progress, number * epochs, total)
            callbacks = [*schedules(settings), progress, Clock(state)]
            with one():
                logs = start.fit(x, epochs=epochs, verbose=0, callbacks=callbacks).history
                sizes = cluster_sizes(start.assign(x, batch_size=2000), start.n_clusters)
                ranks.append((np.count_nonzero(sizes == 0), logs["reconstruction"][-1]))
                weights.append(start.get_weights())
    model.set_weights(weights[ranks.index(min(ranks))])


def samples(task: Task):
    """The rows of a task, as images where its settings give their shape."""
    shape = task.settings.get("image_shape")
    return task.data.x if shape is None else task.data.x.reshape(-1, *shape)


def build_mixae(task: Task, seed: int) -> MIXAE:
    """The compiled, untrained MIXAE of a task."""
    settings, x = task.settings, samples(task)
    named = {name: settings[name] for name in known_settings.MIXAE if name in settings}
    model = MIXAE(
        **{"assignment_bias": ASSIGNMENT_BIAS, **named},
        seed=seed,
        dtype=settings["precision"],
    )
    model.build((None, *x.shape[1:]))
    compile_for_epochs(model, settings, x.shape[0])
    return model


def schedules(settings: dict) -> list[keras.callbacks.Callback]:
    """What changes between epochs: the learning rate, alpha and beta."""
    return [
        rate_schedule(settings),
        RebalanceEntropyWeights(
            *(settings["alpha_bounds"], settings["beta_bounds"]),
            beta_factor=settings.get("beta_factor", 1.0),
            beta_decay=settings.get("beta_decay", 1.0),
        ),
    ]
