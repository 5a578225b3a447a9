"""A transposed convolution as an ordinary one, whose channels are the phases of the larger image.

Pixels of the output that lie a stride apart see the same taps of the kernel: they are one phase. A
convolution of stride 1 over the small image computes all phases, each as channels of its own, with
a kernel of at most so many more taps as make the size a multiple of the stride.
"""

import math

import numpy as np
import tensorflow as tf

from tfclust.layers.channel_groups import group_kernels


def phase_convolution(x, kernels, strides):
    """K transposed convolutions with padding "same", grouped.

    Args:
        x: `(batch, height, width, K c)`, network after network.
        kernels: `(K, kernel height, kernel width, filters, c)`.
        strides: two ints, of height and width.

    Returns:
        `(batch, strides[0] height, strides[1] width, K filters)`.
    """
    n_networks, rows, columns, filters, _ = kernels.shape
    by_phase = tf.einsum(
        "dau,ebv,kuvfc->kdecabf",
        tf.constant(_taps(rows, strides[0]), x.dtype),
        tf.constant(_taps(columns, strides[1]), x.dtype),
        kernels,
    )
    shape = (*by_phase.shape[:4], math.prod(by_phase.shape[4:]))
    phases = tf.nn.conv2d(x, group_kernels(tf.reshape(by_phase, shape)), 1, "SAME")
    height, width = x.shape[1:3]
    phases = tf.reshape(phases, (-1, height, width, n_networks, *strides, filters))
    image = tf.transpose(phases, (0, 1, 4, 2, 5, 3, 6))
    return tf.reshape(image, (-1, height * strides[0], width * strides[1], n_networks * filters))


def _taps(size, stride):
    """`(offsets, stride, size)`: 1 where a tap leads from an offset in x to a phase, else 0.

    Output pixel `stride i + phase` gets `x[i + offset]` times tap `phase + before - stride offset`.
    """
    before = max(size - stride, 0) // 2  # padding "same"
    reach = max((stride - 1 + before) // stride, (size - 1 - before) // stride)
    offset, phase, tap = np.ogrid[-reach : reach + 1, :stride, :size]
    return (tap == phase + before - stride * offset).astype("float32")
