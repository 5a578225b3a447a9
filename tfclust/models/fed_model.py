"""A Keras model that takes data as users have them."""

import numbers

import keras
import numpy as np
import tensorflow as tf

from tfclust.checks import check_count, check_data, check_labels, check_shape
from tfclust.feeding import (
    CheckedStreams,
    array_batches,
    batch_spec,
    count_batches,
    is_stream,
    keras_epochs,
    ordered_batches,
    shuffled_epochs,
)
from tfclust.metrics.labels import number_labels
from tfclust.networks import smallest_batch


class FedModel(keras.Model):
    """A Keras model that takes arrays, CSR matrices, tables and datasets, each checked once.

    What a subclass writes is what `tfclust.models.ClusteringModel` lists.

    Args:
        batch_size: rows of a batch where none are given.
        seed: int that fixes the order of the batches.
        **kwargs: of `keras.Model`.
    """

    NUMBERS_ROWS = False

    def __init__(self, batch_size, seed, **kwargs):
        super().__init__(**kwargs)
        self.batch_size = batch_size
        self.seed = seed
        self._forget_batch_functions()
        self._replace_row_values({})

    # What a subclass writes -------------------------------------------------------------------

    def check_values(self, x):
        """Raises ValueError where the model cannot take the values of `x`, array or CSR matrix."""

    @property
    def fewest_rows(self):
        """Fewest rows that the model can be trained on."""
        return 1

    @property
    def shuffle_seed(self):
        """Seed of the order of the rows; a tuple of S gives batches with a leading axis of S."""
        return self.seed

    # What it gets -----------------------------------------------------------------------------

    @property
    def sample_shape(self):
        """Shape of one sample, as a tuple; None before the model is built."""
        config = self.get_build_config()
        return None if config is None else tuple(config["input_shape"][1:])

    @property
    def input_dtype(self):
        """The dtype of a batch, whatever that of the networks' products."""
        return self.dtype

    def prepare(self, x):
        """`x` as `fit` takes it, an array or CSR matrix of the model's dtype, the model built.

        Args:
            x: array `(n, ...)`, scipy sparse matrix or table of numbers `(n, d)`.

        Raises:
            ValueError: bad data, see `tfclust.checks.check_data`, or see `check_values`.
        """
        x = self._checked(x, self.fewest_rows)
        self._ensure_built(x)
        return x

    def map_batches(self, method, x, batch_size=None, **options):
        """What a method gives for the batches of `x`, joined; traced once, as Keras's `predict`.

        Args:
            method: of the model, of a batch and `options`.
            x: array `(n, ...)`, CSR matrix, table, or a `tf.data.Dataset` of batches.
            batch_size: rows of a batch; None takes the model's.
            **options: hashable values.

        Returns:
            Array `(n, ...)` of the model's dtype.
        """
        results = []
        with self._checked_streams() as checked:
            if is_stream(x):
                stream = self._in_order(x, None, batch_size, checked)
                batches = (keras.utils.unpack_x_y_sample_weight(batch)[0] for batch in stream)
            else:
                batches = array_batches(*self._array(x, batch_size))
            for rows in batches:
                self._ensure_built(rows)
                step = self._batch_function(method, options)
                results.append(step(self._cast(rows)).numpy())
        return np.concatenate(results)

    @property
    def row_values(self):
        """Dict, name -> `tf.Variable` with a value for each row of what `fit` trains on."""
        return self._row_values

    def set_row_values(self, name, values):
        """Keeps a value for each row: a part of a training and its checkpoints, not of the model.

        Args:
            name: key in `row_values`.
            values: array `(n, ...)`.
        """
        values = np.asarray(values)
        kept = self._row_values.get(name)
        if kept is not None and kept.shape == values.shape:
            kept.assign(values)
            return
        with tf.init_scope(), self.distribute_strategy.scope():
            # Replicas that set values in a step set the same.
            aggregation = tf.VariableAggregation.ONLY_FIRST_REPLICA
            variable = tf.Variable(values, trainable=False, name=name, aggregation=aggregation)
        self._replace_row_values({**self._row_values, name: variable})
        self.make_train_function(force=True)

    def _forget_batch_functions(self):
        # Of methods of batches, by name and options. Unseen, too: exports have their own functions.
        object.__setattr__(self, "_batch_functions", {})

    def _replace_row_values(self, values):
        # Unseen by Keras and TensorFlow: files of the model hold no rows.
        object.__setattr__(self, "_row_values", values)

    def __call__(self, x, *args, **kwargs):
        """What `call` gives for a batch in the model's dtype, whatever that of `x`."""
        x = x[0] if isinstance(x, tuple) else x  # without the numbers of its rows
        return super().__call__(self._cast(x), *args, **kwargs)

    def _cast(self, x):
        return x if getattr(x, "dtype", None) == self.dtype else keras.ops.cast(x, self.dtype)

    # How it is fed ----------------------------------------------------------------------------

    def _checked(self, x, min_rows=1):
        x = check_data(x, self.sample_shape, min_rows, self.dtype)
        self.check_values(x)
        return x

    def _ensure_built(self, x):
        if self.built:
            return
        with tf.init_scope(), self.distribute_strategy.scope():
            self.build((None, *x.shape[1:]))

    def smallest_batch(self):
        """Rows of the smallest batch that the model can learn from: 2 where it normalizes them."""
        return smallest_batch(self)

    def _epochs(self, x, y, batch_size, steps_per_epoch, shuffle, steps_taken):
        """Batches of `x`, prepared, epoch after epoch, and the steps of an epoch."""
        least = self.smallest_batch()
        steps = count_batches(x.shape[0], batch_size, least)
        batches = shuffled_epochs(
            x,
            _numbered(y, x),
            batch_size,
            self.shuffle_seed,
            steps_taken.read,
            shuffle,
            least,
            self.NUMBERS_ROWS,
        )
        return keras_epochs(
            batches,
            steps if steps_per_epoch is None else steps_per_epoch,
            self.steps_per_execution,
            # Only whole passes begin where those of a run that was cut off and restored do.
            restart=steps_per_epoch not in (None, steps),
        )

    def _prepare_for_elsewhere(self, x):
        """`x` as `prepare` gives it, for a training that an accelerator does."""
        if is_stream(x) or self.NUMBERS_ROWS:
            raise ValueError(
                "`x` must be an array or a CSR matrix where an accelerator trains, of a model that "
                "keeps no values for its rows: its epochs are one program, and the data stay on "
                f"it. Received: x of type {type(x).__name__}, of {type(self).__name__}"
            )
        return self.prepare(x)

    def _array(self, x, batch_size):
        """An array or CSR matrix as the model takes it, and the rows of its batches."""
        batch_size = check_count("batch_size", batch_size, self.batch_size)
        x = self._checked(x)
        self._ensure_built(x)
        return x, batch_size

    def _checked_streams(self):
        return CheckedStreams(self._checked, self.dtype)

    def _stream(self, x, checked):
        """Data that come in batches, checked where they are a dataset."""
        if not isinstance(x, tf.data.Dataset):
            return x
        batch = batch_spec(x)
        _check_labels_of(x)
        check_shape(tuple(batch.shape), self.sample_shape)
        self._ensure_built(batch)
        return checked(x)

    def _training_stream(self, x, y, checked):
        refuse("y", y, "a dataset holds its labels: `(x, y)`")
        if self.NUMBERS_ROWS:
            raise ValueError(
                f"`x` must be an array or a CSR matrix: {type(self).__name__} keeps values for "
                "each row, and the rows of a dataset have no numbers. "
                f"Received: x of type {type(x).__name__}"
            )
        return self._stream(x, checked)

    def _in_order(self, x, y, batch_size, checked):
        """Batches of an array or a dataset, once and in their order."""
        if not is_stream(x):
            x, batch_size = self._array(x, batch_size)
            return ordered_batches(x, _numbered(y, x), batch_size)
        refuse("y", y, "a dataset holds its labels: `(x, y)`")
        check_count("batch_size", batch_size)
        return self._stream(x, checked)

    def _split(self, x, y, share):
        """`x` and `y` without their last rows, and these rows for the validation."""
        if is_stream(x):
            raise ValueError(
                "`validation_split` must be 0 where batches come from a dataset: give its end as "
                f"`validation_data`. Received: validation_split={share!r}"
            )
        if not isinstance(share, numbers.Real) or not 0.0 < share < 1.0:
            raise ValueError(
                "`validation_split` must be a share of the rows, in [0, 1). "
                f"Received: validation_split={share!r}"
            )
        x = self._checked(x)
        y = check_labels(y, x)
        first = int(x.shape[0] * (1.0 - share))  # as Keras counts
        if first < self.fewest_rows:
            raise ValueError(
                f"`validation_split` must leave as many rows as there are clusters, "
                f"{self.fewest_rows}. Received: validation_split={share!r} of {x.shape[0]} rows"
            )
        if y is None:
            return x[:first], None, (x[first:],)
        return x[:first], y[:first], (x[first:], y[first:])

    def _validation_batches(self, data, batch_size, checked):
        x, y = (data, None) if is_stream(data) else unpack(data)
        return self._in_order(x, y, batch_size, checked)

    def _batch_function(self, method, options):
        key = (method.__name__, *sorted(options.items()))
        if key not in self._batch_functions:

            def of_batch(x):
                return tf.cast(method(x, **options), self.dtype)

            spec = tf.TensorSpec((None, *self.sample_shape), self.dtype)
            self._batch_functions[key] = tf.function(of_batch, input_signature=[spec])
        return self._batch_functions[key]


