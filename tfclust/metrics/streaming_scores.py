"""Scores against labels, streaming: metrics for `compile` that read a table of counts."""

import keras
import tensorflow as tf

from tfclust.checks import check_count, check_integer
from tfclust.metrics.assignment import maximum_matching_weight


class ConfusionMetric(keras.metrics.Metric):
    """Base of the streaming metrics that read a table of classes against clusters.

    `update_state` adds each point to `table[class, cluster]`; a subclass gives its value of
    the table in `score(table)`, in TensorFlow operations that XLA can compile, so that the
    metric shows in the progress bar of `fit` whatever `jit_compile` is, and may name itself in
    `NAME`.

    Args:
        n_clusters: integer, the number of clusters K, at least 1.
        n_classes: integer, the number of classes, at least 1. `None` means `n_clusters`.
        name: string, the metric's name. `None` means the class's `NAME`.
        dtype: dtype of the result. `None` means float32, or Keras's `floatx`. The table itself is
            float64 whatever this is, which counts exactly up to 2^53 points.

    Raises:
        ValueError: if `n_clusters` or `n_classes` is not a positive integer.

    Example:

    >>> import tensorflow as tf
    >>> from tfclust.metrics import ConfusionMetric
    >>> class Covered(ConfusionMetric):
    ...     "Fraction of clusters that are used."
    ...     def score(self, table):
    ...         used = tf.reduce_any(table > 0, axis=0)
    ...         return tf.reduce_mean(tf.cast(used, table.dtype))
    >>> metric = Covered(n_clusters=4)
    >>> metric.update_state([0, 1, 1], [3, 0, 0])
    >>> float(metric.result())
    0.5

    Limits:
        Labels are numbers; the functions of this package, such as `evaluate`, take any labels. A
        compiled step cannot raise on a value, so what fits no cell of the table (a label
        that is no integer in `[0, n_classes)`, a cluster id out of `[0, n_clusters)`, a row of
        memberships that is not finite) makes the result NaN, unless its sample weight is 0.
    """

    NAME = None

    def __init__(self, n_clusters, n_classes=None, name=None, dtype=None):
        super().__init__(name=self.NAME if name is None else name, dtype=dtype)
        self.n_clusters = check_integer("n_clusters", n_clusters, 1)
        self.n_classes = check_count("n_classes", n_classes)
        self.table = self.add_variable(
            shape=(self.n_classes or self.n_clusters, self.n_clusters),
            initializer="zeros",
            dtype="float64",
            name="table",
        )

    def score(self, table):
        """The metric's value.

        Args:
            table: finite float64 tensor `(n_classes, n_clusters)`, how many points of each
                class are in each cluster. Zeros stand in for a table without points or with a
                NaN; their score is computed and dropped.

        Returns:
            A float64 scalar tensor.
        """
        raise NotImplementedError

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Adds a batch to the table.

        Args:
            y_true: class ids, `(batch,)` or `(batch, 1)`, of any integer or float dtype.
            y_pred: memberships `(batch, n_clusters)`, of which the largest counts, or cluster
                ids `(batch,)`.
            sample_weight: how many times each point counts, a scalar, `(batch,)` or
                `(batch, 1)`. `None` means once.

        Raises:
            ValueError: if the shapes are not those above, or a label is text.
        """
        y_true, y_pred = _numeric("y_true", y_true), _numeric("y_pred", y_pred)
        self._check_shapes(y_true.shape, y_pred.shape)
        classes = _ids(tf.reshape(y_true, [-1]))
        clusters = _ids(y_pred) if y_pred.shape.rank == 1 else _largest(y_pred)
        weights = tf.ones([], tf.float64) if sample_weight is None else sample_weight
        weights = tf.reshape(tf.cast(weights, tf.float64), [-1])
        weights = tf.broadcast_to(weights, tf.shape(classes))

        n_classes, n_clusters = self.table.shape
        fits = (classes >= 0) & (classes < n_classes) & (clusters >= 0) & (clusters < n_clusters)
        cells = tf.where(fits, classes * n_clusters + clusters, 0)
        weights = tf.where(fits | (weights == 0), weights, float("nan"))
        counts = tf.math.unsorted_segment_sum(weights, cells, n_classes * n_clusters)
        self.table.assign_add(tf.reshape(counts, self.table.shape))

    def result(self):
        """The score of all points since the last reset: 0 before the first."""
        table = tf.convert_to_tensor(self.table)
        total = tf.reduce_sum(table)
        sound = (total > 0) & tf.math.is_finite(total)
        score = self.score(tf.where(sound, table, tf.zeros_like(table)))
        # A table that is not sound is empty or holds a NaN: its sum is the 0 or the NaN due.
        return tf.cast(tf.where(sound, score, total), self.dtype)

    def get_config(self):
        """Config that `from_config` takes."""
        sizes = {"n_clusters": self.n_clusters, "n_classes": self.n_classes}
        return {**super().get_config(), **sizes}

    def _check_shapes(self, y_true, y_pred):
        if y_true.rank not in (None, 1) and not y_true.is_compatible_with([None, 1]):
            raise ValueError(
                "`y_true` must have shape (batch,) or (batch, 1), of class ids. "
                f"Received: y_true.shape={y_true}"
            )
        if y_pred.rank != 1 and not y_pred.is_compatible_with([None, self.n_clusters]):
            raise ValueError(
                "`y_pred` must have shape (batch, n_clusters), of memberships, or (batch,), of "
                f"cluster ids. Received: y_pred.shape={y_pred}, n_clusters={self.n_clusters}"
            )
        if not y_true[:1].is_compatible_with(y_pred[:1]):
            raise ValueError(
                "`y_true` and `y_pred` must have the same batch size. "
                f"Received: y_true.shape={y_true}, y_pred.shape={y_pred}"
            )


@keras.saving.register_keras_serializable(package="tfclust")
class ClusteringAccuracy(ConfusionMetric):
    """Unsupervised clustering accuracy (ACC), streaming: `clustering_accuracy` of all batches.

    `ACC = max_m 1/N sum_i 1{l_i = m(c_i)}`, over all one-to-one mappings `m` of clusters `c_i`
    to labels `l_i`. The Hungarian algorithm runs on the table inside of the step, exactly.

    Args:
        n_clusters: integer, the number of clusters K, at least 1.
        n_classes: integer, the number of classes, at least 1. `None` means `n_clusters`.
        name: string, the metric's name. `None` means "acc".
        dtype: dtype of the result. `None` means float32, or Keras's `floatx`.

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

    NAME = "acc"

    def score(self, table):
        """ACC of a table, see `ConfusionMetric.score`."""
        return tf.math.divide_no_nan(maximum_matching_weight(table), tf.reduce_sum(table))


