"""What the models that hold an autoencoder for each cluster share."""

import keras
import tensorflow as tf

from tfclust.checks import check_cluster
from tfclust.layers.convolution_kernels import portable_kernels
from tfclust.models.base import ClusteringModel
from tfclust.networks import single_network


class MixtureOfAutoencoders(ClusteringModel):
    """A clustering model of K autoencoders, held in one `encoder` and one `decoder`.

    A subclass writes `mixture_batch`, and `decode_single` where an autoencoder is more than its
    encoder and its decoder.
    """

    # On a CPU the graph's kernels for batched products, normalization and grouped convolutions are
    # the faster; where there are no grouped ones, each network is compiled by itself.
    GAINS_BY_XLA = False

    def export(self, *args, **kwargs):
        """As `keras.Model.export`; what it writes needs no kernels but those that all CPUs have."""
        with portable_kernels():
            return super().export(*args, **kwargs)

    def mixture_batch(self, x):
        """Memberships `(batch, K)` and reconstructions `(K, batch, ...)` of a batch."""
        raise NotImplementedError(f"{type(self).__name__} must define `mixture_batch`")

    def decode_single(self, codes, decoder):
        """Reconstructions from what the encoder of one autoencoder gives, and its decoder."""
        return decoder(codes)

    def reconstruct(self, x, how="weighted", batch_size=None):
        """Reconstructions of the rows of `x`, in their shape.

        Args:
            x: array `(n, ...)` or CSR matrix `(n, d)`.
            how: "weighted", the mean of the K reconstructions under the memberships, or "chosen",
                that of the autoencoder of largest membership.
            batch_size: None takes the model's.

        Raises:
            ValueError: another `how`, or bad data.
        """
        if how not in ("weighted", "chosen"):
            raise ValueError(f'`how` must be "weighted" or "chosen". Received: how={how!r}')
        return self.map_batches(self.reconstruct_batch, x, batch_size, how=how)

    def reconstruct_batch(self, x, how="weighted"):
        """Reconstructions of a batch, in its shape; `how` as in `reconstruct`."""
        weights, reconstructions = self.mixture_batch(x)
        if how == "chosen":
            weights = tf.one_hot(tf.argmax(weights, axis=-1), self.n_clusters, dtype=self.dtype)
        return tf.einsum("bk,kb...->b...", weights, reconstructions)

    def autoencoder(self, k):
        """Autoencoder `k` as an ordinary Keras model with weights of its own, x -> x_k.

        Args:
            k: cluster id, from 0 to K - 1.

        Raises:
            ValueError: the model is not built, `k` is not a cluster id, or networks were passed in
                that are not made of parallel layers.
        """
        check_cluster("k", k, self.n_clusters)
        encoder = single_network(self.encoder, k)
        inputs = keras.Input(self.sample_shape, dtype=self.dtype)
        codes = encoder(_shaped(inputs, encoder.input_shape))
        outputs = self.decode_single(codes, single_network(self.decoder, k))
        outputs = _shaped(outputs, inputs.shape)
        return keras.Model(inputs, outputs, name=f"autoencoder_{k}")


def _shaped(x, shape):
    """Samples with or without the axis of a single channel, as `shape` has it."""
    return x if x.shape == shape else keras.layers.Reshape(shape[1:])(x)


def joined_codes(codes):
    """The codes of K autoencoders side by side: `(K, batch, p)` -> `(batch, K p)`."""
    networks, _, size = codes.shape
    return tf.reshape(tf.transpose(codes, (1, 0, 2)), (-1, networks * size))
