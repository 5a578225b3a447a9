"""Scores of a clustering: against labels, from memberships alone, and streaming in Keras."""

from tfclust.startup import check_backend

check_backend()  # before Keras is imported, whose own error says less

from tfclust.metrics.membership_scores import (
    batch_entropy,
    membership_covariance,
    sample_entropy,
    sparsity_criterion,
)
from tfclust.metrics.neighbour_scores import knn_error, neighbour_assortativity
from tfclust.metrics.occupancy import Occupancy
from tfclust.metrics.partition_scores import (
    adjusted_rand,
    cluster_sizes,
    clustering_accuracy,
    evaluate,
    homogeneity,
    match_clusters,
    normalized_mutual_info,
    purity,
)
from tfclust.metrics.streaming_scores import (
    AdjustedRandIndex,
    ClusteringAccuracy,
    ConfusionMetric,
    NormalizedMutualInformation,
    Purity,
)

__all__ = [
    "AdjustedRandIndex",
    "ClusteringAccuracy",
    "ConfusionMetric",
    "NormalizedMutualInformation",
    "Occupancy",
    "Purity",
    "adjusted_rand",
    "batch_entropy",
    "cluster_sizes",
    "clustering_accuracy",
    "evaluate",
    "homogeneity",
    "knn_error",
    "match_clusters",
    "membership_covariance",
    "neighbour_assortativity",
    "normalized_mutual_info",
    "purity",
    "sample_entropy",
    "sparsity_criterion",
]
