"""The averaging epoch of the clustering module."""

import keras

from tfclust.checks import check_model


class AveragingEpoch(keras.callbacks.Callback):
    """Averages all weights over the steps of the last epoch.

    The centroids of mini-batch training scatter around their places (Fig. 1 of Boubekki et al.,
    2021), so Section 4.1 adds "one extra epoch" and takes the average. As in the authors' code, the
    optimizer goes on through that epoch and all weights are averaged after each of its steps. The
    extra epoch is the last one that `fit` runs: ask for one epoch more than the training needs.

    Raises:
        ValueError: in `fit`, the model is none of tfclust's.

    Example:

    ```python
    import numpy as np
    from tfclust import CM
    from tfclust.callbacks import AveragingEpoch

    x = np.random.default_rng(0).random((100, 4))
    model = CM(n_clusters=3, alpha=5.0, batch_size=20, seed=0)
    model.compile(jit_compile=False)
    model.fit(x, epochs=10 + 1, callbacks=[AveragingEpoch()])
    ```

    Known limits: the logs of that epoch are those of the weights while they moved; a run that stops
    before its last epoch is not averaged.
    """

    def on_train_begin(self, logs=None):
        """Refuses a model that cannot average its weights."""
        has = hasattr(self.model, "start_weight_average")
        check_model(self, has, "a model of tfclust, which averages its weights, such as CM")

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the average when the last epoch begins."""
        if epoch == self.params["epochs"] - 1:
            self.model.start_weight_average()

    def on_epoch_end(self, epoch, logs=None):
        """Sets the weights to their average when the last epoch ends."""
        if epoch == self.params["epochs"] - 1:
            self.model.finish_weight_average()
