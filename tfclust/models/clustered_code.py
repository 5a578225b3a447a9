"""What models of an autoencoder and of centroids of its codes have in common."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.augmentation import get_augmentation
from tfclust.checks import check_choice, check_count, check_flat, check_integer, check_units
from tfclust.distribution import global_batch_size
from tfclust.losses import squared_error
from tfclust.models.base import ClusteringModel
from tfclust.networks import KERNEL_STARTS, dense_network
from tfclust.pretraining import (
    Stages,
    autoencoder_stages,
    check_start,
    find_start,
    pretrain_autoencoder,
    squared_error_loss,
)
from tfclust.randomness import layer_seeds

ACTIVATIONS = ("relu", "leaky_relu")


class ClusteredCode(ClusteringModel):
    """An autoencoder, and centroids of its codes from which memberships follow.

    Of one seed and one shape, all models of this kind begin with the same autoencoder, so one that
    was pretrained starts any of them.

    A subclass writes `code_memberships(codes)`, `objective`, and a `build` that begins with
    `build_autoencoder` and creates `means`. Where its decoder gives no rows as they are, it writes
    `decode` and `pretraining_loss`, too.

    Args:
        n_clusters, batch_size, seed, **kwargs: see `ClusteringModel`.
        embedding_dim: int of at least 1, the size p of the code, which is linear; 10 by default.
        hidden_units: sequence of ints, the widths of the encoder's hidden layers, which the decoder
            mirrors; (500, 500, 2000) by default.
        activation: of the hidden layers, "relu", the default, or "leaky_relu" (slope 0.2), that of
            the AE-CM paper's own implementation.
        kernel_start: of encoder and decoder, "glorot_uniform", the default, "small_normal", of a
            deviation of 0.01, as in DEC's paper, or "fan_in_uniform", as Torch's.
        augment: of the rows that the whole autoencoder is pretrained on, and no other training
            where the class does not say so: "images", "noise" or "dropout", or a
            `tfclust.augmentation.Augmentation`; None, the default, for none.

    Raises:
        ValueError: an argument is out of its range.
    """

    PARTS = ("encoder", "decoder", "means")
    REDUCTION = "mean"

    def __init__(
        self,
        n_clusters,
        embedding_dim=10,
        hidden_units=(500, 500, 2000),
        activation="relu",
        kernel_start="glorot_uniform",
        augment=None,
        **kwargs,
    ):
        super().__init__(n_clusters, **kwargs)
        self.embedding_dim = check_integer("embedding_dim", embedding_dim, 1)
        self.hidden_units = check_units("hidden_units", hidden_units)
        self.activation = check_choice("activation", activation, ACTIVATIONS)
        self.kernel_start = check_choice("kernel_start", kernel_start, KERNEL_STARTS)
        self.augment = get_augmentation(augment)

    def build_autoencoder(self, input_shape):
        """Creates encoder and decoder for inputs `(batch, d)`; returns a seed for the centroids."""
        check_flat(input_shape)
        if self.augment is not None:
            self.augment.check_shape(input_shape[1:])
        encoder_seed, decoder_seed, means_seed = layer_seeds(self.seed, 3)
        options = {
            "activation": self.activation,
            "bias_start": "zeros",
            "kernel_start": self.kernel_start,
            "dtype": self.dtype_policy,
            "output_dtype": self.dtype,
        }
        code, back = self.embedding_dim, (*reversed(self.hidden_units), input_shape[-1])
        self.encoder = dense_network(
            input_shape[-1],
            (*self.hidden_units, code),
            name="encoder",
            seed=encoder_seed,
            **options,
        )
        self.decoder = dense_network(code, back, name="decoder", seed=decoder_seed, **options)
        self.decoder.trainable = self.trains_decoder
        return means_seed

    @property
    def trains_decoder(self):
        """Whether the decoder is a part of the objective, or of the start alone."""
        return True

    @property
    def pretraining_loss(self):
        """What the autoencoder is pretrained on, as Keras takes it."""
        return squared_error_loss

    def decode(self, codes):
        """Points of the input space `(n, d)` for codes `(n, p)`."""
        return self.decoder(codes, training=False)

    def code_memberships(self, codes):
        """Memberships `(batch, K)` of codes `(batch, p)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `code_memberships`")

    def call(self, x, training=False):
        """Memberships `(batch, K)` of `x`, `(batch, d)`."""
        return self.code_memberships(self.encoder(x, training=training))

    def augmented(self, x, training):
        """What a step sees of a batch, and what its reconstruction is compared with."""
        if self.augment is None or not training:
            return x, x
        return self.augment.pair(x, self.step_seed())

    def mean_error(self, x, codes, training):
        """Squared error of a batch's reconstructions, averaged over the global batch."""
        error = squared_error(x, self.decoder(codes, training=training))
        return error / global_batch_size(codes)

    def pretrain(
        self,
        x,
        epochs=100,
        layer_epochs=50,
        dropout=0.2,
        n_init=20,
        start="kmeans",
        batch_size=None,
        patience=None,
        directory=None,
        verbose="auto",
        callbacks=None,
        optimizer=None,
        drop_ends=True,
    ):
        """The start: an autoencoder, and k-means on its codes.

        Layer after layer is trained as a denoising autoencoder, then the whole without noise, or on
        rows as `augment` changes them, both on the squared error, as of DEC (Section 3.2 of its
        paper). See `tfclust.pretraining.pretrain_autoencoder`; the starts of DKM and of the AE-CM
        paper are of no layers.

        Args:
            x: array or CSR matrix `(n, d)`.
            epochs: int of at least 1, passes of the whole autoencoder; DEC's paper takes
                100,000 steps, which are 366 epochs of MNIST.
            layer_epochs: int of at least 0, passes of each layer; 0 trains end to end alone. DEC's
                paper takes 50,000 steps, 183 epochs of MNIST.
            dropout: float of at least 0 and below 1, share of the inputs of each layer that is set
                to 0 while it is trained.
            n_init: int of at least 1, starts of k-means, by k-means++, or of a mixture.
            start: "kmeans", that of the papers, "mixture" or "manifold", see `tfclust.pretraining`;
                or labels `(n,)`, integers from 0 to K - 1, whose mean codes the centroids become.
            batch_size: None takes the model's.
            patience, directory, verbose, callbacks: see `tfclust.pretraining.Stages`. A pretraining
                with a `directory` that was killed goes on where it was, in a model of the same
                `seed`.
            optimizer: of each training, see `tfclust.pretraining.Stages`; None, the default, is
                Adam at a rate of 1e-3, `tfclust.pretraining.stepwise_sgd` that of DEC's paper.
            drop_ends: bool, True by default: whether the data and the code are among those inputs,
                as in DEC's paper; in its authors' code only hidden outputs are.

        Returns:
            `keras.callbacks.History`, whose keys are the names of the trainings, `layer_1` and so
            on, and `autoencoder`.

        Raises:
            ImportError: "manifold", and umap-learn is not installed.
            ValueError: bad data, or an argument out of its range.
        """
        check_integer("n_init", n_init, 1)
        x = self.prepare(x)
        start = check_start(start, x, self.n_clusters)
        history = self.pretrain_autoencoder(
            *(x, epochs, layer_epochs, dropout, batch_size),
            *(patience, directory, verbose, callbacks, optimizer, drop_ends),
        )
        self.pretrain_centroids(x, n_init, start)
        return history

    def pretrain_autoencoder(
        self,
        x,
        epochs=100,
        layer_epochs=50,
        dropout=0.2,
        batch_size=None,
        patience=None,
        directory=None,
        verbose="auto",
        callbacks=None,
        optimizer=None,
        drop_ends=True,
    ):
        """The first half of `pretrain`: the autoencoder alone; the arguments are of `pretrain`."""
        check_integer("layer_epochs", layer_epochs, 0)
        x = self.prepare(x)
        batch_size = check_count("batch_size", batch_size, self.batch_size)

        def stages(epochs):
            return Stages(
                epochs,
                batch_size,
                self.seed,
                patience=patience,
                directory=directory,
                jit_compile=False,  # XLA would compile for each of the trainings
                verbose=verbose,
                callbacks=callbacks,
                optimizer=optimizer,
            )

        whole, layers = stages(epochs), stages(layer_epochs) if layer_epochs else None
        networks = (self.encoder, self.decoder)
        trains_decoder, self.decoder.trainable = self.decoder.trainable, True
        try:
            loss = self.pretraining_loss
            noise = dropout, self.augment, drop_ends
            return pretrain_autoencoder(*networks, x, loss, whole, layers, *noise)
        finally:
            self.decoder.trainable = trains_decoder

    def pretrain_centroids(self, x, n_init=20, start="kmeans"):
        """The second half of `pretrain`: a start on the codes, k-means of `n_init` by default."""
        centroids, _ = find_start(start, self.embed(x), self.n_clusters, self.seed, n_init)
        self.means.assign(centroids)

    def pretraining_stages(self, n_rows, epochs=100, layer_epochs=50):
        """The trainings of `pretrain` in their order: dict, name -> epochs.

        Args:
            n_rows: of the data; none of the trainings depends on it.
            epochs, layer_epochs: see `pretrain`.

        Raises:
            ValueError: a length out of its range.
        """
        return autoencoder_stages(len(self.hidden_units) + 1, epochs, layer_epochs)

    def embed_batch(self, x):
        """Codes z, `(batch, p)`."""
        return self.encoder(x, training=False)

    def cluster_batch(self, x):
        """Memberships `(batch, K)` and codes `(batch, p)`, from one pass through the encoder."""
        codes = self.embed_batch(x)
        return self.code_memberships(codes), codes

    def reconstruct_batch(self, x):
        """The autoencoder's reconstructions of a batch, `(batch, d)`."""
        return self.decode(self.encoder(x, training=False))

    def centroids(self, space="latent"):
        """Centroids mu, `(K, p)` in the space of the codes, or decoded to that of the input.

        Args:
            space: "latent" or "input".

        Raises:
            ValueError: another space.
        """
        check_choice("space", space, ("latent", "input"))
        means = tf.convert_to_tensor(self.means)
        return np.asarray(means if space == "latent" else self.decode(means))

    def get_config(self):
        """Config that `from_config` takes."""
        named = ("embedding_dim", "hidden_units", "activation", "kernel_start")
        own = {name: getattr(self, name) for name in named}
        augment = self.augment and keras.saving.serialize_keras_object(self.augment)
        return {**super().get_config(), **own, "augment": augment}
