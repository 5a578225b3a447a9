"""The papers' models."""

from tfclust.models.aecm import AECM
from tfclust.models.base import ClusteringModel
from tfclust.models.cm import CM
from tfclust.models.cm_ensemble import CMEnsemble
from tfclust.models.gumbel import GumbelSoftmaxVAE
from tfclust.models.mixae import MIXAE

__all__ = ["AECM", "CM", "MIXAE", "CMEnsemble", "ClusteringModel", "GumbelSoftmaxVAE"]
