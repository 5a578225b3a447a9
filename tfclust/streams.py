"""`tf.data` checked as arrays are, a batch at a time."""

import functools

import keras
import tensorflow as tf

_RULE = "`x` must be an array, or a `tf.data.Dataset` of batches `x` or `(x, y)`"


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
    from tfclust.streams import CheckedStreams

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
