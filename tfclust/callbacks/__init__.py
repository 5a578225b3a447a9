"""Callbacks: rules that act between steps and epochs."""

from tfclust.startup import check_backend

check_backend()  # before Keras is imported, whose own error says less

from tfclust.callbacks.annealing import (
    AnnealDivergence,
    AnnealInverseTemperature,
    AnnealTemperature,
)
from tfclust.callbacks.averaging_epoch import AveragingEpoch
from tfclust.callbacks.checkpoint import Checkpoint
from tfclust.callbacks.collapse_watch import CollapseWatch
from tfclust.callbacks.progress_bar import ProgressBar
from tfclust.callbacks.rebalance_entropy_weights import RebalanceEntropyWeights
from tfclust.callbacks.row_updates import UpdateClusters, UpdateTargets
from tfclust.callbacks.stop_on_nan import LossNotFinite, StopOnNaN
from tfclust.callbacks.stop_on_plateau import StopOnPlateau
from tfclust.callbacks.stop_when_stable import StopWhenStable

__all__ = [
    "AnnealDivergence",
    "AnnealInverseTemperature",
    "AnnealTemperature",
    "AveragingEpoch",
    "Checkpoint",
    "CollapseWatch",
    "LossNotFinite",
    "ProgressBar",
    "RebalanceEntropyWeights",
    "StopOnNaN",
    "StopOnPlateau",
    "StopWhenStable",
    "UpdateClusters",
    "UpdateTargets",
]
