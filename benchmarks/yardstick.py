"""The machine's own matrix-product rate, the yardstick of every benchmark."""

import time

import tensorflow as tf

SIZE = 2048


def best_seconds(function, repeats):
    """Least wall time of `repeats` calls, after one that does not count."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def product_rate(dtype="float32", repeats=12):
    """Floating-point operations a second of a product of two 2048 x 2048 matrices."""
    a = tf.cast(tf.random.normal((SIZE, SIZE)), dtype)
    product = tf.function(lambda: tf.matmul(a, a)[0, 0])
    return 2 * SIZE**3 / best_seconds(lambda: product().numpy(), repeats)
