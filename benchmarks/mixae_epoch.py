"""MIXAE's epoch of MNIST size, through `fit`, against the machine's rate and separate models.

    python benchmarks/mixae_epoch.py

Prints, all measured in one run, for the convolutional and the dense model in float32 and bfloat16:
the rate of `fit` as a share of the machine's float32 product rate, how many times as fast it is as
ten separate Keras autoencoders in one step, and the seconds until the first step. The data are
random numbers of MNIST's shape: no time depends on their values.
"""

import argparse

import numpy as np
import tensorflow as tf
from epoch_times import time_fit
from separate_models import separate_step_seconds
from yardstick import product_rate

from tfclust.layers.parallel_convolution import ParallelConvolution
from tfclust.models import MIXAE

ROWS, SHAPE, CLUSTERS, BATCH = 70_000, (28, 28, 1), 10, 256
KINDS = {"convolutional": SHAPE, "dense": (int(np.prod(SHAPE)),)}


def sample_operations(model):
    """Operations of the products of a sample: forward, and two for the gradients of each layer.

    The first layer needs no gradient of its input.
    """
    layers = [*model.encoder.layers, *model.decoder.layers, *model.assignment.layers]
    kernels = [layer for layer in layers if layer.trainable_weights]
    forward = [_forward_operations(layer) for layer in kernels]
    return 3 * sum(forward) - forward[0]


def _forward_operations(layer):
    size = 2 * int(np.prod(layer.trainable_weights[0].shape))
    if not isinstance(layer, ParallelConvolution):
        return size
    places = layer.input.shape if "transpose" in layer.name else layer.output.shape
    return size * int(np.prod(places[-3:-1]))


def measure(kind, precision, x, repeats):
    """A compiled model, the seconds of its best epoch, and those until its first step."""
    model = MIXAE(CLUSTERS, batch_size=BATCH, seed=0, dtype=precision)
    model.build((None, *KINDS[kind]))
    model.compile(steps_per_execution=20)
    return model, *time_fit(model, x, repeats, first_rows=20 * BATCH)


def separate_seconds(model, x, repeats):
    """Seconds of an epoch of ten separate Keras autoencoders of the same sizes, in one step."""
    autoencoders = [model.autoencoder(k) for k in range(CLUSTERS)]

    def loss(batch):
        return tf.add_n([tf.reduce_sum(tf.square(batch - each(batch))) for each in autoencoders])

    seconds = separate_step_seconds(autoencoders, loss, x[:BATCH], 5 * repeats)
    return seconds * (ROWS / BATCH)


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=2, help="epochs timed; the best counts")
    repeats = parser.parse_args().repeats
    pixels = np.random.default_rng(0).random((ROWS, *SHAPE), dtype="float32")
    yardsticks, rows = [product_rate()], []
    for kind, shape in KINDS.items():
        x = pixels.reshape(ROWS, *shape)
        for precision in ("float32", "mixed_bfloat16"):
            model, seconds, first = measure(kind, precision, x, repeats)
            yardsticks.append(product_rate())
            if precision == "float32":
                separate = separate_seconds(model, x, repeats)
            operations = ROWS * sample_operations(model)
            rows.append((kind, precision, operations, seconds, separate, first))
    rate = max(yardsticks)
    print(f"float32 product of 2048 x 2048 matrices: {rate / 1e9:.0f} GFLOP/s")
    for kind, precision, operations, seconds, separate, first in rows:
        print(
            f"{kind}, {precision}: epoch {seconds:.1f} s, {operations / seconds / rate:.0%} of the "
            f"product rate, {separate / seconds:.1f} times as fast as separate Keras models in "
            f"float32; {first:.0f} s to the first step"
        )


if __name__ == "__main__":
    main()
