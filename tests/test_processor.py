import warnings

import pytest
import tensorflow as tf

from tfclust import processor
from tfclust.models import CM

AVX2 = frozenset({"avx2", "fma"})
AVX512 = AVX2 | {"avx512f"}
BFLOAT16 = AVX512 | {"avx512_bf16"}


@pytest.fixture
def machine(monkeypatch):
    """Returns a function that makes this CPU another one, with or without oneDNN."""

    def become(flags, onednn, instruction_set=""):
        monkeypatch.setattr(processor, "processor_flags", lambda: flags)
        monkeypatch.setattr(processor, "onednn_is_on", lambda: onednn)
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", instruction_set)
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
        processor._warn_of_slow_bfloat16.cache_clear()

    yield become
    processor._warn_of_slow_bfloat16.cache_clear()


def test_onednn_has_avx512_where_the_processor_has_and_no_variable_forbids_it(machine):
    for flags, onednn, instruction_set, has in (
        (AVX2, True, "", False),
        (AVX512, True, "", True),
        (AVX512, False, "", False),
        (BFLOAT16, True, "ALL", True),
        (BFLOAT16, True, "AVX512_CORE", True),
        (BFLOAT16, True, "AVX2", False),
        (BFLOAT16, True, "avx2_vnni", False),
        (BFLOAT16, True, "SSE41", False),
    ):
        machine(flags, onednn, instruction_set)
        assert processor.onednn_has_avx512() == has


@pytest.mark.parametrize("flags, onednn", [(AVX2, True), (AVX512, True), (BFLOAT16, False)])
def test_bfloat16_warns_once_where_it_is_emulated(machine, flags, onednn):
    machine(flags, onednn)
    with pytest.warns(UserWarning, match="float32 is faster") as caught:
        for _ in range(2):
            CM(3, dtype="mixed_bfloat16")
    assert len(caught) == 1


def test_no_warning_where_bfloat16_is_fast_or_not_used(machine):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        machine(BFLOAT16, True)
        CM(3, dtype="mixed_bfloat16")
        machine(frozenset(), False)  # a system that does not tell
        CM(3, dtype="mixed_bfloat16")
        machine(AVX2, False)
        CM(3)


def test_bfloat16_that_would_crash_is_refused(machine):
    machine(BFLOAT16, True, "AVX2")
    with pytest.raises(ValueError, match=r"needs oneDNN with AVX-512.*Received: ONEDNN.*'AVX2'"):
        CM(3, dtype="mixed_bfloat16")
    CM(3)
    machine(BFLOAT16, False, "AVX2")  # without oneDNN nothing crashes
    with pytest.warns(UserWarning, match="emulated"):
        CM(3, dtype="mixed_bfloat16")


def test_flags_of_this_processor_are_read():
    assert processor.processor_flags() or not tf.io.gfile.exists("/proc/cpuinfo")
