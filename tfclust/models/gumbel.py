"""The Gumbel-Softmax generative clustering model."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import (
    check_choice,
    check_cluster,
    check_flat,
    check_integer,
    check_positive,
    check_unit_interval,
    check_units,
    check_weight,
)
from tfclust.distribution import global_batch_size
from tfclust.losses import (
    RECONSTRUCTION_ERRORS,
    categorical_divergences,
    gaussian_divergences,
)
from tfclust.models.base import ClusteringModel
from tfclust.networks import normalized_network
from tfclust.sampling import gaussian_sample, gumbel_softmax_sample, step_seed
from tfclust.seeds import layer_seeds


@keras.saving.register_keras_serializable(package="tfclust")
class GumbelSoftmaxVAE(ClusteringModel):
    """A variational autoencoder with a category beside its Gaussian code, on learned features.

    The features `f = encoder(x)` are deterministic (Eq. 1). From them, `q(c|x) = softmax(l(f))`
    (Eq. 5) and `q(z|x) = N(mu(f), diag sigma(f)^2)` (Eq. 6); a decoder turns the sum of a linear
    map of z and one of c back into x (Eq. 4). The objective is minus the bound of Eq. 7, with a
    weight on its Gaussian term, averaged over the batch:

    `L(x, xbar) + wG KL(q(z|x) || N(0, I)) + KL(q(c|x) || Cat(1/K))`

    In training z is drawn by reparametrization and c from the Gumbel-Softmax distribution;
    elsewhere z is its mean and c the memberships q(c|x), without noise.

    Args:
        n_clusters: number of clusters K, at least 2.
        feature_dim: size df of the features, which `embed` gives.
        latent_dim: size dz of the Gaussian code; the paper takes 150 for MNIST, 50 for smaller
            data.
        hidden_units: widths of the encoder's hidden layers; the decoder mirrors them.
        gaussian_weight: wG, at least 0. The terms are sums over a sample's values and codes, not
            means, so 5 is that of a bound with its Gaussian term five times over.
        reconstruction_loss: "cross_entropy", for values in [0, 1], or "squared_error", both summed
            over a sample's values.
        temperature: of the Gumbel-Softmax distribution at the start, positive. It is a variable,
            which `callbacks.AnnealTemperature` lowers.
        straight_through: True decodes one-hot draws, with the gradient of the relaxed ones.
        batch_size, seed, **kwargs: see `ClusteringModel`.

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
    from sklearn.datasets import load_digits

    x = load_digits().data / 16
    model = GumbelSoftmaxVAE(10, feature_dim=50, latent_dim=20, batch_size=100, seed=0)
    model.compile()
    model.fit(x, epochs=100, callbacks=[tfclust.callbacks.AnnealTemperature(epochs=30)])
    labels = model.assign(x)
    threes = model.generate(cluster=3, n=10, seed=0)
    ```

    Reference: Arias Figueroa and Ramirez Rivera, Is simple better?: Revisiting simple generative
    models for unsupervised clustering, 2017, Eqs. 1 to 7 and Section 3. Read so where it is silent:
    sums over pixels and dimensions, the logarithm of the variance for sigma, no normalization on
    features, mu, sigma, logits and the two maps into the decoder.

    Known limits: without enough weight on the Gaussian term, z carries everything and c is unused;
    runs differ by the random start (the paper's spread on MNIST is 8 points of accuracy).
    """

    TERMS = ("reconstruction", "gaussian_kl", "categorical_kl")
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
        batch_size=300,
        **kwargs,
    ):
        super().__init__(n_clusters, batch_size=batch_size, **kwargs)
        check_choice("reconstruction_loss", reconstruction_loss, RECONSTRUCTION_ERRORS)
        self.feature_dim = check_integer("feature_dim", feature_dim, 2)
        self.latent_dim = check_integer("latent_dim", latent_dim, 1)
        self.hidden_units = check_units("hidden_units", hidden_units)
        self.gaussian_weight = check_weight("gaussian_weight", gaussian_weight)
        self.reconstruction_loss = reconstruction_loss
        self.straight_through = bool(straight_through)
        self._start = check_positive("temperature", temperature)
        self.temperature = self.add_weight(
            (),
            initializer=keras.initializers.Constant(self._start),
            trainable=False,
            autocast=False,
            dtype="float32",
            name="temperature",
        )

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, d)`."""
        check_flat(input_shape)
        self._sample_shape = (input_shape[-1],)
        seeds = iter(layer_seeds(self.seed, 7))
        size = self.feature_dim

        def network(name, input_dim, units, output_dtype=None):
            return normalized_network(
                input_dim,
                units,
                name=name,
                dtype=self.dtype_policy,
                output_dtype=output_dtype,
                seed=next(seeds),
            )

        def linear(name, input_dim, units, use_bias=True):
            initializer = keras.initializers.GlorotUniform(seed=next(seeds))
            layer = keras.layers.Dense(
                units, use_bias=use_bias, kernel_initializer=initializer, dtype="float32", name=name
            )
            layer.build((None, input_dim))
            return layer

        self.encoder = network("encoder", input_shape[-1], (*self.hidden_units, size), "float32")
        self.categories = network("categories", size, (size, size // 2, self.n_clusters), "float32")
        self.mean = linear("mean", size, self.latent_dim)
        self.log_variance = linear("log_variance", size, self.latent_dim)
        # Without biases, which the decoder's first normalization would take out again.
        self.from_code = linear("from_code", self.latent_dim, size, use_bias=False)
        self.from_category = linear("from_category", self.n_clusters, size, use_bias=False)
        self.decoder = network("decoder", size, (*reversed(self.hidden_units), input_shape[-1]))
        self.built = True

    def _checked(self, x, min_rows=1):
        x = super()._checked(x, min_rows)
        if self.reconstruction_loss == "cross_entropy":
            check_unit_interval(x, self.reconstruction_loss)
        return x

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
        decoded = self._decoded(code, category, training)
        errors = RECONSTRUCTION_ERRORS[self.reconstruction_loss](x, decoded)
        divergences = gaussian_divergences(mean, log_variance)
        return memberships, {
            "reconstruction": tf.reduce_sum(errors) / batch,
            "gaussian_kl": self.gaussian_weight * tf.reduce_sum(divergences) / batch,
            "categorical_kl": tf.reduce_sum(categorical_divergences(logits)) / batch,
        }

    def _sample(self, mean, log_variance, logits):
        step = self.optimizer.iterations if self.optimizer else 0
        seeds = tf.random.experimental.stateless_split(step_seed(self.seed, step), 2)
        category = gumbel_softmax_sample(
            logits, tf.convert_to_tensor(self.temperature), seeds[1], self.straight_through
        )
        return gaussian_sample(mean, log_variance, seeds[0]), category

    def _decoded(self, code, category, training=False):
        """The decoder's outputs: logits where the loss is a cross-entropy."""
        joined = self.from_code(code) + self.from_category(category)
        return self.decoder(joined, training=training)

    def embed_batch(self, x):
        """Features `(batch, df)`."""
        return self.encoder(x, training=False)

    def code(self, x, batch_size=None):
        """Means mu of q(z|x), `(n, dz)`, float32, of the rows of `x`."""
        return self._map_batches(lambda rows: self.mean(self.embed_batch(rows)), x, batch_size)

    def reconstruct_batch(self, x):
        """Reconstructions of a batch, `(batch, d)`, from the mean of z and the memberships."""
        features = self.embed_batch(x)
        memberships = tf.nn.softmax(self.categories(features, training=False))
        return self.generate_batch(self.mean(features), memberships)

    def generate_batch(self, code, membership):
        """Points of the input space `(n, d)` for codes z `(n, dz)` and memberships `(n, K)`."""
        decoded = tf.cast(self._decoded(code, membership), tf.float32)
        return tf.sigmoid(decoded) if self.reconstruction_loss == "cross_entropy" else decoded

    def generator_inputs(self):
        """Example of the arguments of `generate_batch`: the middle of every cluster."""
        return {
            "code": np.zeros((self.n_clusters, self.latent_dim), dtype="float32"),
            "membership": np.eye(self.n_clusters, dtype="float32"),
        }

    def generate(self, cluster, n=1, seed=None):
        """New points of one cluster: z drawn from its prior, c the cluster (Fig. 4b to d).

        Args:
            cluster: cluster id, from 0 to K - 1.
            n: number of points.
            seed: int that fixes the draws; None draws one from Keras's global generator.

        Returns:
            Float32 array `(n, d)`.

        Raises:
            ValueError: `cluster` is not a cluster id, `n` is below 1, or the model is not built.
        """
        self._check_built("generate")
        check_cluster("cluster", cluster, self.n_clusters)
        if seed is None:
            seed = int(keras.random.randint((), 0, 2**31 - 1, dtype="int32"))
        seed = check_integer("seed", seed, 0)
        shape = (check_integer("n", n, 1), self.latent_dim)
        codes = tf.random.stateless_normal(shape, (seed, 0))
        category = tf.one_hot(tf.fill((n,), cluster), self.n_clusters)
        return np.asarray(self.generate_batch(codes, category))

    def transfer_style(self, x):
        """Every row of `x` drawn as every cluster: its own z, each category c in turn (Fig. 4a).

        Args:
            x: array `(n, d)` or CSR matrix; z is the mean of q(z|x).

        Returns:
            Float32 array `(n, K, d)`.
        """
        codes = self.code(x)
        drawn = [
            self.generate_batch(codes, np.tile(category, (len(codes), 1)))
            for category in np.eye(self.n_clusters, dtype="float32")
        ]
        return np.stack(drawn, axis=1)

    def _check_built(self, method):
        if not self.built:
            raise ValueError(f"`{method}` needs a built model. Received: a model without weights")

    def get_config(self):
        """Config that `from_config` takes."""
        config = {
            "feature_dim": self.feature_dim,
            "latent_dim": self.latent_dim,
            "hidden_units": self.hidden_units,
            "gaussian_weight": self.gaussian_weight,
            "reconstruction_loss": self.reconstruction_loss,
            "temperature": self._start,
            "straight_through": self.straight_through,
        }
        return {**super().get_config(), **config}
