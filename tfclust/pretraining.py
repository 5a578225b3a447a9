"""Starts: networks and centroids trained before the joint objective."""

import json
import os
import time
import warnings
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfclust.callbacks.checkpoint import Checkpoint
from tfclust.callbacks.steps_taken import StepsTaken, with_callbacks
from tfclust.callbacks.stop_on_nan import StopOnNaN
from tfclust.callbacks.stop_on_plateau import StopOnPlateau
from tfclust.checks import check_count, check_integer, check_share, value_range
from tfclust.feeding import count_batches, keras_epochs, ordered_batches, shuffled_epochs
from tfclust.losses import binary_cross_entropies, squared_errors
from tfclust.networks import chain, restart_statistics, smallest_batch
from tfclust.optimizers import FusedAdam, LossScaling, build_optimizer
from tfclust.randomness import check_seed, dropout_sample, layer_seeds, step_seed
from tfclust.trainings import Training, trainer

STEPS_PER_EXECUTION = 20  # the most between two returns to Python, where no one watches a step
SMALLEST_VARIANCE = 1e-7  # of data up to 1: rows on their centroids have rounding errors too
SMALLEST_SHARE = 0.1  # of an even one: a component of less is none of a start


def train_network(
    network,
    x,
    y,
    loss,
    epochs,
    batch_size,
    seed,
    optimizer=None,
    jit_compile="auto",
    verbose="auto",
    callbacks=None,
    initial_epoch=0,
):
    """Trains a network in place on targets, or on its own input.

    Its batch normalizations forget the statistics of the batches before.

    Args:
        network: Keras model, `(batch, ...)` -> outputs.
        x: float32 array `(n, ...)` or CSR matrix `(n, d)`.
        y: targets `(n,)`, or None for `x` itself.
        loss: as `keras.Model.compile` takes it.
        epochs: passes over `x`.
        batch_size: rows of a batch.
        seed: int that fixes the order of the batches.
        optimizer: None is Adam at rate 1e-3.
        jit_compile, verbose, callbacks, initial_epoch: as in Keras.

    Returns:
        `keras.callbacks.History` with the key "loss".

    Raises:
        ValueError: `epochs`, `batch_size` or `initial_epoch` is no integer in its range.
        RuntimeError: the loss is NaN or infinite; names the epoch.
    """
    epochs = check_integer("epochs", epochs, 0)
    initial_epoch = check_integer("initial_epoch", initial_epoch, 0)
    batch_size = check_integer("batch_size", batch_size, 1)
    restart_statistics(network)
    least = smallest_batch(network)
    steps = count_batches(x.shape[0], batch_size, least)
    optimizer = FusedAdam(1e-3) if optimizer is None else optimizer
    if any(layer.compute_dtype == "float16" for layer in _layers(network)):
        optimizer = LossScaling(optimizer, float(batch_size))  # the loss is a mean over it
    network.compile(
        optimizer=optimizer,
        loss=loss,
        jit_compile=jit_compile,
        steps_per_execution=steps_of_an_execution(steps),
    )
    build_optimizer(network)
    if trainer() is not None:
        return trainer()(
            Training(
                network,
                x,
                x if y is None else y,
                batch_size,
                least,
                seed,
                epochs,
                initial_epoch,
                callbacks=with_callbacks(callbacks, StopOnNaN()),
                verbose=verbose,
            )
        )
    steps_taken = StepsTaken()
    batches = shuffled_epochs(x, y, batch_size, seed, steps_taken.read, least=least)
    if y is None:
        batches = batches.map(lambda rows: (rows, rows))
    batches, steps_per_epoch = keras_epochs(batches, steps, network.steps_per_execution)
    return network.fit(
        batches,
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        shuffle=False,  # done
        verbose=verbose,
        callbacks=with_callbacks(callbacks, steps_taken, StopOnNaN()),
        initial_epoch=initial_epoch,
    )


def steps_of_an_execution(steps):
    """The most steps of an execution, up to `STEPS_PER_EXECUTION`, that divide an epoch of `steps`.

    An epoch that they do not divide is an iteration of its own, and beginning one takes the time of
    a hundred small steps.
    """
    return max(n for n in range(1, STEPS_PER_EXECUTION + 1) if steps % n == 0)


def _layers(network):
    """The layers of a network, those of the networks within it among them."""
    for layer in network.layers:
        yield from _layers(layer) if isinstance(layer, keras.Model) else [layer]


