"""Progress of a training on one line."""

import keras


class ProgressBar(keras.callbacks.Callback):
    """Moves a tqdm bar on by one at every epoch.

    Several trainings may share a bar. Epochs that a checkpoint has spared count as done, and not
    into the time that is left.

    Args:
        bar: `tqdm.tqdm`, whose total counts epochs.
        stages: the trainings that share the bar, where they are stages of one start: a dict, name
            -> epochs, in their order, such as `DAMIC.pretraining_stages` gives. One that is left
            out, or ends early, counts as done when the next begins.

    Example:

    ```python
    import numpy as np
    from tfclust import CM
    from tfclust.callbacks import ProgressBar
    from tqdm import tqdm

    x = np.random.default_rng(0).random((100, 4))
    model = CM(n_clusters=3, alpha=5.0, batch_size=20, seed=0)
    model.compile(jit_compile=False)
    with tqdm(total=10, unit="epoch") as bar:
        model.fit(x, epochs=10, verbose=0, callbacks=[ProgressBar(bar)])
    ```
    """

    reads_logs_alone = True

    def __init__(self, bar, stages=None):
        super().__init__()
        self.bar = bar
        self.stages = dict(stages or {})
        self._title = getattr(bar, "desc", "")  # a bar that is switched off has none

    def on_train_begin(self, logs=None):
        """Begins to count the epochs of another training."""
        self._seen = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Counts what was done before this process."""
        self._spare(epoch - self._seen)
        self._seen = epoch

    def on_stage_begin(self, name, epochs):
        """Names the training that begins, one of `stages`, and counts those that were left out."""
        if name in self.stages:
            self.bar.set_description(f"{self._title}, {name}", refresh=False)
            names = list(self.stages)
            before = sum(self.stages[earlier] for earlier in names[: names.index(name)])
            self._spare(before - self.bar.n)

    def _spare(self, epochs):
        """Moves the bar on by epochs that took no time."""
        if epochs and not self.bar.disable:
            self.bar.initial += epochs
            self.bar.n += epochs
            self.bar.last_print_n += epochs

    def on_epoch_end(self, epoch, logs=None):
        """Shows the epoch and its loss."""
        self._seen = epoch + 1
        self.bar.set_postfix(loss=f"{float(logs['loss']):.4g}", refresh=False)
        self.bar.update()
