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
from tfclust.losses import mixture_nll, smallest_error, squared_errors
from tfclust.models.mixture_of_autoencoders import MixtureOfAutoencoders, joined_codes
from tfclust.networks import (
    chain,
    normalized_network,
    parallel_dense_autoencoder,
    restart_statistics,
    set_single_network,
    single_network,
)
from tfclust.pretraining import cross_entropy_loss, kmeans, pretrain_layers
from tfclust.seeds import layer_seeds
from tfclust.stages import Stages

RULES = ("gate", "reconstruction")
FEWEST_ROWS = 10  # statistics of fewer tell nothing of a cluster
OLDER_CONFIG = frozenset({"embedding_dim", "hidden_units", "gate_units", "gate"})


@keras.saving.register_keras_serializable(package="tfclust")
class DAMIC(MixtureOfAutoencoders):
    """DAMIC: a gate directs each sample to one of K autoencoders, with no regularization term.

    With the gate `p = softmax(w h(x) + b)` of Eq. 1, the autoencoders `f_i` and the distance
    `d(x, f_i(x)) = 1/2 ||x - f_i(x)||^2`, the objective is Eq. 3:

    `-sum_t log sum_i p(c = i | x_t) exp(-d(x_t, f_i(x_t)))`

    Args:
        n_clusters: number of clusters and of autoencoders K, at least 2.
        embedding_dim: size of each autoencoder's code; None is K, as in the paper.
        hidden_units: widths of each encoder's hidden layers; the decoder mirrors them.
        gate_units: widths of the layers of h(x), below the gate's softmax.
        gate: False leaves the gate out and trains with Eq. 7, `sum_t min_i d(x_t, f_i(x_t))`;
            memberships are then `softmax(-d)`, and `embed` gives the codes of all autoencoders.
        normalize_first: whether every hidden layer is normalized before its ELU, or after it.
        batch_size, seed, **kwargs: see `ClusteringModel`.

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
    Eqs. 1 to 7 and Sect. 3.4. Readings taken where it allows several: every hidden layer, the code
    and h(x) among them, is normalized over the batch, each autoencoder by its own statistics, while
    the sigmoid's and the softmax's logits are not; after its ELU rather than before, by which a
    single autoencoder of MNIST comes to a lower error; h(x) is the second of the gate's 512 units,
    and its k units are the softmax; d sums over features, as printed. So an autoencoder that was
    pretrained on the batches of its cluster is normalized by those of all clusters once the joint
    training begins.

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
        normalize_first=False,
        **kwargs,
    ):
        self.normalize_first = bool(normalize_first)
        self.gate = bool(gate)
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
        self._sample_shape = tuple(input_shape[1:])
        networks_seed, gate_seed = layer_seeds(self.seed, 2)
        self.encoder, self.decoder = parallel_dense_autoencoder(
            self.n_clusters,
            input_shape[-1],
            self.hidden_units,
            self.embedding_dim or self.n_clusters,
            activation="elu",
            batch_normalization=True,
            normalize_first=self.normalize_first,
            hidden_code=True,
            dtype=self.dtype_policy,
            seed=networks_seed,
        )
        self.clustering_network = self._gate(input_shape[-1], gate_seed) if self.gate else None
        self.built = True

    def _gate(self, input_dim, seed):
        return normalized_network(
            input_dim,
            (*self.gate_units, self.n_clusters),
            activation="elu",
            normalize_first=self.normalize_first,
            name="clustering_network",
            dtype=self.dtype_policy,
            output_dtype=self.dtype,
            seed=seed,
        )

    def _checked(self, x, min_rows=1):
        return check_sigmoid_range(super()._checked(x, min_rows))

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

    def distances(self, x, batch_size=None):
        """Half the squared error of every autoencoder, `(n, K)`, on the rows of `x`."""
        return self._map_batches(self._distances_batch, x, batch_size)

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
        n_init=10,
        batch_size=None,
        patience=None,
        directory=None,
        verbose="auto",
        callbacks=None,
    ):
        """The start of Sect. 2 and Table 1, in three steps.

        `pretrain_autoencoder` trains one autoencoder on all rows, `kmeans_labels` clusters its
        codes, and `pretrain_clusters` trains the gate on these labels and each autoencoder on the
        rows of its cluster.

        Args:
            x: array or CSR matrix `(n, d)`, values in [0, 1].
            epochs: passes of every training over its rows; the paper's "training phases" of 50.
            n_init: starts of k-means, by k-means++; the paper gives none.
            batch_size: None takes the model's.
            patience, directory, verbose, callbacks: see `tfclust.stages.Stages`. A pretraining with
                a `directory` that was killed goes on where it was, in a model of the same `seed`.

        Returns:
            `keras.callbacks.History`, whose keys are the names of the trainings: `layer_1` and so
            on, `autoencoder`, `gate`, `cluster_0` and so on.

        Raises:
            ValueError: bad data.
        """
        check_integer("n_init", n_init, 1)
        stages = {
            "batch_size": batch_size,
            "patience": patience,
            "directory": directory,
            "verbose": verbose,
            "callbacks": callbacks,
        }
        history = self.pretrain_autoencoder(x, epochs, **stages)
        labels = self.kmeans_labels(x, n_init)
        history.history.update(self.pretrain_clusters(x, labels, epochs, **stages).history)
        return history

    def pretraining_stages(self):
        """Names of the trainings of `pretrain`, in their order.

        Those of clusters that have too few rows are left out when their turn comes.
        """
        layers = [f"layer_{i + 1}" for i in range(len(self.hidden_units) + 1)]
        gate = ["gate"] if self.gate else []
        clusters = [f"cluster_{k}" for k in range(self.n_clusters)]
        return (*layers, "autoencoder", *gate, *clusters)

    def pretrain_autoencoder(self, x, epochs=50, **stages):
        """Trains one autoencoder on all rows, layer by layer and then as a whole.

        Under the binary cross-entropy (Sect. 3.4), hidden layers under the squared error, with Adam
        at 1e-3, as the paper states no rate. All K autoencoders become copies of it: of the two
        readings that the paper allows, where they start from it or from random weights, the one
        that fits "to initialize the parameters of the network".

        Args, returns and raises: see `pretrain`; `**stages` are its arguments from `batch_size` on.
        """
        x, stages = self._stages(x, epochs, **stages)
        encoder, decoder = single_network(self.encoder, 0), single_network(self.decoder, 0)
        autoencoder = chain(self._sample_shape, [encoder, decoder], "autoencoder", self.dtype)
        pretrain_layers(encoder, decoder, x, stages, cross_entropy_loss)
        stages.train("autoencoder", autoencoder, x, None, cross_entropy_loss)
        for k in range(self.n_clusters):
            self._set_autoencoder(k, encoder, decoder)
        return stages.history()

    def kmeans_labels(self, x, n_init=10):
        """Labels `(n,)` by k-means on the codes of the first autoencoder.

        After `pretrain_autoencoder`, when all are the same, these are the paper's DAE+KM.
        """
        x = self._checked(x, min_rows=self.n_clusters)
        self._ensure_built(x)
        encoder = single_network(self.encoder, 0)
        codes = encoder.predict(self._ordered(x, None, None), verbose=0)
        return kmeans(codes, self.n_clusters, self.seed, n_init)[1]

    def pretrain_clusters(self, x, labels, epochs=50, **stages):
        """Trains the gate on `labels`, and each autoencoder on the rows that have its label.

        The autoencoders learn under the binary cross-entropy, which Sect. 3.4 names for them; the
        distance of Eq. 3 is the joint training's. An epoch passes over each row once for all
        autoencoders together. One whose cluster has fewer than 10 rows, or none, stays as it is.

        Args:
            x: array or CSR matrix `(n, d)`.
            labels: integers `(n,)` from 0 to K - 1, such as `kmeans_labels` gives.
            epochs, **stages: see `pretrain_autoencoder`.

        Returns:
            See `pretrain`.

        Raises:
            ValueError: bad data, or other labels.
        """
        x, stages = self._stages(x, epochs, **stages)
        labels = check_cluster_ids(labels, x, self.n_clusters)
        if self.gate:
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            stages.train("gate", self.clustering_network, x, labels, loss)
        encoder, decoder = single_network(self.encoder, 0), single_network(self.decoder, 0)
        autoencoder = chain(self._sample_shape, [encoder, decoder], "autoencoder", self.dtype)
        for k in range(self.n_clusters):
            rows = x[np.flatnonzero(labels == k)]
            if rows.shape[0] >= FEWEST_ROWS:
                encoder.set_weights(single_network(self.encoder, k).get_weights())
                decoder.set_weights(single_network(self.decoder, k).get_weights())
                loss = None if autoencoder.compiled else cross_entropy_loss
                stages.train(f"cluster_{k}", autoencoder, rows, None, loss)
                self._set_autoencoder(k, encoder, decoder)
        for network in (self.encoder, self.decoder):  # the batches of clusters are over
            restart_statistics(network)
        return stages.history()

    def _set_autoencoder(self, k, encoder, decoder):
        set_single_network(self.encoder, k, encoder)
        set_single_network(self.decoder, k, decoder)

    def _stages(self, x, epochs, batch_size=None, **kwargs):
        x = self._checked(x, min_rows=self.n_clusters)
        self._ensure_built(x)
        # XLA would compile for each of so many trainings, and again for its last batch's size.
        kwargs = {"jit_compile": False, **kwargs}
        batch_size = check_count("batch_size", batch_size, self.batch_size)
        return x, Stages(epochs, batch_size, self.seed, **kwargs)

    def get_config(self):
        """Config that `from_config` takes."""
        config = {
            "embedding_dim": self.embedding_dim,
            "hidden_units": self.hidden_units,
            "gate_units": self.gate_units,
            "gate": self.gate,
            "normalize_first": self.normalize_first,
        }
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The model of a config: what it lacks has the constructor's default.

        But a config that `get_config` gave before there was `normalize_first`, which holds all
        settings but this one, is of a model that normalizes first.
        """
        if config.keys() >= OLDER_CONFIG:
            config = {"normalize_first": True, **config}
        return super().from_config(config, custom_objects)


def _nearest(distances):
    """Memberships `(batch, K)`, the responsibilities of Eq. 5 under a gate that does not choose."""
    return tf.nn.softmax(-tf.transpose(distances))


def _is_normalization(layer):
    return isinstance(layer, keras.layers.BatchNormalization)