class Stages:
    """Trains network after network in one manner; taken up after a kill, repeats none.

    With a `directory`, the weights of every network that is trained are kept there, and while it is
    trained, its checkpoints. The same stages, run again, take what is finished from there and go on
    in the middle of what is not, to the very weights of a run that was not cut off.

    Args:
        epochs: passes of every stage over its data.
        batch_size: rows of a batch.
        seed: int that fixes the order of the batches.
        patience: epochs without a new minimum of the loss after which a stage ends early; None for
            never.
        directory: folder of this run's stages, made when needed and left to the caller to remove;
            None keeps nothing.
        jit_compile, verbose, callbacks: of every stage, as in Keras. The method
            `on_stage_begin(name, epochs)` of a callback, such as `ProgressBar`, is called for each.

    Attributes:
        losses: dict, name of a stage -> its loss after each epoch.
        seed: as given.

    Raises:
        ValueError: `epochs`, `batch_size` or `patience` is below 1; the folder holds a stage,
            finished or not, that was trained in another manner: with other arguments than these,
            another loss, a network of another shape, or on another number of rows.
        OSError: the folder cannot be written.

    Example:

    ```python
    import keras
    import numpy as np
    from tfclust.pretraining import Stages

    x = np.random.default_rng(0).random((100, 4), dtype="float32")
    autoencoder = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(2), keras.layers.Dense(4)]
    )
    stages = Stages(epochs=5, batch_size=25, seed=0, directory="pretraining-0")
    stages.train("autoencoder", autoencoder, x, None, "mean_squared_error")
    ```
    """

    def __init__(
        self,
        epochs,
        batch_size,
        seed,
        patience=None,
        directory=None,
        jit_compile="auto",
        verbose="auto",
        callbacks=None,
    ):
        self.losses = {}
        self.seed = seed
        self._patience = check_count("patience", patience)
        self._directory = None if directory is None else Path(directory)
        self._callbacks = list(callbacks or [])
        self._manner = {
            "epochs": check_integer("epochs", epochs, 1),
            "batch_size": check_integer("batch_size", batch_size, 1),
            "seed": seed,
        }
        self._fit = {**self._manner, "jit_compile": jit_compile, "verbose": verbose}

    def train(self, name, network, x, y, loss):
        """Trains `network` in place, or takes its weights from the folder.

        Args:
            name: of the stage, unique among them.
            network, x, y, loss: see `train_network`.
        """
        for callback in self._callbacks:
            if hasattr(callback, "on_stage_begin"):
                callback.on_stage_begin(name, self._manner["epochs"])
        if self._fit["verbose"]:
            print(f"Stage {name}", flush=True)
        manner = {**self._manner, "patience": self._patience, **_kind_of(network, x, loss)}
        if self._directory is not None and self._weights(name).exists():
            record = json.loads(self._record(name).read_text())
            self._check_manner(name, record, manner)
            network.load_weights(self._weights(name))
            self.losses[name] = record["losses"]
            return
        record = {"losses": [], "seconds": 0.0, "manner": manner}
        guards = self._guards(name, record)
        train_network(
            network,
            x,
            y,
            loss,
            callbacks=[*self._callbacks, _Recorder(record), *guards],
            **self._fit,
        )
        self.losses[name] = record["losses"]
        if self._directory is not None:
            self._keep(name, network, record)

    def history(self):
        """`keras.callbacks.History` with the losses of every stage by its name."""
        history = keras.callbacks.History()
        history.history = dict(self.losses)
        return history

    def _guards(self, name, record):
        stop = [] if self._patience is None else [StopOnPlateau(self._patience, record)]
        if self._directory is None:
            return stop
        checkpoint = Checkpoint(self._directory / name, state=record)
        unfinished = checkpoint.saved_state()
        if unfinished is not None:
            self._check_manner(name, unfinished, record["manner"])
        return [*stop, checkpoint]

    def _check_manner(self, name, record, manner):
        kept = record.get("manner", manner)
        asked = {key: manner.get(key) for key in kept}  # older folders tell less
        if kept != asked:
            raise ValueError(
                f"`directory` must be a folder of stages like these: take another, or remove it. "
                f"Received: directory={str(self._directory)!r}, whose stage {name!r} was trained "
                f"with {kept}, where {asked} is asked for"
            )

    def _weights(self, name):
        return self._directory / f"{name}.weights.h5"

    def _record(self, name):
        return self._directory / f"{name}.json"

    def _keep(self, name, network, record):
        self._directory.mkdir(parents=True, exist_ok=True)
        self._record(name).write_text(json.dumps(record))
        part = self._directory / f"{name}.part.weights.h5"
        network.save_weights(part)
        os.replace(part, self._weights(name))  # the weights last: they say that it is finished


