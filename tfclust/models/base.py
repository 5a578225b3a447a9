"""What every clustering model is and promises."""

import numpy as np
import tensorflow as tf

from tfclust.checks import check_integer
from tfclust.metrics.occupancy import Occupancy
from tfclust.models.objective_model import ObjectiveModel


class ClusteringModel(ObjectiveModel):
    """A Keras model whose outputs are cluster memberships and whose objective needs no labels.

    `call` and `predict` give memberships p(cluster | x), as a Keras classifier gives probabilities
    of classes; `assign` the clusters. What a subclass writes, and what else it gets, stands in
    `ObjectiveModel`.

    Args:
        n_clusters: number of clusters K, at least 2.
        batch_size, seed, **kwargs: see `ObjectiveModel`.

    Raises:
        ValueError: `n_clusters` below 2, or another argument out of its range.
    """

    def __init__(self, n_clusters, **kwargs):
        super().__init__(**kwargs)
        self.n_clusters = check_integer("n_clusters", n_clusters, 2)
        self._occupancy = Occupancy(self.n_clusters)
        self._watches_occupancy = False

    def cluster_batch(self, x):
        """Memberships `(batch, K)` and latent codes `(batch, p)` of a batch.

        A model whose memberships follow from its codes computes the codes once.
        """
        return self(x, training=False), self.embed_batch(x)

    def assign(self, x, batch_size=None):
        """Cluster ids `(n,)`, int64: the largest membership of each row of `x`."""
        memberships = self.predict(x, batch_size=batch_size, verbose=0)
        return np.argmax(memberships, axis=-1).astype("int64")

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Memberships p(cluster | x), `(n, K)` of the model's dtype, rows sum to 1."""
        return super().predict(x, batch_size, verbose, steps, callbacks)

    def watch_occupancy(self):
        """Adds how the clusters are used to the logs; returns the `Occupancy` that counts."""
        if not self._watches_occupancy:
            self._watches_occupancy = True
            self.make_train_function(force=True)
            self.test_function = None
        return self._occupancy

    def _log(self, x, y, memberships, terms, penalty):
        if self._watches_occupancy:
            self._occupancy.update_state(memberships)
        return super()._log(x, y, memberships, terms, penalty)

    def _sample_count(self, memberships):
        return tf.size(memberships) // self.n_clusters  # an ensemble has several of a sample

    def _silent_metrics(self):
        return () if self._watches_occupancy else (self._occupancy,)

    @property
    def _min_rows(self):
        return self.n_clusters

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "n_clusters": self.n_clusters}
