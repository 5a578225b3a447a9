"""Batch normalization whose moving statistics are accurate after few steps."""

import keras
import numpy as np
import tensorflow as tf

# A network changes the most in its first steps. So later ones count for more, with the cube of
# their number: the last quarter of the steps makes two thirds of an average.
_HEAD_START = 4
_MANY = 1e6  # steps, after which a share is the momentum's


class MovingStatistics:
    """Mix-in of batch normalizations whose moving averages follow the first steps faster.

    In a moving average of momentum m the value that it started with, 0 or 1, has still a share of
    `m^t` after t steps: a third after a hundred steps of momentum 0.99. So step t, counted from 0,
    moves the average by `max(1 - momentum, 4 / (t + 4))`: the whole way at first and, from about
    the four hundredth step on, by a hundredth, as `keras.layers.BatchNormalization` always does.

    The count of the steps is a weight, the last of the layer. Files of earlier versions lack it:
    what they hold counts as trained long.
    """

    @staticmethod
    def check_momentum(momentum):
        """Returns `momentum` as a float, or raises ValueError where it is not in [0, 1)."""
        if not 0.0 <= momentum < 1.0:
            raise ValueError(f"`momentum` must be in [0, 1). Received: momentum={momentum!r}")
        return float(momentum)

    def restart(self):
        """Begins to count anew: the next step forgets the statistics of those before."""
        self.steps.assign(tf.zeros_like(self.steps))

    def _share(self, momentum, dtype):
        """By how much this step moves the averages."""
        at_first = _HEAD_START / (tf.cast(self.steps, dtype) + _HEAD_START)
        return tf.maximum(tf.constant(1.0 - momentum, dtype), at_first)

    def load_own_variables(self, store):
        """Takes the weights of a saved layer, with or without a count of its steps."""
        names = list(store.keys())
        if len(names) == len(self.weights) - 1:
            store = {name: store[name] for name in names}
            store[str(len(names))] = np.full(self.steps.shape, _MANY, "float32")
        super().load_own_variables(store)


@keras.saving.register_keras_serializable(package="tfclust")
class BatchNormalization(MovingStatistics, keras.layers.BatchNormalization):
    """Keras's batch normalization with moving statistics that are accurate after few steps.

    It trains as `keras.layers.BatchNormalization` does. Of the first steps, which with momentum
    0.99 are some four hundred, its moving mean and variance take more: step t, counted from 0,
    moves them by `max(1 - momentum, 4 / (t + 4))`.

    Args:
        axis: int or tuple of ints, the axes of the features; -1 by default.
        momentum: float in [0, 1), 0.99 by default: that of the moving statistics in the long run.
            The attribute of this name is Keras's own; this one is `final_momentum`.
        **kwargs: the other arguments of `keras.layers.BatchNormalization`.

    Raises:
        ValueError: `momentum` is out of its range.

    Example:

    ```python
    import keras

    from tfclust.layers import BatchNormalization

    network = keras.Sequential([keras.layers.Dense(8), BatchNormalization()])
    ```
    """

    def __init__(self, axis=-1, momentum=0.99, **kwargs):
        final_momentum = self.check_momentum(momentum)
        super().__init__(axis, momentum=0.0, **kwargs)  # Keras then sets the batch's own statistics
        self.final_momentum = final_momentum

    def build(self, input_shape):
        """Creates Keras's weights and the count of the steps."""
        super().build(input_shape)
        self.steps = self.add_weight(
            (), initializer="zeros", trainable=False, autocast=False, name="steps"
        )

    def call(self, x, training=None, mask=None):
        """`x` normalized by the batch's statistics in training, else by the moving ones."""
        if not (training and self.trainable):
            return super().call(x, training=training, mask=mask)
        averages = (self.moving_mean, self.moving_variance)
        before = [tf.identity(average) for average in averages]
        outputs = super().call(x, training=True, mask=mask)
        share = self._share(self.final_momentum, averages[0].dtype)
        for average, old in zip(averages, before, strict=True):
            average.assign(old * (1.0 - share) + average * share)
        self.steps.assign(self.steps + 1.0)
        return outputs

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "momentum": self.final_momentum}
