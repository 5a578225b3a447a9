"""Runs experiments into the ledger."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from reproduce import provenance
from reproduce.data import load
from reproduce.experiment import Experiment
from reproduce.ledger import Ledger
from tfclust.startup import start_tensorflow

Selection = Sequence[tuple[Experiment, tuple[int, ...]]]


def run(selection: Selection, ledger: Ledger, work_dir, jobs=1, data_dir=None) -> int:
    """Run the selected seeds and append each to the ledger as it finishes.

    A run that was cut off goes on from its checkpoint in `work_dir`.

    Args:
        selection: Experiments and the seeds to run of each.
        ledger: The ledger.
        work_dir: Folder of checkpoints and trained models.
        jobs: Processes at a time.
        data_dir: Folder of the data, or None for the environment's.

    Returns:
        The number of runs that failed; each is reported on standard error.

    Raises:
        UserError: A dataset has neither a file nor a download.
    """
    from reproduce.methods import stacks_seeds

    groups = [
        group
        for experiment, seeds in selection
        for group in _groups(experiment, seeds, stacks_seeds(experiment.method))
    ]
    arguments = [(*group, ledger.path, Path(work_dir), data_dir) for group in groups]
    if jobs == 1:
        return sum(_run_group(*each) for each in arguments)
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, spawn, start_tensorflow) as pool:
        return sum(pool.map(_run_group, *zip(*arguments, strict=True)))


def _groups(experiment, seeds, stacked):
    timed = dict(experiment.settings).get("timed", False)
    if stacked and not timed:
        return [(experiment, tuple(seeds))]
    return [(experiment, (seed,)) for seed in seeds]


def _run_group(experiment, seeds, ledger_path, work_dir, data_dir) -> int:
    """Run seeds together; returns how many failed."""
    from reproduce.methods import Task
    from reproduce.methods import run as run_method

    settings = dict(experiment.settings)
    data = load(experiment.dataset, data_dir, settings.get("scale"))
    directory = work_dir / run_folder(experiment, seeds)
    directory.mkdir(parents=True, exist_ok=True)
    with _bar(experiment, seeds) as bar:

        def progress(done, total):
            bar.total = total
            bar.update(done - bar.n)

        try:
            outcomes = run_method(Task(experiment, seeds, data, directory, progress))
        except RuntimeError as error:  # the training diverged
            tqdm.write(f"failed: {_describe(experiment, seeds)}: {error}", file=sys.stderr)
            return len(seeds)
    ledger = Ledger(ledger_path)
    for outcome in outcomes:
        ledger.append(make_record(experiment, data, outcome))
    for part in ("checkpoints", "pretraining", "pretrained.weights.h5"):
        _remove(directory / part)
    if not any(directory.iterdir()):  # a method without a trained model to keep
        directory.rmdir()
    return 0


def _bar(experiment, seeds):
    pause = 0.5 if sys.stderr.isatty() else 60.0  # a log file needs no more than a line a minute
    return tqdm(desc=_describe(experiment, seeds), unit="epoch", mininterval=pause, miniters=1)


def _describe(experiment, seeds):
    named = (experiment.table, experiment.dataset, experiment.method, experiment.init)
    runs = f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds"
    return " ".join(filter(None, (*named, runs)))


def run_folder(experiment: Experiment, seeds: Sequence[int]) -> str:
    """Name of the folder, within `work_dir`, of seeds that are run together."""
    named = (experiment.paper, experiment.dataset, experiment.method, experiment.init)
    seeds = "_".join(map(str, seeds))
    return "-".join((*filter(None, named), str(experiment.epochs), experiment.digest, seeds))


def _remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_record(experiment, data, outcome) -> dict:
    """The ledger's record of an outcome."""
    from tfclust.metrics import cluster_sizes, evaluate

    config = experiment.config()
    rows = slice(None) if outcome.scored is None else outcome.scored
    n_clusters = config["settings"]["n_clusters"]
    return {
        **{key: value for key, value in config.items() if key != "settings"},
        "seed": outcome.seed,
        "seconds": round(outcome.seconds, 4),
        "status": "ok",
        "metrics": {**evaluate(data.y[rows], outcome.labels[rows]), **outcome.extra_metrics},
        "loss_terms": outcome.loss_terms,
        "l_sp": outcome.l_sp,
        "cluster_sizes": [int(size) for size in cluster_sizes(outcome.labels, n_clusters)],
        **({"curve": outcome.curve} if outcome.curve else {}),
        "config": config,
        "dataset_sha256": data.sha256,
        **provenance.of_this_run(),
    }
