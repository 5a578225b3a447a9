"""Starting TensorFlow without the pages that it writes."""

import contextlib
import logging
import os


def start_tensorflow():
    """Imports TensorFlow and has it look for devices, in silence.

    Some of what both write, such as that a machine without a GPU has no CUDA, no log level stops.
    `TF_CPP_MIN_LOG_LEVEL=0` in the environment shows all of it.

    Example:

    ```python
    from tfclust.startup import start_tensorflow

    start_tensorflow()
    from tfclust import models
    ```
    """
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # what comes later, below errors
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # retracing: every model is traced
    with contextlib.nullcontext() if level == "0" else _silent_stderr():
        import tensorflow as tf

        tf.config.list_physical_devices()


@contextlib.contextmanager
def _silent_stderr():
    """Discards what the process writes to standard error, from C++ too."""
    stderr = os.dup(2)
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
