"""Seeds that follow from one another, and draws through which gradients flow, each of a seed.

Importing it imports no TensorFlow: a command line checks seeds before that starts.
"""

import functools
import math

import numpy as np

from tfclust.checks import check_integer

LARGEST_SEED = 2**32 - 1  # that NumPy and scikit-learn take
# TensorFlow's choice by device is Philox in graph mode; inside an XLA program its choosing takes
# ten times as long as the draws.
_ALGORITHM = "philox"
# Integers, and how many of their bits a fraction of a dtype holds, with a half besides.
_BITS = {"float32": ("uint32", 32, 23), "float64": ("uint64", 64, 52)}


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


def step_seed(seed, step):
    """Seed `(2,)`, int32, of the draws of one training step.

    It follows from the model's seed and the step alone, so a run that was cut off and restored
    draws what it would have drawn.

    Args:
        seed: int, the model's.
        step: scalar, training steps taken before.
    """
    import tensorflow as tf

    return tf.random.fold_in((seed, 0), tf.cast(step, tf.int32), alg=_ALGORITHM)


def split_seed(seed, count):
    """`count` seeds `(count, 2)` that follow from one, `(2,)`, int32."""
    import tensorflow as tf

    return tf.random.split(seed, count, alg=_ALGORITHM)


def gaussian_sample(mean, log_variance, seed):
    """A draw of `N(mean, exp(log_variance))` by reparametrization, in their shape.

    Args:
        mean, log_variance: float32 or float64 `(..., batch, p)`.
        seed: `(2,)`, int32.

    Reference: Kingma and Welling, Auto-encoding variational Bayes, 2014, Section 2.4.
    """
    import tensorflow as tf

    draw = functools.partial(_normal, mean.dtype)
    noise = _rows_of_global_batch(draw, tf.shape(mean), seed)
    return mean + tf.exp(0.5 * log_variance) * noise


def uniform_sample(shape, dtype, seed):
    """Draws from (0, 1), neither end among them.

    Args:
        shape: int32 tensor or sequence, (..., batch, d): this replica's rows.
        dtype: float32 or float64.
        seed: `(2,)`, int32.
    """
    import tensorflow as tf

    draw = functools.partial(_uniform, dtype)
    return _rows_of_global_batch(draw, tf.convert_to_tensor(shape), seed)


def gumbel_softmax_sample(logits, temperature, seed, straight_through=False):
    """A relaxed draw of `Cat(softmax(logits))`: rows that sum to 1, one-hot in the limit of 0.

    `y = softmax((logits + g) / temperature)`, `g = -log(-log(u))` with u uniform on (0, 1). The
    largest entry of y is that of an exact draw at every temperature.

    Args:
        logits: float32 or float64 `(batch, K)`.
        temperature: positive scalar.
        seed: `(2,)`, int32.
        straight_through: True gives the one-hot draw, with the gradient of the relaxed one.

    Returns:
        A tensor of the shape and dtype of `logits`.

    Example:

    ```python
    import tensorflow as tf
    from tfclust.randomness import gumbel_softmax_sample

    sample = gumbel_softmax_sample(tf.math.log([[0.2, 0.8]]), 0.5, seed=(0, 0))
    ```

    Reference: Jang, Gu, Poole, Categorical reparameterization with Gumbel-Softmax, 2017, Eqs. 1
    and 2; Maddison, Mnih, Teh, The concrete distribution, 2017.
    """
    import tensorflow as tf

    noise = -tf.math.log(-tf.math.log(uniform_sample(tf.shape(logits), logits.dtype, seed)))
    relaxed = tf.nn.softmax((logits + noise) / temperature)
    if not straight_through:
        return relaxed
    hard = tf.one_hot(tf.argmax(relaxed, axis=-1), logits.shape[-1], dtype=relaxed.dtype)
    return hard + relaxed - tf.stop_gradient(relaxed)


def dropout_sample(x, rate, seed):
    """`x` with a share `rate` of its values, drawn anew for each, set to 0, the others scaled up.

    Args:
        x: float tensor `(..., batch, d)`; what is kept is divided by `1 - rate`.
        rate: float of at least 0 and below 1.
        seed: `(2,)`, int32.

    Reference: Srivastava et al., Dropout, 2014.
    """
    import tensorflow as tf

    kept = uniform_sample(tf.shape(x), tf.float32, seed) >= rate
    return tf.where(kept, x / (1.0 - rate), tf.zeros_like(x))


def _rows_of_global_batch(draw, shape, seed):
    """This replica's rows, on the last axis but one, of what is drawn for the global batch."""
    import tensorflow as tf

    from tfclust.distribution import replica_count, rows_before

    if replica_count() == 1:
        return draw(shape, seed)
    first, total = rows_before(shape[-2])
    drawn = draw(tf.tensor_scatter_nd_update(shape, [[tf.size(shape) - 2]], [total]), seed)
    return drawn[..., first : first + shape[-2], :]


def _uniform(dtype, shape, seed):
    """Draws from (0, 1), neither end among them.

    They are made of integers, of which TensorFlow draws the same in its own kernels and within XLA.
    Its floating-point draws are others there, and a training would depend on how it is compiled.
    """
    import tensorflow as tf

    integer, size, kept = _BITS[tf.as_dtype(dtype).name]
    bits = tf.random.stateless_uniform(shape, seed, None, None, integer, alg=_ALGORITHM)
    fraction = tf.cast(tf.bitwise.right_shift(bits, tf.cast(size - kept, integer)), dtype)
    return (fraction + 0.5) * 2.0**-kept


def _normal(dtype, shape, seed):
    """Draws of the standard normal (Box and Muller, A note on the generation, 1958)."""
    import tensorflow as tf

    radius, angle = tf.unstack(_uniform(dtype, tf.concat([[2], shape], 0), seed))
    return tf.sqrt(-2.0 * tf.math.log(radius)) * tf.cos(2.0 * math.pi * angle)
