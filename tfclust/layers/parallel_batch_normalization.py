"""K batch normalizations in one."""

import keras
import tensorflow as tf

from tfclust.distribution import global_batch_mean, replica_count
from tfclust.layers.batch_normalization import BatchNormalization, MovingStatistics
from tfclust.layers.parallel_layer import ParallelLayer


@keras.saving.register_keras_serializable(package="tfclust")
class ParallelBatchNormalization(MovingStatistics, ParallelLayer):
    """Batch normalization with each network's own statistics, scale and offset.

    What K `tfclust.layers.BatchNormalization` compute over the last axis of K batches, with the
    mean and the variance of the global batch under a distribution strategy.

    Args:
        n_networks: int of at least 1, the number of networks K.
        momentum: float in [0, 1), 0.99 by default: that of the moving statistics in the long run.
        epsilon: float above 0, added to the variance; 1e-3 by default.
        **kwargs: `name` and `dtype`, as in `keras.layers.Layer`.

    Input shape: `(K, batch, ..., c)`. Output shape: the same.

    Raises:
        ValueError: an argument is out of its range, or the input has another K.

    Example:

    ```python
    import numpy as np
    from tfclust.layers import ParallelBatchNormalization, ParallelDense

    x = np.ones((32, 8))
    normalized = ParallelBatchNormalization(10)(ParallelDense(10, 16)(x), training=True)
    ```

    Known limits: of inputs in half precision, outside of training, it rounds scale and offset to
    theirs, where Keras computes in float32.
    """

    def __init__(self, n_networks, momentum=0.99, epsilon=1e-3, **kwargs):
        super().__init__(n_networks, **kwargs)
        if not epsilon > 0.0:
            raise ValueError(f"`epsilon` must be positive. Received: epsilon={epsilon!r}")
        self.momentum = self.check_momentum(momentum)
        self.epsilon = float(epsilon)

    def single(self, name=None):
        """One of the K as a `BatchNormalization`, without weights."""
        return BatchNormalization(
            momentum=self.momentum, epsilon=self.epsilon, dtype=self.dtype_policy, name=name
        )

    def build(self, input_shape):
        """Creates scale, offset and moving statistics, each `(K, c)`, and the count of steps."""
        super().build(input_shape)
        shape = (input_shape[-1],)
        self.gamma = self.add_stacked_weight(shape, "ones", "gamma")
        self.beta = self.add_stacked_weight(shape, "zeros", "beta")
        fixed = {"trainable": False, "autocast": False}
        self.moving_mean = self.add_stacked_weight(shape, "zeros", "moving_mean", **fixed)
        self.moving_variance = self.add_stacked_weight(shape, "ones", "moving_variance", **fixed)
        self.steps = self.add_stacked_weight((), "zeros", "steps", **fixed)

    @property
    def _whole(self):
        """The dtype of the statistics."""
        return "float64" if self.variable_dtype == "float64" else "float32"

    def call(self, x, training=False):
        """`x` normalized by the batch's statistics in training, else by the moving ones."""
        if not (training and self.trainable):
            return self._normalize(x, self.moving_mean, self.moving_variance)
        if replica_count() > 1 or self._whole == "float64":  # the kernel knows no float64
            mean, variance = self._batch_statistics(tf.cast(x, self._whole))
            outputs = self._normalize(x, mean, variance)
        else:
            outputs, mean, variance = self._normalize_fused(x)
        share = self._share(self.momentum, mean.dtype)[:, tf.newaxis]
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            before = tf.cast(average, value.dtype)
            average.assign(before * (1.0 - share) + value * share)
        self.steps.assign(self.steps + 1.0)
        return outputs

    def _normalize(self, x, mean, variance):
        mean, variance = tf.cast(mean, self._whole), tf.cast(variance, self._whole)
        scale = tf.cast(self.gamma, self._whole) * tf.math.rsqrt(variance + self.epsilon)
        offset = tf.cast(self.beta, self._whole) - mean * scale
        return x * self._spread(scale, x) + self._spread(offset, x)

    def _normalize_fused(self, x):
        """One kernel a network, forward and back, in half the time of the separate operations."""
        rows = tf.reshape(x, (self.n_networks, -1, 1, 1, x.shape[-1]))
        scales, offsets = (tf.unstack(tf.cast(w, tf.float32)) for w in (self.gamma, self.beta))
        none = tf.zeros((0,))
        each = [
            tf.raw_ops.FusedBatchNormV3(
                x=own, scale=scale, offset=offset, mean=none, variance=none, epsilon=self.epsilon
            )
            for own, scale, offset in zip(tf.unstack(rows), scales, offsets, strict=True)
        ]
        count = tf.cast(tf.shape(rows)[1], tf.float32)
        mean = tf.stack([one.batch_mean for one in each])
        # The kernel divides by one less than there are rows, Keras by their number.
        variance = tf.stack([one.batch_variance for one in each]) * ((count - 1.0) / count)
        return tf.reshape(tf.stack([one.y for one in each]), tf.shape(x)), mean, variance

    def _batch_statistics(self, x):
        x = tf.reshape(x, (self.n_networks, -1, x.shape[-1]))
        mean = global_batch_mean(x)
        return mean, global_batch_mean(tf.square(x - mean[:, tf.newaxis]))

    def _spread(self, statistic, x):
        ones = [1] * (len(x.shape) - 2)
        return tf.cast(tf.reshape(statistic, (self.n_networks, *ones, x.shape[-1])), x.dtype)

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}
