"""Ends training when the clusters stop changing."""

import numbers

import keras
import numpy as np

from tfclust.checks import check_count, check_integer, check_model


class StopWhenStable(keras.callbacks.Callback):
    """Stops when successive epochs assign the data alike.

    Training ends after the first epoch e with `1/N sum_i 1{c_i(e) != c_i(e - 1)} < tolerance`,
    where `c_i(e)` is the cluster of row i after epoch e; with `patience` above 1, after so many of
    them in a row.

    Args:
        x: the rows to assign, as for `fit`.
        tolerance: share of rows, in (0, 1], that must change for the training to go on.
        batch_size: rows assigned at a time; None takes the model's.
        patience: stable epochs in a row that end the training; 1 is the paper's rule.

    Raises:
        ValueError: `tolerance`, `batch_size` or `patience` is out of its range; in `fit`, the model
            does not cluster.

    Example:

    ```python
    import numpy as np
    from tfclust import CM
    from tfclust.callbacks import StopWhenStable

    x = np.random.default_rng(0).random((100, 4))
    model = CM(n_clusters=3, alpha=5.0, batch_size=20, seed=0)
    model.compile(jit_compile=False)
    model.fit(x, epochs=10, callbacks=[StopWhenStable(x)])
    ```

    Reference: Boubekki, Kampffmeyer, Brefeld, Jenssen, Joint optimization of an autoencoder for
    clustering and embedding, Machine Learning 110, 2021, appendix 1: "less that 0.1%".

    Known limits: a slow start, in which all rows lie in one cluster, counts as stable, which
    `patience` mends; each epoch costs one more pass over `x`; with `AveragingEpoch`, which needs
    the last epoch, run the averaging epoch in a `fit` of its own.
    """

    def __init__(self, x, tolerance=0.001, batch_size=None, patience=1):
        super().__init__()
        if not isinstance(tolerance, numbers.Real) or not 0.0 < tolerance <= 1.0:
            raise ValueError(
                f"`tolerance` must be a share in (0, 1]. Received: tolerance={tolerance!r}"
            )
        self.x = x
        self.tolerance = tolerance
        self.batch_size = check_count("batch_size", batch_size)
        self.patience = check_integer("patience", patience, 1)

    def on_train_begin(self, logs=None):
        """Refuses a model that does not cluster; forgets the epochs of an earlier training."""
        has = hasattr(self.model, "assign")
        check_model(self, has, "a clustering model of tfclust, such as CM")
        self._labels = None
        self._stable_epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        """Compares the clusters with those after the epoch before."""
        labels = self.model.assign(self.x, batch_size=self.batch_size)
        stable = self._labels is not None and np.mean(labels != self._labels) < self.tolerance
        self._stable_epochs = self._stable_epochs + 1 if stable else 0
        if self._stable_epochs == self.patience:
            self.model.stop_training = True
        self._labels = labels
