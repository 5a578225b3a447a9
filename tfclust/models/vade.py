"""VaDE and VIB-GMM: variational autoencoders whose prior is a mixture of Gaussians."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.callbacks.collapse_watch import CollapseWatch
from tfclust.checks import (
    check_weight,
)
from tfclust.distribution import global_batch_size
from tfclust.losses import (
    bounded_log_variance,
    categorical_divergences,
    component_divergences,
    gaussian_log_densities,
)
from tfclust.models.clustered_code import ClusteredCode
from tfclust.models.generative import ClusterGenerator, RowDecoder
from tfclust.networks import linear
from tfclust.optimizers import FusedAdam
from tfclust.pretraining import (
    cross_entropy_loss,
    diagonal_mixture,
    find_start,
    labelled_mixture,
    squared_error_loss,
)
from tfclust.randomness import gaussian_sample, layer_seeds
from tfclust.trainings import trainer

PRETRAINING_LOSSES = {"squared_error": squared_error_loss, "cross_entropy": cross_entropy_loss}
# What the variance of a code is at the start, as a share of that of the components.
CODE_VARIANCE = 0.01
UNWATCHED_EPOCHS = 10  # at the start of a training, in which components may be empty


@keras.saving.register_keras_serializable(package="tfclust")
class VaDE(ClusterGenerator, RowDecoder, ClusteredCode):
    """VaDE: a variational autoencoder with a mixture of Gaussians for the prior of its code.

    A row is made by its cluster c, drawn from pi, a code `z ~ N(mu_c, diag sigma_c^2)` and a
    decoder. The encoder gives `q(z|x) = N(m(x), diag s(x)^2)`, and the clusters are those of

    `gamma_c = p(c|z) = pi_c N(z; mu_c, sigma_c^2) / sum_c' pi_c' N(z; mu_c', sigma_c'^2)`.

    The objective is minus the evidence lower bound with `q(z, c|x) = q(z|x) gamma_c`, averaged over
    the batch:

    `L(x, xbar) + sum_c gamma_c KL(q(z|x) || N(mu_c, sigma_c^2)) + KL(gamma || pi)`,

    both divergences in closed form; their sum is `KL(q(z, c|x) || p(z, c))`. In training z is drawn
    by reparametrization, for the decoder and for gamma, through which gradients flow; elsewhere it
    is its mean, and the clusters are those of gamma there.

    The start decides: `pretrain` first. `fit` warns of components that no row is assigned to, by
    their numbers, from the eleventh epoch on, and logs how many are used: see
    `tfclust.callbacks.CollapseWatch`.

    Args:
        n_clusters: int of at least 2, the number of components K.
        embedding_dim: int of at least 1, the size p of the code; 10 by default.
        hidden_units: sequence of ints, the widths of the encoder's hidden layers, which the decoder
            mirrors; (500, 500, 2000) by default.
        activation: of the hidden layers, "relu", the default, or "leaky_relu" (slope 0.2).
        kernel_start: as of `DEC`.
        augment: as of `DEC`, of the rows that `pretrain` trains on alone.
        reconstruction_loss: "cross_entropy", the default, for values in [0, 1], or "squared_error",
            both summed over a row's values.
        batch_size: int of at least 1, 100 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights, the order of the batches and the draws.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`. Codes, densities and divergences stay in
            float32 under a mixed precision.

    Attributes:
        encoder: Keras model, `(batch, d)` -> means of the code `(batch, p)`.
        log_variance: Dense, the encoder's last hidden layer -> log s^2, `(batch, p)`.
        decoder: Keras model, `(batch, p)` -> `(batch, d)`, logits where the loss is a
            cross-entropy.
        share_logits: variable `(K,)`, pi is its softmax.
        means, log_variances: variables `(K, p)`, mu and log sigma^2.

    Raises:
        ValueError: an argument is out of its range; values outside of [0, 1] with a cross-entropy.

    Example:

    ```python
    import keras
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import VaDE

    x = minmax_scale(load_iris().data)
    model = VaDE(n_clusters=3, embedding_dim=2, hidden_units=(32,), batch_size=30, seed=0)
    model.compile()
    model.pretrain(x, epochs=50, layer_epochs=10, verbose=0)
    decay = keras.callbacks.LearningRateScheduler(lambda epoch: 2e-3 * 0.9 ** (epoch // 10))
    model.fit(x, epochs=30, verbose=0, callbacks=[decay])
    labels = model.assign(x)
    drawn = model.generate(cluster=2, n=10, seed=0)  # (10, 4)
    ```

    Reference: Jiang, Zheng, Tan, Tang, Zhou, Variational deep embedding: an unsupervised and
    generative approach to clustering, 2017, Section 3, and the authors' code for the objective and
    its constants, which is what was read: the squared error is not halved, Adam has an epsilon of
    1e-4 and its rate falls by a tenth every 10 epochs. That code differs in this: its gamma has pi
    once for each dimension of the code, and neither a log-sum-exp nor a bound of the variances; pi
    is no softmax and starts uniform; the variance of codes starts as it was drawn.

    Known limits: from a random start, or from a poor one, components die, and all rows may end in
    one. K components are looked for, whatever the data. The default rate is constant; the example
    has the authors' decay.
    """

    TERMS = ("reconstruction", "gaussian_kl", "categorical_kl")
    PARTS = ("encoder", "log_variance", "decoder", "share_logits", "means", "log_variances")

    def __init__(
        self, n_clusters, *, reconstruction_loss="cross_entropy", batch_size=100, **kwargs
    ):
        super().__init__(n_clusters, batch_size=batch_size, **kwargs)
        self.take_error(reconstruction_loss)

    def default_optimizer(self):
        """Adam at a rate of 0.002, with the epsilon of the authors' code."""
        return FusedAdam(2e-3, epsilon=1e-4)

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, d)`."""
        seeds = layer_seeds(self.build_autoencoder(input_shape), 2)
        last = (input_shape[-1], *self.hidden_units)[-1]
        self.log_variance = linear("log_variance", last, self.embedding_dim, self.dtype, seeds[0])
        normal = keras.initializers.RandomNormal(seed=seeds[1], stddev=1.0)
        shape = (self.n_clusters, self.embedding_dim)
        self.share_logits = self.add_weight((self.n_clusters,), "zeros", name="share_logits")
        self.means = self.add_weight(shape, normal, name="means")
        self.log_variances = self.add_weight(shape, "zeros", name="log_variances")
        self.built = True

    def training_callbacks(self, x):
        """What warns of components that die; elsewhere no one is told which they are."""
        return [CollapseWatch(UNWATCHED_EPOCHS)] if trainer() is None else []

    def code_memberships(self, codes):
        """Memberships gamma, `(batch, K)`, of codes `(batch, p)`."""
        return tf.nn.softmax(self._joint(codes))

    def _joint(self, codes):
        """`log pi_c + log N(z; mu_c, sigma_c^2)`, `(batch, K)`."""
        densities = gaussian_log_densities(codes, self.means, self.log_variances)
        return tf.nn.log_softmax(self.share_logits) + densities

    def objective(self, x, training=False):
        """Memberships and the terms of the objective on the batch `x`, `(batch, d)`."""
        mean, log_variance, code = self._codes(x, training)
        logits = self._joint(code)
        memberships, batch = tf.nn.softmax(logits), global_batch_size(logits)
        divergences = self._divergences(mean, log_variance)
        errors = self.errors(x, self.decoder(code, training=training))
        return memberships, {
            "reconstruction": tf.reduce_sum(errors) / batch,
            "gaussian_kl": tf.reduce_sum(memberships * divergences) / batch,
            "categorical_kl": tf.reduce_sum(categorical_divergences(logits, self.share_logits))
            / batch,
        }

    def _codes(self, x, training):
        """Mean and log variance of q(z|x), and z, drawn in training, each `(batch, p)`."""
        *hidden, last = self.encoder.layers
        for layer in hidden:
            x = layer(x)
        mean, log_variance = last(x), bounded_log_variance(self.log_variance(x))
        if not training:
            return mean, log_variance, mean
        return mean, log_variance, gaussian_sample(mean, log_variance, self.step_seed())

    def _divergences(self, mean, log_variance):
        """KL(q(z|x) || N(mu_c, sigma_c^2)), `(batch, K)`."""
        return component_divergences(mean, log_variance, self.means, self.log_variances)

    @property
    def pretraining_loss(self):
        """What the autoencoder is pretrained on: the model's own reconstruction error."""
        return PRETRAINING_LOSSES[self.reconstruction_loss]

    def pretrain(self, x, epochs=100, layer_epochs=50, dropout=0.2, n_init=10, **kwargs):
        """The start: an autoencoder, and a mixture of diagonal Gaussians on its codes.

        The autoencoder's code becomes the mean of q(z|x). Its variance starts at a hundredth of the
        components', the same for all rows, so that the decoder is given what it was trained on. The
        mixture is the likeliest of several without tiny components, see
        `tfclust.pretraining.diagonal_mixture`; pi starts at its shares.

        Args:
            x: array or CSR matrix `(n, d)`.
            epochs: int of at least 1, passes of the whole autoencoder.
            layer_epochs: int of at least 0, passes of each layer before, as a denoising
                autoencoder; 0 trains end to end alone.
            dropout: float of at least 0 and below 1, share of the inputs of each layer that is set
                to 0 while it is trained.
            n_init: int of at least 1, mixtures that are tried; 10 by default.
            **kwargs: `start`, "mixture" by default, "kmeans" or "manifold", or labels `(n,)`, whose
                clusters become the components; `batch_size`, `patience`, `directory`, `verbose`,
                `callbacks`, `optimizer` and `drop_ends`, as of `tfclust.DEC.pretrain`.

        Returns:
            `keras.callbacks.History`, whose keys are the names of the trainings, `layer_1` and so
            on, and `autoencoder`.

        Raises:
            ImportError: "manifold", and umap-learn is not installed.
            ValueError: bad data, or an argument out of its range.
        """
        options = {"start": "mixture", **kwargs}
        return super().pretrain(x, epochs, layer_epochs, dropout, n_init, **options)

    def pretrain_centroids(self, x, n_init=10, start="mixture"):
        """The second half of `pretrain`: the mixture on the codes, the likeliest of `n_init`."""
        codes, clusters = self.embed(x), self.n_clusters
        if isinstance(start, str) and start == "mixture":
            means, variances, shares = diagonal_mixture(codes, clusters, self.seed, n_init)
        else:
            _, labels = find_start(start, codes, clusters, self.seed, n_init)
            means, variance, shares = labelled_mixture(codes, labels, clusters)
            variances = np.full(means.shape, variance)
        self.means.assign(means)
        self.log_variances.assign(np.log(variances))
        self.share_logits.assign(np.log(shares))
        self.log_variance.kernel.assign(np.zeros(self.log_variance.kernel.shape))
        self.log_variance.bias.assign(np.log(CODE_VARIANCE * (shares @ variances)))

    def draw(self, cluster, n, seed):
        """z from the cluster's component. The paper shows only codes certain to be of it."""
        noise = self._normal((n, self.embedding_dim), seed)
        deviation = tf.exp(0.5 * bounded_log_variance(self.log_variances[cluster]))
        return (self.means[cluster] + deviation * noise,)

    def generate_batch(self, code):
        """Points of the input space `(n, d)` for codes z, `(n, p)`."""
        return self.decode(code)

    def generator_inputs(self):
        """Example of the arguments of `generate_batch`: the middle of the code's space."""
        return {"code": np.zeros((1, self.embedding_dim), dtype=self.dtype)}

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "reconstruction_loss": self.reconstruction_loss}


@keras.saving.register_keras_serializable(package="tfclust")
class VIBGMM(VaDE):
    """VIB-GMM: VaDE with a weight on the divergence from its mixture, which grows as it trains.

    The variational information bottleneck maximizes `E log p(x|z) - s KL(q(z|x) || p(z))` with
    `p(z) = sum_c pi_c N(z; mu_c, sigma_c^2)`. The divergence of a Gaussian from a mixture has no
    closed form; its variational approximation stands for it, and the objective is

    `L(x, xbar) - s log sum_c pi_c exp(-KL(q(z|x) || N(mu_c, sigma_c^2)))`,

    averaged over the batch. At s = 1 it is the objective of `VaDE` at the best of all q(c|x), which
    is `pi_c exp(-KL_c) / sum_c' pi_c' exp(-KL_c')`, where VaDE takes p(c|z) for a drawn z. The
    memberships are p(c|z) at the mean of the code, as of `VaDE`.

    `tfclust.callbacks.AnnealDivergence` raises s from nearly nothing, so that codes first tell the
    rows apart and then gather in components; with it the model is trained from a random start.

    Args:
        n_clusters, embedding_dim, hidden_units, activation, kernel_start, augment,
            reconstruction_loss, batch_size, seed, **kwargs: see `VaDE`.
        divergence_weight: float of at least 0, s; 1 by default. It is a variable, which
            `AnnealDivergence` sets.

    Attributes:
        divergence_weight: the scalar variable; the others are of `VaDE`.

    Raises:
        ValueError: an argument is out of its range; values outside of [0, 1] with a cross-entropy.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import VIBGMM
    from tfclust.callbacks import AnnealDivergence

    x = minmax_scale(load_iris().data)
    model = VIBGMM(n_clusters=3, embedding_dim=2, hidden_units=(32,), batch_size=30, seed=0)
    model.compile()
    model.pretrain(x, epochs=50, layer_epochs=10, verbose=0)
    model.fit(x, epochs=30, verbose=0, callbacks=[AnnealDivergence(epochs=20)])
    labels = model.assign(x)
    ```

    Reference: Ugur, Arvanitakis, Zaidi, Variational information bottleneck for unsupervised
    clustering: deep Gaussian mixture embedding, Entropy 22, 2020; the approximation is of Hershey
    and Olsen, Approximating the Kullback Leibler divergence between Gaussian mixture models, 2007.
    Neither that paper's text beyond its abstract and tables nor a code of its authors could be had:
    the approximation, the networks and the optimizer, which are VaDE's, and the schedule of s are
    readings.

    Known limits: as of `VaDE`. Where s stays much below 1, the
    mixture shapes the codes but little.
    """

    TERMS = ("reconstruction", "mixture_kl")

    def __init__(self, n_clusters, *, divergence_weight=1.0, **kwargs):
        super().__init__(n_clusters, **kwargs)
        self._start = check_weight("divergence_weight", divergence_weight)
        self.divergence_weight = self.add_weight(
            (),
            initializer=keras.initializers.Constant(self._start),
            trainable=False,
            dtype=self.dtype,
            name="divergence_weight",
        )

    def objective(self, x, training=False):
        """Memberships and the terms of the objective on the batch `x`, `(batch, d)`."""
        mean, log_variance, code = self._codes(x, training)
        memberships, batch = self.code_memberships(mean), global_batch_size(mean)
        joint = tf.nn.log_softmax(self.share_logits) - self._divergences(mean, log_variance)
        divergence = -tf.reduce_sum(tf.reduce_logsumexp(joint, axis=-1)) / batch
        errors = self.errors(x, self.decoder(code, training=training))
        return memberships, {
            "reconstruction": tf.reduce_sum(errors) / batch,
            "mixture_kl": self.divergence_weight * divergence,
        }

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "divergence_weight": self._start}
