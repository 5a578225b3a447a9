"""Checkpoints from which a run that was killed goes on to the same end."""

import json
import os
import shutil
import time
from pathlib import Path

import keras
import numpy as np

from tfclust.checks import check_weight


class Checkpoint(keras.callbacks.Callback):
    """Saves weights, optimizer and epoch while training; the same `fit`, run again, goes on.

    And the values that a model keeps for each row of its data, `row_values`, where it has any.

    Each checkpoint is written to a folder of its own, renamed when it is whole, and only then are
    older ones removed, so a kill at any moment leaves one that can be read. With the shuffling of
    `ClusteringModel.fit`, which depends on the seed and the steps taken alone, a run that was cut
    off ends with the very weights of one that was not. A run that ends by itself removes its
    checkpoints.

    Args:
        directory: folder of this run's checkpoints; made when needed.
        every_seconds: least time between two checkpoints, taken at ends of epochs; 0 for every one.
        state: dict of JSON values that is saved along and updated when a run is taken up again.

    Raises:
        ValueError: `every_seconds` is negative or not finite.
        OSError: the folder cannot be written.

    Example:

    ```python
    import numpy as np
    from tfclust import CM
    from tfclust.callbacks import Checkpoint

    x = np.random.default_rng(0).random((100, 4))
    model = CM(n_clusters=3, alpha=5.0, batch_size=20, seed=0)
    model.compile(jit_compile=False)
    model.fit(x, epochs=10, callbacks=[Checkpoint("run-0")])
    ```

    Known limits: what other callbacks keep, such as `History`, starts anew.
    """

    def __init__(self, directory, every_seconds=60.0, state=None):
        super().__init__()
        self.directory = Path(directory)
        self.every_seconds = check_weight("every_seconds", every_seconds)
        self.state = {} if state is None else state

    def saved_state(self):
        """What was saved of `state` by the run that was cut off; None where there is none."""
        checkpoints = self._checkpoints()
        return _read(checkpoints[-1])["state"] if checkpoints else None

    def on_train_begin(self, logs=None):
        """Takes up the newest checkpoint, where there is one."""
        self._last_time = time.monotonic()
        checkpoints = self._checkpoints()
        if checkpoints:
            self._restore(checkpoints[-1])

    def on_epoch_end(self, epoch, logs=None):
        """Saves if the last checkpoint is old enough; a run that is about to end needs none."""
        if self.is_due(epoch):
            self.save(epoch + 1)

    def is_due(self, epoch):
        """Whether it is time to save after epoch `epoch`, counted from 0."""
        is_last = epoch + 1 == self.params["epochs"] or self.model.stop_training
        return not is_last and time.monotonic() - self._last_time >= self.every_seconds

    def on_train_end(self, logs=None):
        """Removes the checkpoints of a run that is over."""
        self.model._initial_epoch = 0
        for checkpoint in self._checkpoints():
            _remove(checkpoint)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _checkpoints(self):
        return sorted(self.directory.glob("epoch-*[0-9]"))

    def save(self, epochs_done):
        """Writes a checkpoint of the model as it is after `epochs_done` epochs."""
        self._last_time = time.monotonic()
        older = self._checkpoints()
        place = self.directory / f"epoch-{epochs_done:06d}"
        part = _part(place)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        self.model.save_weights(part / "model.weights.h5")
        rows = getattr(self.model, "row_values", {})
        if rows:
            np.savez(part / "rows.npz", **{name: kept.numpy() for name, kept in rows.items()})
        state = {"epochs_done": epochs_done, "state": self.state}
        (part / "state.json").write_text(json.dumps(state))
        os.replace(part, place)
        for checkpoint in older:
            _remove(checkpoint)

    def _restore(self, checkpoint):
        saved = _read(checkpoint)
        self.model.optimizer.build(self.model.trainable_variables)
        self.model.load_weights(checkpoint / "model.weights.h5")
        self.state.update(saved["state"])
        if (checkpoint / "rows.npz").exists():
            with np.load(checkpoint / "rows.npz") as rows:
                for name, values in rows.items():
                    self.model.set_row_values(name, values)
        # As keras.callbacks.BackupAndRestore does: `fit` reads it after this hook.
        self.model._initial_epoch = saved["epochs_done"]


def _read(checkpoint):
    return json.loads((checkpoint / "state.json").read_text())


def _part(checkpoint):
    """Name of a checkpoint that is not whole."""
    return checkpoint.with_suffix(".part")


def _remove(checkpoint):
    """Removes a checkpoint, which no moment sees half removed."""
    part = _part(checkpoint)
    os.replace(checkpoint, part)
    shutil.rmtree(part)
