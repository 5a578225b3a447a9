"""Ends a training run that has diverged."""

import keras
import numpy as np


class LossNotFinite(RuntimeError):
    """The loss became NaN or infinite, and with it the weights.

    A class of its own, so that a search can go on after it and stop at any other error.

    Args:
        message: What is said.
        epoch: int, the epoch at which the training stopped, from 1; None where it is not known.
            The attribute `epoch` holds it.
    """

    def __init__(self, message, epoch=None):
        super().__init__(message)
        self.epoch = epoch


class StopOnNaN(keras.callbacks.Callback):
    """Raises at the end of an epoch whose loss is NaN or infinite.

    Every clustering model's `fit` has it: weights that hold NaN are lost, and a run that goes on
    with them only hides it. It looks once an epoch, since to look at every step would wait for
    each.

    Raises:
        LossNotFinite: a RuntimeError; the loss is not finite; says at which epoch and which terms.
    """

    reads_logs_alone = True

    def on_epoch_end(self, epoch, logs=None):
        """Checks the logs of epoch `epoch`, counted from 0 and reported from 1 as Keras does."""
        bad = {name: float(v) for name, v in (logs or {}).items() if not np.all(np.isfinite(v))}
        if "loss" in bad:
            self.model.stop_training = True
            received = ", ".join(f"{name}={value}" for name, value in bad.items())
            raise LossNotFinite(
                f"The loss must stay finite; training stopped at epoch {epoch + 1}. "
                f"A smaller learning rate or scaled inputs usually help. Received: {received}",
                epoch=epoch + 1,
            )
