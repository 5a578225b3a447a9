"""AE-CM's epoch of MNIST size, through `fit`, against the machine's matrix-product rate.

    python benchmarks/aecm_epoch.py

Prints, all measured in one run: the rate of `fit` in float32 and in bfloat16 as a share of the
float32 product rate, and what `fit` costs over its bare compiled step. The data are random numbers
of MNIST's shape, 70,000 x 784: no time depends on their values.
"""

import argparse

import numpy as np
import tensorflow as tf
from epoch_times import EpochTimes
from yardstick import best_seconds, product_rate

from tfclust.models import AECM

ROWS, FEATURES = 70_000, 784


def epoch_operations(model):
    """Floating-point operations of the products of an epoch: forward, and two for the gradients."""
    kernels = [w for w in model.trainable_weights if len(w.shape) == 2]
    return 6 * ROWS * sum(int(np.prod(kernel.shape)) for kernel in kernels)


def measure(precision, x, repeats):
    """Seconds of an epoch of `fit`, the best after the first, and of its steps alone."""
    model = AECM.from_preset("mnist", seed=0, dtype=precision)
    model.build((None, FEATURES))
    model.compile(steps_per_execution=20, jit_compile=model.compute_dtype == "float32")
    times = EpochTimes()
    model.fit(x, epochs=repeats + 1, verbose=0, callbacks=[times])
    fit = min(times.seconds[1:])
    steps = ROWS // model.batch_size
    batch = tf.constant(x[: model.batch_size])
    step = tf.function(lambda: model.train_step((batch,)), jit_compile=model.jit_compile)

    def bare():
        for _ in range(steps):
            logs = step()
        logs["loss"].numpy()

    return model, fit, best_seconds(bare, repeats)


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="epochs timed; the best counts")
    repeats = parser.parse_args().repeats
    x = np.random.default_rng(0).random((ROWS, FEATURES), dtype="float32")
    yardsticks = [product_rate()]
    rows = []
    for precision in ("float32", "mixed_bfloat16"):
        model, fit, bare = measure(precision, x, repeats)
        yardsticks.append(product_rate())
        rows.append((precision, epoch_operations(model), fit, bare))
    rate = max(yardsticks)
    print(f"float32 product of 2048 x 2048 matrices: {rate / 1e9:.0f} GFLOP/s")
    for precision, operations, fit, bare in rows:
        print(
            f"{precision}: epoch {fit:.2f} s, {operations / fit / rate:.0%} of the product rate "
            f"(bare steps {operations / bare / rate:.0%}); fit costs {fit / bare - 1:+.1%}"
        )


if __name__ == "__main__":
    main()
