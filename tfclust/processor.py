"""What the processor and TensorFlow's kernels for it can do."""

import functools
import os
import re
import warnings
from pathlib import Path

import tensorflow as tf
from tensorflow.python.util import _pywrap_util_port


def onednn_is_on():
    """Whether TensorFlow uses its oneDNN kernels: by default, only with AVX-512 and its like."""
    return _pywrap_util_port.IsMklEnabled()


def onednn_has_avx512():
    """Whether TensorFlow's oneDNN kernels are on and use AVX-512."""
    return onednn_is_on() and "avx512f" in processor_flags() and not _onednn_is_held_below_avx512()


def _onednn_is_held_below_avx512():
    return re.match("SSE|AVX2|AVX$", _greatest_instruction_set().upper()) is not None


def _greatest_instruction_set():
    return os.environ.get("ONEDNN_MAX_CPU_ISA", os.environ.get("DNNL_MAX_CPU_ISA", ""))


@functools.cache
def processor_flags():
    """Instruction sets of the processor, as Linux names them; empty on other systems."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return frozenset()
    return frozenset(" ".join(re.findall(r"^(?:flags|Features)\s*:(.*)$", text, re.M)).split())


def bfloat16_is_fast():
    """Whether products in bfloat16 are the CPU's own; True where its flags are not known."""
    flags = processor_flags()
    return not flags or bool(onednn_is_on() and flags & {"avx512_bf16", "amx_bf16", "bf16"})


def bfloat16_runs():
    """Whether TensorFlow survives a product in bfloat16.

    With AVX-512 it leaves them to oneDNN without asking whether that may use it.
    """
    on = onednn_is_on() and "avx512f" in processor_flags()
    return not (on and _onednn_is_held_below_avx512())


def check_bfloat16(dtype):
    """Warns once where products in `dtype` are slow on this machine, refuses what would crash.

    Args:
        dtype: name of the dtype that layers compute in.

    Raises:
        ValueError: TensorFlow would end the process at the first product in bfloat16.
    """
    if dtype != "bfloat16" or tf.config.list_physical_devices("GPU"):
        return
    if not bfloat16_runs():
        raise ValueError(
            "bfloat16 needs oneDNN with AVX-512: TensorFlow would crash in its first product. "
            "Unset ONEDNN_MAX_CPU_ISA, or set TF_ENABLE_ONEDNN_OPTS=0. "
            f"Received: ONEDNN_MAX_CPU_ISA={_greatest_instruction_set()!r}"
        )
    if not bfloat16_is_fast():
        _warn_of_slow_bfloat16()


@functools.cache
def _warn_of_slow_bfloat16():
    warnings.warn(
        "Products in bfloat16 are emulated on this CPU, where float32 is faster: leave `dtype` "
        "and Keras's dtype policy at float32.",
        stacklevel=4,
    )
