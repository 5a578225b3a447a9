"""The Gumbel-Softmax model's epoch of MNIST size, through `fit`, against the machine's rate.

    python benchmarks/gumbel_epoch.py

Prints, measured in one run: the rate of `fit` as a share of the machine's float32 product rate, by
XLA and in graph mode, and where the rest of a step goes: the seconds of a step of `fit`, of the
same step on a batch that lies ready, of its products alone, and of Adam's update alone. The data
are random numbers of MNIST's shape: no time depends on their values.
"""

import argparse

import numpy as np
import tensorflow as tf
from epoch_times import time_fit
from yardstick import best_seconds, product_rate

from tfclust.models import GumbelSoftmaxVAE

ROWS, FEATURES, CLUSTERS, BATCH, EXECUTION = 48_000, 784, 10, 300, 20
REPEATS = 50  # of a step


def kernels(model):
    """Shapes of the weights of all products of a step."""
    return [tuple(w.shape) for w in model.trainable_weights if len(w.shape) == 2]


def step_operations(model):
    """Operations of a step's products: forward, and two for the gradients; no input's gradient."""
    sizes = [2 * BATCH * rows * columns for rows, columns in kernels(model)]
    first = 2 * BATCH * FEATURES * model.hidden_units[0]
    return 3 * sum(sizes) - first


def measure(x, repeats, jit_compile):
    """A compiled model, the seconds of a step of `fit`, and those until the first."""
    model = GumbelSoftmaxVAE(CLUSTERS, latent_dim=150, batch_size=BATCH, seed=0)
    model.build((None, FEATURES))
    model.compile(steps_per_execution=EXECUTION, jit_compile=jit_compile)
    epoch, first = time_fit(model, x, repeats, first_rows=EXECUTION * BATCH)
    return model, epoch / (len(x) / BATCH), first


def bare_seconds(model, x):
    """Seconds of a step on a batch that lies ready."""
    batch = tf.constant(x[:BATCH])
    step = tf.function(lambda: model.train_step((batch,)), jit_compile=model.jit_compile)
    return best_seconds(lambda: step()["loss"].numpy(), REPEATS)


def product_seconds(model):
    """Seconds of the products of a step alone, forward and for both gradients."""
    pairs = [
        (tf.random.normal((BATCH, rows)), tf.random.normal((rows, columns)))
        for rows, columns in kernels(model)
    ]

    @tf.function
    def products():
        total = 0.0
        for x, w in pairs:
            y = tf.matmul(x, w)
            by_input = tf.matmul(y, w, transpose_b=True)
            by_weight = tf.matmul(x, y, transpose_a=True)
            total += y[0, 0] + by_input[0, 0] + by_weight[0, 0]
        return total

    return best_seconds(lambda: products().numpy(), REPEATS)


def update_seconds(model):
    """Seconds of the optimizer's update of all weights."""
    weights = model.trainable_weights
    gradients = [tf.ones_like(w) for w in weights]
    update = tf.function(
        lambda: model.optimizer.apply_gradients(zip(gradients, weights, strict=True))
    )
    return best_seconds(lambda: update(), REPEATS)


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="epochs timed; the best counts")
    repeats = parser.parse_args().repeats
    x = np.random.default_rng(0).random((ROWS, FEATURES), dtype="float32")
    rates, lines = [product_rate()], []
    for name, jit_compile in (("XLA", True), ("graph", False)):
        model, fit, first = measure(x, repeats, jit_compile)
        parts = (fit, bare_seconds(model, x), product_seconds(model), update_seconds(model))
        rates.append(product_rate())
        lines.append((name, step_operations(model), first, parts))
    rate = max(rates)
    print(f"float32 product of 2048 x 2048 matrices: {rate / 1e9:.0f} GFLOP/s")
    for name, operations, first, (fit, bare, products, update) in lines:
        print(
            f"{name}: step of fit {1e3 * fit:.1f} ms, {operations / fit / rate:.0%} of the product "
            f"rate; on a ready batch {1e3 * bare:.1f} ms, its products alone {1e3 * products:.1f} "
            f"ms, Adam alone {1e3 * update:.1f} ms; {first:.0f} s to the first step"
        )


if __name__ == "__main__":
    main()
