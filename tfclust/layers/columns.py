"""Parallel layers, one after the other, computed with their samples in columns.

`(K, batch, ..., c)` becomes `(K, c, ..., batch)`: the last axis, along which processors compute and
move data, is then as long as the batch, however few the channels are.
"""

import dataclasses
import functools
from collections.abc import Callable

import keras
import tensorflow as tf

_OF_EACH_VALUE = [
    keras.activations.get(name)
    for name in ("linear", "relu", "leaky_relu", "elu", "selu", "gelu", "sigmoid", "tanh", "silu")
]


@dataclasses.dataclass(frozen=True)
class Columns:
    """What a parallel layer computes of samples in columns.

    Attributes:
        function: of inputs `(K, c, ..., batch)`, the kernels where there are any, and `arguments`.
        arguments: tuple of hashable values.
        activation: Keras activation of the outputs and their biases.
        multiplications: of a sample in all networks, where they are convolutions.
    """

    function: Callable
    arguments: tuple = ()
    activation: Callable = keras.activations.linear
    multiplications: int = 0

    def __call__(self, x, kernels=None, biases=None):
        """Outputs `(K, c, ..., batch)`."""
        x = self.function(x, *([] if kernels is None else [kernels]), *self.arguments)
        if biases is not None:
            x += tf.reshape(biases, (*biases.shape, *[1] * (len(x.shape) - 2)))
        if acts_on_each_value(self.activation):
            return self.activation(x)
        return swapped(self.activation(swapped(x)))


def acts_on_each_value(activation):
    """Whether an activation is known to heed no channel but a value's own, unlike softmax."""
    return activation in _OF_EACH_VALUE


def swapped(x):
    """`(K, batch, ..., c)` -> `(K, c, ..., batch)`, and back."""
    rank = len(x.shape)
    return tf.transpose(x, (0, rank - 1, *range(2, rank - 1), 1))


def compute(layers, columns, x):
    """Outputs `(K, batch, ...)` of parallel layers, one after the other, compiled by XLA.

    A call for each network keeps its samples in the caches from layer to layer, and the networks on
    several cores. CPUs that get here have no products of half precision: float32 is faster.

    Args:
        layers: list of built layers.
        columns: list of their `Columns`.
        x: `(batch, ...)`, one for all networks, or `(K, batch, ...)`.
    """
    n_networks, shared = layers[0].n_networks, layers[0].is_shared(x)
    dtype = x.dtype if x.dtype.size > 2 else tf.float32
    samples = swapped(tf.cast(x[tf.newaxis] if shared else x, dtype))
    inputs = [samples] * n_networks if shared else tf.split(samples, n_networks)
    weights = [
        [tf.split(tf.cast(weight, dtype), n_networks) for weight in layer.weights]
        for layer in layers
    ]
    one = _compiled(tuple(columns))
    outputs = [
        one(inputs[k], [[weight[k] for weight in own] for own in weights])
        for k in range(n_networks)
    ]
    return tf.cast(tf.concat(outputs, axis=0), x.dtype)


@functools.cache
def _compiled(steps):
    def outputs(x, weights):
        for step, own in zip(steps, weights, strict=True):
            x = step(x, *own)
        return swapped(x)

    return tf.function(outputs, jit_compile=True, autograph=False)
