"""The papers' models."""

from tfclust.models.aecm import AECM
from tfclust.models.base import ClusteringModel
from tfclust.models.cm import CM
from tfclust.models.cm_ensemble import CMEnsemble
from tfclust.models.damic import DAMIC
from tfclust.models.mixae import MIXAE

__all__ = ["AECM", "CM", "DAMIC", "MIXAE", "CMEnsemble", "ClusteringModel"]