def _kind_of(network, x, loss):
    """What else a stage depends on, as plain JSON."""
    return {
        "rows": x.shape[0],
        "loss": loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__),
        "network": [list(weight.shape) for weight in network.weights],
        "dropout": [layer.rate for layer in network.layers if isinstance(layer, _Dropout)],
    }


def seconds_of_stages(directory):
    """Seconds that the finished stages in `directory` took, in all processes that took part."""
    records = [json.loads(path.read_text()) for path in Path(directory).glob("*.json")]
    return sum(record["seconds"] for record in records)


class _Recorder(keras.callbacks.Callback):
    """Adds the loss of every epoch and the time that it took to a record."""

    reads_logs_alone = True

    def __init__(self, record):
        super().__init__()
        self._record = record

    def on_train_begin(self, logs=None):
        self._last = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        now = time.monotonic()
        self._record["losses"].append(float(logs["loss"]))
        self._record["seconds"] += now - self._last
        self._last = now


def squared_error_loss(x, reconstructions):
    """Squared error of every sample of a batch, `(batch,)`, summed over its values."""
    return squared_errors(_flat(x), _flat(reconstructions))


def cross_entropy_loss(x, logits):
    """Binary cross-entropy of every sample of a batch, `(batch,)`, summed over its values."""
    return binary_cross_entropies(_flat(x), _flat(logits))


def pretrain_autoencoder(encoder, decoder, x, loss, stages, layer_stages=None, dropout=0.0):
    """Trains an autoencoder in place: layer by layer where asked, and then as a whole.

    Resumable as its `Stages` are.

    Args:
        encoder, decoder: built `keras.Sequential`; of dense layers that mirror each other where
            there are `layer_stages`.
        x: float32 array `(n, ...)` or CSR matrix `(n, d)`.
        loss: of the reconstruction of `x`, as Keras takes it.
        stages: `Stages` of the whole, the stage `autoencoder`.
        layer_stages: `Stages` of the layers, see `pretrain_layers`; None for none.
        dropout: float of at least 0 and below 1, of the layers alone, see `pretrain_layers`.

    Returns:
        `keras.callbacks.History` with the losses of every stage by its name.

    Raises:
        ValueError: `dropout` is out of its range, or see `Stages`.

    Example:

    ```python
    import numpy as np
    from tfclust.networks import dense_network
    from tfclust.pretraining import Stages, pretrain_autoencoder, squared_error_loss

    x = np.random.default_rng(0).random((100, 6), dtype="float32")
    encoder, decoder = dense_network(6, (5, 2), seed=0), dense_network(2, (5, 6), seed=1)
    whole, layers = (Stages(epochs, batch_size=25, seed=0, verbose=0) for epochs in (5, 2))
    pretrain_autoencoder(encoder, decoder, x, squared_error_loss, whole, layers, dropout=0.2)
    ```

    Reference: Xie, Girshick, Farhadi, Unsupervised deep embedding for clustering analysis, 2016,
    Section 3.2.
    """
    losses = {}
    if layer_stages is not None:
        pretrain_layers(encoder, decoder, x, layer_stages, loss, dropout=dropout)
        losses.update(layer_stages.losses)
    parts = [encoder, decoder]
    whole = chain(encoder.input_shape[1:], parts, "autoencoder", encoder.input_dtype)
    stages.train("autoencoder", whole, x, None, loss)
    history = keras.callbacks.History()
    history.history = {**losses, **stages.losses}
    return history


def autoencoder_stages(n_layers, epochs, layer_epochs):
    """The stages of `pretrain_autoencoder` in their order: dict, name -> epochs.

    Args:
        n_layers: int of at least 1, layers of the encoder.
        epochs: int of at least 1, of the whole.
        layer_epochs: int of at least 0, of each layer; 0 for no such stages.

    Raises:
        ValueError: a length out of its range.

    Example: `autoencoder_stages(2, 9, 5)` is `{"layer_1": 5, "layer_2": 5, "autoencoder": 9}`.
    """
    layers = n_layers if check_integer("layer_epochs", layer_epochs, 0) else 0
    lengths = {f"layer_{i + 1}": layer_epochs for i in range(layers)}
    return {**lengths, "autoencoder": check_integer("epochs", epochs, 1)}


