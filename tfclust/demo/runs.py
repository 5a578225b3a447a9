"""Trains a contender from several seeds and keeps the run that needs no labels to be chosen."""

import time
from dataclasses import dataclass

import keras
import numpy as np
from tqdm import tqdm

import tfclust
from tfclust.callbacks import AveragingEpoch
from tfclust.demo.contenders import Contender
from tfclust.feeding import count_batches
from tfclust.metrics import cluster_sizes, evaluate, sparsity_criterion
from tfclust.models import ClusteringModel


@dataclass(frozen=True, eq=False)
class Run:
    """A trained model and what it found.

    Args:
        seed: Of the initial weights and of the order of the batches.
        model: The trained model.
        history: Name of a term -> its value after each epoch.
        labels: Cluster of each point, `(n,)`.
        sizes: Points in each cluster, `(K,)`.
        l_sp: The criterion that needs no labels; lower is better.
        scores: Scores against the classes.
    """

    seed: int
    model: ClusteringModel
    history: dict[str, list[float]]
    labels: np.ndarray
    sizes: np.ndarray
    l_sp: float
    scores: dict[str, float]


@dataclass(frozen=True, eq=False)
class Result:
    """All runs of a contender.

    Args:
        contender: What was trained.
        runs: One run a seed.
        seconds: Time of all the runs.
    """

    contender: Contender
    runs: list[Run]
    seconds: float

    @property
    def best(self) -> Run:
        """The run of lowest L_sp (Section 5.3.4 of the AE-CM paper).

        Runs with an empty cluster come last: with all points in one, L_sp is the lowest there is.
        """
        return min(self.runs, key=lambda run: ((run.sizes == 0).any(), run.l_sp))


class ProgressBar(keras.callbacks.Callback):
    """Moves a tqdm bar on by one at every epoch."""

    def __init__(self, bar):
        super().__init__()
        self.bar = bar

    def on_epoch_end(self, epoch, logs=None):
        """Shows the epoch and its loss."""
        self.bar.set_postfix(loss=f"{float(logs['loss']):.2f}", refresh=False)
        self.bar.update()


def compete(contender, data, seeds):
    """Trains `contender` on `data` once for each seed, with a progress bar; returns a `Result`."""
    start = time.perf_counter()
    epochs = contender.pretraining.get("epochs", 0) + contender.epochs + 1
    with tqdm(total=len(seeds) * epochs, desc=f"{contender.name:6}", unit="epoch") as bar:
        runs = [_train(contender, data, seed, ProgressBar(bar)) for seed in seeds]
    return Result(contender, runs, time.perf_counter() - start)


def _train(contender, data, seed, progress):
    model = getattr(tfclust, contender.model)(
        n_clusters=data.n_classes, seed=seed, **contender.settings
    )
    # So short a training would be over before XLA had paid for its compilation.
    steps = count_batches(len(data.x), model.batch_size)
    model.compile(steps_per_execution=steps, jit_compile=False)
    if contender.pretraining:
        model.pretrain(data.x, verbose=0, callbacks=[progress], **contender.pretraining)
    history = model.fit(
        data.x, epochs=contender.epochs + 1, verbose=0, callbacks=[progress, AveragingEpoch()]
    )
    memberships = model.predict(data.x, verbose=0)
    labels = memberships.argmax(axis=1)
    return Run(
        seed=seed,
        model=model,
        history=history.history,
        labels=labels,
        sizes=cluster_sizes(labels, data.n_classes),
        l_sp=sparsity_criterion(memberships, model.centroids()),
        scores=evaluate(data.y, labels),
    )
