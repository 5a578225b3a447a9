"""How long every epoch of a `fit` takes."""

import time

import keras


class EpochTimes(keras.callbacks.Callback):
    """Seconds of every epoch of a `fit`."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock."""
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Reads it."""
        self.seconds.append(time.perf_counter() - self._start)


def time_fit(model, x, repeats, first_rows):
    """Seconds of the best epoch of a compiled model, and those until its first execution is over.

    Args:
        model: compiled `ClusteringModel`.
        x: float32 array `(n, ...)`.
        repeats: epochs timed, after one that does not count.
        first_rows: rows of one execution.
    """
    start = time.perf_counter()
    model.fit(x[:first_rows], verbose=0)
    first = time.perf_counter() - start
    times = EpochTimes()
    model.fit(x, epochs=repeats + 1, verbose=0, callbacks=[times])
    return min(times.seconds[1:]), first
