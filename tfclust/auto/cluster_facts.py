"""What is said of a cluster: how sure it is, its rows, and what tells it from the others."""

from dataclasses import asdict, dataclass

import numpy as np

from tfclust.auto.row_facts import UNLIKE, shared_rows
from tfclust.auto.rules import Rule, find_rule
from tfclust.inputs import dense

ROWS_SEEN = 5000  # that the typical rows and the trees are found among
SHOWN = 8  # typical rows, and doubtful ones


@dataclass(frozen=True)
class ClusterFacts:
    """What is said of a cluster.

    Args:
        size: number of its rows.
        share: of all rows.
        confidence: mean of its rows'; None where it has none.
        stability: mean over the other partitions of how much of the cluster is found again: the
            largest Jaccard similarity with a cluster of the partition, in [0, 1]; None where there
            is no other partition, or no row. Hennig calls clusters above 0.75 stable and those
            below 0.6 doubtful.
        unlike: number of its rows whose outlier score is above 3.5.
        typical: places of the rows whose codes are closest to the mean code, the closest first; of
            those that are not doubtful and whose confidence is no less than the median, where a
            cluster has rows enough.
        doubtful: places of the rows of least confidence, the least first; of equal ones those of
            largest outlier score.
        rule: `Rule` that tells it from the others; None where the data are no columns.

    Reference: Hennig, Cluster-wise assessment of cluster stability, Computational Statistics & Data
    Analysis 52, 2007.
    """

    size: int
    share: float
    confidence: float | None
    stability: float | None
    unlike: int
    typical: tuple[int, ...]
    doubtful: tuple[int, ...]
    rule: Rule | None

    def to_json(self, columns=None):
        """Plain JSON, with the rule in words; `columns` are the names of the columns."""
        words = None if self.rule is None else {"words": self.rule.words(columns)}
        return {**asdict(self), "rule": words and {**asdict(self.rule), **words}}


def describe_clusters(facts, n_clusters, codes, x=None, partitions=()):
    """The `ClusterFacts` of each cluster.

    Typical rows and rules are found among 5000 rows, an equal number of each cluster as far as it
    has them; all else is of all rows.

    Args:
        facts: `RowFacts` of n rows.
        n_clusters: K.
        codes: array or CSR matrix `(n, p)`.
        x: array or CSR matrix `(n, d)` of columns that mean something by themselves, in the units
            that the words are to have; None for images.
        partitions: clusters of the same rows by other trainings or ways, ints `(n,)` from 0 each.

    Returns:
        A list of K.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust import CM
    from tfclust.auto import Yardstick, describe_clusters, reconstruction_errors

    x = load_iris().data
    model = CM(n_clusters=3, alpha=5.0, batch_size=50, seed=0)
    model.pretrain(x)
    memberships, errors = model.predict(x, verbose=0), reconstruction_errors(model, x)
    facts = Yardstick.of(memberships, errors).measure(memberships, errors)
    clusters = describe_clusters(facts, 3, model.embed(x), x)
    clusters[0].rule.words(load_iris().feature_names)
    ```
    """
    members = [np.flatnonzero(facts.cluster == k) for k in range(n_clusters)]
    seen = [_spread(rows, -(-ROWS_SEEN // n_clusters)) for rows in members]
    every = np.sort(np.concatenate(seen))
    stability = _stability(facts.cluster, n_clusters, partitions)
    doubtful = [_doubtful(facts, rows) for rows in members]
    return [
        ClusterFacts(
            size=len(rows),
            share=len(rows) / len(facts),
            confidence=float(facts.confidence[rows].mean()) if len(rows) else None,
            stability=stability[k] if len(rows) else None,
            unlike=int(np.sum(facts.outlier_score[rows] > UNLIKE)),
            typical=_typical(facts, codes, seen[k], doubtful[k]),
            doubtful=doubtful[k],
            rule=None if x is None else find_rule(x, facts.cluster == k, every),
        )
        for k, rows in enumerate(members)
    ]


def _spread(rows, count):
    """At most `count` of the rows, evenly spread."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), count)).astype(int))]


def _typical(facts, codes, rows, doubtful):
    if not len(rows):
        return ()
    codes, confidence = dense(codes[rows]), facts.confidence[rows]
    distances = np.linalg.norm(codes - codes.mean(axis=0), axis=1)
    sure = (confidence >= np.median(confidence)) & ~np.isin(rows, doubtful)
    if sure.any():
        rows, distances = rows[sure], distances[sure]
    return tuple(rows[np.argsort(distances, kind="stable")[:SHOWN]].tolist())


def _doubtful(facts, rows):
    order = np.lexsort((-facts.outlier_score[rows], facts.confidence[rows]))
    return tuple(rows[order[:SHOWN]].tolist())


def _stability(clusters, n_clusters, partitions):
    """Stability of each cluster: see `ClusterFacts`."""
    if not len(partitions):
        return [None] * n_clusters
    found = np.zeros(n_clusters)
    for partition in partitions:
        shared = shared_rows(clusters, partition)
        union = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
        found[: len(shared)] += (shared / np.maximum(union, 1)).max(axis=1)
    return (found / len(partitions)).tolist()
