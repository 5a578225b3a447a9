"""Batch normalization whose moving statistics are accurate after few steps."""

import keras
import tensorflow as tf

from tfclust.layers.moving_statistics import MovingStatistics


@keras.saving.register_keras_serializable(package="tfclust")
class BatchNormalization(MovingStatistics, keras.layers.BatchNormalization):
    """Keras's batch normalization with moving statistics that are accurate after few steps.

    It trains as `keras.layers.BatchNormalization` does. Of the first steps, which with momentum
    0.99 are some four hundred, its moving mean and variance take more: step t, counted from 0,
    moves them by `max(1 - momentum, 4 / (t + 4))`.

    Args:
        axis: of the features, an int or a tuple of them.
        momentum: of the moving statistics in the long run, in [0, 1); the attribute of this name
            is Keras's own, this one is `final_momentum`.
        **kwargs: as in Keras.

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
