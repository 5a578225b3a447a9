"""What parallel convolutions, ordinary and transposed, share."""

import math

import tensorflow as tf

from tfclust.checks import check_integer, check_pair
from tfclust.layers.channel_groups import split_channels
from tfclust.layers.columns import Columns, acts_on_each_value, compute
from tfclust.layers.convolution_kernels import ConvolutionKernels, convolution_kernels
from tfclust.layers.parallel_kernel import ParallelKernel


class ParallelConvolution(ParallelKernel):
    """K two-dimensional convolutions of one shape, channels last.

    A subclass names the Keras layer in `SINGLE`, gives the shape of one kernel in `kernel_shape`
    and the geometry in `axes`, and computes all outputs in these ways: as one kernel, the networks'
    channels side by side, in `convolve_side_by_side`; by products, with `PRODUCTS`
    of images as they are and with `COLUMN_PRODUCTS` of those whose samples lie in columns.
    """

    SAMPLE_RANK = 3
    SINGLE = None
    PRODUCTS = None  # function of `patch_convolution`
    COLUMN_PRODUCTS = None  # function of `column_convolution`

    def __init__(
        self,
        n_networks,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        activation=None,
        use_bias=True,
        **kwargs,
    ):
        super().__init__(n_networks, activation=activation, use_bias=use_bias, **kwargs)
        self.filters = check_integer("filters", filters, 1)
        self.kernel_size = check_pair("kernel_size", kernel_size)
        self.strides = check_pair("strides", strides)
        if padding not in ("valid", "same"):
            raise ValueError(f'`padding` must be "valid" or "same". Received: padding={padding!r}')
        self.padding = padding

    def single(self, name=None):
        """One of the K as the Keras layer that it is, without weights."""
        return self.SINGLE(
            self.filters,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            data_format="channels_last",
            name=name,
            **self.single_arguments(),
        )

    @property
    def bias_size(self):
        """Size of one network's bias."""
        return self.filters

    def axes(self, shape):
        """`Axis` of height and of width, of inputs of `shape`, `(..., height, width, c)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `axes`")

    def is_ungrouped(self, x):
        """Whether one ordinary convolution gives the outputs of all networks for `x`."""
        return False

    def convolve_side_by_side(self, x, kernels):
        """Outputs `(batch, height, width, K filters)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `convolve_side_by_side`")

    def columns(self, single_shape):
        """The convolution as products."""
        height, width = self.axes(single_shape)
        multiplications = height.places * width.places * math.prod(self.kernel.shape)
        return Columns(self.COLUMN_PRODUCTS, (height, width), self.activation, multiplications)

    def call(self, x):
        """Outputs `(K, batch, height, width, filters)`."""
        kernels, columns = tf.convert_to_tensor(self.kernel), self.columns(x.shape)
        way = convolution_kernels(x.dtype.name, columns.multiplications)
        if way is ConvolutionKernels.GROUPED or self.is_ungrouped(x):
            outputs = self.convolve_side_by_side(x, kernels)
            if self.use_bias:
                outputs = tf.nn.bias_add(outputs, tf.reshape(self.bias, (-1,)))
            if acts_on_each_value(self.activation):
                return split_channels(self.activation(outputs), self.n_networks)
            return self.activation(split_channels(outputs, self.n_networks))
        if way is ConvolutionKernels.COMPILED_PRODUCTS:
            return compute([self], [columns], x)
        outputs = self.PRODUCTS(self.one_for_each(x), kernels, *self.axes(x.shape))
        if self.use_bias:
            outputs += tf.convert_to_tensor(self.bias)[:, tf.newaxis, tf.newaxis, tf.newaxis]
        return self.activation(outputs)

    def one_for_each(self, x):
        """`x` with K first, where it is one for all networks."""
        return tf.stack([x] * self.n_networks) if self.is_shared(x) else x

    def get_config(self):
        """Config that `from_config` takes."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
        }
