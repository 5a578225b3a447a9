"""K dense layers in one."""

import keras
import tensorflow as tf

from tfclust.checks import check_integer
from tfclust.layers.columns import Columns
from tfclust.layers.parallel_kernel import ParallelKernel


@keras.saving.register_keras_serializable(package="tfclust")
class ParallelDense(ParallelKernel):
    """K dense layers of one shape, computed as one batched product.

    `y_k = activation(x_k W_k + b_k)` for k = 1..K: what K `keras.layers.Dense` compute, and they
    start as those would.

    Args:
        n_networks: int of at least 1, the number of layers K.
        units: int of at least 1, the size of each layer's output.
        activation: Keras activation or its name; None, the default, is linear.
        use_bias: bool, True by default.
        kernel_initializer, bias_initializer: as in Keras, "glorot_uniform" and "zeros" by default;
            each network's values are drawn apart.
        **kwargs: `name` and `dtype`, as in `keras.layers.Layer`.

    Input shape: `(batch, d)`, the same for all networks, or `(K, batch, d)`, one for each.
    Output shape: `(K, batch, units)`.

    Raises:
        ValueError: `n_networks` or `units` is below 1, or the input has another rank or K.

    Example:

    ```python
    import numpy as np
    from tfclust.layers import ParallelDense

    x = np.ones((32, 64))
    hidden = ParallelDense(10, 16, activation="relu")(x)  # (10, 32, 16)
    codes = ParallelDense(10, 8)(hidden)  # (10, 32, 8)
    ```
    """

    SAMPLE_RANK = 1

    def __init__(self, n_networks, units, activation=None, use_bias=True, **kwargs):
        super().__init__(n_networks, activation=activation, use_bias=use_bias, **kwargs)
        self.units = check_integer("units", units, 1)

    def single(self, name=None):
        """One of the K as a `keras.layers.Dense`, without weights."""
        return keras.layers.Dense(self.units, name=name, **self.single_arguments())

    @property
    def bias_size(self):
        """Size of one network's bias."""
        return self.units

    def kernel_shape(self, channels):
        """`(channels, units)`."""
        return (channels, self.units)

    def columns(self, single_shape):
        """One product with the kernels."""
        return Columns(_product, (), self.activation)

    def call(self, x):
        """Outputs `(K, batch, units)` of `x`, `(batch, d)` or `(K, batch, d)`."""
        outputs = tf.matmul(x, self.kernel)
        if self.use_bias:
            outputs += tf.convert_to_tensor(self.bias)[:, tf.newaxis]
        return self.activation(outputs)

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "units": self.units}


def _product(x, kernels):
    return tf.matmul(kernels, x, transpose_a=True)
