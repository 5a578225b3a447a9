"""The variational autoencoder, the plainer relative of the Gumbel-Softmax model."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import check_integer
from tfclust.distribution import global_batch_size
from tfclust.losses import gaussian_divergences
from tfclust.models.gaussian_code import GaussianCode
from tfclust.models.objective_model import ObjectiveModel
from tfclust.randomness import drawn_seed, gaussian_sample


@keras.saving.register_keras_serializable(package="tfclust")
class VAE(GaussianCode, ObjectiveModel):
    """A variational autoencoder with the networks of `GumbelSoftmaxVAE` and no category.

    `L(x, xbar) + w KL(q(z|x) || N(0, I))`, averaged over the batch. It does not cluster: it is what
    Table 2 of the Gumbel-Softmax paper compares its features with. `call` gives the means of
    q(z|x), and so do `predict` and `embed`.

    Args:
        feature_dim, latent_dim, hidden_units, reconstruction_loss, normalize_features: as of
            `GumbelSoftmaxVAE`, with the same defaults.
        gaussian_weight: float of at least 0, w; 1, the default, is the bound itself.
        batch_size: int of at least 1, 300 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights and the order of the batches.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`.

    Raises:
        ValueError: an argument is out of its range; values outside of [0, 1] with a cross-entropy.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust.models import VAE

    x = minmax_scale(load_iris().data)
    model = VAE(feature_dim=16, latent_dim=2, hidden_units=(32, 32), batch_size=30, seed=0)
    model.compile()
    model.fit(x, epochs=50)
    codes, new = model.embed(x), model.generate(n=10, seed=0)
    ```

    Reference: Kingma and Welling, Auto-encoding variational Bayes, 2014, Eq. 10.
    """

    TERMS = ("reconstruction", "gaussian_kl")
    REDUCTION = "mean"

    def __init__(
        self,
        feature_dim=100,
        latent_dim=50,
        hidden_units=(512, 256),
        gaussian_weight=1.0,
        reconstruction_loss="cross_entropy",
        normalize_features=False,
        batch_size=300,
        **kwargs,
    ):
        super().__init__(batch_size=batch_size, **kwargs)
        self._take_sizes(
            *(feature_dim, latent_dim, hidden_units),
            *(gaussian_weight, reconstruction_loss, normalize_features),
        )

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, d)`."""
        self._build_code(input_shape)
        self.built = True

    def call(self, x, training=False):
        """Means of q(z|x), `(batch, dz)`, of `x`, `(batch, d)`."""
        return self.mean(self.encoder(x, training=training))

    def objective(self, x, training=False):
        """Means of q(z|x) and the terms of the objective on the batch `x`, `(batch, d)`."""
        features = self.encoder(x, training=training)
        mean, log_variance = self.mean(features), self.log_variance(features)
        code = gaussian_sample(mean, log_variance, self.step_seed()) if training else mean
        batch = global_batch_size(mean)
        divergences = gaussian_divergences(mean, log_variance)
        decoded = self.decoder(self.from_code(code), training=training)
        return mean, {
            "reconstruction": tf.reduce_sum(self.errors(x, decoded)) / batch,
            "gaussian_kl": self.gaussian_weight * tf.reduce_sum(divergences) / batch,
        }

    def embed_batch(self, x):
        """Means of q(z|x), `(batch, dz)`."""
        return self(x, training=False)

    def reconstruct_batch(self, x):
        """Reconstructions of a batch, `(batch, d)`, from the means."""
        return self.generate_batch(self(x, training=False))

    def generate(self, n=1, seed=None):
        """New points `(n, d)`: z drawn from its prior.

        Args:
            n: number of points.
            seed: int from 0 to 2**32 - 1 that fixes the draws; None draws one from Keras's global
                generator.

        Raises:
            ValueError: `n` is below 1, `seed` is no seed, or the model is not built.
        """
        shape = (check_integer("n", n, 1), self.latent_dim)
        codes = tf.random.stateless_normal(shape, (drawn_seed(seed), 0), dtype=self.dtype)
        return np.asarray(self.generate_batch(codes))

    def generate_batch(self, code):
        """Points of the input space `(n, d)` for codes z, `(n, dz)`."""
        return self.decode(self.from_code(code))

    def generator_inputs(self):
        """Example of the arguments of `generate_batch`: the middle of the prior."""
        return {"code": np.zeros((1, self.latent_dim), dtype=self.dtype)}

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), **self._sizes_config()}
