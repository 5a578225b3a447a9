"""Many seeds of a small model, trained as one program."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.callbacks.stop_on_nan import LossNotFinite
from tfclust.checks import check_flat, check_integer, check_names
from tfclust.feeding import count_batches, epoch_order
from tfclust.inputs import dense
from tfclust.models.base import ClusteringModel
from tfclust.models.centroid_model import DirichletPrior
from tfclust.optimizers import build_optimizer
from tfclust.randomness import check_seed


class Ensemble(DirichletPrior, ClusteringModel):
    """Several seeds of a small model side by side, each the run that it would be alone.

    Of a small model a step is mostly overhead. Here the weights of S of them are stacked, S first;
    each member sees the batches in its own seed's order, and a step trains all. No quantity is
    shared, so member s follows the very trajectory of the model of `seeds[s]` up to rounding.

    A subclass names the class of its members in `MEMBER`, writes `objective`, whose terms are
    `(S,)`, and takes the numbers of `ADJUSTABLE` from `_number`.

    Args:
        seeds: sequence of S distinct ints from 0 to 2**32 - 1, one for each member.
        n_clusters, alpha, **kwargs: as of the member's class.

    Raises:
        ValueError: no seed, or one twice; or an argument of the member is out of its range.
    """

    MEMBER = None
    ADJUSTABLE = ("alpha",)  # numbers that a program reads anew, so that others need no other
    PARTS = ("stacks",)

    def __init__(self, seeds, n_clusters, alpha, **kwargs):
        seeds = tuple(check_seed(seed) for seed in seeds)
        if not seeds or len(set(seeds)) < len(seeds):
            raise ValueError(f"`seeds` must be one or more distinct ints. Received: seeds={seeds}")
        super().__init__(n_clusters, seed=seeds[0], **kwargs)
        self.seeds = seeds
        self._take_concentration(alpha)
        self._numbers = {}
        self._start = None
        self._program = None
        self._orders = None
        self._orders_of = None  # rows, epochs and first step that the orders are of

    @classmethod
    def pays(cls, settings):
        """Whether members of these arguments of the constructor train faster together."""
        return True

    def centroids(self):
        """Centroids of each member in the space of its codes, `(S, K, p)`."""
        self._check_built("centroids")
        kernel, bias = (np.asarray(stack) for stack in self.stacks[-2:])
        return kernel + bias[:, np.newaxis]

    def members(self):
        """The S members as ordinary models with weights of their own."""
        stacks = [np.asarray(stack) for stack in self.stacks]
        return [
            self._member(seed, *self.sample_shape, [stack[s] for stack in stacks])
            for s, seed in enumerate(self.seeds)
        ]

    def build(self, input_shape):
        """Creates the stacked weights for inputs of shape `(batch, d)`."""
        check_flat(input_shape)
        dim = input_shape[-1]
        with tf.init_scope():  # a graph could not read the members' weights
            values = stacked_weights([self._member(seed, dim) for seed in self.seeds])
            self.stacks = [
                self.add_weight(value.shape, dtype=self.dtype, autocast=False, name=f"stack_{i}")
                for i, value in enumerate(values)
            ]
            self._assign(values)
            for name in self.ADJUSTABLE:
                self._numbers[name] = tf.Variable(self._value(name), trainable=False)
        self.built = True

    def compile(self, optimizer=None, metrics=None, weighted_metrics=None, **kwargs):
        """As the members' `compile`; what `metrics` give is the mean over the members.

        Raises:
            ValueError: a metric is no `keras.metrics.Metric`, or see `ObjectiveModel.compile`.
        """
        metrics, weighted = (self._of_members(given) for given in (metrics, weighted_metrics))
        super().compile(optimizer, metrics=metrics, weighted_metrics=weighted, **kwargs)
        self._program = None

    def _of_members(self, metrics):
        count = len(self.seeds)
        return [
            metric if isinstance(metric, MeanOfMembers) else MeanOfMembers(metric, count)
            for metric in metrics or []
        ] or None

    def fit_at_once(self, x, epochs):
        """What `fit` does with `AveragingEpoch` in `epochs + 1` epochs, as one program of XLA.

        Between two steps of a small model on small data more time passes than in them. Here
        nothing is between them, and so no callback, log or checkpoint. The program is compiled
        once for data of one shape: `restart` and go on with the same.

        Args:
            x: array or CSR matrix `(n, d)`, small enough to be dense in memory.
            epochs: number of epochs before the averaging one.

        Raises:
            ValueError: bad data, or `epochs` is no integer of at least 0.
            RuntimeError: the weights of a member become NaN or infinite; names the epoch.

        Example:

        ```python
        from sklearn.datasets import load_iris
        from tfclust.models import CMEnsemble

        x = load_iris().data
        ensemble = CMEnsemble(seeds=range(5), n_clusters=3, alpha=20.0, batch_size=30)
        ensemble.compile()
        ensemble.fit_at_once(x, epochs=150)
        ensemble.restart(alpha=5.0)
        ensemble.fit_at_once(x, epochs=150)
        ```
        """
        epochs = check_integer("epochs", epochs, 0)
        x = self.prepare(x)
        x = dense(x)
        self._keep_start()
        if self._program is None:
            self._program = tf.function(self._train, jit_compile=True)
        orders = self._epoch_orders(x.shape[0], epochs + 1)
        sound = int(self._program(tf.convert_to_tensor(x), orders))
        if sound <= epochs:
            raise LossNotFinite(
                "The loss must stay finite; a smaller learning rate may help. "
                f"Received: weights that are NaN or infinite after epoch {sound + 1}",
                epoch=sound + 1,
            )

    def restart(self, **settings):
        """Goes back to the first step, with other values of the numbers in `ADJUSTABLE`.

        Raises:
            ValueError: another setting, or a value out of its range.
        """
        check_names("settings of `restart`", settings, self.ADJUSTABLE)
        self._check_built("restart")
        other = type(self).from_config({**self.get_config(), **settings})
        for name in settings:
            setattr(self, name, getattr(other, name))
            self._numbers[name].assign(other._value(name))
        if self._start is not None:
            for variable, value in zip(self._moving(), self._start, strict=True):
                variable.assign(value)

    def _keep_start(self):
        """Keeps the weights, and those of the optimizer, for `restart`."""
        build_optimizer(self)
        if self._start is None:
            self._start = [np.array(variable) for variable in self._moving()]

    def _moving(self):
        return [*self.stacks, *self.optimizer.variables]

    def _epoch_orders(self, n, epochs):
        """The rows of every epoch in each member's order, `(epochs, S, n)`; XLA cannot shuffle."""
        steps = count_batches(n, self.batch_size)
        first = int(self.optimizer.iterations)
        if (n, epochs, first) != self._orders_of:
            order = tf.function(lambda step: tf.cast(epoch_order(n, self.seeds, step), tf.int32))
            starts = range(first, first + epochs * steps, steps)
            self._orders = np.stack([order(tf.constant(start, tf.int64)) for start in starts])
            self._orders_of = (n, epochs, first)
        return self._orders

    def _train(self, x, orders):
        """Takes the steps of all epochs; gives how many ended with weights that are finite."""
        n, size = x.shape[0], min(self.batch_size, x.shape[0])
        steps, whole = count_batches(n, size), n // size
        epochs, sound = tf.shape(orders)[0], 0
        sums = [tf.zeros(stack.shape, stack.dtype) for stack in self.stacks]
        for epoch in tf.range(epochs):
            order = orders[epoch]
            is_last = tf.cast(epoch + 1 == epochs, self.dtype)
            for i in tf.range(whole):
                rows = tf.slice(order, [0, i * size], [len(self.seeds), size])
                sums = self._step(x, rows, sums, is_last)
            if steps > whole:
                sums = self._step(x, order[:, whole * size :], sums, is_last)
            sound += tf.cast(self._is_finite(), tf.int32)
        for stack, total in zip(self.stacks, sums, strict=True):
            stack.assign(total / steps)
        return sound

    def _is_finite(self):
        stacks = (tf.convert_to_tensor(stack) for stack in self.stacks)
        return tf.reduce_all([tf.reduce_all(tf.math.is_finite(stack)) for stack in stacks])

    def _step(self, x, rows, sums, is_last):
        """Takes a step, and adds the weights to their sums in the last epoch."""
        tf.autograph.experimental.do_not_convert(self.train_step)((tf.gather(x, rows),))
        return [
            total + is_last * tf.convert_to_tensor(stack)
            for total, stack in zip(sums, self.stacks, strict=True)
        ]

    def _member(self, seed, dim, weights=None):
        config = self.get_config()
        del config["seeds"], config["name"]
        member = self.MEMBER.from_config({**config, "seed": seed})
        member.build((None, dim))
        if weights is not None:
            member.set_weights(weights)
        return member

    def _assign(self, values):
        for stack, value in zip(self.stacks, values, strict=True):
            stack.assign(value)

    def _value(self, name):
        value = self._sorted_alpha if name == "alpha" else getattr(self, name)
        return np.asarray(value, dtype=self.dtype)

    def _number(self, name):
        return tf.convert_to_tensor(self._numbers[name])

    def _concentration(self):
        return self._number("alpha")

    @property
    def shuffle_seed(self):
        """The members' seeds: each sees the batches in its own order."""
        return self.seeds

    def get_config(self):
        """Config that `from_config` takes."""
        config = super().get_config()
        del config["seed"]
        return {**config, "seeds": self.seeds, "alpha": self.alpha}


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
    from tfclust.models.ensemble import MeanOfMembers

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


def stacked_weights(members):
    """The weights of models of one shape, stacked, a list of `(S, ...)`."""
    return [np.stack(weights) for weights in zip(*(m.get_weights() for m in members), strict=True)]
