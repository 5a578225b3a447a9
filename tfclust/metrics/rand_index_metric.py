import keras
import tensorflow as tf

from tfclust.metrics.confusion_metric import ConfusionMetric


@keras.saving.register_keras_serializable(package="tfclust")
class AdjustedRandIndex(ConfusionMetric):
    """Adjusted Rand index, streaming: `adjusted_rand` of all batches.

    `ARI = (S - E) / (M - E)`, where `S` counts the pairs of points that share class and
    cluster, `E` those expected by chance, and `M` is the mean of the pairs that share a class
    and of those that share a cluster.

    Args:
        n_clusters: integer, the number of clusters K, at least 1.
        n_classes: integer, the number of classes, at least 1. `None` means `n_clusters`.
        name: string, the metric's name.
        dtype: dtype of the result.

    Raises:
        ValueError: if `n_clusters` or `n_classes` is not a positive integer.

    Example:

    >>> from tfclust.metrics import AdjustedRandIndex
    >>> metric = AdjustedRandIndex(n_clusters=2)
    >>> metric.update_state([0, 0, 1, 1], [1, 1, 0, 0])
    >>> float(metric.result())
    1.0

    Reference:
        Hubert and Arabie (1985), Comparing partitions.
    """

    def __init__(self, n_clusters, n_classes=None, name="ari", dtype=None):
        super().__init__(n_clusters, n_classes, name=name, dtype=dtype)

    def score(self, table):
        """ARI of a table, see `ConfusionMetric.score`; 1 where the partitions are the same."""
        shared = _pairs(table)
        of_class = _pairs(tf.reduce_sum(table, axis=1))
        of_cluster = _pairs(tf.reduce_sum(table, axis=0))
        chance = tf.math.divide_no_nan(of_class * of_cluster, _pairs(tf.reduce_sum(table)))
        index = tf.math.divide_no_nan(shared - chance, (of_class + of_cluster) / 2 - chance)
        same = tf.equal(shared, of_class) & tf.equal(shared, of_cluster)
        return tf.where(same, tf.ones_like(index), index)


def _pairs(counts):
    return tf.reduce_sum(counts * (counts - 1)) / 2
