"""Settings and numbers of clusters, chosen without labels.

Importing this package imports nothing else: what needs TensorFlow or KerasTuner is loaded at first
use, so that a command line can list models and objectives at once.
"""

import importlib

ALGORITHMS = {
    "bayesian": "a Gaussian process proposes what it expects most of",
    "hyperband": "many short trials, then longer ones of the settings that did best",
    "random": "every setting is drawn",
}
_HOMES = {
    "Choice": "parameters",
    "HyperModel": "tuning.hypermodel",
    "LABELLED": "tuning.objectives",
    "LABEL_FREE": "tuning.objectives",
    "NumberOfClusters": "tuning.number_of_clusters",
    "OBJECTIVES": "tuning.objectives",
    "Range": "parameters",
    "Trial": "tuning.trial",
    "Tuning": "tuning.tuning",
    "choose_n_clusters": "tuning.number_of_clusters",
    "count_clusters": "tuning.number_of_clusters",
    "train": "tuning.training",
    "tune": "tuning.search",
}

__all__ = ["ALGORITHMS", *_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'tfclust.tuning' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tfclust.{_HOMES[name]}"), name)


def __dir__():
    return sorted(__all__)
