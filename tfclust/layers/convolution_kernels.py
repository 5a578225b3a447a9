"""Which kernels compute K convolutions on this machine: the one place that decides it."""

import contextlib
import contextvars
import enum

import tensorflow as tf
from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

from tfclust.processor import onednn_is_on, onednn_takes_bfloat16

# Below so many multiplications a sample, compiling takes longer than most trainings win by it.
_WORTH_COMPILING = 2**16

_portable = contextvars.ContextVar("portable", default=False)


class ConvolutionKernels(enum.Enum):
    """Ways to compute K convolutions of one shape."""

    GROUPED = "one grouped kernel"
    COMPILED_PRODUCTS = "a batched product for each network, compiled by XLA"
    PRODUCTS = "one batched product"


def convolution_kernels(dtype, multiplications):
    """The fastest `ConvolutionKernels` of those that have a gradient here.

    TensorFlow's grouped kernels have one on CPUs whose oneDNN kernels are on, in float32, and in
    bfloat16 where oneDNN takes it. Products have one everywhere; outside of XLA they gain from
    being compiled by themselves, in graphs on a CPU.

    Args:
        dtype: name of the dtype of image and kernels.
        multiplications: of a sample, in all networks.
    """
    if _portable.get() or GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph()):
        return ConvolutionKernels.PRODUCTS
    if tf.config.list_physical_devices("GPU"):
        return ConvolutionKernels.PRODUCTS
    if onednn_is_on() and (dtype == "float32" or (dtype == "bfloat16" and onednn_takes_bfloat16())):
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
