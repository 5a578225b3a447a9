"""Trains a contender from several seeds."""

import time

from tqdm import tqdm

import tfclust
from tfclust.callbacks import AveragingEpoch, ProgressBar
from tfclust.demo.result import Result
from tfclust.demo.run import Run
from tfclust.feeding import count_batches
from tfclust.metrics import cluster_sizes, evaluate, sparsity_criterion
from tfclust.recipes import pretraining_stages


def compete(contender, data, seeds):
    """Trains `contender` on `data` once for each seed, with a progress bar; returns a `Result`."""
    start = time.perf_counter()
    epochs = _epochs_of_start(contender, data) + _epochs(contender)
    with tqdm(total=len(seeds) * epochs, desc=f"{contender.name:6}", unit="epoch") as bar:
        runs = [_train(contender, data, seed, ProgressBar(bar)) for seed in seeds]
    return Result(contender, runs, time.perf_counter() - start)


def _train(contender, data, seed, progress):
    model = _model(contender, data, seed)
    # So short a training would be over before XLA had paid for its compilation.
    steps = count_batches(len(data.x), model.batch_size)
    model.compile(steps_per_execution=steps, jit_compile=False)
    if contender.pretraining:
        model.pretrain(data.x, verbose=0, callbacks=[progress], **contender.pretraining)
    averaging = [AveragingEpoch()] if contender.averages else []
    history = model.fit(
        data.x,
        epochs=_epochs(contender),
        verbose=0,
        callbacks=[progress, *contender.callbacks(), *averaging],
    )
    labels = model.assign(data.x)
    return Run(
        seed=seed,
        model=model,
        history=history.history,
        labels=labels,
        sizes=cluster_sizes(labels, data.n_classes),
        criterion=_criterion(contender.criterion, model, data.x),
        scores=evaluate(data.y, labels),
    )


def _model(contender, data, seed):
    model_class = getattr(tfclust, contender.model)
    return model_class(n_clusters=data.n_classes, seed=seed, **contender.settings)


def _epochs_of_start(contender, data):
    if not contender.pretraining:
        return 0
    stages = pretraining_stages(_model(contender, data, seed=0), len(data.x), contender.pretraining)
    return sum(stages.values()) or contender.pretraining["epochs"]


def _epochs(contender):
    return contender.epochs + contender.averages


def _criterion(name, model, x):
    if name == "L_sp":
        return sparsity_criterion(model.predict(x, verbose=0), model.centroids())
    return model.evaluate(x, verbose=0, return_dict=True)[name]
