"""Twenty seeds of CM on data of pendigits' size, trained together, against one.

    python benchmarks/cm_seeds.py

Prints the time of an epoch of 20 stacked seeds over that of one CM, both through `fit`, measured in
one run. The data are random numbers of pendigits' shape, 10,992 x 16, at Table 12's batch size.
"""

import argparse

import numpy as np
from yardstick import best_seconds

from tfclust.models import CM, CMEnsemble
from tfclust.presets import preset

ROWS, FEATURES, EPOCHS = 10_992, 16, 5
STEPS_PER_EXECUTION = 46  # a third of an epoch


def seconds(model, x, repeats):
    """Seconds of `EPOCHS` epochs through `fit`, best of `repeats`."""
    model.build((None, FEATURES))
    model.compile(steps_per_execution=STEPS_PER_EXECUTION, jit_compile=True)
    return best_seconds(lambda: model.fit(x, epochs=EPOCHS, verbose=0), repeats)


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="fits timed; the best counts")
    repeats = parser.parse_args().repeats
    settings = preset("cm", "pendigits")
    x = np.random.default_rng(0).random((ROWS, FEATURES), dtype="float32")
    one = seconds(CM(**settings, seed=0), x, repeats)
    twenty = seconds(CMEnsemble(range(20), **settings), x, repeats)
    print(f"one seed: {one / EPOCHS:.3f} s an epoch; 20 seeds: {twenty / EPOCHS:.3f} s")
    print(f"20 seeds take {twenty / one:.1f} times as long as one")


if __name__ == "__main__":
    main()
