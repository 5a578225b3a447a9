"""DAMIC's epoch of MNIST size, through `fit`, against the machine's rate and separate models.

    python benchmarks/damic_epoch.py

Prints, all measured in one run, in float32 and bfloat16: the rate of `fit` as a share of the
machine's float32 product rate, how many times as fast it is as ten separate Keras autoencoders and
a gate in one step, and the seconds until the first step. The data are random numbers of MNIST's
shape: no time depends on their values.
`--rows 5120` makes an epoch of twenty steps.
"""

import argparse

import numpy as np
import tensorflow as tf
from epoch_times import time_fit
from separate_models import separate_step_seconds
from yardstick import product_rate

from tfclust.losses import mixture_nll, squared_errors
from tfclust.models import DAMIC
from tfclust.models.damic import NORMALIZED

ROWS, FEATURES, CLUSTERS, BATCH, EXECUTION = 70_000, 784, 10, 256, 20


def sample_operations(model):
    """Operations of the products of a sample: forward, and two for the gradients of each layer.

    The two first layers need no gradient of their input.
    """
    networks = (model.encoder, model.decoder, model.clustering_network)
    sizes = [
        [
            2 * int(np.prod(layer.kernel.shape))
            for layer in network.layers
            if hasattr(layer, "kernel")
        ]
        for network in networks
    ]
    encoder, _, gate = sizes
    return 3 * sum(map(sum, sizes)) - encoder[0] - gate[0]


def measure(precision, x, repeats):
    """A compiled model, the seconds of its best epoch, and those until its first step."""
    model = DAMIC(
        CLUSTERS,
        linear_code=False,
        normalized=NORMALIZED,
        batch_size=BATCH,
        seed=0,
        dtype=precision,
    )
    model.build((None, FEATURES))
    model.compile(steps_per_execution=EXECUTION)
    return model, *time_fit(model, x, repeats, first_rows=EXECUTION * BATCH)


def separate_seconds(model, x, repeats):
    """Seconds of a step of ten separate Keras autoencoders and a gate of the same sizes."""
    autoencoders = [model.autoencoder(k) for k in range(CLUSTERS)]
    gate = model.clustering_network

    def loss(batch):
        outputs = tf.stack([each(batch, training=True) for each in autoencoders])
        return mixture_nll(gate(batch, training=True), 0.5 * squared_errors(batch, outputs))

    return separate_step_seconds([*autoencoders, gate], loss, x[:BATCH], repeats)


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=2, help="epochs timed; the best counts")
    parser.add_argument("--rows", type=int, default=ROWS, help="of an epoch")
    arguments = parser.parse_args()
    x = np.random.default_rng(0).random((arguments.rows, FEATURES), dtype="float32")
    rates, rows = [product_rate()], []
    for precision in ("float32", "mixed_bfloat16"):
        model, seconds, first = measure(precision, x, arguments.repeats)
        rates.append(product_rate())
        separate = separate_seconds(model, x, 5 * arguments.repeats) * (arguments.rows / BATCH)
        rows.append((precision, seconds, separate, first))
    rate = max(*rates, product_rate())
    print(f"float32 product of 2048 x 2048 matrices: {rate / 1e9:.0f} GFLOP/s")
    for precision, seconds, separate, first in rows:
        share = arguments.rows * sample_operations(model) / seconds / rate
        print(
            f"{precision}: epoch of {arguments.rows} rows {seconds:.1f} s, {share:.0%} of the "
            f"product rate, {separate / seconds:.1f} times as fast as separate Keras models of the "
            f"same precision; {first:.0f} s to the first step"
        )


if __name__ == "__main__":
    main()