def pretrain_layers(encoder, decoder, x, stages, loss, batch_size=2000, dropout=0.0):
    """Greedy layer-wise pretraining of an autoencoder, in place.

    Layer after layer of the encoder is trained, with the layer of the decoder that mirrors it, to
    reconstruct the output of the layers below, which stay as they are: three stages, `layer_1` to
    `layer_3`, for a code above two hidden layers. What belongs to a layer (its normalization and
    its activation) goes with it. Fine-tuning the whole is the caller's.

    The data is reconstructed under `loss`; hidden outputs, which a cross-entropy of values in
    [0, 1] does not fit, under the squared error.

    Args:
        encoder, decoder: built `keras.Sequential` of dense layers that mirror each other, each
            followed by what belongs to it.
        x: float32 array or CSR matrix `(n, d)`.
        stages: `Stages`, which trains.
        loss: of the reconstruction of `x`, as Keras takes it.
        batch_size: rows that are passed to the next layer at a time.
        dropout: float of at least 0 and below 1, share of what each of the two layers is given that
            is set to 0, drawn anew in each step: denoising autoencoders, as DEC's.

    Raises:
        ValueError: `dropout` is out of its range.

    Reference: Bengio, Lamblin, Popovici, Larochelle, Greedy layer-wise training of deep networks,
    2007; with dropout, Xie, Girshick, Farhadi, Unsupervised deep embedding for clustering analysis,
    2016, Eqs. 6 to 9.
    """
    if check_share("dropout", dropout) == 1.0:
        raise ValueError(f"`dropout` must be below 1. Received: dropout={dropout!r}")
    seeds = iter(layer_seeds(stages.seed, 2 * len(encoder.layers)))
    pairs = zip(_by_layer(encoder), reversed(_by_layer(decoder)), strict=True)
    for i, (up, down) in enumerate(pairs, start=1):
        parts = [up, down]
        if dropout:
            drops = (_Dropout(dropout, next(seeds), dtype=up.input_dtype) for _ in parts)
            parts = [layer for pair in zip(drops, parts, strict=True) for layer in pair]
        network = chain(_sample_shape(up.layers[0]), parts, dtype=up.input_dtype)
        stages.train(f"layer_{i}", network, x, None, loss)
        x = up.predict(ordered_batches(x, batch_size=batch_size), verbose=0)
        loss = squared_error_loss


