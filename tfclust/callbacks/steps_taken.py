"""How far a training was when its epoch began, and the callbacks that every training has."""

import keras


class StepsTaken(keras.callbacks.Callback):
    """The number of training steps taken before the current epoch; `read` gives that number.

    Batches are fetched while a step runs, when the optimizer may or may not have counted the step
    already. What an epoch's order depends on is therefore read between epochs.

    Example:

    ```python
    import keras
    import numpy as np
    from tfclust.callbacks.steps_taken import StepsTaken
    from tfclust.feeding import shuffled_epochs

    x, y = np.random.default_rng(0).random((100, 4)), np.zeros(100)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    steps_taken = StepsTaken()
    batches = shuffled_epochs(x, y, 25, seed=0, steps_taken=steps_taken.read)
    model.fit(batches, epochs=2, steps_per_epoch=4, shuffle=False, callbacks=[steps_taken])
    ```
    """

    def __init__(self):
        super().__init__()
        steps = self._steps = [0]
        # Without the model: TensorFlow keeps what a generator calls as long as the process lives.
        self.read = lambda: steps[0]

    def on_epoch_begin(self, epoch, logs=None):
        """Reads the optimizer's count, after a checkpoint may have restored it."""
        self._steps[0] = int(self.model.optimizer.iterations.numpy())


def with_callbacks(callbacks, *own):
    """The `callbacks` that a user gave to `fit`, in any form that Keras takes, after `own` ones."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks  # Keras's `fit` adds what a list lacks, as the history
    if isinstance(callbacks, keras.callbacks.Callback):
        callbacks = [callbacks]
    return [*own, *(callbacks or [])]
