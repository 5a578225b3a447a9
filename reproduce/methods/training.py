"""What the trained methods share: optimizers, progress, clocks, curves."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np

from reproduce.methods.task import Outcome, Task
from tfclust.callbacks import Checkpoint
from tfclust.feeding import count_batches
from tfclust.metrics import evaluate
from tfclust.optimizers import FusedAdam, FusedSGD
from tfclust.pretraining import kmeans
from tfclust.trainings import trained_by

EMBEDDING_KMEANS_STARTS = 10  # of k-means on trained codes (Table 8 of AE-CM's paper)


def make_optimizer(settings: dict) -> keras.optimizers.Optimizer:
    """The optimizer that an experiment's settings name."""
    rate = float(settings["learning_rate"])
    if settings["optimizer"] == "sgd":
        momentum, nesterov = settings.get("momentum", 0.0), settings.get("nesterov", False)
        return FusedSGD(rate, momentum, nesterov=nesterov)
    if settings["optimizer"] == "adam":
        decays = {name: settings[name] for name in ("beta_1", "beta_2") if name in settings}
        return FusedAdam(rate, epsilon=settings["epsilon"], **decays)
    raise ValueError(
        f"`optimizer` must be adam or sgd. Received: optimizer={settings['optimizer']!r}"
    )


def compile_for_epochs(
    model: keras.Model, settings: dict, n_rows: int, xla: bool = False, interval: int = 0
) -> None:
    """Compile a model for epochs of `n_rows` rows, each one execution: no one looks at a step.

    With `xla`, a model in float32 is compiled by XLA however short its training is. With an
    `interval`, what is done every so many steps is done at the end of an execution.
    """
    model.compile(
        make_optimizer(settings),
        steps_per_execution=math.gcd(count_batches(n_rows, model.batch_size), interval),
        jit_compile=settings["precision"] == "float32" if xla else "auto",
    )


