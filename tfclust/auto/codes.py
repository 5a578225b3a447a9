"""Autoencoders of several seeds, each trained until rows that it has not seen say stop."""

import json

import keras
import numpy as np
import tensorflow as tf

from tfclust.auto.effort import autoencoder_settings, held_out_rows, steps_of_an_epoch
from tfclust.callbacks import Checkpoint, StopOnPlateau
from tfclust.inputs import dense
from tfclust.models import AECM
from tfclust.pretraining import squared_error_loss
from tfclust.pretraining.stages import falling_rate
from tfclust.processor import bfloat16_is_fast, bfloat16_runs, processor_flags
from tfclust.recipes import SECONDS_BETWEEN_CHECKPOINTS

PATIENCE = 10  # epochs without a lower error on them
COOLDOWN = 0.25  # share of the steps of a trial, at their end, over which the rate falls


def build_autoencoder(n_clusters, shape, kind, seed, dtype="float32"):
    """An AE-CM whose encoder and decoder fit data of that size, compiled.

    Args:
        n_clusters: K.
        shape: of the data, `(n, d)`.
        kind: of the data, see `Preparation`.
        seed: int from 0 to 2**32 - 1.
        dtype: precision policy.
    """
    n_rows, n_features = shape
    model = AECM(n_clusters, **autoencoder_settings(n_rows, kind), seed=seed, dtype=dtype)
    model.compile()
    model.build((None, n_features))
    return model


def fast_dtype():
    """The precision in which this processor trains an autoencoder fastest."""
    known = bool(processor_flags())
    return "mixed_bfloat16" if known and bfloat16_is_fast() and bfloat16_runs() else "float32"


def train_autoencoder(model, x, trial, directory=None, callbacks=()):
    """Trains the encoder and the decoder of a model, and ends when held-out rows say so.

    A tenth of the rows, at most 2000, are held out, another tenth for each seed. Training ends
    where their error has found no new minimum for ten epochs. Where the steps of the trial end it,
    the rate of learning falls to nearly 0 over the last quarter of them, so that the noise of the
    steps does not stay in the codes.

    Args:
        model: such as `build_autoencoder` makes.
        x: float32 array or CSR matrix `(n, d)`.
        trial: `tfclust.auto.effort.Effort`.
        directory: `pathlib.Path` of a folder that keeps the weights, and checkpoints while it
            trains: the same call takes them from there, or goes on; None keeps nothing.
        callbacks: Keras callbacks of the training.

    Returns:
        Least error on the held-out rows, a row's squared error, a float.
    """
    finished = None if directory is None else directory / "finished.json"
    if finished is not None and finished.exists():
        model.load_weights(directory / "autoencoder.weights.h5")
        return json.loads(finished.read_text())["error"]
    order = np.random.RandomState(model.seed % 2**32).permutation(x.shape[0])
    held_out, trained = np.split(order, [held_out_rows(x.shape[0])])
    state = {}
    steps = steps_of_an_epoch(x.shape[0], model.batch_size)
    guards = [falling_rate(trial.steps / steps, COOLDOWN)]
    if len(held_out):
        stop = StopOnPlateau(PATIENCE, state, monitor="held_out")
        guards += [_HeldOutError(x[np.sort(held_out)], state), stop]
    if directory is not None:
        guards.append(Checkpoint(directory / "checkpoints", SECONDS_BETWEEN_CHECKPOINTS, state))
    epochs = trial.epochs_of(x.shape[0], model.batch_size)
    model.pretrain_autoencoder(
        x[np.sort(trained)], epochs, verbose=0, callbacks=[*callbacks, *guards]
    )
    error = state.get("error", float("nan"))
    if finished is not None:
        directory.mkdir(parents=True, exist_ok=True)
        model.save_weights(directory / "autoencoder.weights.h5")
        finished.write_text(json.dumps({"error": error}))  # last: it says that they are whole
    return error


class _HeldOutError(keras.callbacks.Callback):
    """Logs the squared error of a row, on rows that are not trained on, as `held_out`."""

    def __init__(self, rows, state):
        super().__init__()
        self._rows = tf.constant(dense(rows))
        self._state = state

    def on_train_begin(self, logs=None):
        """Compiles what every epoch asks."""
        self._reconstruct = tf.function(lambda x: tf.cast(self.model(x, training=False), x.dtype))

    def on_epoch_end(self, epoch, logs=None):
        """Adds the error to the logs, which the callbacks after this one see."""
        errors = squared_error_loss(self._rows, self._reconstruct(self._rows))
        logs["held_out"] = float(tf.reduce_mean(errors))
        self._state["error"] = min(logs["held_out"], self._state.get("error", np.inf))
