"""K convolutions in one."""

import keras
import tensorflow as tf

from tfclust.layers.channel_groups import group_channels, group_kernels
from tfclust.layers.parallel_convolution import ParallelConvolution


@keras.saving.register_keras_serializable(package="tfclust")
class ParallelConv2D(ParallelConvolution):
    """K two-dimensional convolutions of one shape, computed as one grouped convolution.

    What K `keras.layers.Conv2D` compute, channels last, and they start as those would.

    Args:
        networks: number of layers K, at least 1.
        filters: channels of each one's output, at least 1.
        kernel_size, strides: an int of at least 1, or two: height and width.
        padding: "valid" or "same".
        activation, use_bias: as in `keras.layers.Conv2D`.
        kernel_initializer, bias_initializer: drawn for each network apart.
        **kwargs: `name`, `dtype`.

    Input shape: `(batch, height, width, c)`, the same for all networks, or
    `(K, batch, height, width, c)`, one for each.
    Output shape: `(K, batch, new height, new width, filters)`.

    Raises:
        ValueError: an argument is out of its range, or the input has another rank or K.

    Example:

    ```python
    features = ParallelConv2D(10, 16, 5, strides=2, padding="same", activation="relu")(images)
    ```

    Known limits: on a CPU the gradient of a grouped convolution needs TensorFlow's oneDNN kernels
    (x86, on by default), and XLA is many times slower at it than the graph.
    """

    SINGLE = keras.layers.Conv2D

    def kernel_shape(self, channels):
        """`(height, width, channels, filters)`."""
        return (*self.kernel_size, channels, self.filters)

    def convolve(self, x, kernels):
        """Outputs `(batch, height, width, K filters)`."""
        grouped = x if self.is_shared(x) else group_channels(x)
        return tf.nn.conv2d(grouped, group_kernels(kernels), self.strides, self.padding.upper())
