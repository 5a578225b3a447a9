"""Independent seeds that follow from one."""

import numpy as np

from tfclust.checks import check_integer

LARGEST_SEED = 2**32 - 1  # that NumPy and scikit-learn take


def check_seed(seed):
    """Returns `seed` as an int, or raises ValueError where it is no int from 0 to 2**32 - 1."""
    return check_integer("seed", seed, 0, LARGEST_SEED)


def layer_seeds(seed, count):
    """`count` independent seeds that follow from `seed`, or that many None where it is None."""
    if seed is None:
        return [None] * count
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(count) >> 1]


def drawn_seed(seed):
    """`seed`, an int from 0 to 2**32 - 1; None draws one from Keras's global generator.

    Raises:
        ValueError: `seed` is something else.
    """
    if seed is None:
        import keras

        return int(keras.random.randint((), 0, 2**31 - 1, dtype="int32"))
    return check_seed(seed)


def run_seeds(seed, count):
    """The seeds of `count` runs that follow from `seed`, which no other seed's runs have.

    Raises:
        ValueError: `seed` is no int of at least 0, or one of the runs' seeds is beyond 2**32 - 1.
    """
    first = check_integer("seed", seed, 0, (LARGEST_SEED + 1) // count - 1) * count
    return tuple(range(first, first + count))
