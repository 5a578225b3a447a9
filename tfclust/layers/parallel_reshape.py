"""K reshapings in one."""

import keras
import tensorflow as tf

from tfclust.layers.columns import Columns
from tfclust.layers.parallel_layer import ParallelLayer


@keras.saving.register_keras_serializable(package="tfclust")
class ParallelReshape(ParallelLayer):
    """Reshapes every network's samples, `(K, batch, ...)` -> `(K, batch, *target_shape)`.

    Args:
        n_networks: int of at least 1, the number of networks K.
        target_shape: tuple of ints, the shape of one sample afterwards; one of them may be -1.
        **kwargs: `name` and `dtype`, as in `keras.layers.Layer`.

    Raises:
        ValueError: the input has another K, or sizes that do not fit.

    Example:

    ```python
    import numpy as np
    from tfclust.layers import ParallelReshape

    features = np.ones((10, 32, 7, 7, 4))  # of 10 networks
    vectors = ParallelReshape(10, (-1,))(features)  # (10, 32, 196)
    ```
    """

    def __init__(self, n_networks, target_shape, **kwargs):
        super().__init__(n_networks, **kwargs)
        self.target_shape = tuple(target_shape)

    def single(self, name=None):
        """One of the K as a `keras.layers.Reshape`."""
        return keras.layers.Reshape(self.target_shape, dtype=self.dtype_policy, name=name)

    def build(self, input_shape):
        """Works out the size of an axis given as -1."""
        super().build(input_shape)
        self._sample_shape = self._single_output_shape(self.single_shape)[1:]

    def columns(self, single_shape):
        """The reshaping of samples whose channels come first."""
        return Columns(_reshaped, (self._sample_shape,))

    def call(self, x):
        """`x` with its samples in the target shape."""
        return tf.reshape(x, (self.n_networks, -1, *self._sample_shape))

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "target_shape": self.target_shape}


def _reshaped(x, sample_shape):
    """`(K, c, ..., batch)` -> `(K, channels, ..., batch)` of samples `(..., channels)`."""
    rank = len(x.shape)
    samples = tf.transpose(x, (0, *range(2, rank - 1), 1, rank - 1))
    samples = tf.reshape(samples, (x.shape[0], *sample_shape, -1))
    rank = len(samples.shape)
    return tf.transpose(samples, (0, rank - 2, *range(1, rank - 2), rank - 1))
