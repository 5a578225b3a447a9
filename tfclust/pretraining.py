"""Starts: networks and centroids trained before the joint objective."""

import keras
import tensorflow as tf

from tfclust.callbacks.steps_taken import StepsTaken
from tfclust.callbacks.stop_on_nan import StopOnNaN
from tfclust.callbacks.with_callbacks import with_callbacks
from tfclust.feeding import count_batches, keras_epochs, shuffled_epochs
from tfclust.optimizers import FusedAdam

STEPS_PER_EXECUTION = 20  # steps between two returns to Python, where no one watches a single step


def train_autoencoder(
    encoder,
    decoder,
    x,
    epochs,
    batch_size,
    seed,
    jit_compile="auto",
    verbose="auto",
    callbacks=None,
    initial_epoch=0,
):
    """Trains an encoder and a decoder end to end on the mean squared error, in place.

    No drop-out, no noise (Section 4.2.2 of Boubekki et al., 2021), Adam at rate 1e-3. The error is
    the mean over samples of the sum over features, as in that paper's Eq. 10: with its authors'
    epsilon of 1e-3, a mean over features would slow Adam on wide inputs.

    Args:
        encoder, decoder: built Keras models, `(batch, ...)` -> `(batch, p)` and back.
        x: float32 array `(n, ...)` or CSR matrix `(n, d)`.
        epochs: passes over `x`.
        batch_size: rows of a batch.
        seed: int that fixes the order of the batches.
        jit_compile, verbose, callbacks, initial_epoch: as in Keras.

    Returns:
        `keras.callbacks.History` with the key "loss".

    Raises:
        RuntimeError: the loss is NaN or infinite; names the epoch.
    """
    autoencoder = keras.Sequential([encoder, decoder], name="autoencoder")
    steps = count_batches(x.shape[0], batch_size)
    autoencoder.compile(
        optimizer=FusedAdam(1e-3, epsilon=1e-3),
        loss=_squared_error,
        jit_compile=jit_compile,
        steps_per_execution=min(steps, STEPS_PER_EXECUTION),
    )
    steps_taken = StepsTaken()
    batches = shuffled_epochs(x, None, batch_size, seed, steps_taken)
    batches = batches.map(lambda rows: (rows, rows))
    batches, steps_per_epoch = keras_epochs(batches, steps, autoencoder.steps_per_execution)
    return autoencoder.fit(
        batches,
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        shuffle=False,  # done
        verbose=verbose,
        callbacks=with_callbacks(callbacks, autoencoder, steps_taken, StopOnNaN()),
        initial_epoch=initial_epoch,
    )


def _squared_error(x, reconstruction):
    difference = tf.cast(x, tf.float32) - tf.cast(reconstruction, tf.float32)
    return tf.reduce_sum(tf.square(difference), axis=tf.range(1, tf.rank(difference)))


def kmeans(x, n_clusters, seed, n_init=20, max_iter=300):
    """Centroids `(n_clusters, d)` and labels `(n,)` of the best of `n_init` k-means++ starts.

    Args:
        x: array or CSR matrix `(n, d)`.
        n_clusters: how many.
        seed: int.
        n_init: starts; 20 is what the AE-CM authors' code takes on codes.
        max_iter: iterations of each start; with `n_init=1`, 1 is the k-means++ start of CM in that
            code.
    """
    from sklearn.cluster import KMeans

    fitted = KMeans(n_clusters, n_init=n_init, max_iter=max_iter, random_state=seed).fit(x)
    return fitted.cluster_centers_, fitted.labels_
