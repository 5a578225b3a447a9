"""Trainings of networks one by one, which a run that was cut off takes up where it was."""

import json
import os
import time
from pathlib import Path

import keras

from tfclust.callbacks.checkpoint import Checkpoint
from tfclust.callbacks.steps_taken import StepsTaken, with_callbacks
from tfclust.callbacks.stop_on_nan import StopOnNaN
from tfclust.callbacks.stop_on_plateau import StopOnPlateau
from tfclust.checks import check_count, check_integer
from tfclust.feeding import count_batches, keras_epochs, shuffled_epochs
from tfclust.networks import restart_statistics, smallest_batch
from tfclust.optimizers import FusedAdam, FusedSGD, LossScaling, build_optimizer
from tfclust.randomness import step_seed
from tfclust.trainings import Training, trainer

_LEARNING_RATE = 1e-3  # where no optimizer is given
STEPS_PER_EXECUTION = 20  # the most between two returns to Python, where no one watches a step


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
    augment=None,
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
        jit_compile, verbose, callbacks: as in Keras.
        augment: `tfclust.augmentation.Augmentation` of a network that learns its own input, which
            is then given rows changed anew in each step; None changes none. See
            `Augmentation.pair` for what it is to give back.

    Returns:
        `keras.callbacks.History` with the key "loss".

    Raises:
        ValueError: `epochs` or `batch_size` is no integer in its range; `augment` does not fit the
            rows.
        RuntimeError: the loss is NaN or infinite; names the epoch.
    """
    epochs = check_integer("epochs", epochs, 0)
    batch_size = check_integer("batch_size", batch_size, 1)
    if augment is not None:
        augment.check_shape(x.shape[1:])
        network = _Augmented(network, augment, seed)
    restart_statistics(network)
    least = smallest_batch(network)
    steps = count_batches(x.shape[0], batch_size, least)
    optimizer = FusedAdam(_LEARNING_RATE) if optimizer is None else optimizer
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
    )


def falling_rate(epochs, share=1.0):
    """Callback of `train_network` by whose default rate of learning falls to nearly 0.

    Args:
        epochs: float above 0, epochs after which it would be 0; a training may end before.
        share: float above 0 and at most 1, share of them, at their end, over which it falls.
    """
    return keras.callbacks.LearningRateScheduler(
        lambda epoch: _LEARNING_RATE * min(1.0, (1.0 - epoch / epochs) / share)
    )


class _Augmented(keras.Sequential):
    """A network that learns to give back its own input, of which each step draws another form."""

    def __init__(self, network, augment, seed):
        inputs = keras.Input(network.input_shape[1:], dtype=network.inputs[0].dtype)
        super().__init__([inputs, *network.layers], name=network.name)
        self.augment = augment
        self._seed = seed

    def train_step(self, data):
        seed = step_seed(self._seed, self.optimizer.iterations)
        return super().train_step(self.augment.pair(data[0], seed))


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
        optimizer: None, the default, is Adam at rate 1e-3; or one as `keras.optimizers.get` takes
            it, with whose settings every stage begins anew; or a function, such as `stepwise_sgd`,
            that makes one for the network that a stage trains.
        jit_compile, verbose, callbacks: of every stage, as in Keras. The method
            `on_stage_begin(name, epochs)` of a callback, such as `ProgressBar`, is called for each.

    Attributes:
        losses: dict, name of a stage -> its loss after each epoch.
        seed: as given.

    Raises:
        ValueError: `epochs`, `batch_size` or `patience` is below 1; `optimizer` is none; the folder
            holds a stage, finished or not, that was trained in another manner: with other arguments
            than these, another loss or augmentation, a network of another shape, or on another
            number of rows.
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
        optimizer=None,
    ):
        self.losses = {}
        self.seed = seed
        self._patience = check_count("patience", patience)
        self._directory = None if directory is None else Path(directory)
        self._callbacks = list(callbacks or [])
        self._optimizer = optimizer if callable(optimizer) else keras.optimizers.get(optimizer)
        self._manner = {
            "epochs": check_integer("epochs", epochs, 1),
            "batch_size": check_integer("batch_size", batch_size, 1),
            "seed": seed,
        }
        self._fit = {**self._manner, "jit_compile": jit_compile, "verbose": verbose}

    def train(self, name, network, x, y, loss, augment=None):
        """Trains `network` in place, or takes its weights from the folder.

        Args:
            name: of the stage, unique among them.
            network, x, y, loss, augment: see `train_network`.
        """
        for callback in self._callbacks:
            if hasattr(callback, "on_stage_begin"):
                callback.on_stage_begin(name, self._manner["epochs"])
        if self._fit["verbose"]:
            print(f"Stage {name}", flush=True)
        optimizer = _new_optimizer(self._optimizer, network)
        kind = _kind_of(network, x, loss, augment, optimizer)
        manner = {**self._manner, "patience": self._patience, **kind}
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
            augment=augment,
            optimizer=optimizer,
            **self._fit,
        )
        self.losses[name] = record["losses"]
        if self._directory is not None:
            self._keep(name, network, record)

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
        # Older folders tell less, and are of stages without augmentation, by Adam.
        kept = {"augment": None, "optimizer": None, **record.get("manner", manner)}
        asked = {key: manner.get(key) for key in kept}
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


def stepwise_sgd(network):
    """The optimizer by which DEC's authors pretrain an autoencoder, in 50,000 steps and more.

    SGD with a momentum of 0.9, at a rate of 0.1 that falls to a tenth every 20,000 steps. That rate
    is of half the squared error averaged over the d values of a row, as in their code, and so
    `0.05 / d` of the error summed over them, on which the networks here are trained.

    Args:
        network: built Keras model, `(batch, ...)` -> `(batch, d)`.

    Returns:
        `FusedSGD`.

    Example: `DEC(10, kernel_start="small_normal").pretrain(x, 366, 183, optimizer=stepwise_sgd)` is
    the pretraining of the paper on the 70,000 images of MNIST, over an hour on a processor.

    Reference: Xie, Girshick, Farhadi, Unsupervised deep embedding for clustering analysis, 2016,
    Section 4.3. Left out of the code's: biases at twice the rate, and a momentum that grows during
    the first 1000 steps.
    """
    rate = 0.05 / network.output_shape[-1]
    schedule = keras.optimizers.schedules.ExponentialDecay(rate, 20_000, 0.1, staircase=True)
    return FusedSGD(schedule, momentum=0.9)


def _new_optimizer(optimizer, network):
    """One that has taken no steps, with those settings or by that function; None of None."""
    if optimizer is None:
        return None
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        optimizer = optimizer(network)
    return type(optimizer).from_config(optimizer.get_config())


def _kind_of(network, x, loss, augment, optimizer):
    """What else a stage depends on, as plain JSON."""
    return {
        "rows": x.shape[0],
        "loss": loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__),
        "network": [list(weight.shape) for weight in network.weights],
        "dropout": [layer.rate for layer in network.layers if hasattr(layer, "rate")],
        "augment": keras.saving.serialize_keras_object(augment),
        "optimizer": keras.saving.serialize_keras_object(optimizer),
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
