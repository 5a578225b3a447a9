"""One training of the demo."""

from dataclasses import dataclass

import numpy as np

from tfclust.models import ClusteringModel


@dataclass(frozen=True, eq=False)
class Run:
    """A trained model and what it found.

    Args:
        seed: Of the initial weights and of the order of the batches.
        model: The trained model.
        history: Name of a term -> its value after each epoch.
        labels: Cluster of each point, `(n,)`.
        sizes: Points in each cluster, `(K,)`.
        criterion: Value of what picks among the runs without labels; lower is better.
        scores: Scores against the classes.
    """

    seed: int
    model: ClusteringModel
    history: dict[str, list[float]]
    labels: np.ndarray
    sizes: np.ndarray
    criterion: float
    scores: dict[str, float]
