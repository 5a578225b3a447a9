"""AE-CM with several seeds, trained as one program."""

import keras
import tensorflow as tf

from tfclust.checks import check_integer, check_units, check_weight
from tfclust.losses import orthonormality, sparsity, squared_error
from tfclust.models.aecm import AECM
from tfclust.models.ensemble import Ensemble

SMALL_LAYERS = 64  # units of all hidden layers of an encoder that is mostly overhead


@keras.saving.register_keras_serializable(package="tfclust")
class AECMEnsemble(Ensemble):
    """AE-CM of a few units with several seeds side by side, each the run that it would be alone.

    The objective is Eq. 10 of each member, as in `AECM`; weights are stacked, `(S, in, out)`.

    Args:
        seeds: sequence of S distinct ints from 0 to 2**32 - 1, one for each member.
        n_clusters, embedding_dim, hidden_units, alpha, beta, lbd, **kwargs: as of `AECM`, with the
            same defaults. Networks of one's own have no place here.

    Raises:
        ValueError: no seed, or one twice; or an argument of `AECM` is out of its range.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import scale
    from tfclust.models import AECMEnsemble

    x = scale(load_iris().data)
    ensemble = AECMEnsemble(range(3), 3, embedding_dim=6, hidden_units=(), batch_size=20)
    ensemble.compile()
    ensemble.fit_at_once(x, epochs=20)
    labels = ensemble.assign(x)  # (150, 3), one column for each seed
    ```

    Reference: Boubekki, Kampffmeyer, Brefeld, Jenssen, Joint optimization of an autoencoder for
    clustering and embedding, Machine Learning 110, 2021, Eqs. 8 to 10.

    Known limits: from random starts alone, in one precision; large layers gain nothing by it.
    `predict` gives memberships of shape `(n, S, K)`; a NaN in one member stops all.
    """

    MEMBER = AECM
    TERMS = AECM.TERMS
    ADJUSTABLE = ("alpha", "beta", "lbd")

    def __init__(
        self,
        seeds,
        n_clusters,
        embedding_dim=10,
        hidden_units=(500, 500, 2000),
        alpha=20.0,
        beta=1.0,
        lbd=1.0,
        **kwargs,
    ):
        super().__init__(seeds, n_clusters, alpha, **kwargs)
        self.embedding_dim = check_integer("embedding_dim", embedding_dim, 1)
        self.hidden_units = check_units("hidden_units", hidden_units)
        self.beta = check_weight("beta", beta)
        self.lbd = check_weight("lbd", lbd)

    @classmethod
    def pays(cls, settings):
        """Whether members of these arguments of the constructor train faster together."""
        units = settings.get("hidden_units")
        return units is not None and sum(units) <= SMALL_LAYERS

    def call(self, x, training=False):
        """Memberships `(batch, S, K)` of `x`, `(batch, d)`."""
        return tf.transpose(self._memberships(self._codes(x)), (1, 0, 2))

    def objective(self, x, training=False):
        """Memberships `(S, batch, K)` and the terms of Eq. 10, each `(S,)`.

        Args:
            x: `(S, batch, d)`, a batch for each member, or `(batch, d)`, the same for all.
            training: not used.
        """
        codes = self._codes(x)
        memberships = self._memberships(codes)
        kernel, bias = self._layer_weights()[-1]
        penalty = orthonormality(kernel + bias[:, tf.newaxis])
        error = squared_error(tf.cast(x, self.dtype), self._decoded(codes))
        return memberships, {
            "cm_reconstruction": squared_error(codes, _dense(memberships, kernel, bias)),
            "sparsity": sparsity(memberships),
            "orthonormality": self._number("lbd") * penalty,
            "dirichlet_prior": self.prior(memberships),
            "reconstruction": self._number("beta") * error,
        }

    def embed_batch(self, x):
        """Codes `(batch, S, p)`, those of each member."""
        return tf.transpose(self._codes(x), (1, 0, 2))

    def reconstruct_batch(self, x):
        """Reconstructions `(batch, S, d)`, one by each member."""
        return tf.transpose(self._decoded(self._codes(x)), (1, 0, 2))

    def _layer_weights(self):
        """Kernel and bias of each layer: encoder, decoder, assignment and centroids."""
        self._check_built("_layer_weights")
        tensors = [tf.convert_to_tensor(stack) for stack in self.stacks]
        return list(zip(tensors[::2], tensors[1::2], strict=True))

    def _codes(self, x):
        return _network(tf.cast(x, self.dtype), self._layer_weights()[: len(self.hidden_units) + 1])

    def _decoded(self, codes):
        decoder = self._layer_weights()[len(self.hidden_units) + 1 : -2]
        return _network(codes, decoder)

    def _memberships(self, codes):
        return tf.nn.softmax(_dense(codes, *self._layer_weights()[-2]))

    def get_config(self):
        """Config that `from_config` takes."""
        config = {
            "embedding_dim": self.embedding_dim,
            "hidden_units": self.hidden_units,
            "beta": self.beta,
            "lbd": self.lbd,
        }
        return {**super().get_config(), **config}


def _network(x, layers):
    """All layers but the last are followed by leaky ReLU, as in `tfclust.networks`."""
    *hidden, last = layers
    for layer in hidden:
        x = tf.nn.leaky_relu(_dense(x, *layer), alpha=0.2)
    return _dense(x, *last)


def _dense(x, kernel, bias):
    return tf.matmul(x, kernel) + bias[:, tf.newaxis]
