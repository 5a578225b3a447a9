"""Callbacks that training always has."""

import keras


def with_callbacks(callbacks, *own):
    """The `callbacks` that a user gave to `fit`, in any form that Keras takes, after `own` ones."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks  # Keras's `fit` adds what a list lacks, as the history
    if isinstance(callbacks, keras.callbacks.Callback):
        callbacks = [callbacks]
    return [*own, *(callbacks or [])]
