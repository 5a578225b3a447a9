"""K images side by side in the channels of one, as grouped kernels want them.

A layer groups the channels of its input, and splits those of its output after its activation: the
pair of transpositions between two layers cancels when TensorFlow optimizes the graph.
"""

import tensorflow as tf


def group_channels(x):
    """`(K, batch, height, width, c)` -> `(batch, height, width, K c)`, network after network."""
    n_networks, _, height, width, channels = x.shape
    return tf.reshape(tf.transpose(x, (1, 2, 3, 0, 4)), (-1, height, width, n_networks * channels))


def split_channels(x, n_networks):
    """`(batch, height, width, K c)` -> `(K, batch, height, width, c)`."""
    _, height, width, channels = x.shape
    x = tf.reshape(x, (-1, height, width, n_networks, channels // n_networks))
    return tf.transpose(x, (3, 0, 1, 2, 4))


def group_kernels(kernels):
    """Kernels `(K, height, width, c, filters)` -> `(height, width, c, K filters)`."""
    n_networks, height, width, channels, filters = kernels.shape
    return tf.reshape(
        tf.transpose(kernels, (1, 2, 3, 0, 4)), (height, width, channels, n_networks * filters)
    )
