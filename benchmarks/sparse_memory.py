"""Peak memory of an epoch of MIXAE on all of RCV1, as CSR.

    python benchmarks/sparse_memory.py

Trains one epoch on 685,071 rows of 2,000 features, sparse and of the density that the tf-idf of
REUTERS-10K has, with random values, and prints the peak memory of the process.
"""

import argparse
import resource
import time

import numpy as np
from scipy.sparse import csr_matrix

from tfclust.models import MIXAE

ROWS, FEATURES, WORDS = 685_071, 2_000, 55  # different words of a document, on average


def documents(rows):
    """A CSR matrix with `WORDS` values in a row, at random places."""
    rng = np.random.default_rng(0)
    starts = np.arange(rows + 1, dtype="int64") * WORDS
    columns = rng.integers(0, FEATURES, rows * WORDS, dtype="int32")
    values = rng.random(rows * WORDS, dtype="float32")
    matrix = csr_matrix((values, columns, starts), shape=(rows, FEATURES))
    matrix.sum_duplicates()
    return matrix


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    x = documents(parser.parse_args().rows)
    model = MIXAE(4, batch_size=256, seed=0, dtype="mixed_bfloat16")
    model.compile(steps_per_execution=50)
    start = time.perf_counter()
    model.fit(x, verbose=2)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{x.shape[0]:,} x {FEATURES:,} with {x.nnz:,} values: {seconds:.0f} s, peak {peak:.2f} GiB"
    )


if __name__ == "__main__":
    main()
