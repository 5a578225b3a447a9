"""Feeds data to Keras: arrays and sparse matrices reshuffled and resumable, datasets checked.

Keras reuses one permutation for every epoch of an array once a global seed is set, and `tf.data`'s
own shuffling cannot be resumed in the middle. Here the order of an epoch is a function of a seed
and of the number of training steps taken before it, and nothing else.

Batches of a dataset come in its own order and are checked as arrays are, one at a time.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

from tfclust.inputs import dense

_RULE = "`x` must be an array, or a `tf.data.Dataset` of batches `x` or `(x, y)`"


def shuffled_epochs(x, y, batch_size, seed, steps_taken, shuffle=True, least=1, numbers_rows=False):
    """Batches of epoch after epoch, without end.

    Args:
        x: float32 array `(n, ...)` or CSR matrix `(n, d)`, made dense a batch at a time.
        y: None or `(n,)`, passed along.
        batch_size: rows of a batch; the last one of an epoch may be smaller.
        seed: int that fixes the orders. A sequence of S ints makes S orders side by side, each the
            one that its seed alone gives; batches then have a leading axis of S.
        steps_taken: function without arguments; the number of steps before the first epoch, called
            when iteration begins, by another thread: see `tfclust.callbacks.steps_taken`.
        shuffle: False keeps the order of the rows.
        least: rows of the smallest batch; a last one of fewer joins the one before it.
        numbers_rows: True gives `(x, rows)` in place of x, where `rows` are the places of the
            batch's rows among all, int64.

    Returns:
        A `tf.data.Dataset` of tuples `(x,)` or `(x, y)` of batches.

    Raises:
        ValueError: there are fewer rows than `least`, or `batch_size` is smaller.
    """
    n = x.shape[0]
    if min(n, batch_size) < least:
        raise ValueError(
            f"A batch must have at least {least} rows, as the model normalizes by their variance. "
            f"Received: batch_size={batch_size}, x of {n} rows"
        )
    tables, read = _tables(x, y)
    steps = count_batches(n, batch_size, least)

    def first_steps():
        step = int(steps_taken())
        while True:
            yield step
            step += steps

    def epoch(first_step, tables):
        order = epoch_order(n, seed, first_step, shuffle)

        def batch(i):
            end = tf.where(i + 1 < steps, (i + 1) * batch_size, n)
            rows = order[..., i * batch_size : end]
            x, *labels = read(rows, *tables)
            return ((x, rows) if numbers_rows else x, *labels)

        return tf.data.Dataset.range(steps).map(batch, num_parallel_calls=2)

    starts = tf.data.Dataset.from_generator(
        first_steps, output_signature=tf.TensorSpec((), tf.int64)
    )
    whole = tf.data.Dataset.from_tensors(tables).repeat()
    return tf.data.Dataset.zip(starts, whole).flat_map(epoch).prefetch(4)


def keras_epochs(batches, steps, steps_per_execution, restart=False):
    """`x` and `steps_per_epoch` that make `keras.Model.fit` take epochs of exactly `steps` batches.

    Keras runs whole executions and so past the end of an epoch of endless data, unless executions
    divide it. Epochs that they do not divide are each an iteration of their own, which ends; it
    takes some milliseconds to begin.

    Args:
        batches: endless, such as `shuffled_epochs` gives.
        steps: batches of an epoch.
        steps_per_execution: as the model was compiled with.
        restart: True makes every epoch an iteration of its own.

    Returns:
        A `tf.data.Dataset`, and `steps` or None.
    """
    if steps % steps_per_execution or restart:
        return batches.take(steps).apply(tf.data.experimental.assert_cardinality(steps)), None
    return batches, steps


def epoch_order(n, seed, first_step, shuffle=True):
    """The order of `n` rows in the epoch that begins with step `first_step`.

    Args:
        n: number of rows.
        seed, shuffle: see `shuffled_epochs`.
        first_step: scalar, int64.

    Returns:
        `(n,)`, int64, or `(S, n)` for S seeds.
    """
    if not isinstance(seed, int):
        return tf.stack([epoch_order(n, s, first_step, shuffle) for s in seed])
    rows = tf.range(n, dtype=tf.int64)
    if not shuffle:
        return rows
    return tf.random.experimental.stateless_shuffle(rows, [seed, first_step])


def ordered_batches(x, y=None, batch_size=256):
    """Batches of the rows in their order, once.

    Args:
        x: float32 array `(n, ...)` or CSR matrix `(n, d)`.
        y: None or `(n,)`, passed along.
        batch_size: rows of a batch.

    Returns:
        A `tf.data.Dataset` of known length.
    """
    n = x.shape[0]
    tables, read = _tables(x, y)
    steps = count_batches(n, batch_size)

    def once(*tables):
        def batch(i):
            return read(tf.range(i * batch_size, tf.minimum((i + 1) * batch_size, n)), *tables)

        return tf.data.Dataset.range(steps).map(batch, num_parallel_calls=2)

    batches = tf.data.Dataset.from_tensors(tables).flat_map(once)
    return batches.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(4)


def array_batches(x, batch_size):
    """The batches of `ordered_batches` as arrays, without a pipeline that takes time to begin."""
    for first in range(0, x.shape[0], batch_size):
        yield dense(x[first : first + batch_size])


def count_batches(n, batch_size, least=1):
    """Number of batches that cover `n` rows, none of fewer than `least` rows but the only one."""
    whole, rest = divmod(n, batch_size)
    return max(1, whole + (rest >= least))


class CheckedStreams:
    """A context in which the batches of datasets are checked before a model sees them.

    Args:
        check: function of a batch, an array `(batch, ...)`, that returns it as the model takes it,
            or raises ValueError.
        dtype: of what `check` returns.

    Raises:
        ValueError: at exit, what `check` said of a batch, without the trace through TensorFlow
            within which it was said.

    Example:

    ```python
    import tensorflow as tf
    from tfclust.checks import check_data
    from tfclust.feeding import CheckedStreams

    dataset = tf.data.Dataset.from_tensor_slices([[0.0, 1.0], [2.0, 3.0]]).batch(2)
    with CheckedStreams(check_data, "float32") as checked:
        for batch in checked(dataset):
            print(batch)
    ```
    """

    def __init__(self, check, dtype):
        self._check = check
        self._dtype = dtype
        self._refused = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self._check = None  # TensorFlow keeps what a pipeline calls as long as the process lives
        if self._refused and isinstance(error, tf.errors.OpError):
            raise self._refused[0] from None

    def __call__(self, dataset):
        """The dataset, whose batches are checked as they are drawn."""
        x = batch_spec(dataset)

        def checked(rows, *labels):
            rows, passed = tf.numpy_function(self._checked, [rows], (self._dtype, tf.bool))
            with tf.control_dependencies([tf.debugging.Assert(passed, ["A batch is refused."])]):
                return (tf.ensure_shape(rows, x.shape), *labels)

        batches = (
            dataset if isinstance(dataset.element_spec, tuple) else dataset.map(lambda x: (x,))
        )
        return batches.map(checked)

    def _checked(self, rows):
        try:
            return self._check(rows), True
        except ValueError as error:
            self._refused.append(error)
            return rows.astype(self._dtype), False


def is_stream(x):
    """Whether `x` gives batches by itself, in one of the forms that Keras takes."""
    kinds = (tf.data.Dataset, tf.distribute.DistributedDataset, keras.utils.PyDataset)
    return isinstance(x, kinds)


def batch_spec(dataset):
    """`tf.TensorSpec` of the batches `(batch, ...)` of a `tf.data.Dataset`.

    Raises:
        ValueError: its elements are no batches of numbers of a known shape.
    """
    spec = dataset.element_spec
    x = spec[0] if isinstance(spec, tuple) and 1 <= len(spec) <= 3 else spec
    refuse = functools.partial(_refuse, spec)
    if isinstance(x, tf.RaggedTensorSpec):
        refuse("make ragged rows one length, `dataset.map(lambda x: x.to_tensor())`")
    if isinstance(x, tf.SparseTensorSpec):
        refuse("make sparse rows dense, `dataset.map(tf.sparse.to_dense)`")
    if not isinstance(x, tf.TensorSpec):
        refuse("`dataset.map` it to one tensor of rows")
    if not (x.dtype.is_floating or x.dtype.is_integer or x.dtype.is_bool):
        refuse("rows hold real numbers")
    if x.shape.rank is None:
        refuse(
            "say the shape of a batch, `output_signature=tf.TensorSpec((None, 4), tf.float32)` in "
            "`from_generator`, or `tf.ensure_shape` in a `map`"
        )
    if x.shape.rank < 2:
        refuse("`.batch(256)` rows first")
    if None in x.shape[1:]:
        refuse("say the shape of a row, `tf.ensure_shape` in a `map`")
    return x


def _refuse(spec, advice):
    raise ValueError(f"{_RULE}: {advice}. Received: a dataset of {spec}")


def _tables(x, y):
    """Tensors that hold `x` and `y`, and a function of indices and of them that reads a batch.

    They are to flow through a pipeline as an element of it: of a tensor that a function of a
    pipeline captures, TensorFlow now and then keeps the memory for good.
    """
    with tf.device("CPU"):  # a batch at a time goes to the accelerator, not the whole
        if hasattr(x, "indptr"):
            parts = (x.data, x.indices.astype("int64"), x.indptr.astype("int64"))
            rows = tuple(tf.convert_to_tensor(part) for part in parts)
            read = functools.partial(_csr_rows, x.shape[1])
        else:
            rows, read = (tf.convert_to_tensor(x),), tf.gather
        if y is None:
            return (rows,), lambda indices, rows: (read(*rows, indices),)
        labels = tf.convert_to_tensor(np.asarray(y))

    def read_both(indices, rows, labels):
        return read(*rows, indices), tf.gather(labels, indices)

    return (rows, labels), read_both


def _csr_rows(width, values, columns, starts, indices):
    flat = tf.reshape(indices, [-1])
    places = tf.ragged.range(tf.gather(starts, flat), tf.gather(starts, flat + 1))
    row, place = places.value_rowids(), places.values
    coordinates = tf.stack([row, tf.gather(columns, place)], axis=1)
    shape = tf.stack([tf.size(flat, out_type=tf.int64), width])
    dense = tf.scatter_nd(coordinates, tf.gather(values, place), shape)
    dense = tf.reshape(dense, tf.concat([tf.shape(indices), [width]], axis=0))
    return tf.ensure_shape(dense, (*indices.shape, width))
