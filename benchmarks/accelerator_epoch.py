"""Epochs of MNIST's size on any device of JAX, beside the device's own matrix products.

    python benchmarks/accelerator_epoch.py write BUNDLE   # where tfclust is
    python benchmarks/accelerator_epoch.py time BUNDLE    # where the device is: JAX and NumPy alone

`write` makes a bundle of one training for each model and precision. `time` prints, all measured in
one run, the device's rate in products of two 2048 x 2048 matrices in float32 and in bfloat16, and
for each training the seconds of its best epoch, alone and with copies of it side by side, the
seconds until the first epoch was over, and the rate of its dense layers' products as a share of the
rate in its precision. The data are random numbers of MNIST's shape: no time depends on their
values.
"""

import argparse
import math
import sys
import time
from pathlib import Path

FEATURES = 784
SIZE = 2048


def write(folder, rows):
    """Writes the trainings; needs tfclust."""
    import numpy as np

    from tfclust import AECM, DAMIC, MIXAE, GumbelSoftmaxVAE
    from tfclust.accelerator import NotTrainedYet, bundled

    rng = np.random.default_rng(0)
    x = rng.integers(0, 4, (rows, FEATURES), dtype="uint8").astype("float32") / 3
    for precision in ("float32", "mixed_bfloat16"):
        common = {"seed": 0, "dtype": precision}
        models = {
            "AECM": (AECM.from_preset("mnist", **common), x),
            "DAMIC": (DAMIC(10, **common), x),
            "GumbelSoftmaxVAE": (GumbelSoftmaxVAE(10, latent_dim=150, **common), x),
            "MIXAE": (MIXAE(10, batch_size=128, **common), x),
            "MIXAE-images": (MIXAE(10, batch_size=128, **common), x.reshape(rows, 28, 28)),
        }
        for name, (model, data) in models.items():
            model.compile()
            try:
                with bundled(folder, f"{name}-{precision}"):
                    model.fit(data, epochs=1000, verbose=0)
            except NotTrainedYet as waits:
                print(f"wrote {waits}", flush=True)


def best_seconds(function, repeats):
    """Least wall time of `repeats` calls, after one that does not count."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def product_rate(dtype, device, repeats=5, chain=16):
    """Floating-point operations a second of products of two 2048 x 2048 matrices, in a row."""
    import jax
    import jax.numpy as jnp

    a = jax.device_put(jnp.eye(SIZE, dtype=dtype), device)

    @jax.jit
    def products(a):
        b = a
        for _ in range(chain):
            b = jnp.matmul(a, b, precision="highest")
        return b

    return chain * 2 * SIZE**3 / best_seconds(lambda: products(a).block_until_ready(), repeats)


def epoch_seconds(runs, epochs):
    """Seconds of the first epoch of runs side by side, and of the best of those after it."""
    seconds = []
    for _ in range(epochs + 1):
        start = time.perf_counter()
        for run in runs:
            run.begin_epoch()
        for run in runs:
            run.end_epoch()
        seconds.append(time.perf_counter() - start)
    return seconds[0], min(seconds[1:])


def dense_operations(run):
    """Operations of the products of an epoch's dense layers: forward, and two for gradients."""
    shapes = [run.state[name].shape for name in run.settings["trainable"]]
    return 6 * run.settings["rows"] * sum(math.prod(s) for s in shapes if len(s) in (2, 3))


def measure(folder, device, epochs, together):
    """Times a bundle's trainings and prints a line for each; writes nothing."""
    sys.path.insert(0, str(folder))
    import jax
    import runner

    device = runner.find_device(device)
    bundle = runner.Bundle(folder, device)
    with jax.enable_x64(True):
        rates = {name: product_rate(name, device) for name in ("float32", "bfloat16")}
        told = ", ".join(f"{rate / 1e12:.2f} TFLOP/s in {name}" for name, rate in rates.items())
        print(f"{device.device_kind}, JAX {jax.__version__}: {told}")
        for name in sorted(bundle.unfinished()):
            run = bundle.load(name)
            first, best = epoch_seconds([run], epochs)
            _, several = epoch_seconds([bundle.load(name) for _ in range(together)], epochs)
            rate = rates["bfloat16" if "bfloat16" in name else "float32"]
            share = dense_operations(run) / best / rate
            dense = "" if "images" in name else f", {share:.0%} of the product rate"
            print(
                f"{name}: first epoch {first:.1f} s, best {best:.3f} s{dense}; "
                f"{together} side by side {several / together:.3f} s each",
                flush=True,
            )


def main():
    """Writes, or measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("write", "time"))
    parser.add_argument("folder", type=Path, help="of the bundle")
    parser.add_argument("--rows", type=int, default=70_000, help="of the data that are written")
    parser.add_argument("--device", help="of JAX, such as gpu:0")
    parser.add_argument("--epochs", type=int, default=5, help="epochs timed; the best counts")
    parser.add_argument("--together", type=int, default=4, help="copies side by side")
    given = parser.parse_args()
    if given.what == "write":
        write(given.folder, given.rows)
    else:
        measure(given.folder, given.device, given.epochs, given.together)


if __name__ == "__main__":
    main()
