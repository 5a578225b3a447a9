import keras
import tensorflow as tf

from tfclust.metrics.assignment import maximum_matching_weight
from tfclust.metrics.confusion_metric import ConfusionMetric


@keras.saving.register_keras_serializable(package="tfclust")
class ClusteringAccuracy(ConfusionMetric):
    """Unsupervised clustering accuracy (ACC), streaming: `clustering_accuracy` of all batches.

    `ACC = max_m 1/N sum_i 1{l_i = m(c_i)}`, over all one-to-one mappings `m` of clusters `c_i`
    to labels `l_i`. The Hungarian algorithm runs on the table inside of the step, exactly.

    Args:
        n_clusters: integer, the number of clusters K, at least 1.
        n_classes: integer, the number of classes, at least 1. `None` means `n_clusters`.
        name: string, the metric's name.
        dtype: dtype of the result.

    Raises:
        ValueError: if `n_clusters` or `n_classes` is not a positive integer.

    Example:

    >>> from tfclust.metrics import ClusteringAccuracy
    >>> metric = ClusteringAccuracy(n_clusters=2)
    >>> metric.update_state([0, 0, 1, 1], [[0.1, 0.9], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    >>> float(metric.result())
    0.75

    References:
        - Kuhn (1955), The Hungarian method for the assignment problem.
        - Zhang et al. (2017), Deep unsupervised clustering using mixture of autoencoders, Eq. 6.
    """

    def __init__(self, n_clusters, n_classes=None, name="acc", dtype=None):
        super().__init__(n_clusters, n_classes, name=name, dtype=dtype)

    def score(self, table):
        """ACC of a table, see `ConfusionMetric.score`."""
        return tf.math.divide_no_nan(maximum_matching_weight(table), tf.reduce_sum(table))
