"""K dense layers in one."""

import keras
import tensorflow as tf

from tfclust.checks import check_integer
from tfclust.layers.parallel_layer import ParallelLayer


@keras.saving.register_keras_serializable(package="tfclust")
class ParallelDense(ParallelLayer):
    """K dense layers of one shape, computed as one batched product.

    `y_k = activation(x_k W_k + b_k)` for k = 1..K: what K `keras.layers.Dense` compute, and they
    start as those would.

    Args:
        networks: number of layers K, at least 1.
        units: size of each one's output, at least 1.
        activation, use_bias: as in `keras.layers.Dense`.
        kernel_initializer, bias_initializer: drawn for each network apart.
        **kwargs: `name`, `dtype`.

    Input shape: `(batch, d)`, the same for all networks, or `(K, batch, d)`, one for each.
    Output shape: `(K, batch, units)`.

    Raises:
        ValueError: `networks` or `units` is below 1, or the input has another rank or K.

    Example:

    ```python
    hidden = ParallelDense(10, 256, activation="relu")(x)  # (10, batch, 256)
    codes = ParallelDense(10, 8)(hidden)  # (10, batch, 8)
    ```
    """

    SAMPLE_RANK = 1

    def __init__(
        self,
        networks,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(networks, **kwargs)
        self.units = check_integer("units", units, 1)
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def single(self, name=None):
        """One of the K as a `keras.layers.Dense`, without weights."""
        return keras.layers.Dense(
            self.units,
            activation=self.activation,
            use_bias=self.use_bias,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            dtype=self.dtype_policy,
            name=name,
        )

    def build(self, input_shape):
        """Creates the kernels `(K, d, units)` and the biases `(K, units)`."""
        super().build(input_shape)
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_stacked_weight(shape, self.kernel_initializer, "kernel")
        if self.use_bias:
            self.bias = self.add_stacked_weight((self.units,), self.bias_initializer, "bias")

    def call(self, x):
        """Outputs `(K, batch, units)` of `x`, `(batch, d)` or `(K, batch, d)`."""
        outputs = tf.matmul(x, self.kernel)
        if self.use_bias:
            outputs += tf.convert_to_tensor(self.bias)[:, tf.newaxis]
        return self.activation(outputs)

    def get_config(self):
        """Config that `from_config` takes."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
