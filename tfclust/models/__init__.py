"""The papers' models."""

from tfclust.startup import check_backend

check_backend()  # before Keras is imported, whose own error says less

from tfclust.models.aecm import AECM
from tfclust.models.aecm_ensemble import AECMEnsemble
from tfclust.models.base import ClusteringModel
from tfclust.models.clustergan import ClusterGAN
from tfclust.models.cm import CM
from tfclust.models.cm_ensemble import CMEnsemble
from tfclust.models.damic import DAMIC
from tfclust.models.dcn import DCN
from tfclust.models.dec import DEC, IDEC
from tfclust.models.dkm import DKM
from tfclust.models.dlgmm import DLGMM
from tfclust.models.gmvae import GMVAE
from tfclust.models.gumbel import GumbelSoftmaxVAE
from tfclust.models.mixae import MIXAE
from tfclust.models.objective_model import ObjectiveModel
from tfclust.models.vade import VIBGMM, VaDE
from tfclust.models.vae import VAE

__all__ = [
    "AECM",
    "CM",
    "DAMIC",
    "DCN",
    "DEC",
    "DKM",
    "DLGMM",
    "GMVAE",
    "IDEC",
    "MIXAE",
    "VAE",
    "VIBGMM",
    "AECMEnsemble",
    "CMEnsemble",
    "ClusterGAN",
    "ClusteringModel",
    "GumbelSoftmaxVAE",
    "ObjectiveModel",
    "VaDE",
]
