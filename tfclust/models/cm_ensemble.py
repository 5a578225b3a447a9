"""Many CM of different seeds, trained as one program."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import check_flat
from tfclust.models.base import ClusteringModel
from tfclust.models.centroid_model import DirichletPrior
from tfclust.models.cm import CM, checked_term_weights, clustering_module_terms, weighed
from tfclust.seeds import check_seed


@keras.saving.register_keras_serializable(package="tfclust")
class CMEnsemble(DirichletPrior, ClusteringModel):
    """CM with several seeds side by side, each the run that it would be alone.

    A CM is small: a step is mostly overhead. Here the weights of S of them are stacked `(S, d, K)`,
    each member sees the batches in its own seed's order, and a step trains all. No quantity is
    shared, so member s follows the very trajectory of `CM(..., seed=seeds[s])` up to rounding.

    Args:
        seeds: S distinct ints from 0 to 2**32 - 1.
        n_clusters, alpha, term_weights, batch_size, **kwargs: see `CM`.

    Raises:
        ValueError: no seed, or one twice; or an argument of `CM` is out of its range.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust.callbacks import AveragingEpoch
    from tfclust.models import CMEnsemble

    x = load_iris().data
    ensemble = CMEnsemble(seeds=range(5), n_clusters=3, alpha=20.0, batch_size=30)
    ensemble.compile()
    ensemble.fit(x, epochs=150 + 1, callbacks=[AveragingEpoch()])
    labels = [member.assign(x) for member in ensemble.members()]
    ```

    Known limits: `predict` gives memberships of shape `(n, S, K)`; the logged terms are the mean of
    the members'; a NaN in one member stops all.
    """

    TERMS = CM.TERMS
    PARTS = ("assignment_kernel", "assignment_bias", "centroid_kernel", "centroid_bias")

    def __init__(self, seeds, n_clusters, alpha=20.0, term_weights=None, **kwargs):
        seeds = tuple(check_seed(seed) for seed in seeds)
        if not seeds or len(set(seeds)) < len(seeds):
            raise ValueError(f"`seeds` must be one or more distinct ints. Received: seeds={seeds}")
        super().__init__(n_clusters, seed=seeds[0], **kwargs)
        self.seeds = seeds
        self._take_concentration(alpha)
        self.term_weights = checked_term_weights(term_weights)

    def members(self):
        """The S members as ordinary CM with weights of their own."""
        stacks = [np.asarray(weights) for weights in self._stacks()]
        return [
            self._member(seed, [stack[s] for stack in stacks]) for s, seed in enumerate(self.seeds)
        ]

    def set_centroids(self, centroids):
        """Starts member s from `centroids[s]`, `(S, K, d)`; see `CM.set_centroids`."""
        members = self.members()
        for member, start in zip(members, centroids, strict=True):
            member.set_centroids(start)
        self._assign(_stacked_weights(members))

    def build(self, input_shape):
        """Creates the stacked weights for inputs of shape `(batch, d)`."""
        check_flat(input_shape)
        self._sample_shape = (input_shape[-1],)
        with tf.init_scope():  # a graph could not read the members' weights
            values = _stacked_weights([self._member(seed, None) for seed in self.seeds])
            for name, value in zip(self.PARTS, values, strict=True):
                weight = self.add_weight(value.shape, name=name, dtype=self.dtype, autocast=False)
                setattr(self, name, weight)
            self._assign(values)
        self.built = True

    def _member(self, seed, weights):
        member = CM(
            self.n_clusters,
            alpha=self.alpha,
            term_weights=self.term_weights,
            batch_size=self.batch_size,
            seed=seed,
            dtype=self.dtype_policy,
        )
        member.build((None, *self._sample_shape))
        if weights is not None:
            member.set_weights(weights)
        return member

    def _stacks(self):
        return [getattr(self, name) for name in self.PARTS]

    def _assign(self, values):
        for variable, value in zip(self._stacks(), values, strict=True):
            variable.assign(value)

    def compile(self, optimizer=None, metrics=None, weighted_metrics=None, **kwargs):
        """As `CM.compile`; what `metrics` give is the mean over the members.

        Raises:
            ValueError: a metric is no `keras.metrics.Metric`, or see `ObjectiveModel.compile`.
        """
        metrics, weighted = (self._of_members(given) for given in (metrics, weighted_metrics))
        super().compile(optimizer, metrics=metrics, weighted_metrics=weighted, **kwargs)

    def _of_members(self, metrics):
        count = len(self.seeds)
        return [
            metric if isinstance(metric, MeanOfMembers) else MeanOfMembers(metric, count)
            for metric in metrics or []
        ] or None

    def call(self, x, training=False):
        """Memberships `(batch, S, K)` of `x`, `(batch, d)`."""
        logits = tf.matmul(tf.cast(x, self.dtype), self.assignment_kernel)
        memberships = tf.nn.softmax(logits + self.assignment_bias[:, tf.newaxis])
        return tf.transpose(memberships, (1, 0, 2))

    def objective(self, x, training=False):
        """Memberships `(S, batch, K)` and the terms, each `(S,)`.

        Args:
            x: `(S, batch, d)`, a batch for each member, or `(batch, d)`, the same for all.
            training: not used.
        """
        kernel, bias, centroid_kernel, centroid_bias = map(tf.convert_to_tensor, self._stacks())
        memberships, terms = clustering_module_terms(
            tf.cast(x, self.dtype), kernel, bias, centroid_kernel + centroid_bias[:, tf.newaxis]
        )
        terms["dirichlet_prior"] = self.prior(memberships)
        return memberships, weighed(terms, self.term_weights)

    def embed_batch(self, x):
        """The batch itself, as for `CM`."""
        return tf.cast(x, self.dtype)

    def reconstruct_batch(self, x):
        """Reconstructions `(batch, S, d)`, one by each member."""
        centroids = self.centroid_kernel + self.centroid_bias[:, tf.newaxis]
        return tf.einsum("bsk,skd->bsd", self(x), centroids)

    def _sum(self, terms):
        return tf.reduce_sum(super()._sum(terms))

    @property
    def _order_seed(self):
        return self.seeds

    def get_config(self):
        """Config that `from_config` takes."""
        config = super().get_config()
        del config["seed"]
        own = {"seeds": self.seeds, "alpha": self.alpha, "term_weights": self.term_weights}
        return {**config, **own}


@keras.saving.register_keras_serializable(package="tfclust")
class MeanOfMembers(keras.metrics.Metric):
    """The mean over the members of an ensemble of what a metric says of each.

    Args:
        metric: `keras.metrics.Metric` of labels `(batch,)` and memberships `(batch, K)`.
        members: how many there are.

    Raises:
        ValueError: `metric` is something else.

    Example:

    ```python
    from tfclust.metrics import ClusteringAccuracy
    from tfclust.models.cm_ensemble import MeanOfMembers

    metric = MeanOfMembers(ClusteringAccuracy(2), members=3)
    metric.update_state([0, 1], [[[0.9, 0.1], [0.2, 0.8]]] * 3)
    metric.result()  # 1.0
    ```
    """

    def __init__(self, metric, members, **kwargs):
        if not isinstance(metric, keras.metrics.Metric):
            raise ValueError(
                f"`metrics` of an ensemble must be `keras.metrics.Metric`. Received: {metric!r}"
            )
        super().__init__(**{"name": metric.name, **kwargs})
        self.metric, config = metric, metric.get_config()
        self.copies = [type(metric).from_config(config) for _ in range(members)]

    def update_state(self, y, memberships, sample_weight=None):
        """Adds a batch: labels `(batch,)` or `(S, batch)`, memberships `(S, batch, K)`."""
        memberships = tf.convert_to_tensor(memberships)
        labels = tf.broadcast_to(y, tf.shape(memberships)[:2])
        for member, copy in enumerate(self.copies):
            copy.update_state(labels[member], memberships[member])

    def result(self):
        """A scalar."""
        return tf.reduce_mean([tf.cast(copy.result(), self.dtype) for copy in self.copies])

    def reset_state(self):
        """Forgets what was added."""
        for copy in self.copies:
            copy.reset_state()

    def get_config(self):
        """Config that `from_config` takes."""
        metric = keras.saving.serialize_keras_object(self.metric)
        return {**super().get_config(), "metric": metric, "members": len(self.copies)}

    @classmethod
    def from_config(cls, config):
        """The metric that `config` describes."""
        return cls(**{**config, "metric": keras.saving.deserialize_keras_object(config["metric"])})


def _stacked_weights(members):
    return [np.stack(weights) for weights in zip(*(m.get_weights() for m in members), strict=True)]
