"""Adam and SGD in one kernel, and loss scaling for float16."""

from tfclust.startup import check_backend

check_backend()  # before Keras is imported, whose own error says less

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfclust")
class FusedAdam(keras.optimizers.Adam):
    """Adam whose update of a weight is one kernel instead of a dozen.

    `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`,
    `w = w - lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)`, the rule of
    `keras.optimizers.Adam` and with its arguments, read and written once per step. Sparse
    gradients, `amsgrad` and weights of half precision take Keras's own path.

    Example:

    ```python
    from tfclust import CM
    from tfclust.optimizers import FusedAdam

    model = CM(n_clusters=3)
    model.compile(optimizer=FusedAdam(1e-3))
    ```

    Reference: Kingma and Ba, Adam, 2015, the form before Section 2.1, in which epsilon is added
    before the correction of the second moment's bias.
    """

    def __init__(self, learning_rate=0.001, name="fused_adam", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)

    def update_step(self, gradient, variable, learning_rate):
        """Updates `variable` and its two moments in place."""
        dense = not isinstance(gradient, tf.IndexedSlices)
        dtype = variable.dtype
        if self.amsgrad or not dense or dtype not in ("float32", "float64"):
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.constant(self.beta_1, dtype), step),
            beta2_power=tf.pow(tf.constant(self.beta_2, dtype), step),
            lr=tf.cast(learning_rate, dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, dtype),
        )


@keras.saving.register_keras_serializable(package="tfclust")
class FusedSGD(keras.optimizers.SGD):
    """SGD with momentum whose update of a weight is one kernel instead of several.

    `m = momentum m - lr g`, and `w = w + m`, or with `nesterov` `w = w + momentum m - lr g`, the
    rule of `keras.optimizers.SGD` and with its arguments, read and written once per step. Sparse
    gradients, no momentum and weights of half precision take Keras's own path.

    Example:

    ```python
    from tfclust import DEC
    from tfclust.optimizers import FusedSGD

    model = DEC(n_clusters=3)
    model.compile(optimizer=FusedSGD(0.01, momentum=0.9))
    ```
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, name="fused_sgd", **kwargs):
        super().__init__(learning_rate=learning_rate, momentum=momentum, name=name, **kwargs)

    def update_step(self, gradient, variable, learning_rate):
        """Updates `variable` and its momentum in place."""
        dense = not isinstance(gradient, tf.IndexedSlices)
        dtype = variable.dtype
        if not self.momentum or not dense or dtype not in ("float32", "float64"):
            super().update_step(gradient, variable, learning_rate)
            return
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=self.momentums[self._get_variable_index(variable)].value.handle,
            lr=tf.cast(learning_rate, dtype),
            grad=tf.cast(gradient, dtype),
            momentum=tf.constant(self.momentum, dtype),
            use_nesterov=self.nesterov,
        )


@keras.saving.register_keras_serializable(package="tfclust")
class LossScaling(keras.optimizers.LossScaleOptimizer):
    """Dynamic loss scaling for float16 that trains from the first step on.

    Keras's begins at 2^15 and skips every step whose gradients are not finite, halving the scale.
    Objectives that are sums over a batch and its features overflow float16 there, and a short
    training has no step but skipped ones. Here the scale begins low, and grows as Keras's does.

    `iterations` counts the skipped steps too: the order of the batches and the draws of a step
    follow from it, in a run that is resumed as in one that is not.

    Args:
        inner_optimizer: the `keras.optimizers.Optimizer` that takes the steps.
        initial_scale: factor of the loss at the start, positive.
        **kwargs: of `keras.optimizers.LossScaleOptimizer`.

    Example:

    ```python
    from tfclust.optimizers import FusedAdam, LossScaling

    optimizer = LossScaling(FusedAdam(1e-3))
    ```

    Reference: Micikevicius et al., Mixed precision training, 2018, Section 3.2.
    """

    def __init__(self, inner_optimizer, initial_scale=1.0, **kwargs):
        super().__init__(inner_optimizer, initial_scale=initial_scale, **kwargs)

    @property
    def iterations(self):
        """Steps taken, the skipped ones among them."""
        return self._iterations

    def apply(self, grads, trainable_variables=None):
        """Takes a step, or skips it and halves the scale."""
        super().apply(grads, trainable_variables)
        self.iterations.assign_add(1)


def build_optimizer(model):
    """Creates the weights of the optimizer of a built and compiled model, where there are none.

    Created by the first step instead, they would have it traced twice, with a branch for each.
    """
    if not model.optimizer.built:
        with model.distribute_strategy.scope():
            model.optimizer.build(model.trainable_variables)
