"""AE-CM, the clustering module within a deep autoencoder."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.augmentation import get_augmentation
from tfclust.checks import check_count, check_flat, check_integer, check_units, check_weight
from tfclust.distribution import replica_count
from tfclust.feeding import count_batches
from tfclust.losses import orthonormality, sparsity, squared_error
from tfclust.models.centroid_model import CentroidModel
from tfclust.models.cm import CM
from tfclust.models.given_networks import GivenNetworks
from tfclust.networks import chain, dense_network
from tfclust.optimizers import FusedAdam
from tfclust.presets import FromPreset
from tfclust.pretraining import (
    check_start,
    find_start,
    isotropic_mixture,
    kmeans,
    labelled_mixture,
    squared_error_loss,
    steps_of_an_execution,
    train_network,
)
from tfclust.randomness import layer_seeds

SMALL_SHARE = 0.25  # of the rows that each cluster would have were all of one size


@keras.saving.register_keras_serializable(package="tfclust")
class AECM(FromPreset, GivenNetworks, CentroidModel):
    """AE-CM: a clustering module on the code of a deep autoencoder, trained together.

    With `z = encoder(x)`, `gamma = assignment(z)`, `zbar = centroid_map(gamma)` and
    `xbar = decoder(z)`, the objective is Eq. 10:

    `beta sum_i ||x_i - xbar_i||^2 + sum_i ||z_i - zbar_i||^2 + sum_ik gamma_ik (1 - gamma_ik)
    + sum_k (1 - alpha_k) log mean_i gamma_ik + lambda ||mu mu^T - I_K||_1`

    The first three sums run over the batch; the prior and the orthonormality are added once a
    batch, so alpha and lambda are relative to the batch size. The squared errors are summed over
    features, as Eq. 10 has it.

    Args:
        n_clusters: int of at least 2, the number of clusters K.
        embedding_dim: int of at least 1, the size p of the code; 10 by default. p >= K lets the
            centroids be orthonormal.
        hidden_units: sequence of ints, the widths of the encoder's hidden layers, which the decoder
            mirrors; (500, 500, 2000) by default. Leaky ReLU (slope 0.2) follows every layer but the
            last of each.
        alpha: float above 0, or K of them; 20 by default. The Dirichlet concentration.
        beta: float of at least 0, 1 by default: weight of the autoencoder's reconstruction.
        lbd: float of at least 0, 1 by default: lambda, the weight of the orthonormality.
        encoder, decoder: Keras models to use in place of the two dense networks, `(batch, ...)` ->
            `(batch, p)` and back; both, or None, the default. `embedding_dim` and `hidden_units`
            are not used then. What they add to the loss by regularizers and `add_loss` is trained.
        batch_size: int of at least 1, 256 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights and the order of the batches.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`. `dtype="mixed_bfloat16"` computes the
            autoencoder's layers in bfloat16 with float32 weights; the code, the clustering module
            and all sums stay in float32. Under "float64" all are float64.

    Raises:
        ValueError: an argument is out of its range, or only one of the networks is given.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import AECM
    from tfclust.callbacks import AveragingEpoch

    x = minmax_scale(load_iris().data)
    model = AECM(n_clusters=3, hidden_units=(32, 32), alpha=20.0, batch_size=30, seed=0)
    model.compile()
    model.fit(x, epochs=50 + 1, callbacks=[AveragingEpoch()])
    labels = model.assign(x)
    decoded = model.centroids("input")  # (3, 4)
    ```

    Reference: Boubekki, Kampffmeyer, Brefeld, Jenssen, Joint optimization of an autoencoder for
    clustering and embedding, Machine Learning 110, 2021, Eqs. 8 to 10.

    Known limits: a cluster of some percent of the rows or fewer may be lost in a long joint
    training, whose codes shrink under memberships that are all 0 and 1, also where its start had
    it (`uneven_sizes` of `pretrain`); a smaller alpha does not help, a rate of 1e-4 in place of
    1e-3 does (blobs of 900, 50 and 50 rows, and of 1000 and 10). `CollapseWatch` tells of it.
    From a random start runs differ widely (Table 15). Of several, keep the one that
    `tfclust.selection.select` picks by "reconstruction": here it is the better choice without
    labels more often than the paper's, the run of lowest L_sp (Section 5.3.4).
    """

    PRESETS = "aecm"
    TERMS = (
        "cm_reconstruction",
        "sparsity",
        "orthonormality",
        "dirichlet_prior",
        "reconstruction",
    )
    PARTS = ("encoder", "decoder", *CentroidModel.PARTS)

    def __init__(
        self,
        n_clusters,
        embedding_dim=10,
        hidden_units=(500, 500, 2000),
        alpha=20.0,
        beta=1.0,
        lbd=1.0,
        encoder=None,
        decoder=None,
        **kwargs,
    ):
        super().__init__(n_clusters, alpha, **kwargs)
        self._take_networks(encoder, decoder)
        self.embedding_dim = check_integer("embedding_dim", embedding_dim, 1)
        self.hidden_units = check_units("hidden_units", hidden_units)
        self.beta = check_weight("beta", beta)
        self.lbd = check_weight("lbd", lbd)

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, ...)`."""
        encoder_seed, decoder_seed, module_seed = layer_seeds(self.seed, 3)
        if self._has_own_networks:
            check_flat(input_shape, "flatten images, or pass `encoder` and `decoder`")
            self._build_dense_networks(input_shape[-1], encoder_seed, decoder_seed)
        code_shape = self.encoder.compute_output_shape((None, *input_shape[1:]))
        if not self._has_own_networks:
            self._check_decoder(code_shape, input_shape[1:])
        self._build_clustering_module(code_shape[-1], module_seed)
        self.built = True

    def _build_dense_networks(self, input_dim, encoder_seed, decoder_seed):
        self.encoder = dense_network(
            input_dim,
            (*self.hidden_units, self.embedding_dim),
            name="encoder",
            dtype=self.dtype_policy,
            output_dtype=self.dtype,
            seed=encoder_seed,
        )
        self.decoder = dense_network(
            self.embedding_dim,
            (*reversed(self.hidden_units), input_dim),
            name="decoder",
            dtype=self.dtype_policy,
            seed=decoder_seed,
        )

    def call(self, x, training=False):
        """Memberships `(batch, K)` of `x`, `(batch, ...)`."""
        return self.assignment(self.encoder(x, training=training))

    def objective(self, x, training=False):
        """Memberships and the terms of Eq. 10 on the batch `x`, `(batch, ...)`."""
        codes = self.encoder(x, training=training)
        memberships = self.assignment(codes)
        reconstruction = self.decoder(codes, training=training)
        penalty = self.lbd * orthonormality(self._centroids()) / replica_count()
        return memberships, {
            "cm_reconstruction": squared_error(codes, self.centroid_map(memberships)),
            "sparsity": sparsity(memberships),
            "orthonormality": penalty,
            "dirichlet_prior": self.prior(memberships),
            "reconstruction": self.beta * squared_error(_flat(x), _flat(reconstruction)),
        }

    def pretrain(
        self,
        x,
        epochs=100,
        clustering_epochs=100,
        batch_size=None,
        verbose="auto",
        callbacks=None,
        uneven_sizes=False,
        start="kmeans",
        augment=None,
    ):
        """The pre-trained start of Section 4.2.2.

        The autoencoder is trained end to end on the squared error, k-means on the codes, started by
        k-means++, gives the clustering module's centroids, and the module alone is trained on the
        codes with Eq. 7. The paper says "a few epochs" for both trainings; 100, and the 20 starts
        of k-means, are what its authors' code takes. Both are compiled as `compile` says.

        Args:
            x: array `(n, ...)` or CSR matrix `(n, d)`.
            epochs: of the autoencoder.
            clustering_epochs: of the clustering module.
            batch_size: None takes the model's.
            verbose, callbacks: of the autoencoder's training, as in Keras.
            uneven_sizes: whether clusters may be of very different sizes, which the prior makes
                even from the paper's start, that of the centroids alone. True starts the clustering
                module as `CM.pretrain` does, from the whole mixture, where k-means finds a cluster
                of less than a quarter of an even share.
            start: "kmeans", the paper's, "mixture" or "manifold", see `tfclust.pretraining`; or
                labels `(n,)`, integers from 0 to K - 1. From any but the first the clustering
                module starts as `set_mixture` says, with the clusters' means and shares.
            augment: of the rows that the autoencoder is trained on, see
                `tfclust.augmentation.get_augmentation`; None, the paper's, for none.

        Returns:
            `keras.callbacks.History` of the autoencoder.

        Raises:
            ImportError: "manifold", and umap-learn is not installed.
            ValueError: bad data, another start, or an augmentation that does not fit the rows.
        """
        check_integer("clustering_epochs", clustering_epochs, 0)
        x = self.prepare(x)
        start = check_start(start, x, self.n_clusters)
        history = self.pretrain_autoencoder(
            x, epochs, batch_size, verbose, callbacks, augment=augment
        )
        self.pretrain_clustering_module(
            x, clustering_epochs, batch_size, uneven_sizes=uneven_sizes, start=start
        )
        return history

    def pretrain_autoencoder(
        self,
        x,
        epochs,
        batch_size=None,
        verbose="auto",
        callbacks=None,
        augment=None,
    ):
        """The first half of `pretrain`: the autoencoder alone.

        No drop-out, no noise but that of `augment`, Adam at rate 1e-3. The error is the mean over
        samples of the sum over features, as in Eq. 10: with the authors' epsilon of 1e-3, a mean
        over features would slow Adam on wide inputs.
        """
        x = self.prepare(x)
        batch_size = check_count("batch_size", batch_size, self.batch_size)
        return train_network(
            chain(self.sample_shape, [self.encoder, self.decoder], "autoencoder", self.dtype),
            x,
            None,
            squared_error_loss,
            epochs=epochs,
            batch_size=batch_size,
            seed=self.seed,
            optimizer=FusedAdam(1e-3, epsilon=1e-3),
            jit_compile=self.pays_for_xla(epochs * count_batches(x.shape[0], batch_size)),
            verbose=verbose,
            callbacks=callbacks,
            augment=get_augmentation(augment),
        )

    def pretrain_clustering_module(
        self,
        x,
        epochs,
        batch_size=None,
        n_init=20,
        uneven_sizes=False,
        jit_compile=None,
        start="kmeans",
    ):
        """The second half of `pretrain`: k-means on the codes, then Eq. 7 with the codes fixed.

        `n_init` is the number of k-means++ starts; 20 is what the authors' code takes. None for
        `jit_compile` compiles the module, which is float32 under a mixed precision, as `compile`
        was told. For `uneven_sizes` and `start` see `pretrain`.
        """
        codes = self.embed(x)
        module = CM(
            self.n_clusters,
            alpha=self.alpha,
            batch_size=check_count("batch_size", batch_size, self.batch_size),
            seed=self.seed,
            dtype=self.dtype,
        )
        module.build((None, codes.shape[1]))
        self._start(module, codes, n_init, uneven_sizes, start)
        steps = count_batches(codes.shape[0], module.batch_size)
        module.compile(
            steps_per_execution=steps_of_an_execution(steps),
            jit_compile=self.jit_compile_given if jit_compile is None else jit_compile,
        )
        module.fit(codes, epochs=epochs, verbose=0)
        self.assignment.set_weights(module.assignment.get_weights())
        self.centroid_map.set_weights(module.centroid_map.get_weights())

    def _start(self, module, codes, n_init, uneven_sizes, start):
        if not isinstance(start, str) or start != "kmeans":
            _, labels = find_start(start, codes, self.n_clusters, self.seed, n_init)
            module.set_mixture(*labelled_mixture(codes, labels, self.n_clusters))
            return
        if uneven_sizes:
            centroids, variance, shares = isotropic_mixture(
                codes, self.n_clusters, self.seed, n_init
            )
            if shares.min() < SMALL_SHARE / self.n_clusters:
                module.set_mixture(centroids, variance, shares)
                return
        centroids, _ = kmeans(codes, self.n_clusters, self.seed, n_init)
        module.set_centroids(centroids)

    def embed_batch(self, x):
        """Codes z, `(batch, p)`."""
        return self.encoder(x, training=False)

    def cluster_batch(self, x):
        """Memberships `(batch, K)` and codes `(batch, p)`, from one pass through the encoder."""
        codes = self.embed_batch(x)
        return self.assignment(codes), codes

    def reconstruct_batch(self, x):
        """The autoencoder's reconstructions of a batch, in its shape."""
        return self.decode_batch(self.encoder(x, training=False))

    def decode_batch(self, codes):
        """Points of the input space `(batch, ...)` for codes `(batch, p)`."""
        return tf.cast(self.decoder(codes, training=False), self.dtype)

    def get_config(self):
        """Config that `from_config` takes; holds the networks where they were passed in."""
        config = {
            "embedding_dim": self.embedding_dim,
            "hidden_units": self.hidden_units,
            "beta": self.beta,
            "lbd": self.lbd,
        }
        return {**super().get_config(), **config, **self._networks_config()}


def _flat(x):
    return tf.reshape(x, (tf.shape(x)[0], int(np.prod(x.shape[1:]))))
