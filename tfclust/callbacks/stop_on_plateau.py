"""Ends training when the loss stops falling."""

import keras

from tfclust.checks import check_integer


class StopOnPlateau(keras.callbacks.Callback):
    """Stops when the training loss, or another log, has found no new minimum for some epochs.

    Early stopping without labels and, by default, without rows held out. What it remembers lies in
    `state`, as plain numbers: saved by `Checkpoint`, a run that was cut off stops where it would
    have.

    Args:
        patience: epochs without a new minimum after which training ends, at least 1.
        state: dict that is saved along, the one that `Checkpoint` is given; None for one of its
            own.
        monitor: str, name of the log; "loss" by default.

    Raises:
        ValueError: `patience` is below 1.

    Example:

    ```python
    import numpy as np
    from tfclust import CM
    from tfclust.callbacks import Checkpoint, StopOnPlateau

    x = np.random.default_rng(0).random((100, 4))
    model = CM(n_clusters=3, alpha=5.0, batch_size=20, seed=0)
    model.compile(jit_compile=False)
    state = {}
    callbacks = [StopOnPlateau(5, state), Checkpoint("run-0", state=state)]
    model.fit(x, epochs=10, callbacks=callbacks)
    ```

    Known limits: the weights are those of the last epoch, not of the best; it must come before
    `Checkpoint` in the list.
    """

    def __init__(self, patience=5, state=None, monitor="loss"):
        super().__init__()
        self.patience = check_integer("patience", patience, 1)
        self.state = {} if state is None else state
        self.monitor = monitor

    def on_train_begin(self, logs=None):
        """Forgets a training that was broken off; `Checkpoint`, after it, restores its own."""
        self._forget()

    def on_epoch_end(self, epoch, logs=None):
        """Compares the log with the least so far."""
        loss = float(logs[self.monitor])
        if loss < self.state.get("least_loss", float("inf")):
            self.state.update(least_loss=loss, epochs_since=0)
            return
        self.state["epochs_since"] = self.state.get("epochs_since", 0) + 1
        if self.state["epochs_since"] >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Forgets a training that is over."""
        self._forget()

    def _forget(self):
        self.state.pop("least_loss", None)
        self.state.pop("epochs_since", None)
