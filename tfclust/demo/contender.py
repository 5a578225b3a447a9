"""What the demo is told of a model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Contender:
    """A model and how to train it.

    Args:
        name: Of its row in the table.
        model: Name of the class in `tfclust`.
        idea: One sentence on what it does.
        settings: Arguments of the constructor.
        epochs: Of `fit`, without the averaging epoch.
        pretraining: Arguments of `pretrain`; empty for a random start.
        averages: Whether an averaging epoch follows.
        callbacks: Makes what changes the training from epoch to epoch.
        criterion: What picks among the runs without labels, lower is better: "L_sp", or one of the
            terms of the loss, per sample.
    """

    name: str
    model: str
    idea: str
    settings: Mapping[str, Any]
    epochs: int
    pretraining: Mapping[str, Any] = field(default_factory=dict)
    averages: bool = True
    callbacks: Callable[[], Sequence[Any]] = tuple
    criterion: str = "L_sp"
