"""Rules by which a variable of a model goes from one value to another."""

import keras
import numpy as np

from tfclust.checks import check_choice, check_integer, check_model, check_positive

SCHEDULES = ("linear", "exponential")


class ValueOfEpoch(keras.callbacks.Callback):
    """Sets a variable of the model before each epoch, to a value that a subclass's `value` gives.

    A subclass names the variable, `VARIABLE`, also its key in the logs, and a model that has it,
    `MODEL`. What is set follows from the epoch alone, so a run that was cut off and restored goes
    on as it would have.
    """

    VARIABLE = MODEL = ""

    def value(self, epoch):
        """What is set for epoch `epoch`, counted from 0."""
        raise NotImplementedError(f"{type(self).__name__} must define `value`")

    def variable(self):
        """The variable of the model, None where there is none."""
        variable = getattr(self.model, self.VARIABLE, None)
        return variable if hasattr(variable, "assign") else None

    def on_train_begin(self, logs=None):
        """Refuses a model without the variable."""
        needs = f"a model with a variable `{self.VARIABLE}`, such as {self.MODEL}"
        check_model(self, self.variable() is not None, needs)

    def on_epoch_begin(self, epoch, logs=None):
        """Sets the variable."""
        self.variable().assign(self.value(epoch))

    def on_epoch_end(self, epoch, logs=None):
        """Logs the variable."""
        logs[self.VARIABLE] = float(self.variable())


class Annealing(ValueOfEpoch):
    """Sets a variable of the model before each epoch, from `start` to `end` and then constant.

    Args:
        start, end: positive values.
        epochs: epochs that the way takes.
        schedule: "linear", `start + s (end - start)`, or "exponential", `start (end / start)^s`,
            with e epochs done and `s = min(e / epochs, 1)`.

    Raises:
        ValueError: an argument is out of its range; in `fit`, the model has no such variable.
    """

    def __init__(self, start, end, epochs, schedule):
        super().__init__()
        self.start = check_positive("start", start)
        self.end = check_positive("end", end)
        self.epochs = check_integer("epochs", epochs, 1)
        self.schedule = check_choice("schedule", schedule, SCHEDULES)

    def value(self, epoch):
        """What is set for epoch `epoch`, counted from 0."""
        share = min(epoch / self.epochs, 1.0)
        if self.schedule == "linear":
            return self.start + share * (self.end - self.start)
        return self.start * (self.end / self.start) ** share


class AnnealTemperature(Annealing):
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

    VARIABLE, MODEL = "temperature", "GumbelSoftmaxVAE"

    def __init__(self, start=1.0, end=0.5, epochs=100, schedule="linear"):
        super().__init__(start, end, epochs, schedule)


class AnnealDivergence(Annealing):
    """Sets a model's `divergence_weight` before each epoch, from `start` to `end`, then constant.

    With e epochs done of `epochs`, and s = min(e / epochs, 1): exponential `start (end / start)^s`,
    linear `start + s (end - start)`. The logs have the key `divergence_weight`.

    Args:
        start, end: positive weights; 0.01 and 1 by default.
        epochs: epochs that the way takes; 50 by default.
        schedule: "exponential", the default, or "linear".

    Raises:
        ValueError: an argument is out of its range; in `fit`, the model has no `divergence_weight`.

    Example:

    ```python
    import numpy as np
    from tfclust import VIBGMM
    from tfclust.callbacks import AnnealDivergence

    x = np.random.default_rng(0).random((100, 4))
    model = VIBGMM(3, embedding_dim=2, hidden_units=(16,), batch_size=20, seed=0)
    model.compile(jit_compile=False)
    model.fit(x, epochs=5, callbacks=[AnnealDivergence(epochs=3)])
    ```

    Reference: Ugur, Arvanitakis, Zaidi, Variational information bottleneck for unsupervised
    clustering: deep Gaussian mixture embedding, 2020, who anneal the weight; how, beyond that, is a
    reading.
    """

    VARIABLE, MODEL = "divergence_weight", "VIBGMM"

    def __init__(self, start=0.01, end=1.0, epochs=50, schedule="exponential"):
        super().__init__(start, end, epochs, schedule)


class AnnealInverseTemperature(ValueOfEpoch):
    """Sets a model's `alpha` before each epoch: deterministic annealing from a random start.

    Every `epochs` epochs have one value, and the i-th of these values is

    `alpha_1 = start`, `alpha_i = 2^(1 / ln(i)^2) alpha_(i-1)`,

    which is 0.42 for i = 2, 0.75 for i = 3, and 28 for i = 40, the last of the authors' code. The
    logs have the key `alpha`.

    Args:
        start: float above 0, 0.1 by default, as in the authors' code.
        epochs: int of at least 1, epochs of one value; 5 by default, as in the authors' code.

    Raises:
        ValueError: an argument is out of its range; in `fit`, the model has no `alpha` that can be
            set.

    Example:

    ```python
    import numpy as np
    from tfclust import DKM
    from tfclust.callbacks import AnnealInverseTemperature

    x = np.random.default_rng(0).random((100, 4))
    model = DKM(3, embedding_dim=2, hidden_units=(16,), lbd=0.1, batch_size=20, seed=0)
    model.compile(jit_compile=False)
    model.fit(x, epochs=10, callbacks=[AnnealInverseTemperature(epochs=2)])
    ```

    Reference: Moradi Fard, Thonet, Gaussier, Deep k-means: jointly clustering with k-means and
    learning representations, 2020; the values are those of the authors' code.
    """

    VARIABLE, MODEL = "alpha", "DKM"

    def __init__(self, start=0.1, epochs=5):
        super().__init__()
        self.start = check_positive("start", start)
        self.epochs = check_integer("epochs", epochs, 1)

    def value(self, epoch):
        """The inverse temperature of epoch `epoch`, counted from 0."""
        i = np.arange(2, epoch // self.epochs + 2)
        return float(self.start * 2.0 ** np.sum(np.log(i) ** -2.0))
