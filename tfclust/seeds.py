"""Independent seeds that follow from one."""

import numpy as np


def layer_seeds(seed, count):
    """`count` independent seeds that follow from `seed`, or that many None where it is None."""
    if seed is None:
        return [None] * count
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(count) >> 1]
