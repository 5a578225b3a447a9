"""Trains a setting from several seeds and measures the runs."""

import contextlib
import logging

import numpy as np

from tfclust.callbacks import AveragingEpoch, StopWhenStable
from tfclust.feeding import count_batches
from tfclust.recipes import compile_with
from tfclust.selection import BATCH_ROWS, measure, run_of, squared_error, with_stability
from tfclust.tuning.search_space import split

WATCHED_ROWS = 1000  # whose clusters are compared from epoch to epoch
PATIENCE = 5  # a slow start looks stable for an epoch or two


def train(space, settings, x, seeds, epochs=None, callbacks=()):
    """Trains a model of a search space from each seed, with early stopping.

    Training ends when five epochs in a row change the cluster of less than 0.1% of the rows; the
    averaging epoch, where the model has one, follows.

    Args:
        space: `SearchSpace`.
        settings: name -> value, arguments of the constructor and `learning_rate`.
        x: array `(n, ...)` or CSR matrix `(n, d)`.
        seeds: ints.
        epochs: at most; None takes those of the space.
        callbacks: of `fit`, besides.

    Returns:
        A list of `Run`, one a seed.

    Raises:
        LossNotFinite: a loss is NaN or infinite.
    """
    of_model, of_training = split(settings)
    run = _train_together if space.ensemble else _train_apart
    epochs = space.epochs if epochs is None else epochs
    with _many_models():
        return run(space, of_model, of_training, x, seeds, epochs, callbacks)


@contextlib.contextmanager
def _many_models():
    """Keeps TensorFlow from warning of functions that are traced often: each model's are."""

    def is_other(record):
        return "triggered tf.function retracing" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def _train_apart(space, of_model, of_training, x, seeds, epochs, callbacks):
    models = [space.model_class()(**of_model, seed=seed) for seed in seeds]
    for model in models:
        _fit(model, space, of_model, of_training, x, epochs, callbacks)
    return measure(models, x)


def _train_together(space, of_model, of_training, x, seeds, epochs, callbacks):
    """Each run is that of its seed alone, up to rounding; the criteria are read off the stacks."""
    from tfclust import models

    ensemble = getattr(models, space.ensemble)(seeds, **of_model)
    _fit(ensemble, space, of_model, of_training, x, epochs, callbacks)
    memberships = ensemble.predict(x, batch_size=BATCH_ROWS, verbose=0)
    runs = []
    for s, member in enumerate(ensemble.members()):
        p, centroids = memberships[:, s], member.centroids()
        error = squared_error(x, p @ centroids)
        runs.append(run_of(p, x, centroids, error, seed=member.seed, model=member))
    return with_stability(runs)


def _fit(model, space, of_model, of_training, x, epochs, callbacks):
    # A trial would be over before XLA had paid for its compilation.
    steps = count_batches(x.shape[0], model.batch_size)
    compile_with(model, of_training, steps_per_execution=steps, jit_compile=False)
    if space.pretraining is not None:
        model.pretrain(x, verbose=0, **space.pretraining)
    watched = x[np.linspace(0, x.shape[0] - 1, min(x.shape[0], WATCHED_ROWS)).astype(int)]
    changes = space.callbacks({**of_model, **of_training})
    stopping = StopWhenStable(watched, patience=PATIENCE, batch_size=BATCH_ROWS)
    model.fit(x, epochs=epochs, verbose=0, callbacks=[*changes, stopping, *callbacks])
    if space.averages:
        model.fit(x, verbose=0, callbacks=[AveragingEpoch()])
