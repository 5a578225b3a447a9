"""Progress of a training on one line."""

import keras


class ProgressBar(keras.callbacks.Callback):
    """Moves a tqdm bar on by one at every epoch.

    Several trainings may share a bar. Epochs that a checkpoint has spared count as done, and not
    into the time that is left.

    Args:
        bar: `tqdm.tqdm`, whose total counts epochs.

    Example:

    ```python
    with tqdm(total=50, unit="epoch") as bar:
        model.fit(x, epochs=50, verbose=0, callbacks=[ProgressBar(bar)])
    ```
    """

    def __init__(self, bar):
        super().__init__()
        self.bar = bar

    def on_train_begin(self, logs=None):
        """Begins to count the epochs of another training."""
        self._seen = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Counts what was done before this process."""
        spared = epoch - self._seen
        self._seen = epoch
        if spared and not self.bar.disable:
            self.bar.initial += spared
            self.bar.n += spared
            self.bar.last_print_n += spared

    def on_epoch_end(self, epoch, logs=None):
        """Shows the epoch and its loss."""
        self._seen = epoch + 1
        self.bar.set_postfix(loss=f"{float(logs['loss']):.4g}", refresh=False)
        self.bar.update()
