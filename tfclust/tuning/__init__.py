"""Settings and numbers of clusters, chosen without labels.

Importing this package imports nothing else: what needs TensorFlow or KerasTuner is loaded at first
use, so that a command line can list models and objectives at once.
"""

import importlib

_HOMES = {
    "ALGORITHMS": "algorithms",
    "Choice": "choice",
    "HyperModel": "hypermodel",
    "LABELLED": "objectives",
    "LABEL_FREE": "objectives",
    "NumberOfClusters": "number_of_clusters",
    "OBJECTIVES": "objectives",
    "Range": "range",
    "SPACES": "spaces",
    "SearchSpace": "search_space",
    "Trial": "trial",
    "Tuning": "tuning",
    "build": "settings_file",
    "choose_n_clusters": "number_of_clusters",
    "read_settings": "settings_file",
    "space_of": "spaces",
    "tune": "search",
    "write_settings": "settings_file",
}

__all__ = list(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'tfclust.tuning' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tfclust.tuning.{_HOMES[name]}"), name)


def __dir__():
    return sorted(__all__)
