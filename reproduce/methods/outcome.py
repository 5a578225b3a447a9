"""What a finished run leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Outcome:
    """Result of one seed.

    Args:
        seed: The seed.
        labels: Cluster ids, `(n,)`.
        seconds: Time spent, summed over the processes that took part.
        loss_terms: The final terms of the objective per sample, by name.
        l_sp: The criterion of Sect. 5.2.4 per sample, or None where the method has none.
        extra_metrics: Scores beyond those of the labels.
        scored: Indices of the rows that the scores are taken on, or None for all.
        curve: Scores while training, one dict an evaluation.
    """

    seed: int
    labels: np.ndarray
    seconds: float
    loss_terms: dict[str, float] = field(default_factory=dict)
    l_sp: float | None = None
    extra_metrics: dict[str, float] = field(default_factory=dict)
    scored: np.ndarray | None = None
    curve: list[dict] = field(default_factory=list)
