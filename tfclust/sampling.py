"""Random draws through which gradients flow, each a function of a seed."""

import functools
import math

import tensorflow as tf

from tfclust.distribution import replica_count, rows_before

# TensorFlow's choice by device is Philox in graph mode; inside an XLA program its choosing takes
# ten times as long as the draws.
_ALGORITHM = "philox"
# Integers, and how many of their bits a fraction of a dtype holds, with a half besides.
_BITS = {tf.float32: (tf.uint32, 32, 23), tf.float64: (tf.uint64, 64, 52)}


def step_seed(seed, step):
    """Seed `(2,)`, int32, of the draws of one training step.

    It follows from the model's seed and the step alone, so a run that was cut off and restored
    draws what it would have drawn.

    Args:
        seed: int, the model's.
        step: scalar, training steps taken before.
    """
    return tf.random.fold_in((seed, 0), tf.cast(step, tf.int32), alg=_ALGORITHM)


def split_seed(seed, count):
    """`count` seeds `(count, 2)` that follow from one, `(2,)`, int32."""
    return tf.random.split(seed, count, alg=_ALGORITHM)


def gaussian_sample(mean, log_variance, seed):
    """A draw of `N(mean, exp(log_variance))` by reparametrization, in their shape.

    Args:
        mean, log_variance: float32 or float64 `(..., batch, p)`.
        seed: `(2,)`, int32.

    Reference: Kingma and Welling, Auto-encoding variational Bayes, 2014, Section 2.4.
    """
    draw = functools.partial(_normal, mean.dtype)
    noise = _rows_of_global_batch(draw, tf.shape(mean), seed)
    return mean + tf.exp(0.5 * log_variance) * noise


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
    from tfclust.sampling import gumbel_softmax_sample

    sample = gumbel_softmax_sample(tf.math.log([[0.2, 0.8]]), 0.5, seed=(0, 0))
    ```

    Reference: Jang, Gu, Poole, Categorical reparameterization with Gumbel-Softmax, 2017, Eqs. 1
    and 2; Maddison, Mnih, Teh, The concrete distribution, 2017.
    """
    draw = functools.partial(_uniform, logits.dtype)
    uniform = _rows_of_global_batch(draw, tf.shape(logits), seed)
    noise = -tf.math.log(-tf.math.log(uniform))
    relaxed = tf.nn.softmax((logits + noise) / temperature)
    if not straight_through:
        return relaxed
    hard = tf.one_hot(tf.argmax(relaxed, axis=-1), logits.shape[-1], dtype=relaxed.dtype)
    return hard + relaxed - tf.stop_gradient(relaxed)


def _rows_of_global_batch(draw, shape, seed):
    """This replica's rows, on the last axis but one, of what is drawn for the global batch."""
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
    integer, size, kept = _BITS[tf.as_dtype(dtype)]
    bits = tf.random.stateless_uniform(shape, seed, None, None, integer, alg=_ALGORITHM)
    fraction = tf.cast(tf.bitwise.right_shift(bits, tf.cast(size - kept, integer)), dtype)
    return (fraction + 0.5) * 2.0**-kept


def _normal(dtype, shape, seed):
    """Draws of the standard normal (Box and Muller, A note on the generation, 1958)."""
    radius, angle = tf.unstack(_uniform(dtype, tf.concat([[2], shape], 0), seed))
    return tf.sqrt(-2.0 * tf.math.log(radius)) * tf.cos(2.0 * math.pi * angle)
