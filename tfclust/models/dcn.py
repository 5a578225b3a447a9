"""DCN: k-means on the code of an autoencoder, whose centroids run after the codes."""

import keras
import tensorflow as tf

from tfclust.callbacks.row_updates import UpdateClusters
from tfclust.checks import check_count, check_weight
from tfclust.distribution import global_batch_rows, global_batch_size
from tfclust.losses import squared_distances, squared_error
from tfclust.models.clustered_code import ClusteredCode
from tfclust.optimizers import FusedAdam
from tfclust.presets import FromPreset

FIRST_COUNT = 100  # of each cluster, as in the authors' code


@keras.saving.register_keras_serializable(package="tfclust")
class DCN(FromPreset, ClusteredCode):
    """DCN: an autoencoder whose codes are drawn to the centroid of their cluster.

    With codes `z = encoder(x)`, `xbar = decoder(z)`, centroids M and one-hot assignments s,

    `sum_i ||x_i - xbar_i||^2 + beta ||z_i - M s_i||^2`,

    averaged over the batch, is lowered in three steps in turn, for each batch: the networks take a
    step of the optimizer, with M and s as they are; each row of the batch goes to the nearest
    centroid; and then, row by row, the centroid of its cluster runs after its code (Eq. 8):

    `c_k <- c_k + 1`, `mu_k <- (1 - 1 / c_k) mu_k + z_i / c_k`,

    with counts that begin at 100, as in the authors' code. The rows of one cluster in their order
    come to `mu_k <- (c_k mu_k + sum_i z_i) / (c_k + m_k)` for m_k rows, which is computed at once.
    s is kept for each row: that of a step is of the last time that the row was seen.

    The start decides: `pretrain` first. Memberships are 0 and 1.

    Args:
        n_clusters, embedding_dim, hidden_units, activation, kernel_start, batch_size, seed,
            **kwargs: see `DEC`.
        augment: as of `DEC`, of the rows that `pretrain` trains on alone.
        beta: float of at least 0, 1 by default, as in the authors' code: weight of the distances.
            The paper writes lambda / 2 for it.
        update_interval: None, the default, for the rule above; or an int of at least 1: every so
            many steps all rows are assigned anew and centroids become the means of their rows, and
            nothing moves between. See `tfclust.callbacks.UpdateClusters`.
        kmeans_every: int of at least 1, epochs after which k-means of all codes, from the centroids
            as they are, gives the centroids and clusters to go on with, 10 in the authors' code;
            None, the default, for never. Counts stay.

    Attributes:
        means: `(K, p)`, the centroids, which no gradient moves.
        counts: `(K,)`, rows that each centroid has met, and 100. In float32 they are exact to 2^24,
            from where a row moves its centroid by less than a ten-millionth of the way.

    Raises:
        ValueError: an argument is out of its range.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import DCN

    x = minmax_scale(load_iris().data)
    model = DCN(n_clusters=3, embedding_dim=3, hidden_units=(32,), batch_size=30, seed=0)
    model.compile()
    model.pretrain(x, epochs=20, layer_epochs=5, verbose=0)
    model.fit(x, epochs=20, verbose=0)
    labels = model.assign(x)
    ```

    Reference: Yang, Fu, Sidiropoulos, Hong, Towards k-means-friendly spaces: simultaneous deep
    learning and clustering, 2017, and the authors' code.

    Known limits: `fit` takes arrays and CSR matrices, no datasets: assignments belong to rows, and
    each `fit` begins with the nearest centroids, so two are not one of both lengths.
    `evaluate` and validation data take the nearest centroids. Centroids fall behind codes as counts
    grow, unless there is `kmeans_every`. The authors' code trains by SGD, with tied weights of
    encoder and decoder, which are not here. From a random start most of its runs fail (AE-CM's
    Table 5).
    """

    TERMS = ("reconstruction", "distance")
    PARTS = (*ClusteredCode.PARTS, "counts")
    NUMBERS_ROWS = True
    PRESETS = "dcn"

    def __init__(self, n_clusters, *, beta=1.0, update_interval=None, kmeans_every=None, **kwargs):
        super().__init__(n_clusters, **kwargs)
        self.beta = check_weight("beta", beta)
        self.update_interval = check_count("update_interval", update_interval)
        self.kmeans_every = check_count("kmeans_every", kmeans_every)

    def default_optimizer(self):
        """Adam at a rate of 1e-3; the authors' code takes SGD at 1e-4 with Nesterov's momentum."""
        return FusedAdam(1e-3)

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, d)`."""
        start = keras.initializers.GlorotUniform(seed=self.build_autoencoder(input_shape))
        by_rule = {"trainable": False, "aggregation": "only_first_replica"}
        shape = (self.n_clusters, self.embedding_dim)
        self.means = self.add_weight(shape, start, name="means", **by_rule)
        hundred = keras.initializers.Constant(FIRST_COUNT)
        self.counts = self.add_weight(shape[:1], hundred, name="counts", **by_rule)
        self.built = True

    def code_memberships(self, codes):
        """Memberships `(batch, K)` of codes `(batch, p)`: 1 of the nearest centroid, else 0."""
        return tf.one_hot(self._nearest(codes), self.n_clusters, dtype=codes.dtype)

    def _nearest(self, codes):
        return tf.argmin(squared_distances(codes, self.means), axis=-1)

    def objective(self, x, training=False, rows=None):
        """Memberships and the two terms on the batch `x`, `(batch, d)`.

        Without numbers of its rows, they are of the nearest centroids.
        """
        codes = self.encoder(x, training=training)
        nearest = self._nearest(codes)
        own = nearest if rows is None else tf.gather(self.row_values["clusters"], rows)
        distance = squared_error(codes, tf.gather(tf.convert_to_tensor(self.means), own))
        return tf.one_hot(nearest, self.n_clusters, dtype=codes.dtype), {
            "reconstruction": self.mean_error(x, codes, training),
            "distance": self.beta * distance / global_batch_size(codes),
        }

    def train_step(self, data):
        """One step of the optimizer on a batch, and then one of its rows and their centroids."""
        logs = super().train_step(data)
        if self.update_interval is None:
            x, _, rows = self.unpack_batch(data)
            self._follow(global_batch_rows(self.embed_batch(x)), global_batch_rows(rows))
        return logs

    def _follow(self, codes, rows):
        """Assigns rows to the nearest centroids, which then run after their codes."""
        clusters = self._nearest(codes)
        kept = self.row_values["clusters"]
        kept.assign(tf.tensor_scatter_nd_update(kept, rows[:, tf.newaxis], clusters))
        means, counts = tf.convert_to_tensor(self.means), tf.convert_to_tensor(self.counts)
        means, counts = running_centroids(codes, clusters, means, counts)
        self.means.assign(means)
        self.counts.assign(counts)

    def training_callbacks(self, x):
        """What keeps the clusters of all rows."""
        return [UpdateClusters(x, self.update_interval, self.kmeans_every)]

    def pretrain_centroids(self, x, n_init=20, start="kmeans"):
        """The second half of `pretrain`: k-means on the codes; the counts begin anew."""
        super().pretrain_centroids(x, n_init, start)
        self.counts.assign(tf.fill((self.n_clusters,), float(FIRST_COUNT)))

    def get_config(self):
        """Config that `from_config` takes."""
        own = ("beta", "update_interval", "kmeans_every")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def running_centroids(codes, clusters, means, counts):
    """Centroids and counts after the rows of a batch, one by one in their order (Eq. 8 of DCN).

    Args:
        codes: `(batch, p)`.
        clusters: `(batch,)`, integers, whose they are.
        means: `(K, p)`, before.
        counts: `(K,)`, before.

    Returns:
        Means and counts after.
    """
    members = tf.one_hot(clusters, counts.shape[0], dtype=codes.dtype)
    rows = tf.reduce_sum(members, axis=0)
    counts += rows
    # The difference, which is small beside the mean, keeps more digits than the mean of all.
    moved = tf.matmul(members, codes, transpose_a=True) - rows[:, tf.newaxis] * means
    return means + moved / counts[:, tf.newaxis], counts
