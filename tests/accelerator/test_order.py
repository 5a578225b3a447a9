import pytest

pytest.importorskip("jax", reason='needs the extra "accelerator"')

import numpy as np
import tensorflow as tf

from tfclust.accelerator.runner import epoch_order


@pytest.mark.parametrize(
    ("n", "seed", "steps"), [(1, 2, 3), (2, 0, 0), (37, 3, 5), (1797, 2**32 - 1, 2**33)]
)
def test_the_order_of_an_epoch_is_that_of_tensorflow(n, seed, steps):
    order = tf.random.experimental.stateless_shuffle(tf.range(n), np.array([seed, steps]))
    np.testing.assert_array_equal(epoch_order(n, seed, steps), order)


def test_several_seeds_give_each_the_order_that_it_gives_alone():
    both = epoch_order(37, [3, 4], 5)
    np.testing.assert_array_equal(both, [epoch_order(37, seed, 5) for seed in (3, 4)])
