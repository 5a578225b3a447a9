"""Which kernels compute K convolutions on this machine: the one place that decides it."""

import contextlib
import contextvars
import enum

import tensorflow as tf
from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

from tfclust.processor import onednn_has_avx512

# Below so many multiplications a sample, compiling takes longer than most trainings win by it.
_WORTH_COMPILING = 2**19

_portable = contextvars.ContextVar("portable", default=False)


class ConvolutionKernels(enum.Enum):
    """Ways to compute K convolutions of one shape."""

    GROUPED = "one grouped kernel"
    COMPILED_PRODUCTS = "products of each network by itself, compiled by XLA"
    PRODUCTS = "one batched product"


def convolution_kernels(dtype, multiplications):
    """The fastest `ConvolutionKernels` of those that are right on this machine.

    On a CPU TensorFlow's grouped kernels have a gradient in oneDNN alone, in float32 and bfloat16,
    and bfloat16 wants AVX-512; without it oneDNN's gradients in the kernels are wrong where the
    stride is larger. Products are right everywhere; outside of XLA they gain from being compiled by
    themselves, in graphs.

    Args:
        dtype: name of the dtype of image and kernels.
        multiplications: of a sample, in all networks.
    """
    if _portable.get() or GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph()):
        return ConvolutionKernels.PRODUCTS
    if tf.config.list_physical_devices("GPU"):
        return ConvolutionKernels.PRODUCTS
    if dtype in ("float32", "bfloat16") and onednn_has_avx512():
        return ConvolutionKernels.GROUPED
    if tf.inside_function() and multiplications >= _WORTH_COMPILING:
        return ConvolutionKernels.COMPILED_PRODUCTS
    return ConvolutionKernels.PRODUCTS


@contextlib.contextmanager
def portable_kernels():
    """Within it, what is traced runs on any machine, with any kernels of TensorFlow."""
    token = _portable.set(True)
    try:
        yield
    finally:
        _portable.reset(token)
