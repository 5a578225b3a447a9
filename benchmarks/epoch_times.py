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
