"""How the clusters are used, as a streaming metric."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.losses import entropies


@keras.saving.register_keras_serializable(package="tfclust")
class Occupancy(keras.metrics.Metric):
    """Cluster sizes and the entropy of the assignments, over the samples seen.

    The result is a dict: `occupied_clusters`, how many clusters have a sample; `smallest_cluster`,
    the share of samples in the smallest; `assignment_entropy`, the mean entropy of a sample's
    memberships in nats, 0 where all are certain and `log K` where none is.

    Args:
        n_clusters: number of clusters K.
        name, **kwargs: of `keras.metrics.Metric`.

    Example:

    ```python
    from tfclust.metrics import Occupancy

    occupancy = Occupancy(3)
    occupancy.update_state([[1.0, 0.0, 0.0], [0.5, 0.0, 0.5]])
    occupancy.sizes()  # [2, 0, 0]
    ```

    Known limits: of models trained side by side, memberships `(S, batch, K)`, cluster k is counted
    once for all.
    """

    def __init__(self, n_clusters, name="occupancy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.n_clusters = n_clusters
        self.counts = self.add_variable((n_clusters,), initializer="zeros", name="counts")
        self.entropy = self.add_variable((), initializer="zeros", name="entropy")

    def update_state(self, memberships):
        """Adds a batch of memberships `(..., batch, K)`."""
        memberships = tf.reshape(tf.cast(memberships, self.dtype), (-1, self.n_clusters))
        assigned = tf.one_hot(tf.argmax(memberships, axis=-1), self.n_clusters, dtype=self.dtype)
        self.counts.assign_add(tf.reduce_sum(assigned, axis=0))
        self.entropy.assign_add(tf.reduce_sum(entropies(memberships)))

    def sizes(self):
        """Samples in each cluster, `(K,)` int64."""
        return np.asarray(self.counts).astype("int64")

    def result(self):
        """Dict of scalars."""
        counts = tf.convert_to_tensor(self.counts)
        total = tf.reduce_sum(counts)
        return {
            "occupied_clusters": tf.reduce_sum(tf.cast(counts > 0, self.dtype)),
            "smallest_cluster": tf.math.divide_no_nan(tf.reduce_min(counts), total),
            "assignment_entropy": tf.math.divide_no_nan(tf.convert_to_tensor(self.entropy), total),
        }

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "n_clusters": self.n_clusters}
