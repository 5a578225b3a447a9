"""Ends a training run that has diverged."""

import keras
import numpy as np

from tfclust.callbacks.loss_not_finite import LossNotFinite


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
