"""K sequences of layers in one."""

import keras

from tfclust.layers.columns import compute
from tfclust.layers.convolution_kernels import ConvolutionKernels, convolution_kernels
from tfclust.layers.parallel_layer import ParallelLayer


@keras.saving.register_keras_serializable(package="tfclust")
class ParallelSequential(keras.Sequential):
    """A `keras.Sequential` of parallel layers, which may compute each network by itself.

    Where the convolutions of such a network are products that XLA compiles, one call computes all
    layers of a network and another one their gradients: nothing but codes and images leaves the
    processor's caches. The numbers are those of the layers, but for rounding.

    Args:
        layers: list of Keras layers, or None, the default.
        trainable: bool, True by default.
        name: str, or None, the default, for a name that Keras makes.

    Example:

    ```python
    import keras
    import numpy as np
    from tfclust.layers import ParallelConv2D, ParallelDense, ParallelReshape, ParallelSequential

    convolution = ParallelConv2D(10, 16, 5, strides=2, activation="relu")
    layers = [convolution, ParallelReshape(10, (-1,)), ParallelDense(10, 8)]
    encoder = ParallelSequential([keras.Input((28, 28, 1)), *layers])
    codes = encoder(np.ones((32, 28, 28, 1)))  # (10, 32, 8)
    ```
    """

    def __init__(self, layers=None, trainable=True, name=None):
        super().__init__(layers, trainable=trainable, name=name)
        # In which precision a layer computes is its own affair, not that of Keras's global policy.
        self.autocast = False
        self.dtype_policy = self.variable_dtype

    def call(self, inputs, training=None, mask=None):
        """Outputs `(K, batch, ...)`."""
        columns = [_columns(layer, inputs.dtype) for layer in self.layers]
        if None in columns or not _are_compiled(columns, inputs.dtype):
            return super().call(inputs, training=training, mask=mask)
        return compute(self.layers, columns, inputs)


def _columns(layer, dtype):
    """What the layer computes in columns; None where it computes otherwise, or in another dtype."""
    known = isinstance(layer, ParallelLayer) and None not in layer.single_shape[1:]
    return layer.columns(layer.single_shape) if known and layer.compute_dtype == dtype else None


def _are_compiled(columns, dtype):
    multiplications = sum(each.multiplications for each in columns)
    way = convolution_kernels(dtype.name, multiplications)
    return way is ConvolutionKernels.COMPILED_PRODUCTS
