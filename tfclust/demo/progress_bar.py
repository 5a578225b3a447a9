"""Progress of several trainings on one line."""

import keras


class ProgressBar(keras.callbacks.Callback):
    """Moves a tqdm bar on by one at every epoch."""

    def __init__(self, bar):
        super().__init__()
        self.bar = bar

    def on_epoch_end(self, epoch, logs=None):
        """Shows the epoch and its loss."""
        self.bar.set_postfix(loss=f"{float(logs['loss']):.2f}", refresh=False)
        self.bar.update()
