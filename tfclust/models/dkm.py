"""DKM: k-means on the code of an autoencoder, with memberships that gradients flow through."""

import keras
import tensorflow as tf

from tfclust.checks import check_positive, check_weight
from tfclust.distribution import global_batch_size
from tfclust.losses import distance_memberships, squared_distances
from tfclust.models.clustered_code import ClusteredCode
from tfclust.optimizers import FusedAdam
from tfclust.presets import FromPreset


@keras.saving.register_keras_serializable(package="tfclust")
class DKM(FromPreset, ClusteredCode):
    """Deep k-means: an autoencoder and centroids that are trained together, by gradients alone.

    With codes `z = encoder(x)`, `xbar = decoder(z)`, centroids r_k and `d_ik = ||z_i - r_k||^2`,
    the objective is the mean over the batch of

    `||x_i - xbar_i||^2 + lambda sum_k softmax_k(-alpha d_ik) d_ik`,

    whose second term is that of k-means where alpha is large. Gradients flow through the softmax,
    too. There are two starts, as in the authors' code:

    - pretrained: `pretrain(x, epochs=50, layer_epochs=0)`, k-means on its codes, and the alpha of
      1000 that is the default, for 100 epochs;
    - annealed: centroids drawn from -1 to 1 as `build` does, and
      `tfclust.callbacks.AnnealInverseTemperature`, for 200 epochs.

    Args:
        n_clusters, embedding_dim, hidden_units, activation, kernel_start, batch_size, seed,
            **kwargs: see `DEC`.
        augment: as of `DEC`, of the rows that `pretrain` trains on alone.
        lbd: float of at least 0, 1 by default: lambda, the weight of the distances. The AE-CM paper
            takes 1 for MNIST when pretrained, and 0.1 when annealed.
        alpha: float above 0, 1000 by default: the inverse temperature at the start. It is a
            variable, which `AnnealInverseTemperature` sets.

    Attributes:
        means: `(K, p)`, the centroids r.
        alpha: the scalar variable.

    Raises:
        ValueError: an argument is out of its range.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import DKM

    x = minmax_scale(load_iris().data)
    model = DKM(n_clusters=3, embedding_dim=3, hidden_units=(32,), batch_size=30, seed=0)
    model.compile()
    model.pretrain(x, epochs=20, layer_epochs=0, verbose=0)
    model.fit(x, epochs=20, verbose=0)
    labels = model.assign(x)
    ```

    Reference: Moradi Fard, Thonet, Gaussier, Deep k-means: jointly clustering with k-means and
    learning representations, Pattern Recognition Letters 138, 2020, and the authors' code, of which
    the constants are.

    Known limits: lambda has to be found for each dataset; with one too large, all codes and
    centroids shrink to a point. The authors' code lets Adam keep the moments of the pretraining;
    here they begin anew.
    """

    TERMS = ("reconstruction", "distance")
    PRESETS = "dkm"

    def __init__(self, n_clusters, *, lbd=1.0, alpha=1000.0, **kwargs):
        super().__init__(n_clusters, **kwargs)
        self.lbd = check_weight("lbd", lbd)
        self._first_alpha = check_positive("alpha", alpha)
        start = keras.initializers.Constant(self._first_alpha)
        self.alpha = self.add_weight((), start, self.dtype, trainable=False, name="alpha")

    def default_optimizer(self):
        """Adam at a rate of 1e-3, as in the authors' code."""
        return FusedAdam(1e-3)

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, d)`."""
        seed = self.build_autoencoder(input_shape)
        start = keras.initializers.RandomUniform(-1.0, 1.0, seed)
        self.means = self.add_weight((self.n_clusters, self.embedding_dim), start, name="means")
        self.built = True

    def code_memberships(self, codes):
        """Memberships `(batch, K)` of codes `(batch, p)`: the softmax of their distances."""
        return self._memberships(squared_distances(codes, self.means))

    def _memberships(self, distances):
        return distance_memberships(distances, tf.convert_to_tensor(self.alpha))

    def objective(self, x, training=False):
        """Memberships and the two terms on the batch `x`, `(batch, d)`."""
        codes = self.encoder(x, training=training)
        distances = squared_distances(codes, self.means)
        memberships = self._memberships(distances)
        distance = tf.reduce_sum(memberships * distances) / global_batch_size(codes)
        return memberships, {
            "reconstruction": self.mean_error(x, codes, training),
            "distance": self.lbd * distance,
        }

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "lbd": self.lbd, "alpha": self._first_alpha}
