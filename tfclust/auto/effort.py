"""How much is tried, and how large the autoencoders are."""

import math
from dataclasses import dataclass

# Widths of the encoder's hidden layers, by the rows that there are to learn them from.
HIDDEN_UNITS = ((5000, (500, 500, 2000)), (1000, (200, 200, 500)), (0, (64, 64, 128)))
EMBEDDING_DIM = 10  # whatever K: codes are found before it
TEXT_EMBEDDING_DIM = 100  # words go together in more ways than pixels or sensors do


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Args:
        seeds: autoencoders, and trials of every way.
        epochs: the most of an autoencoder.
        mapped_rows: the most of which a map of neighbours is made.
    """

    seeds: int
    epochs: int
    mapped_rows: float = math.inf


EFFORTS = {"fast": Effort(2, 50, 5000), "good": Effort(3, 200), "best": Effort(5, 400)}


def autoencoder_settings(n_rows, kind):
    """Arguments of `tfclust.AECM` that its autoencoder has for so many rows of that kind."""
    return {
        "embedding_dim": TEXT_EMBEDDING_DIM if kind == "text" else EMBEDDING_DIM,
        "hidden_units": next(units for least, units in HIDDEN_UNITS if n_rows >= least),
        "batch_size": min(256, max(16, n_rows // 20)),
    }
