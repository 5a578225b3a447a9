"""What the parallel layers with a kernel, a bias and an activation share."""

import keras

from tfclust.layers.parallel_layer import ParallelLayer


class ParallelKernel(ParallelLayer):
    """K layers with a kernel each, a bias and an activation.

    A subclass gives the shape of one kernel in `kernel_shape` and the size of one bias in
    `bias_size`.
    """

    def __init__(
        self,
        n_networks,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(n_networks, **kwargs)
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    @property
    def bias_size(self):
        """Size of one network's bias."""
        raise NotImplementedError(f"{type(self).__name__} must define `bias_size`")

    def kernel_shape(self, channels):
        """Shape of one network's kernel for inputs of so many channels."""
        raise NotImplementedError(f"{type(self).__name__} must define `kernel_shape`")

    def single_arguments(self):
        """What the constructor of the single Keras layer takes besides its sizes."""
        return {
            "activation": self.activation,
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
            "dtype": self.dtype_policy,
        }

    def build(self, input_shape):
        """Creates the kernels and the biases, K first."""
        super().build(input_shape)
        shape = self.kernel_shape(input_shape[-1])
        self.kernel = self.add_stacked_weight(shape, self.kernel_initializer, "kernel")
        if self.use_bias:
            shape = (self.bias_size,)
            self.bias = self.add_stacked_weight(shape, self.bias_initializer, "bias")

    def get_config(self):
        """Config that `from_config` takes."""
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
