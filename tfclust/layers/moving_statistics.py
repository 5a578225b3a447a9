"""Moving statistics of batches that fit after few steps too."""

import numpy as np
import tensorflow as tf

# What the batches are statistics of moves the most at first. So the weights of the steps taken grow
# as their cubes: the last quarter of them makes two thirds of an average.
_HEAD_START = 4
_MANY = 1e6  # steps, after which a share is the momentum's


class MovingStatistics:
    """Mix-in of batch normalizations whose momentum follows their steps.

    A moving average of momentum m, started at 0 or 1, is the start's own by `m^t` after t steps: a
    third of it after a hundred of momentum 0.99. So step t, counted from 0, moves the average by
    `max(1 - momentum, 4 / (t + 4))`, the whole way at first and, from the four hundredth step on,
    by a hundredth, as `keras.layers.BatchNormalization` does always.

    The count of the steps is a weight, the last of the layer. Files of earlier versions lack it:
    what they hold counts as trained long.
    """

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
