import keras
import tensorflow as tf

from tfclust.metrics.confusion_metric import ConfusionMetric


@keras.saving.register_keras_serializable(package="tfclust")
class NormalizedMutualInformation(ConfusionMetric):
    """Normalised mutual information, streaming: `normalized_mutual_info` of all batches.

    `NMI = I(class; cluster) / ((H(class) + H(cluster)) / 2)`: the arithmetic mean, as in
    scikit-learn, see `normalized_mutual_info`.

    Args:
        n_clusters: integer, the number of clusters K, at least 1.
        n_classes: integer, the number of classes, at least 1. `None` means `n_clusters`.
        name: string, the metric's name.
        dtype: dtype of the result.

    Raises:
        ValueError: if `n_clusters` or `n_classes` is not a positive integer.

    Example:

    >>> from tfclust.metrics import NormalizedMutualInformation
    >>> metric = NormalizedMutualInformation(n_clusters=2)
    >>> metric.update_state([0, 0, 1, 1], [1, 1, 0, 0])
    >>> float(metric.result())
    1.0

    Reference:
        Boubekki et al. (2021), Joint optimization of an autoencoder for clustering and
        embedding, Sect. 5.1.2.
    """

    def __init__(self, n_clusters, n_classes=None, name="nmi", dtype=None):
        super().__init__(n_clusters, n_classes, name=name, dtype=dtype)

    def score(self, table):
        """NMI of a table, see `ConfusionMetric.score`; 1 where both sides are one group."""
        joint = tf.math.divide_no_nan(table, tf.reduce_sum(table))
        both = _entropy(tf.reduce_sum(joint, axis=1)) + _entropy(tf.reduce_sum(joint, axis=0))
        shared = tf.maximum(both - _entropy(joint), 0)
        return tf.where(both > 0, tf.math.divide_no_nan(2 * shared, both), 1)


def _entropy(p):
    return -tf.reduce_sum(tf.math.xlogy(p, p))
