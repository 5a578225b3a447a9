"""The rule by which MIXAE's entropy weights follow its reconstruction error."""

import keras
import numpy as np

from tfclust.checks import check_model, check_positive, check_range, check_weight


class RebalanceEntropyWeights(keras.callbacks.Callback):
    """Sets MIXAE's alpha and beta after each epoch so that its terms are about equal.

    With the epoch's means of the weighted reconstruction error R, of the sample entropy S and of
    the batch entropy B, `alpha = R / S` and `beta = f d^e R / B` after e epochs, each kept within
    bounds; f, the `beta_factor`, and d, the `beta_decay`, are 1 unless given.

    The paper gives no numbers. With alpha bounded by 1000 only, S went to 0 within four epochs of
    MNIST and all but three clusters lost their images; with bounds of 10, 1 and 0, where all stayed
    in use, the smaller gave the lower reconstruction error (one run of 12 epochs each). A likely
    cause: once memberships are hard, what an autoencoder owns it keeps. So the default bound is
    low, a hundredth of what R is on MNIST. R / S is far above it: alpha is in practice a constant,
    its term soon below a thousandth of R, and beta alone keeps its term equal to R. Beta's bound is
    only there for batches that fall into one cluster, where B is 0.

    Args:
        alpha_bounds, beta_bounds: smallest and largest value, in the units of R; None is from 0 to
            the value that the model was built with.
        beta_factor: f, not negative: how much the term of the batch entropy weighs beside R. The
            paper has the three "approximately equal".
        beta_decay: d, positive. "Asymptotically, we should prioritize minimizing the
            reconstruction error": below 1, clusters may become uneven as training goes on.

    Raises:
        ValueError: bounds that are negative or in the wrong order, a negative factor, a decay that
            is not positive; in `fit`, the model has no entropy weights.

    Example:

    ```python
    import numpy as np
    from tfclust import MIXAE
    from tfclust.callbacks import RebalanceEntropyWeights

    x = np.random.default_rng(0).random((100, 4))
    model = MIXAE(n_clusters=3, hidden_units=(8,), batch_size=20, seed=0)
    model.compile()
    model.fit(x, epochs=10, callbacks=[RebalanceEntropyWeights()])
    ```

    Known limits: with a `cluster_prior`, B is still the entropy, not the cross-entropy of the term.

    Reference: Zhang, Sun, Eriksson, Balzano, Deep unsupervised clustering using mixture of
    autoencoders, 2017, end of Section 3.2.
    """

    def __init__(
        self, alpha_bounds=(0.0, 0.1), beta_bounds=(0.0, 10_000.0), beta_factor=1.0, beta_decay=1.0
    ):
        super().__init__()
        for name, bounds in (("alpha_bounds", alpha_bounds), ("beta_bounds", beta_bounds)):
            setattr(self, name, None if bounds is None else check_range(name, bounds))
        self.beta_factor = check_weight("beta_factor", beta_factor)
        self.beta_decay = check_positive("beta_decay", beta_decay)

    def on_train_begin(self, logs=None):
        """Refuses a model without entropy weights."""
        weights = (getattr(self.model, name, None) for name in ("alpha", "beta"))
        has = all(hasattr(weight, "assign") for weight in weights)  # AE-CM's are constants
        check_model(self, has, "a model with entropy weights, such as MIXAE")

    def on_epoch_end(self, epoch, logs=None):
        """Sets the weights for the next epoch, and logs those of this one."""
        model, error = self.model, logs["reconstruction"]
        share = self.beta_factor * self.beta_decay ** (epoch + 1) * error
        for name, wanted, entropy, bounds in (
            ("alpha", error, logs["unweighted_sample_entropy"], self.alpha_bounds),
            ("beta", share, logs["unweighted_batch_entropy"], self.beta_bounds),
        ):
            weight = getattr(model, name)
            logs[name] = float(weight)
            low, high = (0.0, model.get_config()[name]) if bounds is None else bounds
            with np.errstate(divide="ignore"):
                weight.assign(np.clip(np.float64(wanted) / entropy, low, high))
