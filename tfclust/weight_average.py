"""Average of a model's weights over training steps."""

import tensorflow as tf


class WeightAverage:
    """Running sum of weights, added to within a training step.

    Args:
        weights: Keras variables to average.
    """

    def __init__(self, weights):
        self._weights = list(weights)
        self._sums = [self._accumulator(tf.zeros(w.shape, w.dtype)) for w in self._weights]
        self._count = self._accumulator(tf.zeros(()))

    @staticmethod
    def _accumulator(start):
        return tf.Variable(
            start, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
        )

    def update(self):
        """Adds the weights as they are now."""
        for total, weight in zip(self._sums, self._weights, strict=True):
            total.assign_add(tf.convert_to_tensor(weight))
        self._count.assign_add(1.0)

    def assign(self):
        """Sets the weights to their averages over the updates."""
        for total, weight in zip(self._sums, self._weights, strict=True):
            weight.assign(total / tf.cast(self._count, total.dtype))
