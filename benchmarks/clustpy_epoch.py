"""An epoch of DEC, IDEC, DCN, DKM and VaDE against one of ClustPy's, which runs on PyTorch.

    python -m venv clustpy && clustpy/bin/pip install clustpy   # some gigabytes
    python benchmarks/clustpy_epoch.py --python clustpy/bin/python

Both have networks of 500, 500, 2000 and 10 units, batches of 256 rows, float32 and Adam, and train
on the same random numbers of MNIST's width, in processes of their own that take turns. ClustPy
tells no times, so its epoch is what a training of more epochs takes longer than one of a single
epoch; ours is the mean of the epochs after the first, which traces the step. Medians of the ratios
are printed.
"""

import argparse
import statistics
import subprocess
import sys
import time

import numpy as np

FEATURES, N_CLUSTERS = 784, 10
NAMES = ("DEC", "IDEC", "DCN", "DKM", "VaDE")


def our_epoch(name, x, epochs):
    """Seconds of an epoch of our model of that name."""
    from keras.callbacks import LambdaCallback

    from tfclust import models
    from tfclust.optimizers import FusedAdam

    never = {"tol": 0.0} if name in ("DEC", "IDEC") else {}  # ends before its epochs are over
    model = getattr(models, name)(N_CLUSTERS, batch_size=256, seed=0, **never)
    model.compile(FusedAdam(1e-4), jit_compile=False)
    ends = []
    noting = LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
    model.fit(x, epochs=1 + epochs, verbose=0, callbacks=[noting])
    return (ends[-1] - ends[0]) / epochs


def clustpy_epoch(name, x, epochs):
    """Seconds of an epoch of ClustPy's."""
    from clustpy import deep

    clusters = {"n_init": 1, "max_iter": 5}  # of k-means, or a mixture: no part of an epoch
    if name == "VaDE":
        clusters["covariance_type"] = "diag"

    def seconds(count):
        model = getattr(deep, name)(
            N_CLUSTERS,
            pretrain_epochs=1,
            clustering_epochs=count,
            initial_clustering_params=clusters,
            random_state=0,
        )
        start = time.perf_counter()
        model.fit(x)
        return time.perf_counter() - start

    return (seconds(1 + epochs) - seconds(1)) / epochs


EPOCHS = {"ours": our_epoch, "clustpy": clustpy_epoch}


def in_process(python, whose, name, given):
    """Seconds of an epoch, measured in a process of its own."""
    options = ["--rows", str(given.rows), "--epochs", str(given.epochs)]
    command = [python, __file__, "--python", python, "--measure", whose, name, *options]
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(finished.stdout.split()[-1])


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", required=True, help="interpreter that has ClustPy")
    parser.add_argument("--rows", type=int, default=10_240)
    parser.add_argument("--epochs", type=int, default=5, help="that are timed in each turn")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each; medians count")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        whose, name = given.measure
        x = np.random.default_rng(0).random((given.rows, FEATURES), dtype="float32")
        print(EPOCHS[whose](name, x, given.epochs))
        return
    for name in NAMES:
        turns = [
            (
                in_process(sys.executable, "ours", name, given),
                in_process(given.python, "clustpy", name, given),
            )
            for _ in range(given.repeats)
        ]
        ours, theirs = (statistics.median(times) for times in zip(*turns, strict=True))
        ratio = statistics.median(their / our for our, their in turns)
        print(
            f"{name}: an epoch takes {ours:.2f} s, ClustPy's {theirs:.2f} s, {ratio:.2f} times that"
        )


if __name__ == "__main__":
    main()
