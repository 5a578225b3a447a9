"""DEC and IDEC: soft assignments to centroids, drawn to their own sharpened form."""

import keras
import tensorflow as tf

from tfclust.callbacks.row_updates import UpdateTargets
from tfclust.checks import check_integer, check_share, check_weight
from tfclust.distribution import global_batch_size
from tfclust.losses import student_log_memberships, target_distribution, target_divergence
from tfclust.models.clustered_code import ClusteredCode
from tfclust.optimizers import FusedAdam, FusedSGD
from tfclust.presets import FromPreset


@keras.saving.register_keras_serializable(package="tfclust")
class DEC(FromPreset, ClusteredCode):
    """DEC: an encoder and centroids, trained on targets that sharpen what they say themselves.

    With codes `z = encoder(x)` and centroids mu, the memberships are (Eq. 1, with alpha = 1)

    `q_ij = (1 + ||z_i - mu_j||^2)^-1 / sum_j' (1 + ||z_i - mu_j'||^2)^-1`,

    their targets (Eq. 3), with `f_j = sum_i q_ij` over all rows of the data,

    `p_ij = (q_ij^2 / f_j) / sum_j' (q_ij'^2 / f_j')`,

    and the objective is `KL(P || Q) = sum_i sum_j p_ij log(p_ij / q_ij)` (Eq. 2), whose gradients
    are Eqs. 4 and 5. It is averaged over the batch, as the learning rate of the authors' code has
    it. P is computed of all rows when `fit` begins and every `update_interval` steps, and stays as
    it is between; training ends where less than a share `tol` of the rows have changed clusters
    from one update to the next (Section 3.1.3). See `tfclust.callbacks.UpdateTargets`.

    The start decides: `pretrain` first.

    With `augment`, this is DEC-DA: each step takes q of rows that are changed anew, and P stays
    that of the rows as they are. `pretrain` trains the autoencoder on changed rows, too; the
    paper's pretraining is of 500 epochs and of no layers.

    Args:
        n_clusters: int of at least 2, the number of clusters K.
        embedding_dim: int of at least 1, the size p of the code, which is linear; 10 by default.
        hidden_units: sequence of ints, the widths of the encoder's hidden layers, which the decoder
            mirrors; (500, 500, 2000) by default.
        activation: of the hidden layers, "relu", the default, or "leaky_relu" (slope 0.2), that of
            the AE-CM paper's own implementation.
        kernel_start: of encoder and decoder, "glorot_uniform", the default, "small_normal", of a
            deviation of 0.01, as in the paper, or "fan_in_uniform", as Torch's.
        augment: of the rows that `fit` and `pretrain` train on: "images", which shifts and turns
            them, "noise" or "dropout", or a `tfclust.augmentation.Augmentation` with other amounts;
            None, the default, for none.
        update_interval: int of at least 1, steps between two updates of P; 160 by default, and
            140 of IDEC. The authors' code takes 20 for Reuters.
        tol: float from 0 to 1, 0.001 by default; 0 trains for all epochs.
        batch_size: int of at least 1, 256 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights, the order of the batches and the draws of `augment`.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`. Codes, distances and sums stay in
            float32 under a mixed precision.

    Raises:
        ValueError: an argument is out of its range; in `build`, `augment` does not fit the rows.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import DEC

    x = minmax_scale(load_iris().data)
    model = DEC(n_clusters=3, embedding_dim=3, hidden_units=(32,), batch_size=30, seed=0)
    model.compile()
    model.pretrain(x, epochs=20, layer_epochs=5, verbose=0)
    model.fit(x, epochs=50, verbose=0)
    labels = model.assign(x)
    decoded = model.centroids("input")  # (3, 4)
    ```

    Reference: Xie, Girshick, Farhadi, Unsupervised deep embedding for clustering analysis, 2016,
    Eqs. 1 to 5; `augment`: Guo, Zhu, Liu, Yin, Deep embedded clustering with data augmentation,
    2018, and its authors' code.

    Known limits: DEC does not train its decoder, so reconstructions get worse as codes move; IDEC
    trains it. `fit` takes arrays and CSR matrices, no datasets: targets belong to rows. `evaluate`
    and validation data take f from the last update of `fit`, uniform before, and each row's own q.
    From a random start most of its runs fail (AE-CM's Table 5). By default kernels start Glorot
    uniform, and Adam pretrains; for the paper's own pretraining see
    `tfclust.pretraining.stepwise_sgd`. The authors' code also trains biases at twice the rate,
    begins the momentum anew at every update, and takes batches in the order of the rows.
    """

    TERMS = ("divergence",)
    PARTS = (*ClusteredCode.PARTS, "shares")
    NUMBERS_ROWS = True
    PRESETS = "dec"

    def __init__(self, n_clusters, *, update_interval=160, tol=0.001, **kwargs):
        super().__init__(n_clusters, **kwargs)
        self.update_interval = check_integer("update_interval", update_interval, 1)
        self.tol = check_share("tol", tol)

    def default_optimizer(self):
        """SGD at a rate of 0.01 with a momentum of 0.9, as in the authors' code."""
        return FusedSGD(0.01, momentum=0.9)

    def build(self, input_shape):
        """Creates the weights for inputs of shape `(batch, d)`."""
        start = keras.initializers.GlorotUniform(seed=self.build_autoencoder(input_shape))
        self.means = self.add_weight((self.n_clusters, self.embedding_dim), start, name="means")
        uniform = keras.initializers.Constant(1.0 / self.n_clusters)
        # With the shares, rows that are in no training have targets, too.
        self.shares = self.add_weight((self.n_clusters,), uniform, trainable=False, name="shares")
        self.built = True

    @property
    def trains_decoder(self):
        """Whether the decoder is a part of the objective, or of the start alone."""
        return False

    def code_memberships(self, codes):
        """Memberships q, `(batch, K)`, of codes `(batch, p)` (Eq. 1)."""
        return tf.exp(student_log_memberships(codes, self.means))

    def objective(self, x, training=False, rows=None):
        """Memberships and the divergence on the batch `x`, `(batch, d)` (Eq. 2).

        Without numbers of its rows, the targets are those of what their memberships are now.
        """
        x, _ = self.augmented(x, training)
        return self._clustering(self.encoder(x, training=training), rows)

    def _clustering(self, codes, rows):
        logs = student_log_memberships(codes, self.means)
        memberships = tf.exp(logs)
        if rows is None:
            targets = target_distribution(memberships, self.shares)
        else:
            targets = tf.gather(self.row_values["targets"], rows)
        divergence = target_divergence(targets, logs) / global_batch_size(memberships)
        return memberships, {"divergence": divergence}

    def training_callbacks(self, x):
        """What takes the targets of all rows anew."""
        return [UpdateTargets(x, self.update_interval, self.tol)]

    def get_config(self):
        """Config that `from_config` takes."""
        own = {"update_interval": self.update_interval, "tol": self.tol}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="tfclust")
