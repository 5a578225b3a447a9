"""CM with several seeds, trained as one program."""

import keras
import tensorflow as tf

from tfclust.models.cm import CM, checked_term_weights, clustering_module_terms, weighed
from tfclust.models.ensemble import Ensemble, stacked_weights


@keras.saving.register_keras_serializable(package="tfclust")
class CMEnsemble(Ensemble):
    """CM with several seeds side by side, each the run that it would be alone.

    A CM is small: a step is mostly overhead. Here the weights of S of them are stacked `(S, d, K)`,
    each member sees the batches in its own seed's order, and a step trains all. No quantity is
    shared, so member s follows the very trajectory of `CM(..., seed=seeds[s])` up to rounding.

    Args:
        seeds: sequence of S distinct ints from 0 to 2**32 - 1, one for each member.
        n_clusters: int of at least 2, the number of clusters K.
        alpha: float above 0, or K of them; 20 by default. As of `CM`.
        term_weights: dict, name of a term -> float of at least 0, or None, the default. As of `CM`.
        **kwargs: `batch_size`, `name` and `dtype`, see `ClusteringModel`.

    Raises:
        ValueError: no seed, or one twice; or an argument of `CM` is out of its range.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust.callbacks import AveragingEpoch
    from tfclust.models import CMEnsemble

    x = load_iris().data
    ensemble = CMEnsemble(seeds=range(5), n_clusters=3, alpha=20.0, batch_size=30)
    ensemble.compile()
    ensemble.fit(x, epochs=150 + 1, callbacks=[AveragingEpoch()])
    labels = [member.assign(x) for member in ensemble.members()]
    ```

    Known limits: `predict` gives memberships of shape `(n, S, K)`; the logged terms are the mean of
    the members'; a NaN in one member stops all.
    """

    MEMBER = CM
    TERMS = CM.TERMS

    def __init__(self, seeds, n_clusters, alpha=20.0, term_weights=None, **kwargs):
        super().__init__(seeds, n_clusters, alpha, **kwargs)
        self.term_weights = checked_term_weights(term_weights)

    def set_centroids(self, centroids):
        """Starts member s from `centroids[s]`, `(S, K, d)`; see `CM.set_centroids`."""
        members = self.members()
        for member, start in zip(members, centroids, strict=True):
            member.set_centroids(start)
        self._assign(stacked_weights(members))

    def pretrain(self, x, n_init=20):
        """Starts every member from the mixture that k-means finds; see `CM.pretrain`."""
        x = self.prepare(x)
        members = self.members()
        for member in members:
            member.pretrain(x, n_init)
        self._assign(stacked_weights(members))

    def call(self, x, training=False):
        """Memberships `(batch, S, K)` of `x`, `(batch, d)`."""
        kernel, bias, _, _ = self.stacks
        logits = tf.matmul(tf.cast(x, self.dtype), kernel) + bias[:, tf.newaxis]
        return tf.transpose(tf.nn.softmax(logits), (1, 0, 2))

    def objective(self, x, training=False):
        """Memberships `(S, batch, K)` and the terms, each `(S,)`.

        Args:
            x: `(S, batch, d)`, a batch for each member, or `(batch, d)`, the same for all.
            training: not used.
        """
        kernel, bias, centroid_kernel, centroid_bias = map(tf.convert_to_tensor, self.stacks)
        memberships, terms = clustering_module_terms(
            tf.cast(x, self.dtype), kernel, bias, centroid_kernel + centroid_bias[:, tf.newaxis]
        )
        terms["dirichlet_prior"] = self.prior(memberships)
        return memberships, weighed(terms, self.term_weights)

    def embed_batch(self, x):
        """The batch itself, as for `CM`."""
        return tf.cast(x, self.dtype)

    def reconstruct_batch(self, x):
        """Reconstructions `(batch, S, d)`, one by each member."""
        *_, kernel, bias = map(tf.convert_to_tensor, self.stacks)
        return tf.einsum("bsk,skd->bsd", self(x), kernel + bias[:, tf.newaxis])

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "term_weights": self.term_weights}
