"""The parts of a dataset that the generative models are trained, chosen and tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VALIDATION_SHARE = 0.2  # of the published training part (Section 3)
TEST_SHARE = 0.2  # of a set without a published split
ORDER_SEED = 0  # the parts are the same for every run


@dataclass(frozen=True)
class Parts:
    """Indices of the rows of each part, every row in one of them."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @classmethod
    def of(cls, n: int, n_train: int | None) -> Parts:
        """Split `n` rows, of which the first `n_train` are the published training part.

        Where there is none, as for REUTERS-10K, a fifth of the rows, at random, is the test part.
        """
        rows = np.random.default_rng(ORDER_SEED).permutation(n)
        if n_train is None:
            n_train = round((1 - TEST_SHARE) * n)
            known, test = rows[:n_train], rows[n_train:]
        else:
            known, test = rows[rows < n_train], rows[rows >= n_train]
        n_validation = round(VALIDATION_SHARE * n_train)
        return cls(known[n_validation:], known[:n_validation], test)
