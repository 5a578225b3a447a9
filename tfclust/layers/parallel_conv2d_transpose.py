"""K transposed convolutions in one."""

import keras
import tensorflow as tf

from tfclust.layers import column_convolution, patch_convolution
from tfclust.layers.channel_groups import group_channels, group_kernels
from tfclust.layers.parallel_convolution import ParallelConvolution
from tfclust.layers.patch_convolution import Axis
from tfclust.layers.phase_convolution import phase_convolution

# So few filters of a network leave most lanes of the gradient of a convolution idle: with one
# filter the phases take a third of its time in bfloat16 and less in float32 too; with eight they
# take more in float32.
_FEW_FILTERS = 4


@keras.saving.register_keras_serializable(package="tfclust")
class ParallelConv2DTranspose(ParallelConvolution):
    """K transposed convolutions of one shape, computed together, as those of `ParallelConv2D`.

    What K `keras.layers.Conv2DTranspose` compute, channels last, and they start as those would.

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
    from tfclust.layers import ParallelConv2DTranspose

    features = np.ones((10, 32, 14, 14, 16))  # of 10 networks
    layer = ParallelConv2DTranspose(10, 1, 5, strides=2, padding="same")
    images = layer(features)  # (10, 32, 28, 28, 1)
    ```
    """

    SINGLE = keras.layers.Conv2DTranspose
    PRODUCTS = staticmethod(patch_convolution.transposed_convolution)
    COLUMN_PRODUCTS = staticmethod(column_convolution.transposed_convolution)

    def kernel_shape(self, channels):
        """`(height, width, filters, channels)`."""
        return (*self.kernel_size, self.filters, channels)

    def axes(self, shape):
        """`Axis` of height and of width, of inputs of `shape`, `(..., height, width, c)`."""
        return [
            Axis.of_transposed(*sizes, self.padding)
            for sizes in zip(shape[-3:-1], self.kernel_size, self.strides, strict=True)
        ]

    def convolve_side_by_side(self, x, kernels):
        """Outputs `(batch, height, width, K filters)`."""
        x = self.one_for_each(x)
        grouped = group_channels(x)
        if self.filters <= _FEW_FILTERS and self.padding == "same":
            return phase_convolution(grouped, kernels, self.strides)
        return self._gradient_of_convolution(x, grouped, kernels)

    def _gradient_of_convolution(self, x, grouped, kernels):
        height, width = self.compute_output_shape(x.shape)[2:4]
        sizes = (tf.shape(grouped)[0], height, width, self.n_networks * self.filters)
        return tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.stack(sizes),
            filter=group_kernels(kernels),
            out_backprop=grouped,
            strides=(1, *self.strides, 1),
            padding=self.padding.upper(),
        )
