"""Requests a second and latency of the exported AE-CM of MNIST, in C and in Python.

    python benchmarks/serving_latency.py

Exports the model of the preset "mnist" with weights as they start, and asks `serving_default` one
request after the other: by the C loader, which runs SavedModels as TensorFlow Serving does, and by
the Python model's `predict`. Prints, all measured in one run, requests a second, p50 and p99, and
the share of the machine's matrix-product rate at the largest batch.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from c_loader import CLoader, compile_loader
from yardstick import product_rate

from tfclust.export import export_for_serving
from tfclust.models import AECM

FEATURES = 784
BATCHES = (1, 32, 256)


def operations(model, batch):
    """Floating-point operations of the products that give memberships and codes."""
    kernels = [w for w in model.encoder.weights if len(w.shape) == 2]
    kernels.append(model.assignment.kernel)
    return 2 * batch * sum(int(np.prod(kernel.shape)) for kernel in kernels)


def seconds_in_c(loader, x, repeats):
    """Seconds of each request to the C loader, after some that do not count."""
    loader.run("serving_default", {"x": x}, repeats=max(repeats // 10, 3))
    loader.run("serving_default", {"x": x}, repeats=repeats)
    return loader.seconds


def seconds_in_python(model, x, repeats):
    """Seconds of each call of `predict`, after one that does not count."""
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        model.predict(x, batch_size=len(x), verbose=0)
        seconds.append(time.perf_counter() - start)
    return np.array(seconds[1:])


def describe(seconds):
    """Requests a second, p50 and p99, in words."""
    p50, p99 = 1e3 * np.percentile(seconds, [50, 99])
    return f"{1 / np.mean(seconds):6.0f} requests/s, p50 {p50:7.2f} ms, p99 {p99:7.2f} ms"


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=300, help="requests timed, of each batch")
    repeats = parser.parse_args().repeats
    model = AECM.from_preset("mnist", seed=0)
    model.build((None, FEATURES))
    x = np.random.default_rng(0).random((max(BATCHES), FEATURES), dtype="float32")
    rates = [product_rate()]
    with tempfile.TemporaryDirectory() as folder:
        export = export_for_serving(model, Path(folder) / "mnist")
        with CLoader(compile_loader(folder), export.path) as loader:
            for batch in BATCHES:
                in_c = seconds_in_c(loader, x[:batch], repeats)
                rates.append(product_rate())
                print(f"batch {batch:3}: C       {describe(in_c)}")
                in_python = seconds_in_python(model, x[:batch], max(repeats // 10, 10))
                print(f"           Python  {describe(in_python)}")
    done, rate = operations(model, max(BATCHES)), max(rates)
    print(f"float32 product of 2048 x 2048 matrices: {rate / 1e9:.0f} GFLOP/s")
    for word, taken in (("p50", np.median(in_c)), ("best", np.min(in_c))):
        print(f"batch {max(BATCHES)} in C: {done / taken / rate:.0%} of it ({word})")


if __name__ == "__main__":
    main()
