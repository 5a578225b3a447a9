"""How much is tried, and how large the autoencoders are."""

import math
from dataclasses import dataclass

# Widths of the encoder's hidden layers, by the rows that there are to learn them from.
HIDDEN_UNITS = ((5000, (500, 500, 2000)), (1000, (200, 200, 500)), (0, (64, 64, 128)))
EMBEDDING_DIM = 10  # whatever K: codes are found before it
HELD_OUT = 0.1  # share of the rows that an autoencoder is not trained on
MOST_HELD_OUT = 2000
TEXT_EMBEDDING_DIM = 100  # words go together in more ways than pixels or sensors do


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Args:
        seeds: autoencoders, and trials of every way.
        epochs: the most of an autoencoder.
        steps: the most of an autoencoder, which end the training of many rows before the epochs do.
        mapped_rows: the most of which a map of neighbours is made.
    """

    seeds: int
    epochs: int
    steps: int = 18_000
    mapped_rows: float = math.inf

    def epochs_of(self, n_rows, batch_size):
        """The most epochs of an autoencoder of so many rows."""
        return max(1, min(self.epochs, self.steps // steps_of_an_epoch(n_rows, batch_size)))


EFFORTS = {
    "fast": Effort(2, 50, 4_500, 5000),
    "good": Effort(3, 200),
    "best": Effort(5, 400, 36_000),
}
EFFORT = "good"  # where none is named


def held_out_rows(n_rows):
    """How many of so many rows an autoencoder is not trained on: they say when it is done."""
    return min(MOST_HELD_OUT, int(HELD_OUT * n_rows))


def steps_of_an_epoch(n_rows, batch_size):
    """Steps in which an autoencoder sees the rows that are not held out once."""
    return -(-(n_rows - held_out_rows(n_rows)) // batch_size)


def autoencoder_settings(n_rows, kind):
    """Arguments of `tfclust.AECM` that its autoencoder has for so many rows of that kind."""
    return {
        "embedding_dim": TEXT_EMBEDDING_DIM if kind == "text" else EMBEDDING_DIM,
        "hidden_units": next(units for least, units in HIDDEN_UNITS if n_rows >= least),
        "batch_size": min(256, max(16, n_rows // 20)),
    }
