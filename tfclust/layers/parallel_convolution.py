"""What parallel convolutions, ordinary and transposed, share."""

import tensorflow as tf

from tfclust.checks import check_integer, check_pair
from tfclust.layers.channel_groups import split_channels
from tfclust.layers.parallel_kernel import ParallelKernel


class ParallelConvolution(ParallelKernel):
    """K two-dimensional convolutions of one shape, channels last, as one grouped kernel.

    A subclass names the Keras layer in `SINGLE`, gives the shape of one kernel in `kernel_shape`,
    and computes all outputs, channels grouped, in `convolve`.
    """

    SAMPLE_RANK = 3
    SINGLE = None

    def __init__(
        self,
        networks,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        activation=None,
        use_bias=True,
        **kwargs,
    ):
        super().__init__(networks, activation=activation, use_bias=use_bias, **kwargs)
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

    def convolve(self, x, kernels):
        """Outputs `(batch, height, width, K filters)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `convolve`")

    def call(self, x):
        """Outputs `(K, batch, height, width, filters)`."""
        outputs = self.convolve(x, tf.convert_to_tensor(self.kernel))
        if self.use_bias:
            outputs = tf.nn.bias_add(outputs, tf.reshape(self.bias, (-1,)))
        return split_channels(self.activation(outputs), self.networks)

    def get_config(self):
        """Config that `from_config` takes."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
        }
