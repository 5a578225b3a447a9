"""The papers' models."""

from tfclust.models.aecm import AECM
from tfclust.models.base import ClusteringModel
from tfclust.models.cm import CM
from tfclust.models.cm_ensemble import CMEnsemble

__all__ = ["AECM", "CM", "CMEnsemble", "ClusteringModel"]
