"""The rules by which what a model keeps for each row follows what the model says of it."""

import keras
import numpy as np

from tfclust.checks import check_count, check_integer, check_model, check_share
from tfclust.losses import target_distribution

ROWS_AT_ONCE = 2000  # of all rows; in batches of 256 they take a quarter longer


class RowUpdates(keras.callbacks.Callback):
    """Calls `update` when a training begins, and again whenever `interval` steps were taken.

    Args:
        x: array or CSR matrix, the rows of `fit` in their order.
        interval: int of at least 1, steps between two updates; None for none but the first.

    Raises:
        ValueError: `interval` is out of its range.
    """

    def __init__(self, x, interval):
        super().__init__()
        self.x = x
        self.interval = check_count("interval", interval)

    def update(self):
        """Takes the values of all rows anew."""
        raise NotImplementedError(f"{type(self).__name__} must define `update`")

    def on_train_batch_begin(self, batch, logs=None):
        """Counts the updates that were due."""
        self._due = self._intervals()

    def on_train_batch_end(self, batch, logs=None):
        """Updates where it is time."""
        if self._intervals() != self._due:
            self.update()

    def _intervals(self):
        if self.interval is None:
            return 0
        return int(self.model.optimizer.iterations.numpy()) // self.interval


class UpdateTargets(RowUpdates):
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
        super().__init__(x, check_integer("interval", interval, 1))
        self.tol = check_share("tol", tol)

    def on_train_begin(self, logs=None):
        """Refuses a model without targets; takes those that it begins with."""
        has = hasattr(self.model, "shares") and hasattr(self.model, "set_row_values")
        check_model(self, has, "a model with targets of its rows, such as DEC")
        self._take()

    def update(self):
        """Takes the targets anew, and stops where few rows have moved."""
        before = self.model.row_values["clusters"].numpy()
        self._take()
        if np.mean(self.model.row_values["clusters"].numpy() != before) < self.tol:
            self.model.stop_training = True

    def _take(self):
        rows = max(ROWS_AT_ONCE, self.model.batch_size)
        memberships = self.model.predict(self.x, batch_size=rows, verbose=0)
        shares = memberships.mean(axis=0, dtype="float64")
        self.model.shares.assign(shares)
        targets = target_distribution(memberships, shares.astype(memberships.dtype))
        self.model.set_row_values("targets", targets)
        self.model.set_row_values("clusters", memberships.argmax(axis=1))


class UpdateClusters(RowUpdates):
    """Keeps the cluster of each row, which DCN holds as it is while its networks take a step.

    When a training begins, each row is of the cluster whose centroid is nearest to its code:
    `model.row_values["clusters"]`. Whenever the count of the steps passes a multiple of `interval`,
    all rows are assigned anew, and the centroids become the means of their codes, as in the AE-CM
    authors' implementation of DCN; a cluster without a row keeps its centroid. At the end of every
    `kmeans_every` epochs both are those of k-means of all codes, which begins with the centroids as
    they are, as in DCN's own authors' code.

    `DCN.fit` has it by itself. `Checkpoint` saves what it keeps.

    Args:
        x: array or CSR matrix, the rows of `fit` in their order.
        interval: int of at least 1, steps between two updates; None, the default, for none: the
            model itself then moves rows and centroids in each step.
        kmeans_every: int of at least 1, epochs between two k-means; None, the default, for none.

    Raises:
        ValueError: an argument is out of its range; in `fit`, the model keeps no clusters.

    Example:

    ```python
    import numpy as np
    from tfclust import DCN

    x = np.random.default_rng(0).random((100, 4))
    model = DCN(n_clusters=3, hidden_units=(8,), batch_size=20, seed=0)
    model.compile()
    [update] = model.training_callbacks(x)
    print(update.interval)  # None
    ```

    Known limits: as of `UpdateTargets`.
    """

    def __init__(self, x, interval=None, kmeans_every=None):
        super().__init__(x, interval)
        self.kmeans_every = check_count("kmeans_every", kmeans_every)

    def on_train_begin(self, logs=None):
        """Refuses a model without counts of its clusters; assigns the rows."""
        has = hasattr(self.model, "counts") and hasattr(self.model, "set_row_values")
        check_model(self, has, "a model that keeps the clusters of its rows, such as DCN")
        self._assign()

    def update(self):
        """Assigns all rows anew, and takes the means of their codes."""
        codes, clusters = self._assign()
        members = np.eye(self.model.n_clusters, dtype="float64")[clusters]
        sizes = members.sum(axis=0)[:, np.newaxis]
        means = members.T @ codes / np.maximum(sizes, 1.0)
        self.model.means.assign(np.where(sizes > 0, means, self.model.means))

    def on_epoch_end(self, epoch, logs=None):
        """Runs k-means where it is time."""
        if self.kmeans_every is None or (epoch + 1) % self.kmeans_every:
            return
        from sklearn.cluster import KMeans

        kmeans = KMeans(self.model.n_clusters, init=self.model.centroids(), n_init=1)
        kmeans.fit(self._codes())
        self.model.means.assign(kmeans.cluster_centers_)
        self.model.set_row_values("clusters", kmeans.labels_)

    def _codes(self):
        return self.model.embed(self.x, max(ROWS_AT_ONCE, self.model.batch_size))

    def _assign(self):
        codes = self._codes()
        clusters = np.argmax(self.model.code_memberships(codes), axis=1)
        self.model.set_row_values("clusters", clusters)
        return codes, clusters
