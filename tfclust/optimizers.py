"""Adam in one kernel."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfclust")
class FusedAdam(keras.optimizers.Adam):
    """Adam whose update of a weight is one kernel instead of a dozen.

    `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`,
    `w = w - lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)`, the rule of
    `keras.optimizers.Adam` and with its arguments, read and written once per step. Sparse
    gradients, `amsgrad` and weights that are not float32 take Keras's own path.

    Example:

    ```python
    model.compile(optimizer=tfclust.optimizers.FusedAdam(1e-3))
    ```

    Reference: Kingma and Ba, Adam, 2015, the form before Section 2.1, in which epsilon is added
    before the correction of the second moment's bias.
    """

    def __init__(self, learning_rate=0.001, name="fused_adam", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)

    def update_step(self, gradient, variable, learning_rate):
        """Updates `variable` and its two moments in place."""
        dense = not isinstance(gradient, tf.IndexedSlices)
        if self.amsgrad or not dense or variable.dtype != tf.float32:
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, tf.float32),
        )
