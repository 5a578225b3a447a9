"""MIXAE, a mixture of autoencoders."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import (
    check_choice,
    check_integer,
    check_pair,
    check_proportions,
    check_sigmoid_range,
    check_units,
    check_weight,
)
from tfclust.distribution import global_batch_mean, global_batch_size, replica_count
from tfclust.losses import (
    RECONSTRUCTION_ERRORS,
    batch_cross_entropy,
    batch_entropy,
    entropies,
    gaussian_divergences,
    sample_entropy,
    weighted_error,
)
from tfclust.models.given_networks import GivenNetworks
from tfclust.models.mixture_of_autoencoders import MixtureOfAutoencoders, joined_codes
from tfclust.networks import (
    BIAS_STARTS,
    dense_network,
    parallel_convolutional_autoencoder,
    parallel_dense_autoencoder,
)
from tfclust.randomness import gaussian_sample, layer_seeds


@keras.saving.register_keras_serializable(package="tfclust")
class MIXAE(GivenNetworks, MixtureOfAutoencoders):
    """MIXAE: K autoencoders and a softmax network that says which of them a sample belongs to.

    With `z_k = encoder_k(x)`, `x_k = decoder_k(z_k)`, `p = softmax(assignment(z_1, ..., z_K))` and
    `pbar` the mean of p over the batch B, the objective is Eq. 5:

    `1/|B| sum_i (sum_k p_ik L(x_i, x_ik) + alpha Entr(p_i)) - beta Entr(pbar)`

    Args:
        n_clusters: int of at least 2, the number of clusters and of autoencoders K.
        embedding_dim: int of at least 1, the size of each autoencoder's code; 8 by default, Fig.
            4's 80 values for ten.
        filters: sequence of ints, the channels after each convolution of an encoder, for images
            `(height, width)` or `(height, width, channels)`; (16, 32) by default. The decoder
            mirrors them.
        kernel_size: int of at least 1, or two of them: height and width of the kernels in pixels; 5
            by default.
        hidden_units: sequence of ints, the widths of each encoder's hidden layers, for vectors;
            (256, 64) by default.
        assignment_units: sequence of ints, the widths of the hidden layers of the assignment
            network; none by default.
        assignment_bias: str, how its biases start, see `dense_network`: "zeros" by default. The
            paper says "a random initialization". Untrained, on MNIST, normal ones set the mean
            logits of the clusters apart by a standard deviation of 0.3 to 0.45, where the images
            move a logit by 0.04: who owns what is drawn before the data are seen. With zeros both
            are 0.04.
        reconstruction_loss: "squared_error", the default, summed over a sample's values, or
            "cross_entropy", for values in [0, 1].
        alpha, beta: floats of at least 0, 1 and 100 by default: weights of the sample entropy and
            of the batch entropy at the start. They are variables, which
            `callbacks.RebalanceEntropyWeights` changes.
        cluster_prior: K floats above 0, the clusters' proportions, where they are known: the batch
            term is then their cross-entropy with pbar, `beta sum_k -q_k log pbar_k`, as the paper's
            conclusion proposes. None, the default, is Eq. 5.
        variational: bool, False by default. True makes the autoencoders variational: codes are
            drawn from a normal in training, and their divergence from the standard normal, weighted
            by p, is a term more. An extension that the paper names.
        encoder, decoder: Keras models to use in place of the built ones, `(batch, ...)` -> `(K,
            batch, p)` and back; both, or None, the default. A variational encoder gives 2p values,
            the mean and the logarithm of the variance.
        batch_size: int of at least 1, 256 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights and the order of the batches.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`.

    Attributes:
        encoder, decoder: the K autoencoders, in one Keras model each.
        assignment: Keras model, joined codes `(batch, K p)` -> logits of the memberships.

    Raises:
        ValueError: an argument is out of its range; at the first batch, images of a size that the
            decoder cannot give back, or an encoder whose codes have another size.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import MIXAE
    from tfclust.callbacks import RebalanceEntropyWeights

    x = minmax_scale(load_iris().data)
    model = MIXAE(n_clusters=3, hidden_units=(32, 16), batch_size=30, seed=0)
    model.compile()
    model.fit(x, epochs=50, callbacks=[RebalanceEntropyWeights()])
    labels = model.assign(x)
    ```

    Reference: Zhang, Sun, Eriksson, Balzano, Deep unsupervised clustering using mixture of
    autoencoders, 2017, Eqs. 1 to 5. The sizes of its networks, its batch size and its epochs stand
    in no text of the paper (Figure 2 is a drawing); the defaults here are choices.

    Known limits: the batch entropy asks for clusters of one size, and for batches well above K.
    Random starts differ much: three on MNIST reach an accuracy of 67, 84 and 91 %, the last with
    the lowest reconstruction error, by which runs can be compared without labels. They had
    `filters=(8, 16)`, `kernel_size=3`, `assignment_units=(128,)`, `batch_size=128` and
    `assignment_bias="glorot_normal"`.
    """

    TERMS = ("reconstruction", "sample_entropy", "batch_entropy")
    PARTS = ("encoder", "decoder", "assignment")
    REDUCTION = "mean"

    def __init__(
        self,
        n_clusters,
        embedding_dim=8,
        filters=(16, 32),
        kernel_size=5,
        hidden_units=(256, 64),
        assignment_units=(),
        assignment_bias="zeros",
        reconstruction_loss="squared_error",
        alpha=1.0,
        beta=100.0,
        cluster_prior=None,
        variational=False,
        encoder=None,
        decoder=None,
        **kwargs,
    ):
        self.variational = bool(variational)
        super().__init__(n_clusters, **kwargs)
        check_choice("reconstruction_loss", reconstruction_loss, RECONSTRUCTION_ERRORS)
        self._take_networks(encoder, decoder)
        self.embedding_dim = check_integer("embedding_dim", embedding_dim, 1)
        self.filters = check_units("filters", filters)
        self.kernel_size = check_pair("kernel_size", kernel_size)
        self.hidden_units = check_units("hidden_units", hidden_units)
        self.assignment_units = check_units("assignment_units", assignment_units)
        self.assignment_bias = check_choice("assignment_bias", assignment_bias, BIAS_STARTS)
        self.reconstruction_loss = reconstruction_loss
        self.cluster_prior = check_proportions("cluster_prior", cluster_prior, self.n_clusters)
        self._start = {"alpha": check_weight("alpha", alpha), "beta": check_weight("beta", beta)}
        self.alpha = self._entropy_weight("alpha")
        self.beta = self._entropy_weight("beta")
        self._sample_entropy = keras.metrics.Mean(name="unweighted_sample_entropy")
        self._batch_entropy = keras.metrics.Mean(name="unweighted_batch_entropy")

    def _entropy_weight(self, name):
        start = keras.initializers.Constant(self._start[name])
        return self.add_weight(
            (), initializer=start, trainable=False, autocast=False, dtype=self.dtype, name=name
        )

    def term_names(self):
        """Names of the terms: with `variational`, `kl_divergence` besides."""
        return (*self.TERMS, "kl_divergence") if self.variational else self.TERMS

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, ...)`."""
        networks_seed, assignment_seed = layer_seeds(self.seed, 2)
        if self._has_own_networks:
            self.encoder, self.decoder = self._autoencoders(tuple(input_shape[1:]), networks_seed)
        else:
            self._check_codes(input_shape)
            code_shape = (self.n_clusters, None, self.embedding_dim)
            self._check_decoder(code_shape, input_shape[1:])
        self.assignment = dense_network(
            self.n_clusters * self.embedding_dim,
            (*self.assignment_units, self.n_clusters),
            activation="relu",
            bias_start=self.assignment_bias,
            name="assignment",
            dtype=self.dtype,
            seed=assignment_seed,
        )
        self.built = True

    def _check_codes(self, input_shape):
        shape = (self.n_clusters, None, self.embedding_dim * (2 if self.variational else 1))
        given = tuple(self.encoder.compute_output_shape((None, *input_shape[1:])))
        if given != shape:
            raise ValueError(
                "`encoder` must give codes of shape (n_clusters, batch, embedding_dim), twice as "
                f"long with `variational`: {shape}. Received: an encoder of output shape {given}"
            )

    def _autoencoders(self, sample_shape, seed):
        shared = {"variational": self.variational, "dtype": self.dtype_policy, "seed": seed}
        if len(sample_shape) == 1:
            return parallel_dense_autoencoder(
                self.n_clusters,
                sample_shape[0],
                self.hidden_units,
                self.embedding_dim,
                **shared,
            )
        if len(sample_shape) in (2, 3):
            return parallel_convolutional_autoencoder(
                self.n_clusters,
                sample_shape if len(sample_shape) == 3 else (*sample_shape, 1),
                self.filters,
                self.embedding_dim,
                self.kernel_size,
                **shared,
            )
        raise ValueError(
            "`x` must have rank 2, shape (n, features), or be images: rank 3, shape (n, height, "
            "width), or 4, shape (n, height, width, channels). "
            f"Received: x of rank {len(sample_shape) + 1}, shape (n, "
            f"{', '.join(map(str, sample_shape))})"
        )

    def call(self, x, training=False):
        """Memberships p, `(batch, K)`, of `x`, `(batch, ...)` (Eq. 1)."""
        codes, _ = self._encode(x, training)
        return tf.nn.softmax(self._logits(codes, training))

    def objective(self, x, training=False):
        """Memberships and the terms of Eq. 5 on the batch `x`, `(batch, ...)`."""
        codes, divergences = self._encode(x, training)
        logits = self._logits(codes, training)
        memberships = tf.nn.softmax(logits)
        batch = global_batch_size(memberships)
        errors = self._errors(x, self.decoder(codes, training=training))
        terms = {
            "reconstruction": weighted_error(memberships, errors) / batch,
            "sample_entropy": self.alpha * sample_entropy(logits) / batch,
            "batch_entropy": self.beta * self._imbalance(memberships) / replica_count(),
        }
        if self.variational:
            terms["kl_divergence"] = weighted_error(memberships, divergences) / batch
        return memberships, terms

    def _encode(self, x, training):
        """Codes `(K, batch, p)`, and divergences `(K, batch)` of variational autoencoders."""
        encoder = self.encoder  # which a model that is not built says it lacks, before all else
        if self._has_own_networks and len(self.sample_shape) == 2:
            x = x[..., tf.newaxis]  # the channel that grey images came without
        codes = encoder(x, training=training)
        if not self.variational:
            return codes, None
        mean, log_variance = tf.split(codes, 2, axis=-1)
        divergences = gaussian_divergences(mean, log_variance)
        if not training:
            return mean, divergences
        return gaussian_sample(mean, log_variance, self.step_seed()), divergences

    def _logits(self, codes, training):
        return self.assignment(joined_codes(codes), training=training)

    def _errors(self, x, reconstructions):
        size = int(np.prod(self.sample_shape))
        x = tf.reshape(x, (-1, size))
        reconstructions = tf.reshape(reconstructions, (self.n_clusters, -1, size))
        return RECONSTRUCTION_ERRORS[self.reconstruction_loss](x, reconstructions)

    def _imbalance(self, memberships):
        mean = global_batch_mean(memberships)
        if self.cluster_prior is None:
            return -batch_entropy(mean)
        return batch_cross_entropy(mean, self.cluster_prior)

    def check_values(self, x):
        """Raises ValueError for values that a sigmoid cannot give back, with a cross-entropy."""
        if self.reconstruction_loss == "cross_entropy":
            check_sigmoid_range(x)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Adds the entropies that `RebalanceEntropyWeights` balances; else as `ClusteringModel`."""
        self._sample_entropy.update_state(entropies(y_pred))
        self._batch_entropy.update_state(entropies(global_batch_mean(y_pred)))
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def embed_batch(self, x):
        """Joined codes z, `(batch, K p)`."""
        return joined_codes(self._encode(x, training=False)[0])

    def cluster_batch(self, x):
        """Memberships `(batch, K)` and joined codes, from one pass through the encoders."""
        codes, _ = self._encode(x, training=False)
        return tf.nn.softmax(self._logits(codes, training=False)), joined_codes(codes)

    def mixture_batch(self, x):
        """Memberships `(batch, K)` and reconstructions `(K, batch, ...)` of a batch."""
        codes, _ = self._encode(x, training=False)
        memberships = tf.nn.softmax(self._logits(codes, training=False))
        reconstructions = self._output(self.decoder(codes, training=False))
        shape = (self.n_clusters, -1, *self.sample_shape)
        return memberships, tf.reshape(reconstructions, shape)

    def decode_single(self, codes, decoder):
        """Reconstructions by one autoencoder; a variational one decodes the mean."""
        return self._output(decoder(codes[:, : self.embedding_dim]))

    def _output(self, decoded):
        decoded = keras.ops.cast(decoded, self.dtype)
        return (
            keras.ops.sigmoid(decoded) if self.reconstruction_loss == "cross_entropy" else decoded
        )

    def get_config(self):
        """Config that `from_config` takes; holds the networks where they were passed in."""
        config = {
            "embedding_dim": self.embedding_dim,
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "hidden_units": self.hidden_units,
            "assignment_units": self.assignment_units,
            "assignment_bias": self.assignment_bias,
            "reconstruction_loss": self.reconstruction_loss,
            "cluster_prior": self.cluster_prior,
            "variational": self.variational,
            **self._start,
        }
        return {**super().get_config(), **config, **self._networks_config()}
