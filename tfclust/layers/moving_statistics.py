"""Moving averages of batch statistics that are accurate after few steps."""

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
