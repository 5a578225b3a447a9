"""Many CM of different seeds, trained as one program."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import check_flat, check_integer
from tfclust.models.base import ClusteringModel
from tfclust.models.cm import CM, clustering_module_terms


@keras.saving.register_keras_serializable(package="tfclust")
class CMEnsemble(ClusteringModel):
    """CM with several seeds side by side, each the run that it would be alone.

    A CM is small: a step is mostly overhead. Here the weights of S of them are stacked `(S, d, K)`,
    each member sees the batches in its own seed's order, and a step trains all. No quantity is
    shared, so member s follows the very trajectory of `CM(..., seed=seeds[s])` up to rounding.

    Args:
        seeds: S distinct ints.
        n_clusters, alpha, term_weights, batch_size, **kwargs: see `CM`.

    Raises:
        ValueError: no seed, or one twice; or an argument of `CM` is out of its range.

    Example:

    ```python
    ensemble = CMEnsemble(seeds=range(20), n_clusters=10, alpha=13.0, batch_size=80)
    ensemble.compile()
    ensemble.fit(x, epochs=150 + 1, callbacks=[AveragingEpoch()])
    labels = [member.assign(x) for member in ensemble.members()]
    ```

    Known limits: `predict` gives memberships of shape `(n, S, K)`; the logged terms are the mean of
    the members'; a NaN in one member stops all.
    """

    TERMS = CM.TERMS

    def __init__(self, seeds, n_clusters, alpha=20.0, term_weights=None, **kwargs):
        self._template = CM(n_clusters, alpha=alpha, term_weights=term_weights, seed=0)
        seeds = tuple(check_integer("seed", seed, 0) for seed in seeds)
        if not seeds or len(set(seeds)) < len(seeds):
            raise ValueError(f"`seeds` must be one or more distinct ints. Received: seeds={seeds}")
        super().__init__(n_clusters, seed=seeds[0], **kwargs)
        self.seeds = seeds
        self.alpha = self._template.alpha
        self.term_weights = self._template.term_weights

    def default_optimizer(self):
        """The optimizer of a single CM."""
        return self._template.default_optimizer()

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
        members = [self._member(seed, None) for seed in self.seeds]
        names = ("assignment_kernel", "assignment_bias", "centroid_kernel", "centroid_bias")
        values = _stacked_weights(members)
        for name, value in zip(names, values, strict=True):
            weight = self.add_weight(value.shape, name=name, dtype="float32", autocast=False)
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
        )
        member.build((None, *self._sample_shape))
        if weights is not None:
            member.set_weights(weights)
        return member

    def _stacks(self):
        return (
            self.assignment_kernel,
            self.assignment_bias,
            self.centroid_kernel,
            self.centroid_bias,
        )

    def _assign(self, values):
        for variable, value in zip(self._stacks(), values, strict=True):
            variable.assign(value)

    def call(self, x, training=False):
        """Memberships `(batch, S, K)` of `x`, `(batch, d)`."""
        logits = tf.matmul(tf.cast(x, tf.float32), self.assignment_kernel)
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
            tf.cast(x, tf.float32), kernel, bias, centroid_kernel + centroid_bias[:, tf.newaxis]
        )
        prior = self._template.prior(memberships)
        return memberships, self._template.weigh({**terms, "dirichlet_prior": prior})

    def embed_batch(self, x):
        """The batch itself, as for `CM`."""
        return tf.cast(x, tf.float32)

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


def _stacked_weights(members):
    return [np.stack(weights) for weights in zip(*(m.get_weights() for m in members), strict=True)]
