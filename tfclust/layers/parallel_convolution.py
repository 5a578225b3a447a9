"""What parallel convolutions, ordinary and transposed, share."""

import keras
import tensorflow as tf

from tfclust.checks import check_integer, check_pair
from tfclust.layers.channel_groups import split_channels
from tfclust.layers.parallel_layer import ParallelLayer


class ParallelConvolution(ParallelLayer):
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
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(networks, **kwargs)
        self.filters = check_integer("filters", filters, 1)
        self.kernel_size = check_pair("kernel_size", kernel_size)
        self.strides = check_pair("strides", strides)
        if padding not in ("valid", "same"):
            raise ValueError(f'`padding` must be "valid" or "same". Received: padding={padding!r}')
        self.padding = padding
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def single(self, name=None):
        """One of the K as the Keras layer that it is, without weights."""
        return self.SINGLE(
            self.filters,
            self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            data_format="channels_last",
            activation=self.activation,
            use_bias=self.use_bias,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            dtype=self.dtype_policy,
            name=name,
        )

    def kernel_shape(self, channels):
        """Shape of one network's kernel for inputs of so many channels."""
        raise NotImplementedError(f"{type(self).__name__} must define `kernel_shape`")

    def convolve(self, x, kernels):
        """Outputs `(batch, height, width, K filters)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `convolve`")

    def build(self, input_shape):
        """Creates the kernels, K first, and the biases `(K, filters)`."""
        super().build(input_shape)
        shape = self.kernel_shape(input_shape[-1])
        self.kernel = self.add_stacked_weight(shape, self.kernel_initializer, "kernel")
        if self.use_bias:
            self.bias = self.add_stacked_weight((self.filters,), self.bias_initializer, "bias")

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
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
