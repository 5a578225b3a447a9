"""The Gumbel-Softmax generative clustering model."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import check_positive
from tfclust.distribution import global_batch_size
from tfclust.losses import categorical_divergences, gaussian_divergences
from tfclust.models.base import ClusteringModel
from tfclust.models.gaussian_code import GaussianCode
from tfclust.models.generative import ClusterGenerator
from tfclust.networks import linear
from tfclust.randomness import gaussian_sample, gumbel_softmax_sample, split_seed


@keras.saving.register_keras_serializable(package="tfclust")
class GumbelSoftmaxVAE(ClusterGenerator, GaussianCode, ClusteringModel):
    """A variational autoencoder with a category beside its Gaussian code, on learned features.

    The features `f = encoder(x)` are deterministic (Eq. 1). From them, `q(c|x) = softmax(l(f))`
    (Eq. 5) and `q(z|x) = N(mu(f), diag sigma(f)^2)` (Eq. 6); a decoder turns the sum of a linear
    map of z and one of c back into x (Eq. 4). The objective is minus the bound of Eq. 7, with a
    weight on its Gaussian term, averaged over the batch:

    `L(x, xbar) + wG KL(q(z|x) || N(0, I)) + KL(q(c|x) || Cat(1/K))`

    In training z is drawn by reparametrization and c from the Gumbel-Softmax distribution;
    elsewhere z is its mean and c the memberships q(c|x), without noise.

    Args:
        n_clusters: int of at least 2, the number of clusters K.
        feature_dim: int of at least 2, the size df of the features, which `embed` gives; 100 by
            default.
        latent_dim: int of at least 1, the size dz of the Gaussian code; 50 by default. The paper
            takes 150 for MNIST, 50 for smaller data.
        hidden_units: sequence of ints, the widths of the encoder's hidden layers, which the decoder
            mirrors; (512, 256) by default.
        gaussian_weight: float of at least 0, wG; 5 by default. The terms are sums over a sample's
            values and codes, not means, so 5 is that of a bound with its Gaussian term five times
            over.
        reconstruction_loss: "cross_entropy", the default, for values in [0, 1], or "squared_error",
            both summed over a sample's values.
        temperature: float above 0, 1 by default: that of the Gumbel-Softmax distribution at the
            start. It is a variable, which `callbacks.AnnealTemperature` lowers.
        straight_through: bool, False by default. True decodes one-hot draws, with the gradient of
            the relaxed ones.
        normalize_features: bool, False by default. True normalizes and activates the features as a
            hidden layer. "All the layers, except the input, output and embeddings, are followed by
            batch normalization and ReLU": whether they are embeddings, and so linear, the paper
            leaves open. After 40 epochs of MNIST, one seed, kNN errors (k = 3) were 6.2 % with
            normalization and 4.9 % without; accuracy was 61 and 60 %.
        batch_size: int of at least 1, 300 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights and the order of the batches.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`.

    Attributes:
        encoder: Keras model, `(batch, d)` -> features `(batch, df)`.
        categories: Keras model, features -> logits `(batch, K)`.
        mean, log_variance: Dense, features -> `(batch, dz)`.
        from_code, from_category: Dense, z or c -> `(batch, df)`.
        decoder: Keras model, their sum -> `(batch, d)`, logits where the loss is a cross-entropy.
        temperature: the scalar variable.

    Raises:
        ValueError: an argument is out of its range; values outside of [0, 1] with a cross-entropy.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import GumbelSoftmaxVAE
    from tfclust.callbacks import AnnealTemperature

    x = minmax_scale(load_iris().data)
    model = GumbelSoftmaxVAE(
        3, feature_dim=16, latent_dim=2, hidden_units=(32, 32), batch_size=30, seed=0
    )
    model.compile()
    model.fit(x, epochs=100, callbacks=[AnnealTemperature(epochs=30)])
    labels = model.assign(x)
    drawn = model.generate(cluster=2, n=10, seed=0)
    ```

    Reference: Arias Figueroa and Ramirez Rivera, Is simple better?: Revisiting simple generative
    models for unsupervised clustering, 2017, Eqs. 1 to 7 and Section 3. Read so where it is silent:
    sums over pixels and dimensions, the logarithm of the variance for sigma, no normalization on
    features, mu, sigma, logits and the two maps into the decoder.

    Known limits: without enough weight on the Gaussian term, z carries everything and c is unused;
    runs differ by the random start (the paper's spread on MNIST is 8 points of accuracy).
    """

    TERMS = ("reconstruction", "gaussian_kl", "categorical_kl")
    PARTS = (*GaussianCode.PARTS, "categories", "from_category")
    REDUCTION = "mean"

    def __init__(
        self,
        n_clusters,
        feature_dim=100,
        latent_dim=50,
        hidden_units=(512, 256),
        gaussian_weight=5.0,
        reconstruction_loss="cross_entropy",
        temperature=1.0,
        straight_through=False,
        normalize_features=False,
        batch_size=300,
        **kwargs,
    ):
        super().__init__(n_clusters, batch_size=batch_size, **kwargs)
        self._take_sizes(
            *(feature_dim, latent_dim, hidden_units),
            *(gaussian_weight, reconstruction_loss, normalize_features),
        )
        self.straight_through = bool(straight_through)
        self._start = check_positive("temperature", temperature)
        self.temperature = self.add_weight(
            (),
            initializer=keras.initializers.Constant(self._start),
            trainable=False,
            autocast=False,
            dtype=self.dtype,
            name="temperature",
        )

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, d)`."""
        categories_seed, from_category_seed = self._build_code(input_shape)
        size, clusters = self.feature_dim, self.n_clusters
        self.categories = self._network(
            "categories", size, (size, size // 2, clusters), categories_seed, self.dtype
        )
        self.from_category = linear(
            *("from_category", clusters, size, self.dtype, from_category_seed), use_bias=False
        )
        self.built = True

    def call(self, x, training=False):
        """Memberships q(c|x), `(batch, K)`, of `x`, `(batch, d)`."""
        return tf.nn.softmax(self.categories(self.encoder(x, training=training), training=training))

    def objective(self, x, training=False):
        """Memberships and the terms of the objective on the batch `x`, `(batch, d)`."""
        features = self.encoder(x, training=training)
        logits = self.categories(features, training=training)
        memberships = tf.nn.softmax(logits)
        mean, log_variance = self.mean(features), self.log_variance(features)
        if training:
            code, category = self._sample(mean, log_variance, logits)
        else:
            code, category = mean, memberships
        batch = global_batch_size(memberships)
        errors = self.errors(x, self.decoder(self._join(code, category), training=training))
        divergences = gaussian_divergences(mean, log_variance)
        return memberships, {
            "reconstruction": tf.reduce_sum(errors) / batch,
            "gaussian_kl": self.gaussian_weight * tf.reduce_sum(divergences) / batch,
            "categorical_kl": tf.reduce_sum(categorical_divergences(logits)) / batch,
        }

    def _sample(self, mean, log_variance, logits):
        seeds = split_seed(self.step_seed(), 2)
        category = gumbel_softmax_sample(
            logits, tf.convert_to_tensor(self.temperature), seeds[1], self.straight_through
        )
        return gaussian_sample(mean, log_variance, seeds[0]), category

    def _join(self, code, category):
        return self.from_code(code) + self.from_category(category)

    def embed_batch(self, x):
        """Features `(batch, df)`."""
        return self.encoder(x, training=False)

    def cluster_batch(self, x):
        """Memberships `(batch, K)` and features, from one pass through the encoder."""
        features = self.embed_batch(x)
        return tf.nn.softmax(self.categories(features, training=False)), features

    def code(self, x, batch_size=None):
        """Means mu of q(z|x), `(n, dz)`, of the rows of `x`."""
        return self.map_batches(self._code_batch, x, batch_size)

    def _code_batch(self, x):
        return self.mean(self.embed_batch(x))

    def reconstruct_batch(self, x):
        """Reconstructions of a batch, `(batch, d)`, from the mean of z and the memberships."""
        memberships, features = self.cluster_batch(x)
        return self.generate_batch(self.mean(features), memberships)

    def draw(self, cluster, n, seed):
        """z from its prior, and c the cluster (Fig. 4b to d)."""
        return self._normal((n, self.latent_dim), seed), self._category(cluster, n)

    def transfer_style(self, x):
        """Every row of `x` drawn as every cluster: its own z, each category c in turn (Fig. 4a).

        Args:
            x: array `(n, d)` or CSR matrix; z is the mean of q(z|x).

        Returns:
            Array `(n, K, d)`.
        """
        codes = self.code(x)
        drawn = [
            self.generate_batch(codes, np.tile(category, (len(codes), 1)))
            for category in np.eye(self.n_clusters, dtype=self.dtype)
        ]
        return np.stack(drawn, axis=1)

    def generate_batch(self, code, membership):
        """Points of the input space `(n, d)` for codes z `(n, dz)` and memberships `(n, K)`."""
        return self.decode(self._join(code, membership))

    def generator_inputs(self):
        """Example of the arguments of `generate_batch`: the middle of every cluster."""
        return {
            "code": np.zeros((self.n_clusters, self.latent_dim), dtype=self.dtype),
            "membership": np.eye(self.n_clusters, dtype=self.dtype),
        }

    def get_config(self):
        """Config that `from_config` takes."""
        config = {"temperature": self._start, "straight_through": self.straight_through}
        return {**super().get_config(), **self._sizes_config(), **config}
