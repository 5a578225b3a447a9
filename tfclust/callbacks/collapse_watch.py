"""Watches for clusters that die."""

import warnings

import keras
import numpy as np

from tfclust.checks import check_integer, check_model


class CollapseWatch(keras.callbacks.Callback):
    """Logs how the clusters are used, and warns of those that no sample is assigned to.

    Adds to the logs of every epoch, and to the progress bar, what `metrics.Occupancy` counts over
    the batches of the epoch: `occupied_clusters`, `smallest_cluster` (a share of the samples) and
    `assignment_entropy` (in nats, how undecided a sample is). It counts within the training step,
    at next to no cost. A warning names the empty clusters, whenever they are others than after the
    epoch before.

    Args:
        patience: epochs at the start without warnings, for trainings that begin with few clusters.

    Raises:
        ValueError: `patience` is no integer of at least 0; in `fit`, the model does not cluster.

    Example:

    ```python
    import numpy as np
    from tfclust import CM
    from tfclust.callbacks import CollapseWatch

    x = np.eye(4).repeat(25, axis=0)
    model = CM(n_clusters=3, alpha=5.0, batch_size=20, seed=0)
    model.compile(jit_compile=False)
    model.fit(x, epochs=10, callbacks=[CollapseWatch(patience=10)])
    ```

    Known limits: the weights move while an epoch is counted; a model keeps counting when it is
    trained on without the callback.
    """

    def __init__(self, patience=0):
        super().__init__()
        self.patience = check_integer("patience", patience, 0)
        self._occupancy = self._sizes = None

    def on_train_begin(self, logs=None):
        """Refuses a model that does not cluster; begins to count."""
        has = hasattr(self.model, "watch_occupancy")
        check_model(self, has, "a clustering model of tfclust, such as CM")
        self._occupancy = self.model.watch_occupancy()
        self._warned_of = ()

    def on_epoch_begin(self, epoch, logs=None):
        """Forgets the epoch before."""
        self._sizes = None

    def on_test_begin(self, logs=None):
        """Keeps the counts of the epoch, before validation data are counted in their place."""
        if self._occupancy is not None and self._sizes is None:
            self._sizes = self._occupancy.sizes()

    def on_epoch_end(self, epoch, logs=None):
        """Warns of clusters that have become empty."""
        sizes = self._occupancy.sizes() if self._sizes is None else self._sizes
        empty = tuple(np.flatnonzero(sizes == 0).tolist())
        if epoch < self.patience or empty == self._warned_of:
            return
        self._warned_of = empty
        if empty:
            warnings.warn(
                f"Epoch {epoch + 1} assigned no sample to {len(empty)} of "
                f"{self._occupancy.n_clusters} clusters: {', '.join(map(str, empty))}",
                stacklevel=2,
            )
