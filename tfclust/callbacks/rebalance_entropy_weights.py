"""The rule by which MIXAE's entropy weights follow its reconstruction error."""

import keras
import numpy as np

from tfclust.checks import check_range


class RebalanceEntropyWeights(keras.callbacks.Callback):
    """Sets MIXAE's alpha and beta after each epoch so that its three terms are about equal.

    With the epoch's means of the weighted reconstruction error R, of the sample entropy S and of
    the batch entropy B, `alpha = R / S` and `beta = R / B`, each kept within bounds.

    The paper gives no numbers. Without an upper bound alpha grows without end as S goes to 0, and
    on MNIST most images end in one cluster. What an autoencoder owns once the memberships are hard
    it keeps, so alpha's bound decides how long clusters still exchange samples: on MNIST, where R
    falls from 50 to 10, the smaller of the bounds 10, 1 and 0 gave the lower reconstruction error,
    all clusters in use. The default keeps the sample entropy in the objective, at about a hundredth
    of the error. Beta needs no bound as long as the clusters are in use; its default is there for
    batches that fall into one, where B is 0.

    Args:
        alpha_bounds, beta_bounds: smallest and largest value, in the units of R.

    Raises:
        ValueError: bounds that are negative or in the wrong order.

    Example:

    ```python
    model.fit(x, epochs=100, callbacks=[tfclust.callbacks.RebalanceEntropyWeights()])
    ```

    Reference: Zhang, Sun, Eriksson, Balzano, Deep unsupervised clustering using mixture of
    autoencoders, 2017, end of Section 3.2.
    """

    def __init__(self, alpha_bounds=(0.0, 0.1), beta_bounds=(0.0, 10_000.0)):
        super().__init__()
        self.alpha_bounds = check_range("alpha_bounds", alpha_bounds)
        self.beta_bounds = check_range("beta_bounds", beta_bounds)

    def on_epoch_end(self, epoch, logs=None):
        """Sets the weights for the next epoch, and logs those of this one."""
        model, error = self.model, logs["reconstruction"]
        logs["alpha"], logs["beta"] = float(model.alpha), float(model.beta)
        model.alpha.assign(_ratio(error, logs["unweighted_sample_entropy"], self.alpha_bounds))
        model.beta.assign(_ratio(error, logs["unweighted_batch_entropy"], self.beta_bounds))


def _ratio(error, entropy, bounds):
    with np.errstate(divide="ignore"):
        return np.clip(np.float64(error) / entropy, *bounds)
