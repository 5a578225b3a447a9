"""Independent seeds that follow from one."""

import numpy as np

from tfclust.checks import check_integer


def layer_seeds(seed, count):
    """`count` independent seeds that follow from `seed`, or that many None where it is None."""
    if seed is None:
        return [None] * count
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(count) >> 1]


def drawn_seed(seed):
    """`seed`, an int of at least 0; None draws one from Keras's global generator.

    Raises:
        ValueError: `seed` is something else.
    """
    if seed is None:
        import keras

        return int(keras.random.randint((), 0, 2**31 - 1, dtype="int32"))
    return check_integer("seed", seed, 0)
