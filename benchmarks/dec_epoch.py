"""A step of DEC of MNIST's size against a step of its encoder alone, and what updates cost.

    python benchmarks/dec_epoch.py

The encoder's step has the same optimizer, and the squared length of the codes for an objective. The
two take turns of some steps each; medians of their ratios are printed, by wall time and by CPU
time, and what the update of all rows' targets adds to the steps between two. The data are random
numbers of MNIST's shape, 70,000 x 784: no time depends on their values.
"""

import argparse
import statistics
import time

import numpy as np
import tensorflow as tf

from tfclust.callbacks import UpdateTargets
from tfclust.models import DEC

ROWS, FEATURES, STEPS_OF_A_TURN = 70_000, 784, 20


def dec_step(model, batch):
    """A traced step of DEC on a batch whose rows have targets."""
    rows = tf.range(batch.shape[0], dtype=tf.int64)
    return tf.function(lambda: model.train_step(((batch, rows),)))


def encoder_step(model, batch):
    """A traced step of the encoder of another DEC, with an optimizer of its own."""
    encoder, optimizer = model.encoder, model.default_optimizer()
    weights = encoder.trainable_weights
    optimizer.build(weights)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(encoder(batch, training=True)))
        gradients = tape.gradient(loss, weights)
        optimizer.apply_gradients(zip(gradients, weights, strict=True))
        return {"loss": loss}

    return step


def built(precision):
    """A DEC of MNIST's settings, compiled, whose rows have targets."""
    model = DEC.from_preset("mnist", seed=0, dtype=precision)
    model.build((None, FEATURES))
    model.optimizer.build(model.trainable_variables)
    return model


def turn(step):
    """Wall and CPU seconds of a turn."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(STEPS_OF_A_TURN):
        logs = step()
    logs["loss"].numpy()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(precision, x, repeats):
    """Ratios of DEC's steps to the encoder's, by both clocks, and seconds of a step and update."""
    model, batch = built(precision), tf.constant(x[:256])
    update = UpdateTargets(x, model.update_interval, tol=0.0)
    update.set_model(model)
    update.on_train_begin()
    steps = dec_step(model, batch), encoder_step(built(precision), batch)
    for step in steps:
        turn(step)
    turns = [[turn(step) for step in steps] for _ in range(repeats)]
    ratios = [[ours / own for ours, own in zip(*pair, strict=True)] for pair in turns]
    start = time.perf_counter()
    update.update()
    updating = (time.perf_counter() - start) / model.update_interval
    seconds = statistics.median(pair[0][0] for pair in turns) / STEPS_OF_A_TURN
    return [statistics.median(clock) for clock in zip(*ratios, strict=True)], seconds, updating


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15, help="turns of each; medians count")
    repeats = parser.parse_args().repeats
    x = np.random.default_rng(0).random((ROWS, FEATURES), dtype="float32")
    for precision in ("float32", "mixed_bfloat16"):
        (wall, cpu), seconds, updating = measure(precision, x, repeats)
        print(
            f"{precision}: a step of DEC takes {1000 * seconds:.1f} ms, {wall - 1:+.1%} over its "
            f"encoder's by wall time, {cpu - 1:+.1%} by CPU time; updates of the targets every "
            f"140 steps add {updating / seconds:.1%}"
        )


if __name__ == "__main__":
    main()
