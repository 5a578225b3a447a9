import keras
import tensorflow as tf

from tfclust.metrics.confusion_metric import ConfusionMetric


@keras.saving.register_keras_serializable(package="tfclust")
class Purity(ConfusionMetric):
    """Fraction of points of their cluster's majority class, streaming: `purity` of all batches.

    `purity = 1/N sum_k max_l |{i : c_i = k, l_i = l}|`. It is never below ACC and grows with
    the number of clusters: compare it at equal K only.

    Args:
        n_clusters: integer, the number of clusters K, at least 1.
        n_classes: integer, the number of classes, at least 1. `None` means `n_clusters`.
        name: string, the metric's name.
        dtype: dtype of the result.

    Raises:
        ValueError: if `n_clusters` or `n_classes` is not a positive integer.

    Example:

    >>> from tfclust.metrics import Purity
    >>> metric = Purity(n_clusters=4, n_classes=2)
    >>> metric.update_state([0, 0, 1, 1], [0, 1, 2, 3])
    >>> float(metric.result())
    1.0

    Reference:
        Zhang et al. (2017), Deep unsupervised clustering using mixture of autoencoders,
        Sect. 4.4.
    """

    def __init__(self, n_clusters, n_classes=None, name="purity", dtype=None):
        super().__init__(n_clusters, n_classes, name=name, dtype=dtype)

    def score(self, table):
        """Purity of a table, see `ConfusionMetric.score`."""
        majorities = tf.reduce_sum(tf.reduce_max(table, axis=0))
        return tf.math.divide_no_nan(majorities, tf.reduce_sum(table))
