"""The rule by which the temperature of the Gumbel-Softmax distribution falls."""

import keras

from tfclust.checks import check_choice, check_integer, check_model, check_positive

SCHEDULES = ("linear", "exponential")


class AnnealTemperature(keras.callbacks.Callback):
    """Sets a model's `temperature` before each epoch, from `start` to `end` and then constant.

    With e epochs done of `epochs`, and s = min(e / epochs, 1): linear `start + s (end - start)`,
    exponential `start (end / start)^s`. It follows from the epoch alone, so a run that was cut off
    and restored goes on as it would have. The logs have the key `temperature`.

    Args:
        start, end: positive temperatures; the paper's are 1 and 0.5.
        epochs: epochs that the way takes; the paper's 100.
        schedule: "linear" or "exponential". The paper says neither; the two differ by 0.04 at most.

    Raises:
        ValueError: an argument is out of its range; in `fit`, the model has no `temperature`.

    Example:

    ```python
    import numpy as np
    from tfclust import GumbelSoftmaxVAE
    from tfclust.callbacks import AnnealTemperature

    x = np.random.default_rng(0).random((100, 4))
    model = GumbelSoftmaxVAE(3, feature_dim=8, latent_dim=2, hidden_units=(16,), batch_size=20)
    model.compile(jit_compile=False)
    model.fit(x, epochs=10, callbacks=[AnnealTemperature(epochs=3)])
    ```

    Reference: Arias Figueroa and Ramirez Rivera, Is simple better?: Revisiting simple generative
    models for unsupervised clustering, 2017, Section 3.
    """

    def __init__(self, start=1.0, end=0.5, epochs=100, schedule="linear"):
        super().__init__()
        self.start = check_positive("start", start)
        self.end = check_positive("end", end)
        self.epochs = check_integer("epochs", epochs, 1)
        self.schedule = check_choice("schedule", schedule, SCHEDULES)

    def temperature(self, epoch):
        """The temperature of epoch `epoch`, counted from 0."""
        share = min(epoch / self.epochs, 1.0)
        if self.schedule == "linear":
            return self.start + share * (self.end - self.start)
        return self.start * (self.end / self.start) ** share

    def on_train_begin(self, logs=None):
        """Refuses a model without a temperature."""
        has = hasattr(self.model, "temperature")
        check_model(self, has, "a model with a temperature, such as GumbelSoftmaxVAE")

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the temperature."""
        self.model.temperature.assign(self.temperature(epoch))

    def on_epoch_end(self, epoch, logs=None):
        """Logs the temperature."""
        logs["temperature"] = float(self.model.temperature)
