"""CM, the clustering module."""

import keras
import tensorflow as tf

from tfclust.checks import check_flat, check_weight
from tfclust.losses import cross, mixture_error, sparsity
from tfclust.models.centroid_model import CentroidModel
from tfclust.presets import FromPreset
from tfclust.pretraining import isotropic_mixture


@keras.saving.register_keras_serializable(package="tfclust")
class CM(FromPreset, CentroidModel):
    """Clustering module: an isotropic Gaussian mixture as an autoencoder with one hidden layer.

    `gamma = softmax(x W_enc + b_enc)`, `xbar = gamma W_dec + b_dec` (Eq. 6), trained by Eq. 7:

    `sum_i ||x_i - xbar_i||^2 + sum_ik gamma_ik (1 - gamma_ik) ||mu_k||^2
    - sum_i sum_{k != l} gamma_ik gamma_il mu_k^T mu_l + sum_k (1 - alpha_k) log mean_i gamma_ik`

    with the centroids `mu_k = W_dec[k] + b_dec`. The first three terms are sums over the batch, the
    last one is added once a batch, so alpha is relative to the batch size.

    Args:
        n_clusters: int of at least 2, the number of clusters K.
        alpha: float above 0, or K of them; 20 by default. The Dirichlet concentration: above 1 it
            spreads the data over the clusters, and the larger, the more evenly. Table 12's values
            lie between 10 and 1000.
        term_weights: dict, name of a term -> float of at least 0, or None, the default: factors for
            ablations (Table 3, Fig. 11). The terms are `reconstruction`, `sparsity`, `cross` and
            `dirichlet_prior`; a factor that is not given is 1.
        batch_size: int of at least 1, 256 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights and the order of the batches.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`.

    Raises:
        ValueError: an argument is out of its range, or a term is unknown.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust import CM
    from tfclust.callbacks import AveragingEpoch

    x = load_iris().data
    model = CM(n_clusters=3, alpha=20.0, batch_size=30, seed=0)
    model.compile()
    model.fit(x, epochs=150 + 1, callbacks=[AveragingEpoch()])
    labels = model.assign(x)
    ```

    Reference: Boubekki, Kampffmeyer, Brefeld, Jenssen, Joint optimization of an autoencoder for
    clustering and embedding, Machine Learning 110, 2021, Eqs. 6 and 7.

    Known limits: the partition is linear and the clusters are spheres of one size, as for k-means.
    """

    PRESETS = "cm"
    TERMS = ("reconstruction", "sparsity", "cross", "dirichlet_prior")

    def __init__(self, n_clusters, alpha=20.0, term_weights=None, **kwargs):
        super().__init__(n_clusters, alpha, **kwargs)
        self.term_weights = checked_term_weights(term_weights)

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, d)`."""
        check_flat(input_shape)
        self._build_clustering_module(input_shape[-1], self.seed)
        self.built = True

    def pretrain(self, x, n_init=20):
        """Starts from the isotropic mixture of Gaussians that k-means finds.

        A random start lies near 0: from there clusters of very different sizes, and data far from
        0, are not found. The paper's own start by k-means is `set_centroids`.

        Args:
            x: array or CSR matrix `(n, d)`.
            n_init: starts of k-means, of which the likeliest is taken: see
                `tfclust.pretraining.isotropic_mixture`.

        Raises:
            ValueError: bad data.

        Example:

        ```python
        import numpy as np
        from tfclust import CM

        x = np.concatenate([np.random.normal(size=(900, 2)), np.random.normal(9, size=(50, 2))])
        model = CM(n_clusters=2, alpha=10.0, batch_size=95, seed=0)
        model.pretrain(x)
        model.assign(x)  # and then `compile` and `fit`
        ```
        """
        x = self.prepare(x)
        self.set_mixture(*isotropic_mixture(x, self.n_clusters, self.seed, n_init))

    def call(self, x, training=False):
        """Memberships `(batch, K)` of `x`, `(batch, d)`."""
        return self.assignment(x)

    def objective(self, x, training=False):
        """Memberships and the terms of Eq. 7 on the batch `x`, `(batch, d)`."""
        memberships, terms = clustering_module_terms(
            tf.cast(x, self.dtype),
            tf.convert_to_tensor(self.assignment.kernel),
            tf.convert_to_tensor(self.assignment.bias),
            self._centroids(),
        )
        terms["dirichlet_prior"] = self.prior(memberships)
        return memberships, weighed(terms, self.term_weights)

    def embed_batch(self, x):
        """The batch itself: CM clusters in the space of its input."""
        return tf.cast(x, self.dtype)

    def reconstruct_batch(self, x):
        """Reconstructions `(batch, d)`: centroids mixed by the memberships."""
        return self.centroid_map(self(x))

    def decode_batch(self, codes):
        """The codes themselves, which lie in the space of the input."""
        return codes

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "term_weights": self.term_weights}


def checked_term_weights(term_weights):
    """A dict of factors of Eq. 7's terms; raises ValueError for another term or a bad factor."""
    weights = {
        name: check_weight(f"term_weights[{name!r}]", weight)
        for name, weight in (term_weights or {}).items()
    }
    unknown = sorted(set(weights) - set(CM.TERMS))
    if unknown:
        raise ValueError(f"`term_weights` must name terms among {CM.TERMS}. Received: {unknown}")
    return weights


def weighed(terms, weights):
    """The dict of terms, each times its factor in `weights`, 1 where there is none."""
    return {name: weights.get(name, 1.0) * term for name, term in terms.items()}


def clustering_module_terms(x, kernel, bias, centroids):
    """Memberships and the first three terms of Eq. 7.

    Tensors may have leading axes, as in `tfclust.losses`.

    Args:
        x: `(batch, d)`.
        kernel, bias: `(d, K)` and `(K,)`, W_enc and b_enc.
        centroids: `(K, d)`.

    Returns:
        Memberships `(batch, K)` and a dict of terms.
    """
    # One product with x gives the logits and the products with the centroids.
    both = tf.concat([kernel, tf.linalg.matrix_transpose(centroids)], axis=-1)
    logits, products = tf.split(tf.matmul(x, both), 2, axis=-1)
    memberships = tf.nn.softmax(logits + bias[..., tf.newaxis, :])
    return memberships, {
        "reconstruction": mixture_error(x, memberships, centroids, products),
        "sparsity": sparsity(memberships, tf.reduce_sum(tf.square(centroids), axis=-1)),
        "cross": cross(memberships, centroids),
    }
