"""The clusterer that chooses without labels, and what is said of rows and clusters."""

from tfclust.auto.cluster_facts import ClusterFacts, describe_clusters
from tfclust.auto.description import Description, describe
from tfclust.auto.row_facts import RowFacts, Yardstick, reconstruction_errors, row_facts
from tfclust.auto.rules import Condition, Rule, find_rule

__all__ = [
    "ClusterFacts",
    "Condition",
    "Description",
    "RowFacts",
    "Rule",
    "Yardstick",
    "describe",
    "describe_clusters",
    "find_rule",
    "reconstruction_errors",
    "row_facts",
]
