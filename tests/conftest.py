"""What the tests share: small data, and a process that is killed at a random moment."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# There is a process of tests for each core, and threads that wait for a core take it from others.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import multiprocessing
import random
import signal
import time

import numpy as np
import pytest
from scipy.sparse import csr_matrix

pytest.register_assert_rewrite("battery")


def pytest_collection_modifyitems(items):
    """Puts the notebooks, the longest tests, first: no process waits for another's at the end."""
    items.sort(key=lambda item: item.path.name != "test_notebooks.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Skips what needs bfloat16 where an environment variable makes TensorFlow crash in it."""
    try:
        return (yield)
    except ValueError as error:
        if str(error).startswith("bfloat16 needs oneDNN with AVX-512"):
            pytest.skip(str(error))
        raise


@pytest.fixture(scope="session")
def rows():
    """37 rows of 6 features, a third of them 0: batches of 8 leave a short one of 5."""
    rng = np.random.default_rng(0)
    centers = rng.uniform(0.0, 1.0, (3, 6))
    x = centers[np.arange(37) % 3] + rng.normal(0.0, 0.1, (37, 6))
    x = np.where(rng.random(x.shape) < 1 / 3, 0.0, x).astype("float32")
    x.setflags(write=False)
    return x


@pytest.fixture(scope="session")
def labels():
    """The groups that `rows` were drawn from."""
    return np.arange(37) % 3


@pytest.fixture(scope="session")
def sparse_rows(rows):
    """`rows` as CSR."""
    return csr_matrix(rows)


@pytest.fixture
def eager():
    """Runs graphs step by step: to trace one takes longer than a few steps of a small model."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def kill_while_training():
    """Return a function that runs `train(*args)` in a process and kills it within its training.

    The process gets SIGKILL at a random moment of the second that follows the first checkpoint in
    `directory`. What it runs must take longer.
    """

    def run(train, *args, directory):
        process = multiprocessing.get_context("spawn").Process(target=train, args=args)
        process.start()
        while process.is_alive() and not any(directory.glob("epoch-*[0-9]")):
            time.sleep(0.01)
        time.sleep(random.uniform(0.0, 1.0))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert directory.exists()

    return run
