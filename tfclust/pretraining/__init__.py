"""Starts: networks and centroids trained before the joint objective."""

from tfclust.pretraining.autoencoder import (
    autoencoder_stages,
    cross_entropy_loss,
    pretrain_autoencoder,
    pretrain_layers,
    squared_error_loss,
)
from tfclust.pretraining.stages import (
    Stages,
    seconds_of_stages,
    steps_of_an_execution,
    stepwise_sgd,
    train_network,
)
from tfclust.pretraining.starts import (
    STARTS,
    check_start,
    cluster_means,
    diagonal_mixture,
    find_start,
    gaussian_mixture,
    isotropic_mixture,
    kmeans,
    labelled_mixture,
    manifold,
    manifold_start,
    mixture_start,
)

__all__ = [
    "STARTS",
    "Stages",
    "autoencoder_stages",
    "check_start",
    "cluster_means",
    "cross_entropy_loss",
    "diagonal_mixture",
    "find_start",
    "gaussian_mixture",
    "isotropic_mixture",
    "kmeans",
    "labelled_mixture",
    "manifold",
    "manifold_start",
    "mixture_start",
    "pretrain_autoencoder",
    "pretrain_layers",
    "seconds_of_stages",
    "squared_error_loss",
    "steps_of_an_execution",
    "stepwise_sgd",
    "train_network",
]
