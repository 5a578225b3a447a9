"""K convolutions and K transposed ones as products, of images whose samples lie in columns.

The products are those of `patch_convolution`. Here what is moved or added is long runs of samples,
however few the channels: XLA makes vector instructions of them, where single operations of
TensorFlow are slower than on images whose channels come last.
"""

import tensorflow as tf

from tfclust.layers.patch_convolution import shifted, with_gradients


def convolution(x, kernels, height, width):
    """K convolutions.

    Args:
        x: `(K, c, height, width, batch)`.
        kernels: `(K, kernel height, kernel width, c, filters)`.
        height, width: `Axis`.

    Returns:
        `(K, filters, places, places, batch)`.
    """
    function = with_gradients(_convolve, _spread, _kernel_gradient, height, width)
    return function(x, kernels)


def transposed_convolution(x, kernels, height, width):
    """K transposed convolutions.

    Args:
        x: `(K, c, places, places, batch)`.
        kernels: `(K, kernel height, kernel width, filters, c)`.
        height, width: `Axis` of the convolution that this is the transpose of.

    Returns:
        `(K, filters, height, width, batch)`.
    """
    function = with_gradients(_spread, _convolve, _swapped_kernel_gradient, height, width)
    return function(x, kernels)


def _convolve(x, kernels, height, width):
    n_networks, filters = kernels.shape[0], kernels.shape[-1]
    matrices = tf.reshape(kernels, (n_networks, -1, filters))
    outputs = tf.matmul(matrices, _patches(x, height, width), transpose_a=True)
    return tf.reshape(outputs, (n_networks, filters, height.places, width.places, -1))


def _spread(x, kernels, height, width):
    n_networks, rows, columns, filters, channels = kernels.shape
    matrices = tf.reshape(kernels, (n_networks, rows * columns * filters, channels))
    spread = tf.matmul(matrices, tf.reshape(x, (n_networks, channels, -1)))
    shape = (n_networks, rows, columns, filters, height.places, width.places, -1)
    return _overlap_add(tf.reshape(spread, shape), height, width)


def _kernel_gradient(x, dy, height, width):
    n_networks, filters = dy.shape[:2]
    columns = tf.reshape(dy, (n_networks, filters, -1))
    gradient = tf.matmul(_patches(x, height, width), columns, transpose_b=True)
    return tf.reshape(gradient, (n_networks, height.taps, width.taps, -1, filters))


def _swapped_kernel_gradient(x, dy, height, width):
    return _kernel_gradient(dy, x, height, width)


def _patches(x, height, width):
    """`(K, c, height, width, batch)` -> `(K, taps c, places batch)`."""
    n_networks, channels = x.shape[:2]
    x = tf.pad(x, [(0, 0), (0, 0), height.paddings, width.paddings, (0, 0)])
    seen = [
        x[:, :, height.seen_by(row), width.seen_by(column)]
        for row in range(height.taps)
        for column in range(width.taps)
    ]
    return tf.reshape(tf.stack(seen, axis=1), (n_networks, len(seen) * channels, -1))


def _overlap_add(x, height, width):
    """`(K, taps, taps, filters, places, places, batch)` -> `(K, filters, height, width, batch)`."""
    rows = [
        tf.stack([_phase(x, height, width, i, j) for j in range(width.stride)], axis=4)
        for i in range(height.stride)
    ]
    image = tf.stack(rows, axis=3)
    n_networks, _, _, filters = x.shape[:4]
    shape = (n_networks, filters, height.steps * height.stride, width.steps * width.stride, -1)
    return tf.reshape(image, shape)[:, :, : height.pixels, : width.pixels]


def _phase(x, height, width, i, j):
    """Every pixel that lies `i` and `j` behind a whole number of strides."""
    seen_from = [
        shifted(shifted(x[:, row, column], 2, down, height.steps), 3, along, width.steps)
        for row, down in height.taps_of_phase(i)
        for column, along in width.taps_of_phase(j)
    ]
    if seen_from:
        return tf.add_n(seen_from)
    # The kernel is smaller than the stride and sees none of them.
    n_networks, _, _, filters = x.shape[:4]
    return tf.zeros((n_networks, filters, height.steps, width.steps, tf.shape(x)[-1]), x.dtype)