@keras.saving.register_keras_serializable(package="tfclust")
class NormalizedMutualInformation(ConfusionMetric):
    """Normalised mutual information, streaming: `normalized_mutual_info` of all batches.

    `NMI = I(class; cluster) / ((H(class) + H(cluster)) / 2)`: the arithmetic mean, as in
    scikit-learn, see `normalized_mutual_info`.

    Args:
        n_clusters: integer, the number of clusters K, at least 1.
        n_classes: integer, the number of classes, at least 1. `None` means `n_clusters`.
        name: string, the metric's name. `None` means "nmi".
        dtype: dtype of the result. `None` means float32, or Keras's `floatx`.

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

    NAME = "nmi"

    def score(self, table):
        """NMI of a table, see `ConfusionMetric.score`; 1 where both sides are one group."""
        joint = tf.math.divide_no_nan(table, tf.reduce_sum(table))
        both = _entropy(tf.reduce_sum(joint, axis=1)) + _entropy(tf.reduce_sum(joint, axis=0))
        shared = tf.maximum(both - _entropy(joint), 0)
        return tf.where(both > 0, tf.math.divide_no_nan(2 * shared, both), 1)


@keras.saving.register_keras_serializable(package="tfclust")
class AdjustedRandIndex(ConfusionMetric):
    """Adjusted Rand index, streaming: `adjusted_rand` of all batches.

    `ARI = (S - E) / (M - E)`, where `S` counts the pairs of points that share class and
    cluster, `E` those expected by chance, and `M` is the mean of the pairs that share a class
    and of those that share a cluster.

    Args:
        n_clusters: integer, the number of clusters K, at least 1.
        n_classes: integer, the number of classes, at least 1. `None` means `n_clusters`.
        name: string, the metric's name. `None` means "ari".
        dtype: dtype of the result. `None` means float32, or Keras's `floatx`.

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

    NAME = "ari"

    def score(self, table):
        """ARI of a table, see `ConfusionMetric.score`; 1 where the partitions are the same."""
        shared = _pairs(table)
        of_class = _pairs(tf.reduce_sum(table, axis=1))
        of_cluster = _pairs(tf.reduce_sum(table, axis=0))
        chance = tf.math.divide_no_nan(of_class * of_cluster, _pairs(tf.reduce_sum(table)))
        index = tf.math.divide_no_nan(shared - chance, (of_class + of_cluster) / 2 - chance)
        same = tf.equal(shared, of_class) & tf.equal(shared, of_cluster)
        return tf.where(same, tf.ones_like(index), index)


@keras.saving.register_keras_serializable(package="tfclust")
class Purity(ConfusionMetric):
    """Fraction of points of their cluster's majority class, streaming: `purity` of all batches.

    `purity = 1/N sum_k max_l |{i : c_i = k, l_i = l}|`. It is never below ACC and grows with
    the number of clusters: compare it at equal K only.

    Args:
        n_clusters: integer, the number of clusters K, at least 1.
        n_classes: integer, the number of classes, at least 1. `None` means `n_clusters`.
        name: string, the metric's name. `None` means "purity".
        dtype: dtype of the result. `None` means float32, or Keras's `floatx`.

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

    NAME = "purity"

    def score(self, table):
        """Purity of a table, see `ConfusionMetric.score`."""
        majorities = tf.reduce_sum(tf.reduce_max(table, axis=0))
        return tf.math.divide_no_nan(majorities, tf.reduce_sum(table))


def _entropy(p):
    return -tf.reduce_sum(tf.math.xlogy(p, p))


def _pairs(counts):
    return tf.reduce_sum(counts * (counts - 1)) / 2


def _numeric(name, values):
    values = tf.convert_to_tensor(values)
    if values.dtype == tf.string:
        raise ValueError(
            f"`{name}` must hold numbers, ids of classes or clusters from 0: number text labels "
            "first, such as by `np.unique(y, return_inverse=True)[1]`, or use "
            f"`tfclust.metrics.evaluate`, which takes them. Received: {name} of strings"
        )
    return values


def _ids(labels):
    """Labels as int64; -1, which fits no cell, where a float label is no integer."""
    ids = tf.cast(labels, tf.int64)
    return tf.where(tf.equal(tf.cast(ids, labels.dtype), labels), ids, -1)


def _largest(memberships):
    """Position of each row's largest membership; -1, which fits no cell, if not all finite."""
    finite = tf.reduce_all(tf.math.is_finite(memberships), axis=-1)
    return tf.where(finite, tf.argmax(memberships, axis=-1), -1)
