import subprocess
import sys

import pytest

# Everything that there is, in three processes that share the import of TensorFlow. Processor time,
# which other tests that run beside this one do not lengthen.
SECONDS = """
import os, time
import tensorflow
for _ in range(3):
    if not os.fork():
        start = time.process_time()
        import tfclust
        for name in tfclust.__all__:
            getattr(tfclust, name)
        print(time.process_time() - start, flush=True)
        os._exit(0)
    os.wait()
"""

LIGHT = """
import sys
import tfclust
heavy = {"tensorflow", "keras", "numpy", "scipy", "sklearn", "matplotlib"}
print(*sorted(heavy & set(sys.modules)))
"""

WHOLE = """
import sys
import tensorflow
before = set(sys.modules)
import tfclust
for name in tfclust.__all__:
    getattr(tfclust, name)
late = {"tensorflow_datasets", "keras_tuner", "sklearn.cluster", "scipy.optimize"}
print(*sorted(late & set(sys.modules) - before))
"""


def run(program):
    """What a program prints in a process of its own."""
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return process.stdout.strip()


def test_importing_tfclust_imports_no_tensorflow():
    assert not run(LIGHT)


@pytest.mark.slow
def test_tfclust_adds_less_than_0_3_seconds_to_tensorflow():
    assert min(float(seconds) for seconds in run(SECONDS).split()) < 0.3


@pytest.mark.slow
def test_what_few_functions_need_is_imported_by_them():
    assert not run(WHOLE)
