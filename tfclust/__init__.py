"""Clustering with autoencoders, faithful to the papers.

Importing this package imports nothing else: submodules and models are loaded at first use, so that
`tfclust.AECM` works and a command line that only prints its help does not wait for TensorFlow.
"""

import importlib

from tfclust.registration import register
from tfclust.startup import check_backend
from tfclust.version import __version__

_MODELS = (
    *("AECM", "CM", "DAMIC", "DCN", "DEC", "DKM", "DLGMM", "IDEC", "ClusterGAN", "GMVAE"),
    *("GumbelSoftmaxVAE", "MIXAE", "VAE", "VIBGMM", "VaDE"),
)
_ESTIMATORS = ("AutoClusterer",)
_MODULES = (
    "augmentation",
    "auto",
    "callbacks",
    "datasets",
    "export",
    "layers",
    "losses",
    "metrics",
    "models",
    "networks",
    "optimizers",
    "plots",
    "recipes",
    "selection",
    "tuning",
)

__all__ = ["__version__", *_ESTIMATORS, *_MODELS, *_MODULES]

register(_MODELS)  # for `keras.models.load_model`


def __getattr__(name):
    if name in __all__:
        check_backend()
    if name in _MODULES:
        return importlib.import_module(f"tfclust.{name}")
    if name in _MODELS:
        return getattr(importlib.import_module("tfclust.models"), name)
    if name in _ESTIMATORS:
        return getattr(importlib.import_module("tfclust.sklearn"), name)
    raise AttributeError(f"module 'tfclust' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