class _Dropout(keras.layers.Layer):
    """Dropout that counts its steps: a training that was cut off goes on with the same draws."""

    def __init__(self, rate, seed, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate
        self._seed = seed

    def build(self, input_shape):
        self._steps = self.add_weight((), "zeros", "int64", trainable=False, name="steps")

    def call(self, x, training=False):
        if not training:
            return x
        draw = dropout_sample(x, self.rate, step_seed(self._seed, self._steps.value))
        self._steps.assign_add(1)
        return draw


def _by_layer(network):
    """A sequence cut before each of its kernels, as sequences that share its layers."""
    groups = []
    for layer in network.layers:
        if hasattr(layer, "kernel"):
            groups.append([])
        groups[-1].append(layer)
    return [chain(_sample_shape(group[0]), group, dtype=group[0].dtype) for group in groups]


def _sample_shape(layer):
    return layer.input.shape[1:]


def kmeans(x, n_clusters, seed, n_init=20, max_iter=300):
    """Centroids `(n_clusters, d)` and labels `(n,)` of the best of `n_init` k-means++ starts.

    Args:
        x: array or CSR matrix `(n, d)`.
        n_clusters: how many.
        seed: int from 0 to 2**32 - 1.
        n_init: starts; 20 is what the AE-CM authors' code takes on codes.
        max_iter: iterations of each start; with `n_init=1`, 1 is the k-means++ start of CM in that
            code.
    """
    from sklearn.cluster import KMeans

    check_seed(seed)
    check_integer("n_init", n_init, 1)
    check_integer("max_iter", max_iter, 1)
    fitted = KMeans(n_clusters, n_init=n_init, max_iter=max_iter, random_state=seed).fit(x)
    return fitted.cluster_centers_, fitted.labels_


def isotropic_mixture(x, n_clusters, seed, n_init=20):
    """The mixture of Gaussians of one variance that k-means finds, the likeliest of `n_init`.

    K-means itself prefers clusters of one size: of its local optima, the one of least inertia may
    cut a large cluster in two and leave a small, distant one without a centroid. Here the starts
    are compared by how likely the rows are in their clusters, which have a share pi_k each and a
    variance v in common: by the least of `d / 2 log v - sum_k pi_k log pi_k`. Where fewer rows than
    clusters are distinct, centroids coincide.

    Args:
        x: array or CSR matrix `(n, d)`.
        n_clusters: K.
        seed: int from 0 to 2**32 - 1.
        n_init: starts, by k-means++, at least 1.

    Returns:
        Centroids `(K, d)`; the variance v of a feature within a cluster, above 0; and the shares
        `(K,)`, none of which is 0.

    Raises:
        ValueError: `n_init` is below 1, or `seed` is no seed.

    Example:

    >>> from tfclust.pretraining import isotropic_mixture
    >>> centroids, variance, shares = isotropic_mixture([[0.0], [0.1], [9.0]], 2, seed=0)
    >>> sorted(shares.round(1).tolist())
    [0.4, 0.6]

    Reference: Celeux, Govaert, Gaussian parsimonious clustering models, 1995, model [lambda I].
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    check_seed(seed)
    check_integer("n_init", n_init, 1)
    x = x if hasattr(x, "tocsr") else np.asarray(x)
    scale = max(map(abs, value_range(x))) or 1.0
    x = x / scale  # squares of what is very large have no place in float32
    best = None
    for start in np.random.RandomState(seed).randint(np.iinfo("int32").max, size=n_init):
        with warnings.catch_warnings():  # of rows that coincide: their clusters may, too
            warnings.simplefilter("ignore", ConvergenceWarning)
            found = KMeans(n_clusters, n_init=1, random_state=start).fit(x)
        sizes = np.bincount(found.labels_, minlength=n_clusters)
        shares = (sizes + 1) / (len(found.labels_) + n_clusters)
        variance = max(found.inertia_ / (x.shape[0] * x.shape[1]), SMALLEST_VARIANCE)
        badness = x.shape[1] / 2 * np.log(variance) - np.sum(shares * np.log(shares))
        if best is None or badness < best[0]:
            best = badness, found.cluster_centers_, variance, shares
    _, centroids, variance, shares = best
    return centroids.astype("float64") * scale, variance * scale**2, shares


def diagonal_mixture(x, n_clusters, seed, n_init=10):
    """The mixture of diagonal Gaussians that is the likeliest of `n_init` starts of EM.

    Each start is k-means with one k-means++ seeding. A start with a component of less than a tenth
    of a cluster's even share, `0.1 / n_clusters`, is refused: such a component stands on a few rows
    that lie together, and what is trained from there leaves it empty. Where all are refused, the
    one whose smallest component is largest is taken, with a warning.

    Args:
        x: array `(n, d)`.
        n_clusters: int, K.
        seed: int from 0 to 2**32 - 1.
        n_init: int of at least 1, starts; 10 by default.

    Returns:
        Means `(K, d)`; variances `(K, d)`, above 0; shares `(K,)`, above 0.

    Raises:
        ValueError: `n_init` is below 1, or `seed` is no seed.

    Example:

    >>> from tfclust.pretraining import diagonal_mixture
    >>> means, variances, shares = diagonal_mixture([[0.0], [0.2], [9.0], [9.2]], 2, seed=0)
    >>> sorted(means[:, 0].round(1).tolist())
    [0.1, 9.1]
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    check_seed(seed)
    check_integer("n_init", n_init, 1)
    x = np.asarray(x, dtype="float64")
    scale = max(map(abs, value_range(x))) or 1.0  # so that the least variance fits any data
    fitted = []
    for start in np.random.RandomState(seed).randint(np.iinfo("int32").max, size=n_init):
        with warnings.catch_warnings():  # of rows that coincide: their components may, too
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture = GaussianMixture(n_clusters, covariance_type="diag", random_state=start)
            fitted.append(mixture.fit(x / scale))
    least = SMALLEST_SHARE / n_clusters
    sound = [mixture for mixture in fitted if mixture.weights_.min() >= least]
    if sound:
        best = max(sound, key=lambda mixture: mixture.lower_bound_)
    else:
        best = max(fitted, key=lambda mixture: mixture.weights_.min())
        tiny = np.flatnonzero(best.weights_ < least)
        warnings.warn(
            f"Each of {n_init} mixtures has a component of less than {least:.2%} of the rows; "
            "training may leave it empty. That of the largest such is taken, where it is "
            f"{', '.join(map(str, tiny))} of {n_clusters}",
            stacklevel=2,
        )
    shares = np.maximum(best.weights_, SMALLEST_VARIANCE)
    return best.means_ * scale, best.covariances_ * scale**2, shares / shares.sum()


def _flat(x):
    return tf.reshape(x, (tf.shape(x)[0], -1))