def batch_count(batches):
    """Number of batches of data that come in batches, below 0 where it is not known."""
    if isinstance(batches, keras.utils.PyDataset):
        return -1 if batches.num_batches is None else batches.num_batches
    return int(batches.cardinality()) if isinstance(batches, tf.data.Dataset) else -1


def unpack(data):
    """`x` and `y` of a batch; weights of samples have no place in the objectives."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    refuse("sample_weight", sample_weight)
    return x, y


def refuse(name, value, reason="the objectives have no place for it"):
    """Raises ValueError where an argument is given that must not be."""
    if value is not None:
        raise ValueError(
            f"`{name}` must not be given: {reason}. Received: {name} of type {type(value).__name__}"
        )


def _numbered(y, x):
    """One number for each row of `x`: labels that are numbers, or their places among all labels."""
    y = check_labels(y, x)
    if y is None or y.dtype.kind in "iuf":
        return y
    names, numbers = number_labels("y", y)
    if all(isinstance(name, (int, float)) for name in names):
        return np.asarray(y, dtype="int64")
    return np.argsort(np.argsort([str(name) for name in names]))[numbers]


def _check_labels_of(batches):
    _, y, _ = keras.utils.unpack_x_y_sample_weight(batches.element_spec)
    if getattr(y, "dtype", None) == tf.string:
        raise ValueError(
            "`y` must be numbers within a `tf.data.Dataset`; arrays may hold text. "
            "Received: labels of dtype string"
        )
