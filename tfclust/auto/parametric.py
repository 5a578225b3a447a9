"""The model that gives a new row its cluster in one forward pass, taught by a partition."""

import keras
import numpy as np

from tfclust.feeding import count_batches
from tfclust.networks import chain
from tfclust.optimizers import build_optimizer
from tfclust.pretraining import cluster_means, squared_error_loss, train_network
from tfclust.pretraining.stages import falling_rate

LEAST_STEPS = 1000
EPOCHS = 5  # where they are more steps than that


def epochs_of_teaching(model, n_rows):
    """Passes over the rows that each of the two trainings of `teach` makes."""
    return max(EPOCHS, -(-LEAST_STEPS // count_batches(n_rows, model.batch_size)))


def teach(model, x, memberships, callbacks=()):
    """Teaches an AE-CM, in place, to give rows their clusters, their codes and themselves again.

    First the encoder with its softmax learns the memberships by cross-entropy, and then the
    decoder to reconstruct the rows from the codes that come of it. In both the rate of learning
    falls to nearly 0, without which the noise of the last steps moves rows to other clusters. The
    centroids are the mean codes of the clusters.

    Args:
        model: `tfclust.AECM` whose encoder and decoder are those of an autoencoder of the rows.
        x: float32 array or CSR matrix `(n, d)`.
        memberships: float32 `(n, K)`, rows sum to 1: shares of the seeds' votes, which leave it
            as unsure of a row as the seeds are.
        callbacks: Keras callbacks of both trainings.

    Returns:
        Share of the rows to which the model gives the cluster of largest membership.
    """
    epochs = epochs_of_teaching(model, x.shape[0])
    options = {
        "epochs": epochs,
        "batch_size": model.batch_size,
        "seed": model.seed,
        "jit_compile": False,  # XLA would compile for each of the two
        "verbose": 0,
        "callbacks": [*callbacks, falling_rate(epochs)],
    }
    shape = model.sample_shape
    classifier = chain(shape, [model.encoder, model.assignment], "classifier", model.dtype)
    train_network(classifier, x, memberships, keras.losses.CategoricalCrossentropy(), **options)
    model.encoder.trainable = False
    try:
        whole = chain(shape, [model.encoder, model.decoder], "autoencoder", model.dtype)
        train_network(whole, x, None, squared_error_loss, **options)
    finally:
        model.encoder.trainable = True
    labels = memberships.argmax(axis=1)
    centroids = cluster_means(model.embed(x), labels, model.n_clusters)
    model.centroid_map.set_weights([centroids, np.zeros(centroids.shape[1])])
    build_optimizer(model)  # a file of it, which has none of its state, would not be read
    return float(np.mean(model.assign(x) == labels))
