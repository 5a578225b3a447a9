"""Which way to cut the rows is kept, and what its seeds agree on."""

import itertools
from dataclasses import dataclass

import numpy as np

from tfclust.auto.candidates import WAYS
from tfclust.auto.row_facts import renumbered
from tfclust.metrics import adjusted_rand

AGREES = 0.5  # mean ARI of two seeds, below which a way is kept only for want of another
ALIKE = 0.005  # assortativities that differ by less part neighbours equally well


@dataclass(frozen=True, eq=False)
class Candidate:
    """What one way found, seed by seed.

    Args:
        way: name in `tfclust.auto.candidates.WAYS`.
        partitions: cluster of each row, int64 `(n,)`, a seed.
        n_clusters: K.
        seconds: float, that it took.
        assortativity: how far `labels()` keep neighbouring rows together, see
            `tfclust.metrics.neighbour_assortativity`; None where neighbours are not asked.
    """

    way: str
    partitions: tuple[np.ndarray, ...]
    n_clusters: int
    seconds: float = 0.0
    assortativity: float | None = None

    @property
    def agreement(self):
        """Mean adjusted Rand index of two seeds' partitions; None of one seed."""
        pairs = itertools.combinations(self.partitions, 2)
        scores = [adjusted_rand(one, other) for one, other in pairs]
        return float(np.mean(scores)) if scores else None

    @property
    def is_degenerate(self):
        """Whether a seed leaves a cluster without a row, or the votes of all of them do."""
        every = (*self.partitions, self.labels())
        return any(len(np.unique(labels)) < self.n_clusters for labels in every)

    def votes(self):
        """Share of the seeds that put each row in each cluster, float32 `(n, K)`.

        Clusters are named as by the seed that the others agree with best.
        """
        first = _most_agreed(self.partitions)
        votes = np.zeros((len(first), self.n_clusters), "float32")
        for labels in self.partitions:
            votes[np.arange(len(first)), renumbered(labels, first, self.n_clusters)] += 1
        return votes / len(self.partitions)

    def labels(self):
        """The cluster that most seeds put each row in, int64 `(n,)`."""
        return self.votes().argmax(axis=1)


def _most_agreed(partitions):
    totals = [sum(adjusted_rand(one, other) for other in partitions) for one in partitions]
    return partitions[int(np.argmax(totals))]


def choose(candidates):
    """The candidate to keep, and the reason in plain words.

    Labels are not asked, nor anything of one data set. Where there are codes, of the ways whose
    seeds agree that one is kept whose clusters, as its seeds vote, keep neighbouring rows together
    best, since clusters meet where there are few rows; of those that do it equally well, the one
    whose seeds agree best. Of text, whose neighbours say little, it is the way that the
    autoencoders' seeds agree on best, since what is found again from other weights is in the data.
    Where seeds agree on none, or there are no codes, the Gaussian mixture of the rows stands, whose
    covariances their likelihood has chosen; of text, k-means of directions.

    Args:
        candidates: sequence of `Candidate`.

    Returns:
        A `Candidate` and a sentence.
    """
    sound = [candidate for candidate in candidates if not candidate.is_degenerate] or candidates
    of_rows = [candidate for candidate in sound if not WAYS[candidate.way].of_codes] or sound
    if not any(WAYS[candidate.way].of_codes for candidate in candidates):
        if len(candidates) == 1:
            return of_rows[0], "it is the one way that suits such rows"
        if of_rows[0] is not candidates[0]:
            return of_rows[0], "the rows are few, and a mixture leaves a cluster of them empty"
        return of_rows[0], "the rows are few, and it is the likeliest description of them"
    agreed = [candidate for candidate in sound if (candidate.agreement or 0.0) >= AGREES]
    parted = [candidate for candidate in agreed if candidate.assortativity is not None]
    if parted:
        most = max(candidate.assortativity for candidate in parted)
        alike = [candidate for candidate in parted if candidate.assortativity >= most - ALIKE]
        best = max(alike, key=lambda candidate: candidate.agreement)
        ties = ", and of those that do its seeds agree best" if len(alike) > 1 else ""
        return best, (
            "it keeps neighbouring rows together best "
            f"({best.assortativity:.2f}; 1: always, 0: as by chance){ties}"
        )
    of_codes = [candidate for candidate in agreed if WAYS[candidate.way].of_codes]
    if of_codes:
        best = max(of_codes, key=lambda candidate: candidate.agreement)
        return best, (
            f"the autoencoders' seeds agree on it best (adjusted Rand index {best.agreement:.2f})"
        )
    return of_rows[0], "the seeds agree on no partition"
