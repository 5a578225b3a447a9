"""ClusterGAN: a generative adversarial network with clusters in its latent space."""

import math
import warnings

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import (
    check_choice,
    check_integer,
    check_positive,
    check_sigmoid_range,
    check_units,
    check_weight,
)
from tfclust.distribution import global_batch_size
from tfclust.losses import squared_error
from tfclust.models.base import ClusteringModel
from tfclust.models.generative import ClusterGenerator
from tfclust.networks import convolutional_generator, convolutional_network, dense_network
from tfclust.optimizers import FusedAdam, LossScaling
from tfclust.presets import FromPreset
from tfclust.randomness import (
    gaussian_sample,
    layer_seeds,
    split_seed,
    uniform_sample,
)

OUTPUTS = {"linear": tf.identity, "sigmoid": tf.sigmoid}
DENSE_UNITS = {1: (256, 256), 2: (1024,), 3: (1024,)}  # by the rank of a sample
_SMALLEST_SQUARE = 1e-20  # of a gradient's norm: the root of 0 has no derivative
_FAR_FROM_ONE = 10.0  # norms of the critic's gradients, which the penalty holds at 1


@keras.saving.register_keras_serializable(package="tfclust")
class ClusterGAN(FromPreset, ClusterGenerator, ClusteringModel):
    """ClusterGAN: a Wasserstein GAN whose latent codes have a category, and their encoder.

    A latent code is `z = (z_n, z_c)`, `z_n ~ N(0, sigma^2 I)`, `z_c = e_k` with k uniform. The
    critic D, the generator G and the encoder E, whose output for a row is `(zhat_n, logits)`, play
    Eq. 3 with the quality function of a Wasserstein GAN, `q(t) = t`:

    `min_{G,E} max_D E D(x) - E D(G(z)) + beta_n E ||z_n - E(G(z))_n||^2 + beta_c E H(z_c,
    E(G(z))_c)`

    H is the cross-entropy. The critic is held 1-Lipschitz by a penalty, `lambda E (||grad
    D(xhat)||_2 - 1)^2` with `xhat = eps x + (1 - eps) G(z)` and one `eps ~ U(0, 1)` a row. The
    critic takes `critic_steps` steps to one of the generator and the encoder.

    The logs are what the two sides minimize: `critic`, `E D(G(z)) - E D(x)`, and `penalty`; and
    `generator`, `-E D(G(z))`, `code` and `category`. Their sum, the loss, is the objective of
    neither: it shows that all is finite.

    `call` gives the softmax of the encoder's logits, `embed` the whole code `(zhat_n, softmax)`, on
    which the paper runs k-means.

    Args:
        n_clusters: int of at least 2, the number of clusters K.
        latent_dim: int of at least 1, the size of z_n; 30 by default, as for MNIST. The paper takes
            40 for Fashion-MNIST and 5 for pendigits.
        latent_scale: float above 0, sigma; 0.1 by default.
        hidden_units: sequence of ints, the widths of each network's dense layers; None, the
            default, is (256, 256) for rows and (1024,) for images. The generator mirrors them.
        filters: sequence of ints, the channels after each convolution of critic and encoder, for
            images `(height, width)` or `(height, width, channels)`, which the generator mirrors;
            (64, 128) by default.
        output_activation: str, of the generator: "sigmoid", the default, for values in [0, 1], or
            "linear" for any.
        beta_n: float of at least 0, 10 by default: weight of the code. It is of a sum over the
            code, as Eq. 3 writes it; the authors' code takes the mean, so that its 10 is 10 /
            `latent_dim` here. The paper takes 0 for Fashion-MNIST.
        beta_c: float of at least 0, 10 by default: weight of the category.
        penalty_weight: float of at least 0, 10 by default: lambda.
        critic_steps: int of at least 1, 5 by default.
        batch_size: int of at least 1, 320 by default: rows of a batch where `fit` is given none.
            Each step of the critic takes its share of them, 64 by default, and so many codes does
            the generator draw.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights, the order of the batches and the draws.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`.

    Attributes:
        encoder: Keras model, rows -> `(batch, latent_dim + K)`, zhat_n and the logits.
        generator: Keras model, `(batch, latent_dim + K)` -> rows, before the output's activation.
        critic: Keras model, rows -> `(batch, 1)`.
        critic_optimizer: Adam with the paper's decays, at the rate of the compiled optimizer.

    Raises:
        ValueError: an argument is out of its range; values outside of [0, 1] with a sigmoid.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import ClusterGAN

    x = minmax_scale(load_iris().data)
    model = ClusterGAN(3, latent_dim=2, hidden_units=(64,), batch_size=75, seed=0)
    model.compile()
    model.fit(x, epochs=50, verbose=0)
    labels = model.assign(x)
    drawn = model.generate(cluster=2, n=10, seed=0)
    ```

    Reference: Mukherjee, Asnani, Lin, Kannan, ClusterGAN: latent space clustering in generative
    adversarial networks, 2019, Eq. 3; Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, Improved
    training of Wasserstein GANs, 2017, Eq. 3. The authors' code draws one eps a batch and gives the
    critic the other sign. Its networks are those of its folders mnist and 10x_73k, of which only
    the convolutional generator is normalized; its folder pendigit normalizes all three, the critic
    too, whose gradient would then be no row's own. Dense kernels start Glorot uniform here, and
    normal with a deviation of 0.02 there.

    Known limits: it takes long (the authors' 500,000 steps of the generator are 2,300 epochs of
    MNIST), and no log says when it is done; the paper picks its runs by labels. A critic whose
    gradients leave 1 by far is warned of. Reconstructions `G(E(x))` are no part of the objective.
    """

    PRESETS = "clustergan"
    TERMS = ("critic", "penalty", "generator", "code", "category")
    PARTS = ("encoder", "generator", "critic", "critic_optimizer")
    REDUCTION = "mean"

    def __init__(
        self,
        n_clusters,
        latent_dim=30,
        latent_scale=0.1,
        hidden_units=None,
        filters=(64, 128),
        output_activation="sigmoid",
        beta_n=10.0,
        beta_c=10.0,
        penalty_weight=10.0,
        critic_steps=5,
        batch_size=320,
        **kwargs,
    ):
        super().__init__(n_clusters, batch_size=batch_size, **kwargs)
        self.latent_dim = check_integer("latent_dim", latent_dim, 1)
        self.latent_scale = check_positive("latent_scale", latent_scale)
        given = hidden_units is not None
        self.hidden_units = check_units("hidden_units", hidden_units) if given else None
        self.filters = check_units("filters", filters)
        self.output_activation = check_choice("output_activation", output_activation, OUTPUTS)
        self.beta_n = check_weight("beta_n", beta_n)
        self.beta_c = check_weight("beta_c", beta_c)
        self.penalty_weight = check_weight("penalty_weight", penalty_weight)
        self.critic_steps = check_integer("critic_steps", critic_steps, 1)

    def default_optimizer(self):
        """Adam at a rate of 1e-4 with decays of 0.5 and 0.9, of the generator and the encoder.

        Its epsilon of 1e-8 is that of TensorFlow 1, which the authors' code is written for.
        """
        return FusedAdam(1e-4, beta_1=0.5, beta_2=0.9, epsilon=1e-8)

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, ...)`."""
        sample_shape, size = tuple(input_shape[1:]), self.latent_dim + self.n_clusters
        if len(sample_shape) not in DENSE_UNITS:
            raise ValueError(
                "`x` must have rank 2, shape (n, features), or be images: rank 3, shape (n, height,"
                " width), or 4, shape (n, height, width, channels). "
                f"Received: x of shape {tuple(input_shape)}"
            )
        encoder_seed, generator_seed, critic_seed = layer_seeds(self.seed, 3)
        self.encoder = self._reader(sample_shape, size, "encoder", encoder_seed)
        self.generator = self._generator(sample_shape, size, generator_seed)
        # Without a bias, which the difference of its means would take out again.
        self.critic = self._reader(sample_shape, 1, "critic", critic_seed, output_bias=False)
        optimizer = self.default_optimizer()
        scales = self.compute_dtype == "float16"
        self.critic_optimizer = LossScaling(optimizer) if scales else optimizer
        self.critic_optimizer.build(self.critic.trainable_variables)
        self.built = True

    def _widths(self, sample_shape):
        return DENSE_UNITS[len(sample_shape)] if self.hidden_units is None else self.hidden_units

    def _reader(self, sample_shape, outputs, name, seed, output_bias=True):
        """A network from rows to vectors, whose digits stay whole."""
        units = (*self._widths(sample_shape), outputs)
        options = {
            **{"output_bias": output_bias, "name": name, "seed": seed},
            **{"dtype": self.dtype_policy, "output_dtype": self.dtype},
        }
        if len(sample_shape) > 1:
            return convolutional_network(sample_shape, self.filters, units, **options)
        return dense_network(sample_shape[0], units, bias_start="zeros", **options)

    def _generator(self, sample_shape, size, seed):
        units = tuple(reversed(self._widths(sample_shape)))
        options = {"name": "generator", "dtype": self.dtype_policy, "seed": seed}
        if len(sample_shape) > 1:
            filters = tuple(reversed(self.filters))
            return convolutional_generator(size, units, filters, sample_shape, **options)
        return dense_network(size, (*units, sample_shape[0]), bias_start="zeros", **options)

    def smallest_batch(self):
        """Rows of the smallest batch that the model can learn from.

        Where the generator normalizes, no step may draw a single row: each draws a share of them.
        """
        return self.critic_steps + 1 if super().smallest_batch() > 1 else 1

    def check_values(self, x):
        """Raises ValueError for values that a sigmoid cannot give, where the generator has one."""
        if self.output_activation == "sigmoid":
            check_sigmoid_range(x)

    def call(self, x, training=False):
        """Memberships `(batch, K)`, the softmax of the encoder's logits, of `x`, `(batch, ...)`."""
        return tf.nn.softmax(self._encode(x, training)[1])

    def _encode(self, x, training=False):
        """zhat_n `(batch, latent_dim)` and logits `(batch, K)`."""
        outputs = self.encoder(x, training=training)
        return outputs[:, : self.latent_dim], outputs[:, self.latent_dim :]

    def _generate(self, codes, categories, training=False):
        rows = self.generator(tf.concat([codes, categories], axis=-1), training=training)
        return OUTPUTS[self.output_activation](tf.cast(rows, self.dtype))

    def _prior(self, count, seed):
        """`count` draws of z_n and z_c."""
        code_seed, category_seed = tf.unstack(split_seed(seed, 2))
        zeros = tf.zeros((count, self.latent_dim), self.dtype)
        codes = gaussian_sample(zeros, zeros + 2.0 * math.log(self.latent_scale), code_seed)
        shares = uniform_sample((count, self.n_clusters), self.dtype, category_seed)
        return codes, tf.one_hot(tf.argmax(shares, axis=-1), self.n_clusters, dtype=self.dtype)

    def objective(self, x, training=False):
        """Memberships and the terms of both sides on the batch `x`, `(batch, ...)`.

        As many codes are drawn as there are rows, of a seed that follows from the steps taken.
        """
        seeds = tf.unstack(split_seed(self.step_seed(), 2))
        codes, categories = self._prior(tf.shape(x)[0], seeds[1])
        return self(x), {
            **self._critic_terms(x, seeds[0], training),
            **self._generator_terms(codes, categories, training),
        }

    def _critic_terms(self, x, seed, training):
        """What the critic minimizes."""
        prior_seed, factor_seed = tf.unstack(split_seed(seed, 2))
        drawn = self._generate(*self._prior(tf.shape(x)[0], prior_seed), training)
        scores = self.critic(drawn, training=training) - self.critic(x, training=training)
        norms = gradient_norms(self.critic, interpolated_rows(x, drawn, factor_seed))
        rows = global_batch_size(scores)
        penalty = tf.reduce_sum(tf.square(norms - 1.0)) / rows
        return {
            "critic": tf.reduce_sum(scores) / rows,
            "penalty": self.penalty_weight * penalty,
        }

    def _generator_terms(self, codes, categories, training):
        """What generator and encoder minimize."""
        drawn = self._generate(codes, categories, training)
        found, logits = self._encode(drawn, training)
        entropies = tf.nn.softmax_cross_entropy_with_logits(categories, logits)
        rows = global_batch_size(logits)
        return {
            "generator": -tf.reduce_sum(self.critic(drawn, training=training)) / rows,
            "code": self.beta_n * squared_error(codes, found) / rows,
            "category": self.beta_c * tf.reduce_sum(entropies) / rows,
        }

    def train_step(self, data):
        """Steps of the critic, each on its share of the batch, and one of generator and encoder."""
        x, y, _ = self.unpack_batch(data)
        *critic_seeds, seed = tf.unstack(split_seed(self.step_seed(), self.critic_steps + 1))
        for number, critic_seed in enumerate(critic_seeds):
            critic_terms = self._train_critic(self._share(x, number), critic_seed)

        def generator_objective(x, training):
            codes, categories = self._prior(tf.shape(self._share(x, 0))[0], seed)
            return self(x), self._generator_terms(codes, categories, training)

        with tf.GradientTape() as tape:
            outputs, terms, penalty = self.objective_of(x, None, True, generator_objective)
            loss = self.optimizer.scale_loss(tf.add_n(list(terms.values())) + penalty)
        of_critic = {id(weight) for weight in self.critic.trainable_weights}
        weights = [w for w in self.trainable_weights if id(w) not in of_critic]
        self.take_step(tape, loss, weights)
        return self.log_batch(x, y, outputs, {**critic_terms, **terms}, penalty)

    def _train_critic(self, x, seed):
        def critic_objective(x, training):
            return None, self._critic_terms(x, seed, training)

        with tf.GradientTape() as tape:
            _, terms, penalty = self.objective_of(x, None, True, critic_objective)
            loss = tf.add_n(list(terms.values())) + penalty
            loss = self.critic_optimizer.scale_loss(loss)
        weights = self.critic.trainable_weights if self.trainable else []
        if weights:
            self.critic_optimizer.learning_rate.assign(self.optimizer.learning_rate)
            gradients = tape.gradient(loss, weights)
            self.critic_optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return terms

    def _share(self, x, number):
        """The rows of a critic's step: a batch that cannot be shared out lends some twice."""
        rows = tf.shape(x)[0]
        share = (rows + self.critic_steps - 1) // self.critic_steps
        return tf.gather(x, (tf.range(share) + number * share) % rows)

    def training_callbacks(self, x):
        """What warns of a critic that diverges."""
        return [CriticWatch()]

    def diverges(self, logs):
        """Whether the norms of the critic's gradients are on average further than 10 from 1.

        Args:
            logs: dict of the terms, of an epoch of `fit` or of `evaluate`.
        """
        return logs["penalty"] > self.penalty_weight * _FAR_FROM_ONE**2

    def embed_batch(self, x):
        """Codes `(zhat_n, memberships)`, `(batch, latent_dim + K)`."""
        return self.cluster_batch(x)[1]

    def cluster_batch(self, x):
        """Memberships `(batch, K)` and codes, from one pass through the encoder."""
        codes, logits = self._encode(x)
        memberships = tf.nn.softmax(logits)
        return memberships, tf.concat([codes, memberships], axis=-1)

    def reconstruct_batch(self, x):
        """What the generator makes of the codes of a batch, `(batch, ...)`."""
        codes, logits = self._encode(x)
        return self._generate(codes, tf.nn.softmax(logits))

    def draw(self, cluster, n, seed):
        """z_n from its prior, and z_c the cluster."""
        codes = self._normal((n, self.latent_dim), seed)
        return self.latent_scale * codes, self._category(cluster, n)

    def generate_batch(self, code, membership):
        """Points `(n, ...)` for codes z_n `(n, latent_dim)` and memberships `(n, K)`."""
        return self._generate(code, membership)

    def generator_inputs(self):
        """Example of the arguments of `generate_batch`: the middle of every cluster."""
        return {
            "code": np.zeros((self.n_clusters, self.latent_dim), dtype=self.dtype),
            "membership": np.eye(self.n_clusters, dtype=self.dtype),
        }

    def get_config(self):
        """Config that `from_config` takes."""
        own = ("latent_dim", "latent_scale", "hidden_units", "filters", "beta_n", "beta_c")
        own += ("penalty_weight", "critic_steps", "output_activation")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


class CriticWatch(keras.callbacks.Callback):
    """Warns, once a training, of a `ClusterGAN` whose critic diverges.

    `ClusterGAN.fit` has it by itself. It asks `ClusterGAN.diverges` after every epoch.
    """

    reads_logs_alone = True

    def on_train_begin(self, logs=None):
        """Forgets an earlier training."""
        self._has_warned = False

    def on_epoch_end(self, epoch, logs=None):
        """Warns if it is time."""
        if not self._has_warned and self.model.diverges(logs):
            self._has_warned = True
            warnings.warn(
                f"{type(self.model).__name__} diverges: after epoch {epoch + 1} the gradients of "
                f"its critic are far from a norm of 1. Its clusters mean nothing; a smaller "
                f"learning rate or scaled data may help. Received: penalty={logs['penalty']:.4g}",
                stacklevel=2,
            )


def interpolated_rows(x, other, seed):
    """Points between the rows of two batches, `eps x + (1 - eps) other`, one eps a row.

    Args:
        x, other: `(batch, ...)`.
        seed: `(2,)`, int32.
    """
    factors = uniform_sample((tf.shape(other)[0], 1), other.dtype, seed)
    factors = tf.reshape(factors, (-1, *[1] * (other.shape.rank - 1)))
    return factors * x + (1.0 - factors) * other


def gradient_norms(network, x):
    """Norms of the gradients of a network's value at each row of `x`, `(batch, ...)` -> `(batch,)`.

    Their gradient is 0 where a norm is 0.
    """
    with tf.GradientTape() as tape:
        tape.watch(x)
        values = network(x)
    squares = tf.reduce_sum(tf.square(tape.gradient(values, x)), axis=tuple(range(1, x.shape.rank)))
    return tf.sqrt(tf.maximum(squares, _SMALLEST_SQUARE))
