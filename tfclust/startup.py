"""Starting TensorFlow without the pages that it writes, under the Keras that is built on it."""

import contextlib
import json
import logging
import os
import sys
from pathlib import Path


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

    Raises:
        ImportError: Keras is to run on another backend.
    """
    check_backend()
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # what comes later, below errors
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # retracing: every model is traced
    with contextlib.nullcontext() if level == "0" else _silent_stderr():
        import tensorflow as tf

        tf.config.list_physical_devices()


def check_backend():
    """Raises ImportError where Keras runs, or is to run, on another backend than TensorFlow."""
    backend = _backend()
    if backend != "tensorflow":
        raise ImportError(
            "tfclust needs the TensorFlow backend of Keras: set KERAS_BACKEND=tensorflow in the "
            f"environment, before Keras is imported. Received: the backend {backend!r}"
        )


def _backend():
    """The backend of Keras: found as Keras finds it, without importing it."""
    if "keras" in sys.modules:
        return sys.modules["keras"].config.backend()
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    try:
        return json.loads((home / "keras.json").read_text()).get("backend", "tensorflow")
    except (OSError, ValueError):
        return "tensorflow"


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