def rate_schedule(settings: dict) -> keras.callbacks.LearningRateScheduler:
    """The learning rate that falls by a factor every so many epochs, no lower than `least_rate`."""
    start, decay = settings["learning_rate"], settings["rate_decay"]
    every, least = settings["rate_decay_every"], settings.get("least_rate", 0.0)
    return keras.callbacks.LearningRateScheduler(
        lambda epoch: max(start * decay ** (epoch // every), least)
    )


def pretrain_once(model: keras.Model, directory: Path, pretrain: Callable[[], None]) -> None:
    """Call `pretrain`, which pretrains the model, unless its weights are in the folder already."""
    weights = directory / "pretrained.weights.h5"
    if not weights.exists():
        pretrain()
        part = weights.with_name("part.weights.h5")
        model.save_weights(part)
        part.replace(weights)
    model.load_weights(weights)


def shared_folder(task: Task, name: str, seed: int, settings: dict) -> Path:
    """The folder of a training that all runs of a seed and of these settings begin with."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
    return task.directory.parent / f"{name}-{digest}-{seed}"


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Waits until no other process is in a folder; one that is killed has left it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "in_use").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def train(
    task: Task, model: keras.Model, x, epochs: int, state: dict, before=0, callbacks=()
) -> None:
    """Train the compiled model of a task, or go on where its process was cut off.

    One that keeps values for its rows is trained here, wherever the rest of its run is.

    Args:
        task: The `Task`.
        model: Its model.
        x: The rows that it is trained on.
        epochs: With the averaging epoch, where there is one.
        state: Dict that the checkpoints save; `state["seconds"]` is the time of the training.
        before: Epochs of the trainings of the same run that come before this one.
        callbacks: What its method needs besides, called before the epoch is reported.
    """
    with trained_by(None) if model.NUMBERS_ROWS else contextlib.nullcontext():
        model.fit(
            x,
            epochs=epochs,
            verbose=0,
            callbacks=[
                *callbacks,
                Progress(task.progress, before, before + epochs),
                Clock(state),
                Checkpoint(task.directory / "checkpoints", state=state),
            ],
        )


def finished(
    task: Task, model: keras.Model, x, state: dict, labels, seconds_before=0.0, **more
) -> Outcome:
    """Keep the model of a training that is over, and say what its run leaves.

    Args:
        task: The `Task`.
        model: Its trained model.
        x: The rows that its terms are those of.
        state: What `train` has kept.
        labels: Cluster ids, `(n,)`.
        seconds_before: Time of the trainings before.
        **more: Other fields of the `Outcome`.
    """
    model.save(task.directory / "model.keras")
    terms = model.evaluate(x, verbose=0, return_dict=True)
    return Outcome(
        seed=model.seed,
        labels=labels,
        seconds=state["seconds"] + seconds_before,
        loss_terms={name: terms[name] for name in model.term_names()},
        curve=state.get("curve", []),
        **more,
    )


def kmeans_of_codes(model: keras.Model, x) -> np.ndarray:
    """Clusters of k-means on the codes of a trained model, `(n,)`, as in Table 8 of AE-CM's."""
    return kmeans(model.embed(x), model.n_clusters, model.seed, EMBEDDING_KMEANS_STARTS)[1]


def occupied(labels) -> int:
    """How many clusters have rows."""
    return len(np.unique(labels))


def prefixed(prefix: str, scores: dict[str, float]) -> dict[str, float]:
    """Scores with a prefix before their names."""
    return {f"{prefix}_{name}": value for name, value in scores.items()}


def score_curve(task, x, y, every: int, state: dict, logs=("loss",)) -> list[ScoreCurve]:
    """The `ScoreCurve` of a task, or none where another process trains."""
    return [ScoreCurve(x, y, every, state, logs)] if task.trains_here else []


class Progress(keras.callbacks.Callback):
    """Reports epochs to a function of (done, total).

    Args:
        report: The function.
        before: Epochs of the trainings of the same run that come before this one.
        total: Epochs of all of them; those of this training if None.
        stages: Epochs of the stages of this training by their names, in their order, where it has
            any; one that ends early counts as done when the next begins.
    """

    reads_logs_alone = True  # so a training on another device calls it, too

    def __init__(self, report, before=0, total=None, stages=None):
        super().__init__()
        self.report = report
        self.before = before
        self.total = total
        self.stages = dict(stages or {})

    def on_stage_begin(self, name, epochs):
        """Goes on to a stage."""
        names = list(self.stages)
        self.before = sum(self.stages[earlier] for earlier in names[: names.index(name)])

    def on_epoch_end(self, epoch, logs=None):
        """Reports the epoch."""
        total = self.params["epochs"] if self.total is None else self.total
        self.report(self.before + epoch + 1, total)


class Clock(keras.callbacks.Callback):
    """Adds the time spent to `state["seconds"]`, across the processes of a resumed run."""

    reads_logs_alone = True

    def __init__(self, state):
        super().__init__()
        self.state = state

    def on_train_begin(self, logs=None):
        """Starts the clock."""
        self._last = time.monotonic()
        self.state.setdefault("seconds", 0.0)

    def on_epoch_end(self, epoch, logs=None):
        """Adds the epoch."""
        now = time.monotonic()
        self.state["seconds"] += now - self._last
        self._last = now


class ScoreCurve(keras.callbacks.Callback):
    """Scores the assignments every `every` epochs into `state["curve"]`.

    Labels serve the record alone: nothing in the training reads the curve.

    Args:
        x, y: The data and its classes.
        every: Epochs between two scores.
        state: Dict that is saved with the checkpoints.
        logs: Names in the logs that are kept beside the scores.
    """

    def __init__(self, x, y, every, state, logs=("loss",)):
        super().__init__()
        self.x = x
        self.y = y
        self.every = every
        self.state = state
        self.logs = logs

    def on_epoch_end(self, epoch, logs=None):
        """Scores if it is time."""
        if (epoch + 1) % self.every == 0:
            scores = evaluate(self.y, self.model.assign(self.x, batch_size=2000))
            kept = {name: float(logs[name]) for name in self.logs}
            point = {"epoch": epoch + 1, **kept, **scores}
            self.state.setdefault("curve", []).append(point)
