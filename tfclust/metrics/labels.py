"""Labels of any kind, numbered."""

import numpy as np

_MISSING = ("nan", "NaT", "<NA>", "None")


def number_labels(name, labels):
    """The distinct labels, and the number of each point's own among them.

    Args:
        name: of the argument, for messages.
        labels: `(n,)`, a sequence, array or pandas column of integers, booleans, whole floats,
            strings, categories or any other hashable values.

    Returns:
        A list of the distinct labels, as Python values, and an int64 array `(n,)`.

    Raises:
        ValueError: `labels` is empty or not 1-D, or a label is missing, not hashable, or a number
            with a fraction.

    Example:

    >>> from tfclust.metrics.labels import number_labels
    >>> number_labels("y", ["cat", "dog", "cat"])
    (['cat', 'dog'], array([0, 1, 0]))
    """
    array = _one_dimensional(name, labels)
    if array.dtype.kind in "biuUS":
        distinct, numbers = np.unique(array, return_inverse=True)
        return distinct.tolist(), numbers
    values = array.tolist()
    first_seen = {}
    try:
        numbers = [first_seen.setdefault(value, len(first_seen)) for value in values]
    except TypeError as error:
        raise ValueError(f"`{name}` must hold hashable labels. Received: {error}") from error
    distinct = list(first_seen)
    for label in distinct:
        if not isinstance(label, str) and str(label) in _MISSING:
            raise ValueError(f"`{name}` must hold a label for every point. Received: {label!r}")
        if isinstance(label, float) and not label.is_integer():
            raise ValueError(
                f"`{name}` must hold labels, and a number with a fraction is none. "
                f"Received: {label!r}"
            )
    return distinct, np.array(numbers, dtype="int64")


def _one_dimensional(name, labels):
    try:
        array = np.asarray(labels)
        if array.dtype.kind in "US" and isinstance(labels, (list, tuple)):
            array = np.asarray(labels, dtype=object)  # else 1 and "1" would be one label
    except ValueError:  # sequences of different lengths
        array = np.empty((0, 0))
    if array.ndim != 1 or array.size == 0:
        raise ValueError(
            f"`{name}` must be a non-empty 1-D array of labels. "
            f"Received: {name} of type {type(labels).__name__}, shape {np.shape(array)}"
        )
    return array
