"""The clusterer that chooses without labels, and what is said of rows and clusters.

Importing this package imports nothing else: what needs TensorFlow is loaded at first use, so that a
command answers mistakes at once.
"""

import importlib

_HOMES = {
    "ClusterFacts": "cluster_facts",
    "Condition": "rules",
    "Description": "description",
    "Preparation": "preparation",
    "RowFacts": "row_facts",
    "Rule": "rules",
    "Yardstick": "row_facts",
    "cluster_rows": "clustering",
    "describe": "description",
    "describe_clusters": "cluster_facts",
    "evened_sizes": "evenness",
    "find_rule": "rules",
    "reconstruction_errors": "row_facts",
    "measure_rows": "row_facts",
    "summary": "record",
}

__all__ = [*_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'tfclust.auto' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tfclust.auto.{_HOMES[name]}"), name)


def __dir__():
    return sorted(__all__)
