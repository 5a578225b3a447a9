"""Trains what a plan says, and goes on where an earlier process was cut off."""

import contextlib
import importlib
import shutil
import warnings

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from tfclust.auto.clustering import cluster_rows
from tfclust.callbacks import ProgressBar
from tfclust.cli import plan as plans
from tfclust.cli.messages import bar
from tfclust.cli.run_folder import whole
from tfclust.recipes import Recipe, clear


def train(plan, x, folder):
    """Trains the model of `plan` on `x`.

    Args:
        plan: see `tfclust.cli.plan.make_plan`.
        x: float32 array `(n, ...)` or CSR matrix, as the model takes it.
        folder: `RunFolder`, which keeps what a run that is cut off needs to go on.

    Returns:
        The model, and a dict, name in the logs -> its value after each epoch.

    Raises:
        RuntimeError: the loss is not finite.
    """
    model = plans.build(plan["model"], plan["settings"], plan["sample_shape"])
    with _told_by_the_run():
        history = Recipe.of(plan).fit(model, x, directory=folder.path, progress=_progress)
    return model, history.history


def choose(plan, x, folder):
    """Clusters `x` as `tfclust.auto` chooses to.

    Args:
        plan: see `tfclust.cli.plan.choosing`.
        x, folder: see `train`.

    Returns:
        A `tfclust.auto.clustering.Clustering`.
    """
    settings = plan["settings"]
    with _told_by_the_run():
        return cluster_rows(
            *(x, plan["kind"], settings["n_clusters"], plan["effort"], settings["seed"]),
            directory=folder.choice,
        )


@contextlib.contextmanager
def _told_by_the_run():
    """Silences what k-means warns of and the run tells better.

    Of rows that are alike a note does, of values that are too large the loss.
    """
    with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@contextlib.contextmanager
def _progress(what, stages):
    """A bar over the epochs of a part of the training: see `Recipe.fit`."""
    with bar(total=sum(stages.values()), desc=what, unit="epoch") as shown:
        yield ProgressBar(shown, stages)


def save(model, folder):
    """Saves a trained model and removes what its training left."""
    with whole(folder.model) as part:
        model.save(part)
    clear(folder.path)
    shutil.rmtree(folder.choice, ignore_errors=True)


def load(folder):
    """The trained model of a `RunFolder`."""
    importlib.import_module("tfclust.models")  # Keras loads the classes that it knows
    return keras.models.load_model(folder.model)
