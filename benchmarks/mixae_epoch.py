"""MIXAE's epoch of MNIST size, through `fit`, against the machine's rate and separate models.

    python benchmarks/mixae_epoch.py

Prints, all measured in one run, for the convolutional and the dense model in float32 and bfloat16:
how many times as fast a step is as ten separate Keras autoencoders of that precision in one step,
by wall time and by CPU time, the rate of `fit` as a share of the machine's float32 product rate,
and the seconds until the first step. The networks are those of the MNIST table, the data random
numbers of its shape: no time depends on their values.

`TF_ENABLE_ONEDNN_OPTS=0` shows a CPU where TensorFlow does not use oneDNN. `--steps-only` leaves
the epochs out.
"""

import argparse

import numpy as np
import tensorflow as tf
from epoch_times import time_fit
from separate_models import separate_step, times_as_fast
from yardstick import product_rate

from tfclust.layers.parallel_convolution import ParallelConvolution
from tfclust.models import MIXAE
from tfclust.processor import onednn_is_on

ROWS, SHAPE, CLUSTERS, BATCH = 70_000, (28, 28, 1), 10, 128
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


def make(kind, precision):
    """A compiled model."""
    model = MIXAE(
        CLUSTERS,
        filters=(8, 16),
        kernel_size=3,
        assignment_units=(128,),
        batch_size=BATCH,
        seed=0,
        dtype=precision,
    )
    model.build((None, *KINDS[kind]))
    model.compile(steps_per_execution=20)
    model.optimizer.build(model.trainable_variables)
    return model


def compare(model, batch, repeats):
    """How many times as fast a step is as ten separate Keras autoencoders of the same sizes."""
    autoencoders = [model.autoencoder(k) for k in range(CLUSTERS)]

    def loss(batch):
        errors = [batch - tf.cast(each(batch), tf.float32) for each in autoencoders]
        return tf.add_n([tf.reduce_sum(tf.square(error)) for error in errors])

    x = tf.constant(batch)
    step = tf.function(lambda: model.train_step((x,)), jit_compile=model.jit_compile)
    other = separate_step(autoencoders, loss, batch)
    return times_as_fast(lambda: step()["loss"].numpy(), other, repeats)


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=2, help="epochs timed; the best counts")
    parser.add_argument("--steps", type=int, default=30, help="steps compared; medians count")
    parser.add_argument("--steps-only", action="store_true", help="time no epochs")
    arguments = parser.parse_args()
    pixels = np.random.default_rng(0).random((ROWS, *SHAPE), dtype="float32")
    print(f"oneDNN is {'on' if onednn_is_on() else 'off'}")
    for kind, shape in KINDS.items():
        x = pixels.reshape(ROWS, *shape)
        for precision in ("float32", "mixed_bfloat16"):
            wall, work = compare(make(kind, precision), x[:BATCH], arguments.steps)
            print(
                f"{kind}, {precision}: a step is {wall:.1f} times as fast as separate Keras "
                f"models by wall time, {work:.1f} times by CPU time",
                flush=True,
            )
            if not arguments.steps_only:
                print_epoch(make(kind, precision), x, arguments.repeats)


def print_epoch(model, x, repeats):
    """Prints the rate of `fit`, against that of a product timed right after it."""
    seconds, first = time_fit(model, x, repeats, first_rows=20 * BATCH)
    share = ROWS * sample_operations(model) / seconds / product_rate()
    print(
        f"  epoch {seconds:.1f} s, {share:.0%} of the rate of a float32 product of 2048 x 2048 "
        f"matrices; {first:.0f} s to the first step",
        flush=True,
    )


if __name__ == "__main__":
    main()
