"""K convolutions and K transposed ones as batched products, which all devices have in all dtypes.

The pixels that a kernel sees from one place, side by side, are a patch; a convolution multiplies
patches by kernels. A transposed one multiplies its pixels by the kernels and adds what overlaps.
Each is the gradient of the other.
"""

import dataclasses
import math

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Axis:
    """Height or width of a convolution: from place `i` tap `t` sees pixel `stride i + t - before`.

    Attributes:
        pixels: size of the image.
        places: size of the convolved image.
        taps: size of the kernel.
    """

    pixels: int
    places: int
    taps: int
    stride: int
    before: int

    @classmethod
    def of_convolution(cls, pixels, taps, stride, padding):
        """That of a convolution of so many pixels; `padding` is "valid" or "same"."""
        if padding == "valid":
            if pixels < taps:
                raise ValueError(
                    'With padding "valid" an image must be at least as large as the kernel. '
                    f"Received: an image of {pixels} pixels, a kernel of {taps}"
                )
            return cls(pixels, (pixels - taps) // stride + 1, taps, stride, 0)
        places = math.ceil(pixels / stride)
        missing = max((places - 1) * stride + taps - pixels, 0)
        return cls(pixels, places, taps, stride, missing // 2)

    @classmethod
    def of_transposed(cls, places, taps, stride, padding):
        """That of the convolution whose transpose makes an image of so many places."""
        pixels = places * stride + (max(taps - stride, 0) if padding == "valid" else 0)
        return cls.of_convolution(pixels, taps, stride, padding)

    def seen(self):
        """`(places, taps)`: the pixel that a tap sees from a place."""
        return self.stride * np.arange(self.places)[:, None] + np.arange(self.taps) - self.before

    def taps_of_phase(self, phase):
        """Pairs `(tap, shift)`: pixel `stride a + phase` is seen from place `a + shift`."""
        first = (phase + self.before) % self.stride
        return [
            (tap, (phase + self.before - tap) // self.stride)
            for tap in range(first, self.taps, self.stride)
        ]

    def seen_by(self, tap):
        """Slice of the padded pixels that a tap sees from all places."""
        return slice(tap, tap + (self.places - 1) * self.stride + 1, self.stride)

    @property
    def paddings(self):
        """Zeros before and after the pixels, so that every tap sees one from every place."""
        last = (self.places - 1) * self.stride + self.taps
        return (self.before, max(last - self.before - self.pixels, 0))

    @property
    def steps(self):
        """Strides that the pixels take up, the last one perhaps in part."""
        return math.ceil(self.pixels / self.stride)


def convolution(x, kernels, height, width):
    """K convolutions.

    Args:
        x: `(K, batch, height, width, c)`.
        kernels: `(K, kernel height, kernel width, c, filters)`.
        height, width: `Axis`.

    Returns:
        `(K, batch, places, places, filters)`.
    """
    function = with_gradients(_convolve, _spread, _kernel_gradient, height, width)
    return _in_single_precision(function, x, kernels)


def transposed_convolution(x, kernels, height, width):
    """K transposed convolutions.

    Args:
        x: `(K, batch, places, places, c)`.
        kernels: `(K, kernel height, kernel width, filters, c)`.
        height, width: `Axis` of the convolution that this is the transpose of.

    Returns:
        `(K, batch, height, width, filters)`.
    """
    function = with_gradients(_spread, _convolve, _swapped_kernel_gradient, height, width)
    return _in_single_precision(function, x, kernels)


def with_gradients(apply, transpose, kernel_gradient, height, width):
    """A function of x and kernels whose gradients are known.

    Args:
        apply: of `x, kernels, height, width`, the function's outputs.
        transpose: of the outputs' gradient, kernels, height and width, the gradient in x.
        kernel_gradient: of x, the outputs' gradient, height and width, the gradient in the kernels.
        height, width: `Axis`.
    """

    @tf.custom_gradient
    def function(x, kernels):
        def gradients(dy):
            return transpose(dy, kernels, height, width), kernel_gradient(x, dy, height, width)

        return apply(x, kernels, height, width), gradients

    return function


def _in_single_precision(function, x, kernels):
    """CPUs that get here have no products of half precision: float32 is faster, and rounds once."""
    if x.dtype.size > 2 or tf.config.list_physical_devices("GPU"):
        return function(x, kernels)
    return tf.cast(function(tf.cast(x, tf.float32), tf.cast(kernels, tf.float32)), x.dtype)


def _convolve(x, kernels, height, width):
    n_networks, filters = kernels.shape[0], kernels.shape[-1]
    outputs = tf.matmul(_patches(x, height, width), tf.reshape(kernels, (n_networks, -1, filters)))
    return tf.reshape(outputs, (n_networks, -1, height.places, width.places, filters))


def _spread(x, kernels, height, width):
    n_networks, rows, columns, filters, channels = kernels.shape
    matrices = tf.reshape(kernels, (n_networks, rows * columns * filters, channels))
    spread = tf.matmul(tf.reshape(x, (n_networks, -1, channels)), matrices, transpose_b=True)
    shape = (-1, height.places, width.places, rows, columns, filters)
    image = _overlap_add(tf.reshape(spread, shape), height, width)
    return tf.reshape(image, (n_networks, -1, height.pixels, width.pixels, filters))


def _kernel_gradient(x, dy, height, width):
    n_networks, filters = dy.shape[0], dy.shape[-1]
    rows = tf.reshape(dy, (n_networks, -1, filters))
    gradient = tf.matmul(_patches(x, height, width), rows, transpose_a=True)
    return tf.reshape(gradient, (n_networks, height.taps, width.taps, -1, filters))


def _swapped_kernel_gradient(x, dy, height, width):
    return _kernel_gradient(dy, x, height, width)


def _patches(x, height, width):
    """`(K, batch, height, width, c)` -> `(K, batch places, taps c)`."""
    n_networks, channels = x.shape[0], x.shape[-1]
    rows, columns = height.seen()[:, None, :, None], width.seen()[:, None]
    inside = (rows >= 0) & (rows < height.pixels) & (columns >= 0) & (columns < width.pixels)
    outside = height.pixels * width.pixels  # where the zero is
    pixels = np.where(inside, rows * width.pixels + columns, outside).ravel()
    x = tf.reshape(x, (-1, outside, channels))
    if not inside.all():
        x = tf.pad(x, [(0, 0), (0, 1), (0, 0)])
    patches = tf.gather(x, pixels.astype("int32"), axis=1)
    return tf.reshape(patches, (n_networks, -1, height.taps * width.taps * channels))


def _overlap_add(x, height, width):
    """`(n, places, places, taps, taps, filters)` -> `(n, height, width, filters)`."""
    rows = [
        tf.stack([_phase(x, height, width, i, j) for j in range(width.stride)], axis=3)
        for i in range(height.stride)
    ]
    image = tf.stack(rows, axis=2)
    shape = (-1, height.steps * height.stride, width.steps * width.stride, x.shape[-1])
    return tf.reshape(image, shape)[:, : height.pixels, : width.pixels]


def _phase(x, height, width, i, j):
    """Every pixel that lies `i` and `j` behind a whole number of strides."""
    seen_from = [
        shifted(shifted(x[:, :, :, row, column], 1, down, height.steps), 2, along, width.steps)
        for row, down in height.taps_of_phase(i)
        for column, along in width.taps_of_phase(j)
    ]
    if seen_from:
        return tf.add_n(seen_from)
    # The kernel is smaller than the stride and sees none of them.
    return tf.zeros((tf.shape(x)[0], height.steps, width.steps, x.shape[-1]), x.dtype)


def shifted(x, axis, shift, size):
    """`x[shift : shift + size]` on an axis, with zeros where `x` has nothing."""
    before = min(max(-shift, 0), size)
    part = slice(max(shift, 0), max(shift + size, 0))
    x = x[(slice(None),) * axis + (part,)]
    paddings = [(0, 0)] * len(x.shape)
    paddings[axis] = (before, size - before - x.shape[axis])
    return tf.pad(x, paddings)
