"""All monomials of degree two at most."""

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="tfclust")
class QuadraticFeatures(keras.layers.Layer):
    """Feature map of a quadratic kernel: the constant, the inputs and their products.

    `x -> (1, x_1, ..., x_d, x_1 x_1, x_1 x_2, ..., x_1 x_d, x_2 x_2, x_2 x_3, ..., x_2 x_1, ...)`:
    `1 + d + d^2` features; each input's products start with its own square and go on cyclically.
    For d = 2 that is the paper's `(1, x1, x2, x1^2, x1 x2, x2^2, x2 x1)`, which lists the mixed
    product twice.

    A dense layer on top is any quadratic function of the inputs, so an encoder made of the two
    separates what a conic section separates, such as one circle inside another.

    Args:
        **kwargs: of `keras.layers.Layer`.

    Input shape: `(batch, ..., d)`. Output shape: `(batch, ..., 1 + d + d^2)`.

    Raises:
        ValueError: the inputs have rank 1, or d is not known.

    Example:

    ```python
    import numpy as np
    from tfclust.layers import QuadraticFeatures

    QuadraticFeatures()(np.array([[2.0, 3.0]]))  # [[1, 2, 3, 4, 6, 9, 6]]
    ```

    Reference: Boubekki, Kampffmeyer, Brefeld, Jenssen, Joint optimization of an autoencoder for
    clustering and embedding, Machine Learning 110, 2021, appendix 1.

    Known limits: the width grows with the square of d; scale inputs to about 1 beforehand.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape):
        """Notes which pairs of inputs are multiplied."""
        d = _known_size(input_shape)
        self._first = np.repeat(np.arange(d), d)
        self._second = (self._first + np.tile(np.arange(d), d)) % d
        super().build(input_shape)

    def call(self, inputs):
        """Features `(batch, ..., 1 + d + d^2)` of `inputs`, `(batch, ..., d)`."""
        products = keras.ops.multiply(
            keras.ops.take(inputs, self._first, axis=-1),
            keras.ops.take(inputs, self._second, axis=-1),
        )
        ones = keras.ops.ones_like(inputs[..., :1])
        return keras.ops.concatenate([ones, inputs, products], axis=-1)

    def compute_output_shape(self, input_shape):
        """Shape of the features."""
        d = _known_size(input_shape)
        return (*input_shape[:-1], 1 + d + d**2)


def _known_size(input_shape):
    if input_shape[-1] is None:
        raise ValueError(
            "The last axis of the inputs must have a known size. "
            f"Received: inputs of shape {tuple(input_shape)}"
        )
    return input_shape[-1]
