"""Trains what a plan says, and goes on where an earlier process was cut off."""

import importlib
import shutil
import warnings

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from tfclust.callbacks import Checkpoint, ProgressBar
from tfclust.cli import plan as plans
from tfclust.cli.bars import bar
from tfclust.cli.run_folder import whole
from tfclust.recipes import RECIPES, compile_for, make_callbacks, pretraining_stages

SECONDS_BETWEEN_CHECKPOINTS = 30.0


def train(plan, x, folder):
    """Trains the model of `plan` on `x` and saves it in the `RunFolder`.

    Args:
        plan: see `tfclust.cli.plan.make_plan`.
        x: float32 array `(n, ...)` or CSR matrix, as the model takes it.
        folder: of the run.

    Returns:
        The model, and a dict, name in the logs -> its value after each epoch.

    Raises:
        RuntimeError: the loss is not finite.
    """
    model = _compiled(plan, x)
    if plan["pretraining"] is not None:
        # K-means warns of rows that are alike, of which a note of the run tells, and of values that
        # are too large, of which the loss does.
        with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
            warnings.simplefilter("ignore", ConvergenceWarning)
            _pretrain(model, plan, x, folder)
    state = {"history": {}}
    with bar(total=plan["epochs"], desc="training", unit="epoch") as shown:
        model.fit(
            x,
            epochs=plan["epochs"],
            verbose=0,
            callbacks=[
                ProgressBar(shown),
                *make_callbacks(plan["callbacks"]),
                _Curves(state),
                Checkpoint(folder.checkpoints, SECONDS_BETWEEN_CHECKPOINTS, state),
            ],
        )
    return model, state["history"]


def save(model, folder):
    """Saves a trained model and removes what its training left."""
    with whole(folder.model) as part:
        model.save(part)
    folder.pretrained.unlink(missing_ok=True)
    shutil.rmtree(folder.pretraining_checkpoints, ignore_errors=True)


def load(folder):
    """The trained model of a `RunFolder`."""
    importlib.import_module("tfclust.models")  # Keras loads the classes that it knows
    return keras.models.load_model(folder.model)


def _compiled(plan, x):
    model = plans.build(plan["model"], plan["settings"], plan["sample_shape"])
    compile_for(model, x.shape[0], plan["of_training"])
    return model


def _pretrain(model, plan, x, folder):
    """Pretrains once: a run that is taken up again finds the weights."""
    epochs = plan["pretraining"].get("epochs")
    if epochs is None:  # a start without training
        model.pretrain(x, **plan["pretraining"])
        return
    if not folder.pretrained.exists():
        stages = pretraining_stages(model, x.shape[0], plan["pretraining"])
        with bar(total=sum(stages.values()) or epochs, desc="pretraining", unit="epoch") as shown:
            options = {"callbacks": [ProgressBar(shown, stages)], **plan["pretraining"]}
            match RECIPES[plan["model"]].pretraining_resumes:
                case "callback":
                    place = folder.pretraining_checkpoints
                    options["callbacks"].append(Checkpoint(place, SECONDS_BETWEEN_CHECKPOINTS))
                case "directory":
                    options["directory"] = folder.pretraining_checkpoints
            model.pretrain(x, verbose=0, **options)
        with whole(folder.pretrained) as part:
            model.save_weights(part)
    model.load_weights(folder.pretrained)


class _Curves(keras.callbacks.Callback):
    """Keeps the logs of every epoch in what the checkpoints save."""

    def __init__(self, state):
        super().__init__()
        self.state = state

    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            self.state["history"].setdefault(name, []).append(float(value))
