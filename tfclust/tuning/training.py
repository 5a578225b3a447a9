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


def train(space, settings, x, seeds, epochs=None, callbacks=(), stop_early=True):
    """Trains a model of a search space from each seed.

    The averaging epoch, where the model has one, follows.

    Args:
        space: `SearchSpace`.
        settings: name -> value, arguments of the constructor and `learning_rate`.
        x: array `(n, ...)` or CSR matrix `(n, d)`.
        seeds: ints.
        epochs: at most; None takes those of the space.
        callbacks: of `fit`, besides.
        stop_early: whether training ends when five epochs in a row change the cluster of less than
            0.1% of the rows.

    Returns:
        A list of `Run`, one a seed.

    Raises:
        LossNotFinite: a loss is NaN or infinite.
    """
    of_model, of_training = split(settings)
    ensemble = space.ensemble_class(of_model)
    epochs = space.epochs if epochs is None else epochs
    if ensemble is None:
        models = [space.model_class()(**of_model, seed=seed) for seed in seeds]
    else:
        models = [ensemble(seeds, **of_model)]
    with _many_models():
        for model in models:
            _fit(model, space, of_model, of_training, x, epochs, callbacks, stop_early)
        if ensemble is None:
            return measure(models, x)
        return measure_members(models[0], x, models[0].members())


class TrainerAtOnce:
    """Trains as `train` does without early stopping, each setting as one program.

    The program is compiled once for all settings that differ in what an ensemble can adjust. What
    no ensemble trains is trained by `train`.
    """

    def __init__(self):
        self._ensembles = {}

    def __call__(self, space, settings, x, seeds, epochs, callbacks=()):
        """See `train`; `callbacks` are of a `fit` alone."""
        of_model, of_training = split(settings)
        ensemble = space.ensemble_class(of_model)
        if ensemble is None or not space.averages:
            return train(space, settings, x, seeds, epochs, callbacks, stop_early=False)
        adjusted = {name: of_model.pop(name) for name in ensemble.ADJUSTABLE if name in of_model}
        key = repr((space.ensemble, sorted(of_model.items()), of_training, seeds))
        if key not in self._ensembles:
            model = self._ensembles[key] = ensemble(seeds, **of_model)
            model.build((None, *x.shape[1:]))
            compile_with(model, of_training)
        model = self._ensembles[key]
        model.restart(**adjusted)
        model.fit_at_once(x, epochs)
        return measure_members(model, x)


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


def measure_members(ensemble, x, models=None):
    """What `tfclust.selection.measure` gives for the members, from the stacks of all.

    Args:
        ensemble: a trained `tfclust.models.ensemble.Ensemble`.
        x: what it was trained on.
        models: its members, for the runs to keep; None keeps none, whose making takes longer than
            a short training.
    """
    memberships = ensemble.predict(x, batch_size=BATCH_ROWS, verbose=0)
    reconstructions = ensemble.reconstruct(x, batch_size=BATCH_ROWS)
    codes = ensemble.embed(x, batch_size=BATCH_ROWS)
    runs = []
    for s, (seed, centroids) in enumerate(zip(ensemble.seeds, ensemble.centroids(), strict=True)):
        of_member = codes[:, s] if codes.ndim == 3 else codes
        error = squared_error(x, reconstructions[:, s])
        model = None if models is None else models[s]
        runs.append(run_of(memberships[:, s], of_member, centroids, error, seed=seed, model=model))
    return with_stability(runs)


def _fit(model, space, of_model, of_training, x, epochs, callbacks, stop_early):
    # A trial would be over before XLA had paid for its compilation.
    steps = count_batches(x.shape[0], model.batch_size)
    compile_with(model, of_training, steps_per_execution=steps, jit_compile=False)
    if space.pretraining is not None:
        model.pretrain(x, verbose=0, **space.pretraining)
    changes = space.callbacks({**of_model, **of_training})
    stopping = [_stopping(x)] if stop_early else []
    model.fit(x, epochs=epochs, verbose=0, callbacks=[*changes, *stopping, *callbacks])
    if space.averages:
        model.fit(x, verbose=0, callbacks=[AveragingEpoch()])


def _stopping(x):
    watched = x[np.linspace(0, x.shape[0] - 1, min(x.shape[0], WATCHED_ROWS)).astype(int)]
    return StopWhenStable(watched, patience=PATIENCE, batch_size=BATCH_ROWS)
