"""Starting TensorFlow without the pages that it writes."""

import contextlib
import logging
import os


@contextlib.contextmanager
def quiet_start():
    """Discards what TensorFlow writes when it is imported, which no log level stops.

    Example:

    ```python
    with quiet_start():
        import tensorflow
    ```
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # what it writes later, below errors
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # retracing: every model is traced
    stderr = os.dup(2)
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
