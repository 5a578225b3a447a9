"""Callbacks that training always has."""

import keras


def with_callbacks(callbacks, model, *own):
    """The `callbacks` that a user gave to `fit`, in any form that Keras takes, after `own` ones."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        for callback in own:
            callback.set_model(model)
            callbacks.callbacks.append(callback)
        return callbacks
    if isinstance(callbacks, keras.callbacks.Callback):
        callbacks = [callbacks]
    return [*own, *(callbacks or [])]
