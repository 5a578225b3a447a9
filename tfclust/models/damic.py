"""DAMIC, a deep mixture of autoencoders with a gate."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import (
    check_choice,
    check_cluster_ids,
    check_count,
    check_flat,
    check_integer,
    check_sigmoid_range,
    check_units,
)
from tfclust.feeding import count_batches, ordered_batches
from tfclust.losses import binary_cross_entropies, mixture_nll, smallest_error, squared_errors
from tfclust.models.mixture_of_autoencoders import MixtureOfAutoencoders, joined_codes
from tfclust.networks import (
    chain,
    dense_network,
    normalized_network,
    parallel_dense_autoencoder,
    set_single_network,
    single_network,
)
from tfclust.pretraining import (
    Stages,
    autoencoder_stages,
    check_start,
    cross_entropy_loss,
    find_start,
    pretrain_autoencoder,
)
from tfclust.randomness import layer_seeds
from tfclust.trainings import independent

RULES = ("gate", "reconstruction")
NORMALIZED = ("autoencoder", "experts", "gate")
# Of the gate and of the K autoencoders. On iris, where the errors of two autoencoders differ by a
# tenth of a nat, the joint training emptied a cluster after 250 steps in two runs of two and after
# 500 in one, but after 1000 in none, and came to the lowest loss there. Where errors tell more, a
# shorter gate leaves more to it: on MNIST an epoch is 274 steps.
LEAST_STEPS = 1000
QUANTILES = (10, 50, 90)  # percent, of what `certainty` tells
OLDER_CONFIG = frozenset({"embedding_dim", "hidden_units", "gate_units", "gate"})


@keras.saving.register_keras_serializable(package="tfclust")
class DAMIC(MixtureOfAutoencoders):
    """DAMIC: a gate directs each sample to one of K autoencoders, with no regularization term.

    With the gate `p = softmax(w h(x) + b)` of Eq. 1, the autoencoders `f_i` and the distance
    `d(x, f_i(x)) = 1/2 ||x - f_i(x)||^2`, the objective is Eq. 3:

    `-sum_t log sum_i p(c = i | x_t) exp(-d(x_t, f_i(x_t)))`

    Args:
        n_clusters: int of at least 2, the number of clusters and of autoencoders K.
        embedding_dim: int of at least 1, the size of each autoencoder's code; None, the default, is
            K, as in the paper.
        hidden_units: sequence of ints, the widths of each encoder's hidden layers, which the
            decoder mirrors; (1024, 256) by default.
        gate_units: sequence of ints, the widths of the layers of h(x), below the gate's softmax;
            (512, 512) by default.
        gate: bool, True by default. False leaves the gate out and trains with Eq. 7,
            `sum_t min_i d(x_t, f_i(x_t))`; memberships are then `softmax(-d)`, and `embed` gives
            the codes of all autoencoders.
        linear_code: bool, True by default: a code is the product of its layer. False makes it a
            hidden layer like the others, with an ELU and, where they are normalized, normalized as
            they are.
        normalized: tuple of the parts whose hidden layers are normalized over the batch, among
            "autoencoder", the single one of the start, "experts", the K autoencoders, and "gate";
            none by default.
        normalize_first: bool, whether they are normalized before their ELU; False, the default,
            normalizes after it.
        batch_size: int of at least 1, 256 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights and the order of the batches.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`.

    Attributes:
        encoder, decoder: the K autoencoders, in one Keras model each; the decoder gives the logits
            of a sigmoid.
        clustering_network: Keras model, x -> logits of the memberships; None without a gate.

    Raises:
        ValueError: an argument is out of its range; where data is given, values outside of [0, 1],
            which the sigmoid cannot give back.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import DAMIC

    x = minmax_scale(load_iris().data)
    model = DAMIC(n_clusters=3, hidden_units=(32,), gate_units=(16, 16), batch_size=30, seed=0)
    model.compile()
    model.pretrain(x, epochs=30)
    model.fit(x, epochs=30)
    labels = model.assign(x)
    ```

    Reference: Chazan, Gannot, Goldberger, Deep clustering based on a mixture of autoencoders, 2018,
    Eqs. 1 to 7 and Sect. 3.4. Readings taken where it allows several: h(x) is the second of the
    gate's 512 units, and its k units are the softmax; d sums over features, as printed; the
    sigmoid's and the softmax's logits are never normalized. "Batch normalization was utilized on
    all layers" is `normalized=("autoencoder", "experts", "gate")` with `linear_code=False`. The
    default leaves it out, as the code of the next model of two of the authors (K-DAE) does: with
    it, k-means on the code of MNIST's single autoencoder scored 72 %, where the paper, which starts
    from it, prints 80.

    Known limits: every autoencoder sees every sample, so a step costs K times one autoencoder's;
    from a random start some autoencoders may win no sample.
    """

    TERMS = ("mixture_nll",)
    PARTS = ("encoder", "decoder", "clustering_network")

    def __init__(
        self,
        n_clusters,
        embedding_dim=None,
        hidden_units=(1024, 256),
        gate_units=(512, 512),
        gate=True,
        linear_code=True,
        normalized=(),
        normalize_first=False,
        **kwargs,
    ):
        self.gate = bool(gate)
        self.linear_code = bool(linear_code)
        self.normalized = tuple(check_choice("normalized", part, NORMALIZED) for part in normalized)
        self.normalize_first = bool(normalize_first)
        super().__init__(n_clusters, **kwargs)
        self.embedding_dim = check_count("embedding_dim", embedding_dim)
        self.hidden_units = check_units("hidden_units", hidden_units)
        self.gate_units = check_units("gate_units", gate_units)

    def term_names(self):
        """Names of the terms: that of Eq. 3, or of Eq. 7 without a gate."""
        return self.TERMS if self.gate else ("smallest_error",)

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, d)`."""
        check_flat(input_shape)
        networks_seed, gate_seed = layer_seeds(self.seed, 2)
        self.encoder, self.decoder = self._autoencoders(
            self.n_clusters, input_shape[-1], "experts", networks_seed
        )
        self.clustering_network = self._gate(input_shape[-1], gate_seed) if self.gate else None
        self.built = True

    def _autoencoders(self, networks, input_dim, part, seed):
        return parallel_dense_autoencoder(
            networks,
            input_dim,
            self.hidden_units,
            self.embedding_dim or self.n_clusters,
            activation="elu",
            batch_normalization=part in self.normalized,
            normalize_first=self.normalize_first,
            hidden_code=not self.linear_code,
            dtype=self.dtype_policy,
            seed=seed,
        )

    def _gate(self, input_dim, seed):
        settings = {
            "activation": "elu",
            "name": "clustering_network",
            "dtype": self.dtype_policy,
            "output_dtype": self.dtype,
            "seed": seed,
        }
        units = (*self.gate_units, self.n_clusters)
        if "gate" not in self.normalized:
            return dense_network(input_dim, units, bias_start="zeros", **settings)
        return normalized_network(
            input_dim, units, normalize_first=self.normalize_first, **settings
        )

    def check_values(self, x):
        """Raises ValueError for values outside of [0, 1], which a sigmoid cannot give back."""
        check_sigmoid_range(x)

    def call(self, x, training=False):
        """Memberships p, `(batch, K)`, of `x`, `(batch, d)` (Eq. 1)."""
        if self.gate:
            return tf.nn.softmax(self.clustering_network(x, training=training))
        return _nearest(self._distances(x, training))

    def objective(self, x, training=False):
        """Memberships and the term of Eq. 3, or of Eq. 7, on the batch `x`, `(batch, d)`."""
        distances = self._distances(x, training)
        if not self.gate:
            return _nearest(distances), {"smallest_error": smallest_error(distances)}
        logits = self.clustering_network(x, training=training)
        return tf.nn.softmax(logits), {"mixture_nll": mixture_nll(logits, distances)}

    def _distances(self, x, training):
        """Half the squared error of every autoencoder, `(K, batch)`."""
        return 0.5 * squared_errors(x, self._reconstructions(x, training))

    def _reconstructions(self, x, training):
        codes = self.encoder(x, training=training)
        return self._sigmoid(self.decoder(codes, training=training))

    # What is found ----------------------------------------------------------------------------

    def assign(self, x, batch_size=None, rule="gate"):
        """Cluster ids `(n,)`, int64, of the rows of `x`.

        Args:
            x: array or CSR matrix `(n, d)`.
            batch_size: None takes the model's.
            rule: "gate", the largest membership (Eq. 2), or "reconstruction", the autoencoder of
                smallest distance (Eq. 6). Without a gate they are the same.

        Raises:
            ValueError: another `rule`, or bad data.
        """
        check_choice("rule", rule, RULES)
        if rule == "gate":
            return super().assign(x, batch_size)
        return self.distances(x, batch_size).argmin(axis=1)

    def agreement(self, x, batch_size=None):
        """Share of the rows of `x` on which Eqs. 2 and 6, the two rules of `assign`, agree."""
        first, second = (self.assign(x, batch_size, rule) for rule in RULES)
        return float(np.mean(first == second))

    def certainty(self, x, batch_size=None):
        """How sure the gate is, and how far apart the autoencoders are, on the rows of `x`.

        A row can go to another autoencoder where that one's error is smaller by more than the
        gate's log-odds against it: a joint training after a long start of the gate moves none.

        Args:
            x: array or CSR matrix `(n, d)`.
            batch_size: None takes the model's.

        Returns:
            Dict of floats: `agreement`, as that method gives it; `gate_log_odds_10`, `_50` and
            `_90`, the percentiles of `log(p / (1 - p))` of the largest membership p; and
            `error_margin_10`, `_50` and `_90`, those of the second smallest distance less the
            smallest. All but the first in nats.
        """
        agrees, *values = self.map_batches(self._certainty_batch, x, batch_size).T
        percentiles = {
            f"{name}_{q}": float(np.percentile(of_rows, q))
            for name, of_rows in zip(("gate_log_odds", "error_margin"), values, strict=True)
            for q in QUANTILES
        }
        return {"agreement": float(np.mean(agrees)), **percentiles}

    def _certainty_batch(self, x):
        distances = self._distances_batch(x)
        logits = self.clustering_network(x, training=False) if self.gate else -distances
        first = tf.argmax(logits, axis=-1)
        chosen = tf.one_hot(first, self.n_clusters, dtype="bool", on_value=True, off_value=False)
        infinite = tf.cast(np.inf, logits.dtype)
        others = tf.reduce_logsumexp(tf.where(chosen, -infinite, logits), axis=-1)
        smallest = -tf.math.top_k(-distances, 2).values
        return tf.stack(
            [
                tf.cast(first == tf.argmin(distances, axis=-1), self.dtype),
                tf.reduce_max(logits, axis=-1) - others,
                smallest[:, 1] - smallest[:, 0],
            ],
            axis=-1,
        )

    def distances(self, x, batch_size=None):
        """Half the squared error of every autoencoder, `(n, K)`, on the rows of `x`."""
        return self.map_batches(self._distances_batch, x, batch_size)

    def _distances_batch(self, x):
        return tf.transpose(self._distances(x, training=False))

    def embed_batch(self, x):
        """h(x), `(batch, gate_units[-1])`, what the gate's softmax sees.

        Without a gate, the codes of all autoencoders side by side, `(batch, K embedding_dim)`.
        """
        if not self.gate:
            codes = joined_codes(self.encoder(x, training=False))
            return tf.cast(codes, self.dtype)
        for layer in self.clustering_network.layers[:-1]:
            x = layer(x, training=False) if _is_normalization(layer) else layer(x)
        return tf.cast(x, self.dtype)

    def mixture_batch(self, x):
        """Memberships `(batch, K)` and reconstructions `(K, batch, d)` of a batch."""
        return self(x, training=False), self._reconstructions(x, training=False)

    def decode_single(self, codes, decoder):
        """Reconstructions by one autoencoder."""
        return self._sigmoid(decoder(codes))

    def _sigmoid(self, logits):
        return keras.ops.sigmoid(keras.ops.cast(logits, self.dtype))

    # The start --------------------------------------------------------------------------------

    def pretrain(
        self,
        x,
        epochs=50,
        layer_epochs=0,
        gate_epochs=1,
        expert_epochs=1,
        least_steps=LEAST_STEPS,
        copies=False,
        n_init=10,
        start="kmeans",
        batch_size=None,
        patience=None,
        directory=None,
        verbose="auto",
        callbacks=None,
    ):
        """The start of Sect. 2 and Table 1, in three steps.

        `pretrain_autoencoder` trains one autoencoder on all rows, `start_labels` clusters its
        codes, and `pretrain_clusters` trains the gate on these labels and each of the K
        autoencoders on the rows of its cluster.

        Args:
            x: array or CSR matrix `(n, d)`, values in [0, 1].
            epochs: passes over `x` of the single autoencoder.
            layer_epochs: passes of each of its layers before that; 0 trains it end to end alone.
            gate_epochs: passes of the gate.
            expert_epochs: passes of the K autoencoders.
            least_steps: steps that the gate and the K autoencoders take at least: where `x` has so
                few rows that their passes are fewer steps, they make more passes. The surer the
                gate, the less the joint training moves; the less sure, the more easily it empties
                a cluster where the autoencoders' errors are much alike. `certainty` tells both.
            copies: whether the K autoencoders begin as copies of the single one, or at random.
            n_init: starts of k-means, by k-means++; the paper gives none.
            start: "kmeans", the paper's, "mixture" or "manifold", see `tfclust.pretraining`; or
                labels `(n,)`, integers from 0 to K - 1, with which the single autoencoder is
                trained for `copies` alone.
            batch_size: None takes the model's.
            patience, directory, verbose, callbacks: see `tfclust.pretraining.Stages`. A pretraining
                with a `directory` that was killed goes on where it was, in a model of the same
                `seed`.

        Returns:
            `keras.callbacks.History`, whose keys are the names of the trainings, `layer_1` and so
            on, `autoencoder`, `gate` and `experts`, and those of `certainty`, once, at the end.

        Raises:
            ImportError: "manifold", and umap-learn is not installed.
            ValueError: bad data, another start, or lengths out of their range.
        """
        check_integer("n_init", n_init, 1)
        x = self.prepare(x)
        start = check_start(start, x, self.n_clusters)
        lengths = self.pretraining_stages(
            *(x.shape[0], epochs, layer_epochs, gate_epochs, expert_epochs),
            *(least_steps, batch_size),
        )
        stages = {
            "batch_size": batch_size,
            "patience": patience,
            "directory": directory,
            "verbose": verbose,
            "callbacks": callbacks,
        }
        labels, losses, autoencoder = start, {}, None
        if copies or isinstance(start, str):
            autoencoder, history = self.pretrain_autoencoder(x, epochs, layer_epochs, **stages)
            losses = history.history
        if isinstance(start, str):
            labels = self.start_labels(x, autoencoder, n_init, start)
        copied = autoencoder if copies else None
        of_clusters = self.pretrain_clusters(
            *(x, labels, lengths.get("gate"), lengths["experts"], copied), **stages
        )
        certainty = {name: [value] for name, value in self.certainty(x, batch_size).items()}
        return _history({**losses, **of_clusters.history, **certainty})

    def pretraining_stages(
        self,
        n_rows,
        epochs=50,
        layer_epochs=0,
        gate_epochs=1,
        expert_epochs=1,
        least_steps=LEAST_STEPS,
        batch_size=None,
    ):
        """The trainings of `pretrain` on `n_rows` rows, in their order: dict, name -> epochs.

        Args:
            n_rows: of the data.
            epochs, layer_epochs, gate_epochs, expert_epochs, least_steps, batch_size: see
                `pretrain`.

        Raises:
            ValueError: a length out of its range.
        """
        batch_size = check_count("batch_size", batch_size, self.batch_size)
        steps = count_batches(n_rows, batch_size, 2)
        least = -(-check_integer("least_steps", least_steps, 0) // steps)
        lengths = autoencoder_stages(len(self.hidden_units) + 1, epochs, layer_epochs)
        if self.gate:
            lengths["gate"] = max(least, check_integer("gate_epochs", gate_epochs, 1))
        lengths["experts"] = max(least, check_integer("expert_epochs", expert_epochs, 1))
        return lengths

    def pretrain_autoencoder(self, x, epochs=50, layer_epochs=0, **stages):
        """Trains one autoencoder on all rows, layer by layer where asked, and then as a whole.

        Under the binary cross-entropy (Sect. 3.4), hidden layers under the squared error, with Adam
        at 1e-3, as the paper states no rate.

        Args:
            x, epochs, layer_epochs, **stages: see `pretrain`, from `batch_size` on.

        Returns:
            `keras.Sequential` of its encoder and its decoder, and the `History` of its trainings.

        Raises:
            ValueError: bad data.
        """
        x = self.prepare(x)
        *_, seed = layer_seeds(self.seed, 3)
        networks = self._autoencoders(1, *self.sample_shape, "autoencoder", seed)
        encoder, decoder = (single_network(network, 0) for network in networks)
        autoencoder = chain(self.sample_shape, [encoder, decoder], "autoencoder", self.dtype)
        whole = self._stages(epochs, **stages)
        layers = self._stages(layer_epochs, **stages) if layer_epochs else None
        history = pretrain_autoencoder(encoder, decoder, x, cross_entropy_loss, whole, layers)
        return autoencoder, history

    def start_labels(self, x, autoencoder, n_init=10, start="kmeans"):
        """Labels `(n,)` by a start on the codes of one autoencoder; the paper's DAE+KM by default.

        Args:
            x: array or CSR matrix `(n, d)`.
            autoencoder: what `pretrain_autoencoder` gives.
            n_init, start: see `pretrain`.
        """
        x = self.prepare(x)
        codes = autoencoder.layers[0].predict(
            ordered_batches(x, batch_size=self.batch_size), verbose=0
        )
        return find_start(start, codes, self.n_clusters, self.seed, n_init)[1]

    def pretrain_clusters(
        self, x, labels, gate_epochs=1, expert_epochs=1, autoencoder=None, **stages
    ):
        """Trains the gate on `labels`, and each autoencoder on the rows that have its label.

        The K autoencoders learn at once, on batches of all clusters, each under the binary
        cross-entropy of its own rows, which Sect. 3.4 names for them; the distance of Eq. 3 is the
        joint training's. So they take as many steps as a joint training of as many epochs, and
        are normalized over the batches that it will have.

        Args:
            x: array or CSR matrix `(n, d)`.
            labels: integers `(n,)` from 0 to K - 1, such as `start_labels` gives.
            gate_epochs, expert_epochs, **stages: see `pretrain`, from `batch_size` on.
            autoencoder: what `pretrain_autoencoder` gives, of which the K become copies first; None
                leaves them as they are.

        Returns:
            `keras.callbacks.History` with the keys `gate` and `experts`.

        Raises:
            ValueError: bad data, other labels, or an autoencoder that is normalized where the K are
                not, or the other way round.
        """
        x = self.prepare(x)
        labels = check_cluster_ids(labels, x, self.n_clusters)
        if autoencoder is not None:
            self._copy(autoencoder)
        trainings = {"experts": (expert_epochs, self._cross_entropies(), _own_error)}
        if self.gate:
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            trainings = {"gate": (gate_epochs, self.clustering_network, loss), **trainings}
        losses = {}
        with independent() as one:
            for name, (epochs, network, loss) in trainings.items():
                with one():
                    stage = self._stages(epochs, **stages)
                    stage.train(name, network, x, labels, loss)
                    losses.update(stage.losses)
        return _history(losses)

    def _copy(self, autoencoder):
        if ("autoencoder" in self.normalized) != ("experts" in self.normalized):
            raise ValueError(
                "Only an autoencoder that is normalized as the K are can be copied: `normalized` "
                'must hold "autoencoder" and "experts", or neither. '
                f"Received: normalized={self.normalized!r}"
            )
        for k in range(self.n_clusters):
            for network, one in zip((self.encoder, self.decoder), autoencoder.layers, strict=True):
                set_single_network(network, k, one)

    def _cross_entropies(self):
        """The network x -> cross-entropy of every autoencoder, `(batch, K)`."""
        with self.distribute_strategy.scope():
            x = keras.Input(self.sample_shape, dtype=self.dtype)
            errors = _CrossEntropies(dtype=self.dtype)([x, self.decoder(self.encoder(x))])
            return keras.Model(x, errors, name="experts")

    def _stages(self, epochs, batch_size=None, **kwargs):
        # XLA would compile for each of the trainings, and again for its last batch's size.
        kwargs = {"jit_compile": False, **kwargs}
        batch_size = check_count("batch_size", batch_size, self.batch_size)
        return Stages(epochs, batch_size, self.seed, **kwargs)

    def get_config(self):
        """Config that `from_config` takes."""
        config = {
            "embedding_dim": self.embedding_dim,
            "hidden_units": self.hidden_units,
            "gate_units": self.gate_units,
            "gate": self.gate,
            "linear_code": self.linear_code,
            "normalized": self.normalized,
            "normalize_first": self.normalize_first,
        }
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The model of a config: what it lacks has the constructor's default.

        But a config that `get_config` gave before it could be said what is normalized, which holds
        all settings but these, is of a model that normalizes all, the code too.
        """
        if config.keys() >= OLDER_CONFIG and "normalized" not in config:
            older = {"linear_code": False, "normalized": NORMALIZED, "normalize_first": True}
            config = {**older, **config}
        return super().from_config(config, custom_objects)


def _nearest(distances):
    """Memberships `(batch, K)`, the responsibilities of Eq. 5 under a gate that does not choose."""
    return tf.nn.softmax(-tf.transpose(distances))


def _is_normalization(layer):
    return isinstance(layer, keras.layers.BatchNormalization)


class _CrossEntropies(keras.layers.Layer):
    """Cross-entropy of K reconstructions of every sample: `[x, logits]` -> `(batch, K)`."""

    def call(self, inputs):
        x, logits = inputs
        return tf.transpose(binary_cross_entropies(x, logits))


def _own_error(labels, errors):
    """The error of a sample's own autoencoder, `(batch,)`."""
    labels = tf.reshape(tf.cast(labels, "int32"), (-1,))
    return tf.gather(errors, labels, batch_dims=1)


def _history(losses):
    history = keras.callbacks.History()
    history.history = losses
    return history