class IDEC(DEC):
    """IDEC: DEC whose decoder stays, so that codes keep what the data are.

    The objective is `L_r + gamma L_c` (Eq. 1): `L_r = sum_i ||x_i - xbar_i||^2` (Eq. 6), with
    `xbar = decoder(encoder(x))`, and the divergence of DEC for L_c (Eqs. 2 to 4). Both are averaged
    over the batch, and the error is a sum over features, as Eq. 6 has it; the authors' code takes
    their mean, so its gamma of 0.1 is one of `0.1 d` here. With `augment`, both terms are of the
    changed rows, and L_r compares with the changed image, as DEC-DA's authors' code does, or, of
    noise and dropout, with the row as it was.

    Args:
        n_clusters, embedding_dim, hidden_units, activation, kernel_start, augment, tol, batch_size,
            seed, **kwargs: see `DEC`.
        update_interval: int of at least 1, steps between two updates of P; 140 by default, as for
            MNIST; the authors' code takes 30 for USPS and 3 for Reuters.
        gamma: float of at least 0, 0.1 by default: weight of the divergence.

    Raises:
        ValueError: an argument is out of its range.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import minmax_scale
    from tfclust import IDEC

    x = minmax_scale(load_iris().data)
    model = IDEC(n_clusters=3, embedding_dim=3, hidden_units=(32,), batch_size=30, seed=0)
    model.compile()
    model.pretrain(x, epochs=20, layer_epochs=5, verbose=0)
    model.fit(x, epochs=50, verbose=0)
    labels = model.assign(x)
    ```

    Reference: Guo, Gao, Liu, Yin, Improved deep embedded clustering with local structure
    preservation, 2017, Eqs. 1 to 6.

    Known limits: as of `DEC`, but for the decoder, which is trained.
    """

    TERMS = ("reconstruction", "divergence")

    def __init__(self, n_clusters, *, update_interval=140, gamma=0.1, **kwargs):
        super().__init__(n_clusters, update_interval=update_interval, **kwargs)
        self.gamma = check_weight("gamma", gamma)

    def default_optimizer(self):
        """Adam at a rate of 1e-3, as in the authors' code for MNIST."""
        return FusedAdam(1e-3)

    @property
    def trains_decoder(self):
        """The decoder is a part of the objective."""
        return True

    def objective(self, x, training=False, rows=None):
        """Memberships and the two terms of Eq. 1 on the batch `x`, `(batch, d)`."""
        x, whole = self.augmented(x, training)
        codes = self.encoder(x, training=training)
        memberships, terms = self._clustering(codes, rows)
        return memberships, {
            "reconstruction": self.mean_error(whole, codes, training),
            "divergence": self.gamma * terms["divergence"],
        }

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "gamma": self.gamma}
