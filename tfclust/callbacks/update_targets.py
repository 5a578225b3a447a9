"""The rule by which DEC's targets follow its memberships."""

import keras
import numpy as np

from tfclust.checks import check_integer, check_model, check_share
from tfclust.losses import target_distribution


class UpdateTargets(keras.callbacks.Callback):
    """Takes the targets of all rows anew every so many steps, and stops when few rows move.

    When a training begins, and whenever the count of the steps passes a multiple of `interval`, the
    memberships q of all rows are computed; their means become `model.shares`, and their sharpened
    form P (Eq. 3) the targets of the steps to come: `model.row_values["targets"]`. Training ends
    where less than a share `tol` of the rows have left the cluster of the update before.

    `DEC.fit` and `IDEC.fit` have it by themselves. What it keeps for each row, `Checkpoint` saves,
    so a run that was cut off goes on with the targets that it had.

    Args:
        x: array or CSR matrix, the rows of `fit` in their order.
        interval: int of at least 1, steps between two updates.
        tol: float from 0 to 1, 0.001 by default; 0 never stops.

    Raises:
        ValueError: an argument is out of its range; in `fit`, the model has no targets.

    Example:

    ```python
    import numpy as np
    from tfclust import DEC

    x = np.random.default_rng(0).random((100, 4))
    model = DEC(n_clusters=3, hidden_units=(8,), update_interval=10, batch_size=20, seed=0)
    model.compile()
    [update] = model.training_callbacks(x)
    print(update.interval)  # 10
    ```

    Reference: Xie, Girshick, Farhadi, Unsupervised deep embedding for clustering analysis, 2016,
    Eq. 3 and Section 3.1.3; the interval is that of the authors' code, as of Guo, Gao, Liu, Yin,
    Improved deep embedded clustering with local structure preservation, 2017, Algorithm 1.

    Known limits: with `steps_per_execution` above 1, an update that falls within an execution is
    made at its end.
    """

    def __init__(self, x, interval, tol=0.001):
        super().__init__()
        self.x = x
        self.interval = check_integer("interval", interval, 1)
        self.tol = check_share("tol", tol)

    def on_train_begin(self, logs=None):
        """Refuses a model without targets; takes those that it begins with."""
        has = hasattr(self.model, "shares") and hasattr(self.model, "set_row_values")
        check_model(self, has, "a model with targets of its rows, such as DEC")
        self._update()

    def on_train_batch_begin(self, batch, logs=None):
        """Counts the updates that were due."""
        self._due = self._intervals()

    def on_train_batch_end(self, batch, logs=None):
        """Takes the targets anew where it is time, and stops where few rows have moved."""
        if self._intervals() == self._due:
            return
        before = self.model.row_values["clusters"].numpy()
        self._update()
        if np.mean(self.model.row_values["clusters"].numpy() != before) < self.tol:
            self.model.stop_training = True

    def _intervals(self):
        return int(self.model.optimizer.iterations.numpy()) // self.interval

    def _update(self):
        memberships = self.model.predict(self.x, verbose=0)
        shares = memberships.mean(axis=0, dtype="float64")
        self.model.shares.assign(shares)
        targets = target_distribution(memberships, shares.astype(memberships.dtype))
        self.model.set_row_values("targets", targets)
        self.model.set_row_values("clusters", memberships.argmax(axis=1))
