"""K convolutions in one."""

import keras
import tensorflow as tf

from tfclust.layers import column_convolution, patch_convolution
from tfclust.layers.channel_groups import group_channels, group_kernels
from tfclust.layers.parallel_convolution import ParallelConvolution
from tfclust.layers.patch_convolution import Axis


@keras.saving.register_keras_serializable(package="tfclust")
class ParallelConv2D(ParallelConvolution):
    """K two-dimensional convolutions of one shape, computed together.

    What K `keras.layers.Conv2D` compute, channels last, and they start as those would.

    Args:
        n_networks: int of at least 1, the number of layers K.
        filters: int of at least 1, the number of channels of each layer's output.
        kernel_size: int of at least 1, or two of them: height and width in pixels.
        strides: int of at least 1, or two of them; 1 by default.
        padding: "valid", the default, or "same".
        activation: Keras activation or its name; None, the default, is linear.
        use_bias: bool, True by default.
        kernel_initializer, bias_initializer: as in Keras, "glorot_uniform" and "zeros" by default;
            each network's values are drawn apart.
        **kwargs: `name` and `dtype`, as in `keras.layers.Layer`.

    Input shape: `(batch, height, width, c)`, the same for all networks, or
    `(K, batch, height, width, c)`, one for each.
    Output shape: `(K, batch, new height, new width, filters)`.

    Raises:
        ValueError: an argument is out of its range, or the input has another rank or K.

    Example:

    ```python
    import numpy as np
    from tfclust.layers import ParallelConv2D

    images = np.ones((32, 28, 28, 1))
    layer = ParallelConv2D(10, 16, 5, strides=2, padding="same", activation="relu")
    features = layer(images)  # (10, 32, 14, 14, 16)
    ```

    Where TensorFlow has kernels for grouped convolutions, their gradients included, they compute
    it; elsewhere batched products do, the same numbers but for rounding: on CPUs without oneDNN or
    AVX-512, on GPUs, under XLA, in float64 and float16, and in what is exported.

    Known limits: products hold every pixel as often as a kernel sees it, so large kernels take
    memory. On a CPU graphs compile those of larger layers with XLA, a second or so for each size of
    batch, and `ParallelSequential` several layers together; float16 and bfloat16 are computed in
    float32 there.
    """

    SINGLE = keras.layers.Conv2D
    PRODUCTS = staticmethod(patch_convolution.convolution)
    COLUMN_PRODUCTS = staticmethod(column_convolution.convolution)

    def kernel_shape(self, channels):
        """`(height, width, channels, filters)`."""
        return (*self.kernel_size, channels, self.filters)

    def axes(self, shape):
        """`Axis` of height and of width, of inputs of `shape`, `(..., height, width, c)`."""
        return [
            Axis.of_convolution(*sizes, self.padding)
            for sizes in zip(shape[-3:-1], self.kernel_size, self.strides, strict=True)
        ]

    def is_ungrouped(self, x):
        """Whether one ordinary convolution gives the outputs of all networks for `x`.

        Not with a kernel smaller than the stride, of which oneDNN's gradient is wrong with AVX2.
        """
        sizes = zip(self.kernel_size, self.strides, strict=True)
        return self.is_shared(x) and all(kernel >= stride for kernel, stride in sizes)

    def convolve_side_by_side(self, x, kernels):
        """Outputs `(batch, height, width, K filters)`."""
        x = x if self.is_shared(x) else group_channels(x)
        return tf.nn.conv2d(x, group_kernels(kernels), self.strides, self.padding.upper())
