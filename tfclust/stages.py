"""Trainings that follow one another and are each done once."""

import json
import os
import time
from pathlib import Path

import keras

from tfclust.callbacks.checkpoint import Checkpoint
from tfclust.callbacks.stop_on_plateau import StopOnPlateau
from tfclust.checks import check_count, check_integer
from tfclust.pretraining import train_network


class Stages:
    """Trains network after network in one manner; taken up after a kill, repeats none.

    With a `directory`, the weights of every network that is trained are kept there, and while it is
    trained, its checkpoints. The same stages, run again, take what is finished from there and go on
    in the middle of what is not, to the very weights of a run that was not cut off.

    Args:
        epochs: passes of every stage over its data.
        batch_size: rows of a batch.
        seed: int that fixes the order of the batches.
        patience: epochs without a new minimum of the loss after which a stage ends early; None for
            never.
        directory: folder of this run's stages, made when needed and left to the caller to remove;
            None keeps nothing.
        jit_compile, verbose, callbacks: of every stage, as in Keras. The method
            `on_stage_begin(name, epochs)` of a callback, such as `ProgressBar`, is called for each.

    Attributes:
        losses: dict, name of a stage -> its loss after each epoch.

    Raises:
        ValueError: `epochs`, `batch_size` or `patience` is below 1; the folder holds a stage,
            finished or not, that was trained in another manner: with other arguments than these,
            another loss, a network of another shape, or on another number of rows.
        OSError: the folder cannot be written.

    Example:

    ```python
    import keras
    import numpy as np
    from tfclust.stages import Stages

    x = np.random.default_rng(0).random((100, 4), dtype="float32")
    autoencoder = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(2), keras.layers.Dense(4)]
    )
    stages = Stages(epochs=5, batch_size=25, seed=0, directory="pretraining-0")
    stages.train("autoencoder", autoencoder, x, None, "mean_squared_error")
    ```
    """

    def __init__(
        self,
        epochs,
        batch_size,
        seed,
        patience=None,
        directory=None,
        jit_compile="auto",
        verbose="auto",
        callbacks=None,
    ):
        self.losses = {}
        self._patience = check_count("patience", patience)
        self._directory = None if directory is None else Path(directory)
        self._callbacks = list(callbacks or [])
        self._manner = {
            "epochs": check_integer("epochs", epochs, 1),
            "batch_size": check_integer("batch_size", batch_size, 1),
            "seed": seed,
        }
        self._fit = {**self._manner, "jit_compile": jit_compile, "verbose": verbose}

    def train(self, name, network, x, y, loss):
        """Trains `network` in place, or takes its weights from the folder.

        Args:
            name: of the stage, unique among them.
            network, x, y, loss: see `tfclust.pretraining.train_network`.
        """
        for callback in self._callbacks:
            if hasattr(callback, "on_stage_begin"):
                callback.on_stage_begin(name, self._manner["epochs"])
        if self._fit["verbose"]:
            print(f"Stage {name}", flush=True)
        manner = {**self._manner, "patience": self._patience, **_kind_of(network, x, loss)}
        if self._directory is not None and self._weights(name).exists():
            record = json.loads(self._record(name).read_text())
            self._check_manner(name, record, manner)
            network.load_weights(self._weights(name))
            self.losses[name] = record["losses"]
            return
        record = {"losses": [], "seconds": 0.0, "manner": manner}
        guards = self._guards(name, record)
        train_network(
            network,
            x,
            y,
            loss,
            callbacks=[*self._callbacks, _Recorder(record), *guards],
            **self._fit,
        )
        self.losses[name] = record["losses"]
        if self._directory is not None:
            self._keep(name, network, record)

    def history(self):
        """`keras.callbacks.History` with the losses of every stage by its name."""
        history = keras.callbacks.History()
        history.history = dict(self.losses)
        return history

    def _guards(self, name, record):
        stop = [] if self._patience is None else [StopOnPlateau(self._patience, record)]
        if self._directory is None:
            return stop
        checkpoint = Checkpoint(self._directory / name, state=record)
        unfinished = checkpoint.saved_state()
        if unfinished is not None:
            self._check_manner(name, unfinished, record["manner"])
        return [*stop, checkpoint]

    def _check_manner(self, name, record, manner):
        kept = record.get("manner", manner)
        asked = {key: manner.get(key) for key in kept}  # older folders tell less
        if kept != asked:
            raise ValueError(
                f"`directory` must be a folder of stages like these: take another, or remove it. "
                f"Received: directory={str(self._directory)!r}, whose stage {name!r} was trained "
                f"with {kept}, where {asked} is asked for"
            )

    def _weights(self, name):
        return self._directory / f"{name}.weights.h5"

    def _record(self, name):
        return self._directory / f"{name}.json"

    def _keep(self, name, network, record):
        self._directory.mkdir(parents=True, exist_ok=True)
        self._record(name).write_text(json.dumps(record))
        part = self._directory / f"{name}.part.weights.h5"
        network.save_weights(part)
        os.replace(part, self._weights(name))  # the weights last: they say that it is finished


def _kind_of(network, x, loss):
    """What else a stage depends on, as plain JSON."""
    return {
        "rows": x.shape[0],
        "loss": loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__),
        "network": [list(weight.shape) for weight in network.weights],
    }


def seconds_of_stages(directory):
    """Seconds that the finished stages in `directory` took, in all processes that took part."""
    records = [json.loads(path.read_text()) for path in Path(directory).glob("*.json")]
    return sum(record["seconds"] for record in records)


class _Recorder(keras.callbacks.Callback):
    """Adds the loss of every epoch and the time that it took to a record."""

    reads_logs_alone = True

    def __init__(self, record):
        super().__init__()
        self._record = record

    def on_train_begin(self, logs=None):
        self._last = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        now = time.monotonic()
        self._record["losses"].append(float(logs["loss"]))
        self._record["seconds"] += now - self._last
        self._last = now
