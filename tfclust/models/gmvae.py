"""GMVAE: a variational autoencoder whose prior is a mixture that a second code shapes."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import (
    check_flat,
    check_integer,
    check_units,
    check_weight,
)
from tfclust.distribution import global_batch_size, replica_count
from tfclust.losses import (
    bounded_log_variance,
    categorical_divergences,
    component_divergences,
    gaussian_divergences,
    gaussian_log_densities,
)
from tfclust.models.base import ClusteringModel
from tfclust.models.generative import ClusterGenerator, RowDecoder
from tfclust.networks import dense_network, normalized_network
from tfclust.optimizers import FusedAdam
from tfclust.randomness import gaussian_sample, layer_seeds, split_seed


@keras.saving.register_keras_serializable(package="tfclust")
class GMVAE(ClusterGenerator, RowDecoder, ClusteringModel):
    """GMVAE: codes from a mixture of Gaussians, whose components a network makes of a second code.

    With the paper's symbols, a row y is made by a cluster z, drawn uniformly from K, a second code
    `w ~ N(0, I)`, a code `x ~ N(mu_z(w), diag sigma_z(w)^2)` and a decoder. The encoder gives
    Gaussians q(x|y) and q(w|y) on features in common, and the clusters are those of

    `p(z|x, w) = N(x; mu_z(w), sigma_z(w)^2) / sum_z' N(x; mu_z'(w), sigma_z'(w)^2)`.

    The objective is minus the evidence lower bound, averaged over the batch:

    `L(y, ybar) + sum_z p(z|x, w) KL(q(x|y) || p(x|w, z)) + KL(q(w|y) || N(0, I))
    + max(lambda, KL(p(z|x, w) || 1/K))`,

    its terms named reconstruction, conditional prior, w prior and z prior by the paper. The last is
    averaged over the batch before lambda bounds it from below: without that free part, the clusters
    merge. In training x and w are drawn by reparametrization, elsewhere they are their means.

    Args:
        n_clusters: int of at least 2, the number of clusters K. The paper scores more than there
            are classes by classes of clusters; its authors' code, for any K, by the class of the
            row that a cluster is surest of, among the rows of the test part.
        latent_dim: int of at least 1, the size of the code x, which `embed` gives; 200 by default.
        style_dim: int of at least 1, the size of w; 150 by default.
        hidden_units: sequence of ints, the widths of the encoder's hidden layers, which are batch
            normalized, and, mirrored, of the decoder's, which are not; (500, 500) by default.
        prior_units: int of at least 1, units of the hidden layer, of tanh, that makes the
            components of w; 500 by default.
        free_bits: float of at least 0, lambda in nats; 0.5 by default, 0 for the plain bound.
        reconstruction_loss: "cross_entropy", the default, for values in [0, 1], or "squared_error",
            both summed over a row's values.
        batch_size: int of at least 1, 50 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights, the order of the batches and the draws.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`. Codes, densities and divergences stay in
            float32 under a mixed precision.

    Attributes:
        encoder: Keras model, `(batch, d)` -> features.
        mean, log_variance: Keras models, features -> those of q(x|y).
        style_mean, style_log_variance: Keras models, features -> those of q(w|y).
        prior: Keras model, w -> features of the components.
        prior_means, prior_log_variances: Keras models, these features -> `(batch, K * latent_dim)`.
        decoder: Keras model, x -> `(batch, d)`, logits where the loss is a cross-entropy.

    Raises:
        ValueError: an argument is out of its range; values outside of [0, 1] with a cross-entropy.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import GMVAE

    x = minmax_scale(load_iris().data)
    model = GMVAE(3, latent_dim=4, style_dim=2, hidden_units=(32,), prior_units=16, seed=0)
    model.compile()
    model.fit(x, epochs=20, verbose=0)
    labels = model.assign(x)
    drawn = model.generate(cluster=1, n=10, seed=0)  # (10, 4)
    ```

    Reference: Dilokthanakul, Mediano, Garnelo, Lee, Salimbeni, Arulkumaran, Shanahan, Deep
    unsupervised clustering with Gaussian mixture variational autoencoders, 2016, second version,
    and its authors' code, branch version2, for fully connected networks, which is what was read:
    the sizes, Adam at 1e-4, batches of 50, lambda of 0.5, and, but for the encoder, kernels and
    biases that start as Torch's: with biases of 0 all components would begin in one place, at w of
    0. One draw estimates each expectation. That code turns the sign of the gradient by p(z|x, w)
    where the z prior is above lambda; here it is that of the objective. The first version's network
    for the clusters and its consistency term are not here, nor are its convolutions.

    Known limits: components may stay unused, and which are used depends on the seed (the paper's
    spread on MNIST is 4 points of accuracy). Under a distribution strategy each replica bounds its
    own share of the z prior.
    """

    TERMS = ("reconstruction", "conditional_prior", "w_prior", "z_prior")
    PARTS = (
        *("encoder", "mean", "log_variance", "style_mean", "style_log_variance"),
        *("prior", "prior_means", "prior_log_variances", "decoder"),
    )
    REDUCTION = "mean"

    def __init__(
        self,
        n_clusters,
        latent_dim=200,
        style_dim=150,
        hidden_units=(500, 500),
        prior_units=500,
        free_bits=0.5,
        reconstruction_loss="cross_entropy",
        batch_size=50,
        **kwargs,
    ):
        super().__init__(n_clusters, batch_size=batch_size, **kwargs)
        self.latent_dim = check_integer("latent_dim", latent_dim, 1)
        self.style_dim = check_integer("style_dim", style_dim, 1)
        self.hidden_units = check_units("hidden_units", hidden_units, may_be_empty=False)
        self.prior_units = check_integer("prior_units", prior_units, 1)
        self.free_bits = check_weight("free_bits", free_bits)
        self.take_error(reconstruction_loss)

    def default_optimizer(self):
        """Adam at a rate of 1e-4, as in the authors' code."""
        return FusedAdam(1e-4)

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, d)`."""
        check_flat(input_shape)
        seeds = iter(layer_seeds(self.seed, 9))
        policy, whole = self.dtype_policy, self.dtype
        features, components = self.hidden_units[-1], self.n_clusters * self.latent_dim
        self.encoder = normalized_network(
            *(input_shape[-1], self.hidden_units),
            hidden_output=True,
            name="encoder",
            dtype=policy,
            output_dtype=whole,
            seed=next(seeds),
        )

        def network(name, size, units, dtype=whole):
            starts = {"kernel_start": "fan_in_uniform", "bias_start": "fan_in_uniform"}
            options = {"activation": "relu", **starts, "dtype": dtype, "output_dtype": whole}
            return dense_network(size, units, name=name, seed=next(seeds), **options)

        self.mean = network("mean", features, (self.latent_dim,))
        self.log_variance = network("log_variance", features, (self.latent_dim,))
        self.style_mean = network("style_mean", features, (self.style_dim,))
        self.style_log_variance = network("style_log_variance", features, (self.style_dim,))
        self.prior = network("prior", self.style_dim, (self.prior_units,))
        self.prior_means = network("prior_means", self.prior_units, (components,))
        self.prior_log_variances = network("prior_log_variances", self.prior_units, (components,))
        back = (*reversed(self.hidden_units), input_shape[-1])
        self.decoder = network("decoder", self.latent_dim, back, dtype=policy)
        self.built = True

    def _components(self, style):
        """Means and log variances of p(x|w, z), each `(batch, K, latent_dim)`, of w."""
        features = tf.tanh(self.prior(style))
        shape = (-1, self.n_clusters, self.latent_dim)
        made = self.prior_means(features), self.prior_log_variances(features)
        return tuple(tf.reshape(each, shape) for each in made)

    def call(self, x, training=False):
        """Memberships p(z|x, w), `(batch, K)`, at the mean codes of the rows, `(batch, d)`."""
        return self._at_means(self.encoder(x, training=training))[0]

    def _at_means(self, features):
        """Memberships `(batch, K)` and means of q(x|y), `(batch, latent_dim)`."""
        codes, components = self.mean(features), self._components(self.style_mean(features))
        return tf.nn.softmax(gaussian_log_densities(codes, *components)), codes

    def objective(self, x, training=False):
        """Memberships and the terms of the objective on the batch `x`, `(batch, d)`."""
        features = self.encoder(x, training=training)
        mean, style_mean = self.mean(features), self.style_mean(features)
        log_variance = bounded_log_variance(self.log_variance(features))
        style_log_variance = bounded_log_variance(self.style_log_variance(features))
        code, style = mean, style_mean
        if training:
            seeds = split_seed(self.step_seed(), 2)
            code = gaussian_sample(mean, log_variance, seeds[0])
            style = gaussian_sample(style_mean, style_log_variance, seeds[1])
        components = self._components(style)
        logits = gaussian_log_densities(code, *components)
        memberships, batch = tf.nn.softmax(logits), global_batch_size(logits)
        divergences = component_divergences(mean, log_variance, *components)
        decoded = self.decoder(code, training=training)
        errors = self.errors(x, decoded)
        of_styles = gaussian_divergences(style_mean, style_log_variance)
        free = self.free_bits / replica_count()
        z_prior = tf.reduce_sum(categorical_divergences(logits)) / batch
        return memberships, {
            "reconstruction": tf.reduce_sum(errors) / batch,
            "conditional_prior": tf.reduce_sum(memberships * divergences) / batch,
            "w_prior": tf.reduce_sum(of_styles) / batch,
            "z_prior": tf.maximum(z_prior, tf.constant(free, z_prior.dtype)),
        }

    def embed_batch(self, x):
        """Means of q(x|y), `(batch, latent_dim)`."""
        return self.mean(self.encoder(x, training=False))

    def cluster_batch(self, x):
        """Memberships `(batch, K)` and mean codes, from one pass through the encoder."""
        return self._at_means(self.encoder(x, training=False))

    def reconstruct_batch(self, x):
        """Reconstructions of a batch, `(batch, d)`, from the mean codes."""
        return self.generate_batch(self.embed_batch(x))

    def draw(self, cluster, n, seed):
        """w from its prior, and x from the component that w makes of the cluster."""
        style = self._normal((n, self.style_dim), seed)
        means, log_variances = (each[:, cluster] for each in self._components(style))
        deviations = tf.exp(0.5 * bounded_log_variance(log_variances))
        return (means + deviations * self._normal((n, self.latent_dim), seed, 1),)

    def generate_batch(self, code):
        """Points of the input space `(n, d)` for codes x, `(n, latent_dim)`."""
        return self.decode(code)

    def generator_inputs(self):
        """Example of the arguments of `generate_batch`: the middle of every cluster, at w = 0."""
        means, _ = self._components(tf.zeros((1, self.style_dim), self.dtype))
        return {"code": np.asarray(means[0])}

    def get_config(self):
        """Config that `from_config` takes."""
        own = (
            *("latent_dim", "style_dim", "hidden_units", "prior_units", "free_bits"),
            "reconstruction_loss",
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}
