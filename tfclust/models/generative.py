"""What models with a decoder of their codes, and with new points of a cluster, have in common."""

import numpy as np
import tensorflow as tf

from tfclust.checks import check_choice, check_cluster, check_integer, check_sigmoid_range
from tfclust.losses import RECONSTRUCTION_ERRORS
from tfclust.randomness import drawn_seed


class RowDecoder:
    """Mix-in of models whose `decoder` gives rows back, under the error that `take_error` names.

    Attributes:
        decoder: Keras model, `(batch, p)` -> `(batch, d)`, logits where the error is a
            cross-entropy.
    """

    def take_error(self, reconstruction_loss):
        """Keeps the name of the error, or raises ValueError."""
        self.reconstruction_loss = check_choice(
            "reconstruction_loss", reconstruction_loss, RECONSTRUCTION_ERRORS
        )

    def check_values(self, x):
        """Raises ValueError for values that a sigmoid cannot give back, with a cross-entropy."""
        if self.reconstruction_loss == "cross_entropy":
            check_sigmoid_range(x)

    def errors(self, x, decoded):
        """Reconstruction error of each row of `x`, `(batch, d)`, as the decoder gives it back."""
        return RECONSTRUCTION_ERRORS[self.reconstruction_loss](x, decoded)

    def decode(self, codes):
        """Points of the input space `(n, d)` for what the decoder takes, `(n, p)`."""
        decoded = tf.cast(self.decoder(codes, training=False), self.dtype)
        return tf.sigmoid(decoded) if self.reconstruction_loss == "cross_entropy" else decoded


class ClusterGenerator:
    """Mix-in of models that make new points of a cluster: a subclass writes `draw`."""

    def generate(self, cluster, n=1, seed=None):
        """New points of one cluster, from what `draw` draws.

        Args:
            cluster: cluster id, from 0 to K - 1.
            n: number of points.
            seed: int from 0 to 2**32 - 1 that fixes the draws; None draws one from Keras's global
                generator.

        Returns:
            Array `(n, ...)`.

        Raises:
            ValueError: `cluster` is not a cluster id, `n` is below 1, or the model is not built.
        """
        cluster = check_cluster("cluster", cluster, self.n_clusters)
        n, seed = check_integer("n", n, 1), drawn_seed(seed)
        return np.asarray(self.generate_batch(*self.draw(cluster, n, seed)))

    def draw(self, cluster, n, seed):
        """The arguments of `generate_batch` for `n` points of a cluster, a tuple of tensors."""
        raise NotImplementedError(f"{type(self).__name__} must define `draw`")

    def _normal(self, shape, seed, number=0):
        """Standard normal numbers; draws of one seed that differ in `number` are independent."""
        return tf.random.stateless_normal(shape, (seed, number), dtype=self.dtype)

    def _category(self, cluster, n):
        """Memberships `(n, K)` of rows that are of one cluster."""
        return tf.one_hot(tf.fill((n,), cluster), self.n_clusters, dtype=self.dtype)
