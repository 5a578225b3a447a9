"""What CM and AE-CM share: a softmax layer and the affine map of its centroids."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import (
    check_cluster,
    check_concentration,
    check_integer,
    check_positive,
    check_proportions,
)
from tfclust.distribution import global_batch_mean, replica_count
from tfclust.losses import dirichlet_prior
from tfclust.models.base import ClusteringModel
from tfclust.optimizers import FusedAdam
from tfclust.randomness import layer_seeds


class DirichletPrior:
    """Mix-in of models with a Dirichlet prior on the batch's mean memberships."""

    def _take_concentration(self, alpha):
        self.alpha = check_concentration(alpha, self.n_clusters)
        self._sorted_alpha = np.sort(self.alpha) if np.ndim(self.alpha) else self.alpha

    def default_optimizer(self):
        """Adam at the paper's rate of 1e-3, with the epsilon of its authors' code."""
        return FusedAdam(1e-3, epsilon=1e-3)

    def prior(self, memberships):
        """This replica's share of the Dirichlet prior of the global batch."""
        prior = dirichlet_prior(global_batch_mean(memberships), self._concentration())
        return prior / replica_count()

    def _concentration(self):
        return self._sorted_alpha


class CentroidModel(DirichletPrior, ClusteringModel):
    """A clustering module (Eq. 6 of Boubekki et al., 2021) over some code, and its prior.

    A subclass also writes `decode_batch`.

    Attributes:
        assignment: Dense with softmax, code -> memberships gamma.
        centroid_map: Dense, gamma -> reconstructed code; the centroids mu are its images of the
            unit vectors, bias included.

    Args:
        n_clusters: int of at least 2, the number of clusters K.
        alpha: float above 0, or K of them. Concentration of the Dirichlet prior on the batch's mean
            memberships: one number for a symmetric prior, K for given proportions of the clusters.
            They name sizes, not particular clusters: both sides are sorted (appendix 2).
        **kwargs: see `ClusteringModel`.

    Raises:
        ValueError: `alpha` is not positive, or not one number or K.
    """

    PARTS = ("assignment", "centroid_map")

    def __init__(self, n_clusters, alpha, **kwargs):
        super().__init__(n_clusters, **kwargs)
        self._take_concentration(alpha)

    def _build_clustering_module(self, code_dim, seed):
        """Creates the two layers over codes of size `code_dim`.

        They compute in the dtype of their weights under any policy: they are small, and distances
        between codes and centroids need the digits.
        """
        seeds = layer_seeds(seed, 4)

        def dense(units, name, activation, kernel_seed, bias_seed):
            return keras.layers.Dense(
                units,
                activation=activation,
                kernel_initializer=keras.initializers.GlorotUniform(seed=kernel_seed),
                bias_initializer=keras.initializers.GlorotNormal(seed=bias_seed),
                dtype=self.dtype,
                name=name,
            )

        self.assignment = dense(self.n_clusters, "assignment", "softmax", *seeds[:2])
        self.centroid_map = dense(code_dim, "centroid_map", None, *seeds[2:])
        self.assignment.build((None, code_dim))
        self.centroid_map.build((None, self.n_clusters))

    def _centroids(self):
        return tf.convert_to_tensor(self.centroid_map.kernel) + self.centroid_map.bias

    def decode_batch(self, codes):
        """Points of the input space for codes, `(batch, p)` -> `(batch, ...)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `decode_batch`")

    def centroids(self, space="latent"):
        """Centroids mu, `(K, p)` in the space of the codes, or decoded to the space of the input.

        Args:
            space: "latent" or "input".

        Raises:
            ValueError: another space.
        """
        if space not in ("latent", "input"):
            raise ValueError(f'`space` must be "latent" or "input". Received: space={space!r}')
        centroids = self._centroids()
        return np.asarray(centroids if space == "latent" else self.decode_batch(centroids))

    def generate(self, memberships):
        """Points of the input space for given memberships: decoded mixtures of the centroids.

        Args:
            memberships: `(n, K)`, rows sum to 1; `np.eye(K)` gives the decoded centroids.

        Returns:
            Array `(n, ...)` of the shape of the inputs.

        Raises:
            ValueError: another number of columns, or rows that do not sum to 1.
        """
        memberships = np.asarray(memberships, dtype=self.dtype)
        if memberships.ndim != 2 or memberships.shape[1] != self.n_clusters:
            raise ValueError(
                f"`memberships` must have shape (n, {self.n_clusters}). "
                f"Received: memberships of shape {memberships.shape}"
            )
        if not np.allclose(memberships.sum(axis=1), 1.0, atol=1e-4):
            raise ValueError(
                "The rows of `memberships` must sum to 1. "
                f"Received: sums from {memberships.sum(axis=1).min()} to "
                f"{memberships.sum(axis=1).max()}"
            )
        return np.asarray(self.generate_batch(memberships))

    def generate_batch(self, memberships):
        """Points of the input space for a batch of memberships `(batch, K)`; refuses other rows."""
        sums = tf.reduce_sum(memberships, axis=1)
        tf.debugging.Assert(
            tf.reduce_all(tf.abs(sums - 1.0) < 1e-4),
            ["The rows of `memberships` must sum to 1. Received: sums", sums],
        )
        return self.decode_batch(tf.matmul(memberships, self._centroids()))

    def generator_inputs(self):
        """Example of the arguments of `generate_batch`: memberships that give the centroids."""
        return {"memberships": np.eye(self.n_clusters, dtype=self.dtype)}

    def interpolate(self, a, b, steps):
        """Points of the input space on the way from centroid `a` to centroid `b` (Fig. 7).

        Args:
            a, b: cluster ids.
            steps: number of points, ends included, at least 2.

        Returns:
            Array `(steps, ...)`: decoded convex combinations of the two centroids.

        Raises:
            ValueError: an id is not a cluster's, or `steps` is below 2.
        """
        check_cluster("a", a, self.n_clusters)
        check_cluster("b", b, self.n_clusters)
        along = np.linspace(0.0, 1.0, check_integer("steps", steps, 2))[:, np.newaxis]
        ends = np.eye(self.n_clusters)[[a, b]]
        return self.generate((1.0 - along) * ends[0] + along * ends[1])

    def set_centroids(self, centroids):
        """Starts the clustering module from given centroids (Section 4.1, Initialization).

        The rows of the decoder's kernel become the centroids, the encoder's kernel their
        pseudo-inverse, and both biases 0.

        Args:
            centroids: `(K, p)`, in the space of the codes.

        Raises:
            ValueError: another shape.
        """
        centroids = self._checked_centroids(centroids).astype(self.dtype)
        inverse = np.linalg.pinv(centroids.astype("float64")).astype(self.dtype)
        self.assignment.set_weights([inverse, np.zeros(self.n_clusters, self.dtype)])
        self.centroid_map.set_weights([centroids, np.zeros(centroids.shape[1], self.dtype)])

    def set_mixture(self, centroids, variance, shares):
        """Starts the clustering module from an isotropic mixture of Gaussians.

        The memberships become its posterior, `log gamma_k = log pi_k - ||z - mu_k||^2 / (2 v)` up
        to what all k share, and the centroids its means. Other than from `set_centroids`, every row
        starts in its cluster of the mixture, wherever the centroids lie and however many they are.

        Args:
            centroids: mu, `(K, p)`, in the space of the codes.
            variance: v, of a feature within a cluster, above 0.
            shares: pi, `(K,)`, of the clusters, above 0.

        Raises:
            ValueError: another shape, or a variance or share that is not above 0.
        """
        centroids = self._checked_centroids(centroids)
        variance = check_positive("variance", variance)
        shares = check_proportions("shares", shares, self.n_clusters)
        # A softmax is the same whatever is added to all rows: about their mean, large data keep
        # more of their digits.
        middle = centroids.mean(axis=0)
        kernel = (centroids - middle).T / variance
        norms = np.sum(np.square(centroids), axis=1) - np.sum(np.square(middle))
        self.assignment.set_weights([kernel, np.log(shares) - norms / (2 * variance)])
        self.centroid_map.set_weights([centroids, np.zeros(centroids.shape[1])])

    def _checked_centroids(self, centroids):
        centroids = np.asarray(centroids, dtype="float64")
        if centroids.shape != tuple(self.centroid_map.kernel.shape):
            raise ValueError(
                f"`centroids` must have shape {tuple(self.centroid_map.kernel.shape)}. "
                f"Received: centroids of shape {centroids.shape}"
            )
        return centroids

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "alpha": self.alpha}
