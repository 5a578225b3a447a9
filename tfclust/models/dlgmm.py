"""DLGMM: a variational autoencoder whose posterior is a mixture, of stick-breaking weights."""

import math

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import (
    check_flat,
    check_integer,
    check_numbers,
    check_positive,
    check_units,
)
from tfclust.distribution import global_batch_size
from tfclust.losses import (
    kumaraswamy_beta_divergences,
    kumaraswamy_logs,
    kumaraswamy_mean,
)
from tfclust.models.base import ClusteringModel
from tfclust.models.generative import ClusterGenerator, RowDecoder
from tfclust.networks import chain, dense_network, linear
from tfclust.optimizers import FusedAdam
from tfclust.randomness import (
    gaussian_sample,
    layer_seeds,
    split_seed,
    uniform_sample,
)

STICK_BOUNDS = (0.1, 18.0)  # of a and b


@keras.saving.register_keras_serializable(package="tfclust")
class DLGMM(ClusterGenerator, RowDecoder, ClusteringModel):
    """DLGMM: every row has a mixture of K Gaussians for its code, and weights by broken sticks.

    From the encoder's features follow, for each component k, `q_k(z|x) = N(mu_k, diag sigma_k^2)`,
    and for K - 1 sticks `q(v_k|x) = Kumaraswamy(a_k, b_k)`; the weights are `pi_k = v_k prod_{j<k}
    (1 - v_j)`, the last one what remains. The prior is `p_k(z) = N(m_k, I)` and `v_k ~ Beta(alpha,
    (K - k) alpha)`, a Dirichlet's sticks. With `pibar_k = E pi_k`, the objective is minus

    `sum_k pibar_k (E log p(x|z_k) + E log p_k(z_k)) - sum_k KL(q(v_k|x) || Beta) - log sum_k pi_k
    q_k(z_k|x)`

    averaged over the batch, with one draw of each z_k and of the sticks in the first and the last
    expression, where it is trained; elsewhere z_k is its mean and v_k its median, and nothing is
    drawn. The terms are `reconstruction`, `prior`, `stick_kl` and `mixture_entropy`, which is minus
    an entropy: the last expression is on average at most the entropy of the mixture, so that with a
    cross-entropy the mean of the terms' sum over the draws is at least `-log p(x)`.

    Args:
        n_clusters: int of at least 2, the number of components K; the authors take 3 and 5.
        latent_dim: int of at least 1, the size p of z; 50 by default.
        hidden_units: sequence of ints, the widths of the encoder's layers, all of them activated,
            which the decoder mirrors; (200, 200) by default.
        prior_means: K floats, m_k, each the mean in every dimension; None, the default, is 0 for
            all, under which components differ by nothing but their place in the sticks. The authors
            also take (-0.5, -0.25, 0, 0.25, 0.5), and up to 1.5.
        alpha: float above 0, 1 by default: concentration of the Dirichlet.
        reconstruction_loss: "cross_entropy", the default, for values in [0, 1], or "squared_error",
            both summed over a row's values.
        batch_size: int of at least 1, 20 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights, the order of the batches and the draws.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`.

    Attributes:
        encoder: Keras model, `(batch, d)` -> features.
        components: Dense, features -> the K means and the K log sigma, `(batch, 2 K p)`.
        sticks: Dense, features -> log a and log b, `(batch, 2 (K - 1))`.
        decoder: Keras model, `(batch, p)` -> `(batch, d)`; logits with a cross-entropy.

    Raises:
        ValueError: an argument is out of its range; values outside of [0, 1] with a cross-entropy.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import DLGMM

    x = minmax_scale(load_iris().data)
    model = DLGMM(
        3, latent_dim=2, hidden_units=(32, 32), prior_means=(-1.5, 0.0, 1.5), batch_size=30, seed=0
    )
    model.compile()
    model.fit(x, epochs=50, verbose=0)
    labels, codes = model.assign(x), model.embed(x)
    ```

    Reference: Nalisnick, Hertel, Smyth, Approximate inference for deep latent Gaussian mixtures,
    2016. The objective is read as the authors' code has it for one stochastic layer; it also has
    one of two, which is not here. As there, the last expression takes each z_k to its own component
    alone. Other than there, the divergence of the sticks is exact (see
    `losses.kumaraswamy_beta_divergences`); a and b stay within 0.1 and 18, the bounds of its two
    layers, for it met NaN without; kernels start Glorot uniform and not normal.

    Known limits: it is made for codes, not for clusters. Nothing makes the components those of
    classes, and with equal prior means one of them may take all rows.
    """

    TERMS = ("reconstruction", "prior", "stick_kl", "mixture_entropy")
    PARTS = ("encoder", "components", "sticks", "decoder")
    REDUCTION = "mean"

    def __init__(
        self,
        n_clusters,
        latent_dim=50,
        hidden_units=(200, 200),
        prior_means=None,
        alpha=1.0,
        reconstruction_loss="cross_entropy",
        batch_size=20,
        **kwargs,
    ):
        super().__init__(n_clusters, batch_size=batch_size, **kwargs)
        self.latent_dim = check_integer("latent_dim", latent_dim, 1)
        self.hidden_units = check_units("hidden_units", hidden_units, may_be_empty=False)
        self.prior_means = check_numbers("prior_means", prior_means, self.n_clusters)
        self.alpha = check_positive("alpha", alpha)
        self.take_error(reconstruction_loss)

    def default_optimizer(self):
        """Adam at a rate of 3e-4, the authors' for most of their runs."""
        return FusedAdam(3e-4)

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, d)`."""
        check_flat(input_shape)
        encoder_seed, components_seed, sticks_seed, decoder_seed = layer_seeds(self.seed, 4)
        options = {"activation": "relu", "bias_start": "zeros", "dtype": self.dtype_policy}
        features = dense_network(
            input_shape[-1],
            self.hidden_units,
            seed=encoder_seed,
            output_dtype=self.dtype,
            **options,
        )
        activation = keras.layers.Activation("relu", dtype=self.dtype)
        self.encoder = chain(input_shape[1:], [features, activation], "encoder", self.dtype_policy)
        size = self.hidden_units[-1]
        outputs = 2 * self.n_clusters * self.latent_dim
        self.components = linear("components", size, outputs, self.dtype, components_seed)
        self.sticks = linear("sticks", size, 2 * (self.n_clusters - 1), self.dtype, sticks_seed)
        self.decoder = dense_network(
            self.latent_dim,
            (*reversed(self.hidden_units), input_shape[-1]),
            name="decoder",
            seed=decoder_seed,
            **options,
        )
        self.built = True

    def call(self, x, training=False):
        """Memberships pibar, `(batch, K)`, of `x`, `(batch, d)`."""
        a, b = self._stick_parameters(self.encoder(x, training=training))
        return self._mean_weights(a, b)

    def _stick_parameters(self, features):
        """a and b, `(batch, K - 1)` each."""
        low, high = (math.log(bound) for bound in STICK_BOUNDS)
        return tf.split(tf.exp(tf.clip_by_value(self.sticks(features), low, high)), 2, axis=-1)

    def _mean_weights(self, a, b):
        """pibar, `(batch, K)`: the sticks are independent, so means multiply as they do."""
        means = kumaraswamy_mean(a, b)
        rest = tf.math.cumprod(1.0 - means, axis=-1)
        one = tf.ones_like(means[:, :1])
        return tf.concat([means, one], -1) * tf.concat([one, rest], -1)

    def _components(self, features):
        """Means and logarithms of the deviations of all components, `(K, batch, p)` each."""
        outputs = tf.reshape(self.components(features), (-1, 2 * self.n_clusters, self.latent_dim))
        return tf.split(tf.transpose(outputs, (1, 0, 2)), 2, axis=0)

    def objective(self, x, training=False):
        """Memberships and the terms of the objective on the batch `x`, `(batch, d)`."""
        features = self.encoder(x, training=training)
        a, b = self._stick_parameters(features)
        weights = self._mean_weights(a, b)
        means, log_scales = self._components(features)
        codes, uniform = self._draws(means, log_scales, a, training)
        decoded = self.decoder(tf.reshape(codes, (-1, self.latent_dim)), training=training)
        decoded = tf.reshape(decoded, (self.n_clusters, -1, x.shape[-1]))
        errors = self.errors(x, decoded)
        rows = global_batch_size(weights)
        by_component = tf.transpose(weights)
        densities = component_log_densities(codes, means, log_scales)
        mixed = stick_log_weights(*kumaraswamy_logs(uniform, a, b)) + tf.transpose(densities)
        return weights, {
            "reconstruction": tf.reduce_sum(by_component * errors) / rows,
            "prior": tf.reduce_sum(by_component * self._prior_errors(means, log_scales)) / rows,
            "stick_kl": tf.reduce_sum(self._stick_divergences(a, b)) / rows,
            "mixture_entropy": tf.reduce_sum(tf.reduce_logsumexp(mixed, axis=-1)) / rows,
        }

    def _draws(self, means, log_scales, a, training):
        """Codes `(K, batch, p)`, and the uniform numbers that sticks are drawn from."""
        if not training:
            return means, tf.fill(tf.shape(a), tf.constant(0.5, a.dtype))
        code_seed, stick_seed = tf.unstack(split_seed(self.step_seed(), 2))
        codes = gaussian_sample(means, 2.0 * log_scales, code_seed)
        return codes, uniform_sample(tf.shape(a), a.dtype, stick_seed)

    def _prior_errors(self, means, log_scales):
        """`-E log p_k(z)` under each component's posterior, `(K, batch)`."""
        centers = tf.reshape(tf.constant(self._centers(), means.dtype), (-1, 1, 1))
        squares = tf.square(means - centers) + tf.exp(2.0 * log_scales)
        return 0.5 * tf.reduce_sum(squares + math.log(2.0 * math.pi), axis=-1)

    def _stick_divergences(self, a, b):
        """Divergences of the sticks from the prior's, `(batch, K - 1)`."""
        remaining = self.alpha * np.arange(self.n_clusters - 1.0, 0.0, -1.0)
        return kumaraswamy_beta_divergences(a, b, self.alpha, remaining)

    def _centers(self):
        return self.prior_means or (0.0,) * self.n_clusters

    def embed_batch(self, x):
        """Codes, `(batch, p)`: the mean of each row's likeliest component."""
        return self.cluster_batch(x)[1]

    def cluster_batch(self, x):
        """Memberships `(batch, K)` and codes, from one pass through the encoder."""
        features = self.encoder(x, training=False)
        weights = self._mean_weights(*self._stick_parameters(features))
        means = tf.transpose(self._components(features)[0], (1, 0, 2))
        return weights, tf.gather(means, tf.argmax(weights, axis=-1), batch_dims=1)

    def reconstruct_batch(self, x):
        """What the decoder makes of the codes of a batch, `(batch, d)`."""
        return self.decode(self.embed_batch(x))

    def draw(self, cluster, n, seed):
        """z from the component's prior, `N(m_k, I)`."""
        return (self._centers()[cluster] + self._normal((n, self.latent_dim), seed),)

    def generate_batch(self, code):
        """Points `(n, d)` for codes z, `(n, p)`."""
        return self.decode(code)

    def generator_inputs(self):
        """Example of the arguments of `generate_batch`: the middle of every component's prior."""
        centers = np.asarray(self._centers(), dtype=self.dtype)
        return {"code": np.repeat(centers[:, np.newaxis], self.latent_dim, axis=1)}

    def get_config(self):
        """Config that `from_config` takes."""
        own = ("latent_dim", "hidden_units", "prior_means", "alpha", "reconstruction_loss")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def stick_log_weights(log_v, log_rest):
    """Logarithms of the weights that broken sticks leave, `log pi_k`.

    Args:
        log_v, log_rest: `(batch, K - 1)`, log v and log(1 - v) of each stick.

    Returns:
        `(batch, K)`; the weights of a row sum to 1.
    """
    none = tf.zeros_like(log_v[:, :1])
    remaining = tf.cumsum(log_rest, axis=-1)
    return tf.concat([log_v, none], -1) + tf.concat([none, remaining], -1)


def component_log_densities(z, means, log_scales):
    """`log N(z; mean, diag exp(log_scale)^2)`, `(..., p)` -> `(...)`."""
    standard = (z - means) * tf.exp(-log_scales)
    return -0.5 * tf.reduce_sum(
        tf.square(standard) + 2.0 * log_scales + math.log(2.0 * math.pi), axis=-1
    )
