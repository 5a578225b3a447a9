"""K separate Keras autoencoders in one step, what the stacked ones are measured against."""

import time

import keras
import numpy as np
import tensorflow as tf
from yardstick import best_seconds


def separate_step(networks, loss, batch):
    """A step of Keras's Adam on all `networks` together, in graph mode, as a function.

    Args:
        networks: Keras models.
        loss: function of `batch`, a scalar that depends on all of them.
        batch: float32 array `(rows, ...)`.
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

    return lambda: step().numpy()


def separate_step_seconds(networks, loss, batch, repeats):
    """Seconds of that step; the best of `repeats` counts."""
    return best_seconds(separate_step(networks, loss, batch), repeats)


def times_as_fast(step, other, repeats):
    """How many times as fast `step` is as `other`, taken in turns: by wall time, by CPU time.

    Medians of the ratios: what else the machine does meets both of a turn.
    """
    ratios = []
    for function in (step, other):
        function()
    for _ in range(repeats):
        (wall, work), (other_wall, other_work) = (_timed(each) for each in (step, other))
        ratios.append((other_wall / wall, other_work / work))
    return np.median(ratios, axis=0)


def _timed(function):
    wall, work = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - wall, time.process_time() - work
