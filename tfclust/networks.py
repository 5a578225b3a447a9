"""Encoders and decoders as the papers draw them."""

import keras
import numpy as np


def dense_network(
    input_dim, units, activation="leaky_relu", name=None, dtype=None, output_dtype=None, seed=None
):
    """A stack of dense layers, all but the last one activated.

    With `leaky_relu` (slope 0.2) these are the encoder and the decoder of the AE-CM paper,
    d-500-500-2000-p and its mirror image. The paper does not say how weights start: kernels are
    Glorot uniform and biases Glorot normal, as in its authors' code.

    Args:
        input_dim: size d of an input vector.
        units: widths of the layers; the last is the size of the output.
        activation: of every layer but the last.
        name: of the Keras model.
        dtype: precision policy of the layers.
        output_dtype: precision policy of the last layer, where it differs: "float32" keeps the
            digits of codes whose distances are compared.
        seed: int that fixes the initial weights, or None.

    Returns:
        A built `keras.Model` that maps `(batch, input_dim)` to `(batch, units[-1])`.

    Example:

    ```python
    encoder = dense_network(784, (500, 500, 2000, 10), name="encoder")
    ```
    """
    seeds = layer_seeds(seed, 2 * len(units))
    last = len(units) - 1
    layers = [
        keras.layers.Dense(
            width,
            activation=None if i == last else activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds[2 * i]),
            bias_initializer=keras.initializers.GlorotNormal(seed=seeds[2 * i + 1]),
            dtype=(output_dtype or dtype) if i == last else dtype,
            name=f"dense_{i}",
        )
        for i, width in enumerate(units)
    ]
    return keras.Sequential([keras.Input((input_dim,)), *layers], name=name)


def layer_seeds(seed, count):
    """`count` independent seeds that follow from `seed`, or that many None where it is None."""
    if seed is None:
        return [None] * count
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(count) >> 1]
