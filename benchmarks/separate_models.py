"""K separate Keras autoencoders in one step, what the stacked ones are measured against."""

import keras
import tensorflow as tf
from yardstick import best_seconds


def separate_step_seconds(networks, loss, batch, repeats):
    """Seconds of a step of Keras's Adam on all `networks` together, in graph mode.

    Args:
        networks: Keras models.
        loss: function of `batch`, a scalar that depends on all of them.
        batch: float32 array `(rows, ...)`.
        repeats: steps timed; the best counts.
    """
    weights = [weight for each in networks for weight in each.trainable_weights]
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(weights)
    batch = tf.constant(batch)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = loss(batch)
        optimizer.apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))
        return value

    return best_seconds(lambda: step().numpy(), repeats)
