"""Runs experiments into the ledger."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import multiprocessing
import shutil
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from tqdm import tqdm

from reproduce import provenance
from reproduce.data import load, look_for
from reproduce.errors import UserError
from reproduce.experiment import Experiment
from reproduce.known_settings import check_settings, known_settings
from reproduce.ledger import DIVERGED, FINISHED, Ledger, run_key
from reproduce.progress import PartBar, epoch_bar
from reproduce.selection import Selection, count
from tfclust.startup import start_tensorflow


def run(
    selection: Selection, ledger: Ledger, work_dir, jobs=1, data_dir=None, bar=None, place=None
) -> int:
    """Run the selected seeds and append each to the ledger as it finishes or diverges.

    A run that was cut off goes on from its checkpoint in `work_dir`. One that fails for any other
    reason than a loss that is not finite is reported with its traceback on standard error, leaves
    no record, and does not keep the others from running.

    Args:
        selection: Experiments and the seeds to run of each.
        ledger: The ledger.
        work_dir: Folder of checkpoints and trained models.
        jobs: Processes at a time.
        data_dir: Folder of the data, or None for the environment's.
        bar: `PartBar` of which each run is a part; None for one of these runs alone.
        place: Where a run is trained: function of `work_dir`, an experiment, seeds and data that
            gives what `RunHere` is, such as a `reproduce.bundles.BundledRun`; None for a `RunHere`.

    Returns:
        The number of runs that failed. One that diverged is a result, and did not fail.

    Raises:
        ValueError: A row has a setting that its method does not know; nothing is run then.
        UserError: A dataset has neither a file nor a download, or the ledger cannot be written,
            which is told before anything is run; or a process of several was killed.
    """
    for experiment, _ in selection:
        check_settings(experiment)
    look_for((experiment.dataset for experiment, _ in selection), data_dir)
    ledger.check_writable()
    Path(work_dir).mkdir(parents=True, exist_ok=True)
    start_tensorflow()  # not before: what is wrong with a selection is told at once
    from reproduce.methods import stacks_seeds

    groups = [
        group
        for experiment, seeds in selection
        for group in _groups(experiment, seeds, stacks_seeds(experiment))
    ]
    place = functools.partial(RunHere if place is None else place, Path(work_dir))
    common = ledger.path, place, data_dir
    failed = 0
    own_bar = bar is None
    bar = PartBar(count(selection), "all runs", "run") if own_bar else bar
    with bar if own_bar else contextlib.nullcontext():
        for seeds, failures in _results(groups, common, jobs):
            failed += failures
            bar.done(len(seeds))
    return failed


def _results(groups, common, jobs) -> Iterator[tuple[tuple[int, ...], int]]:
    """Give the seeds of each group and how many of them failed, as the groups end."""
    if jobs == 1:
        for experiment, seeds in groups:
            yield seeds, _run_group(experiment, seeds, *common)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn, start_tensorflow) as pool:
        futures = {pool.submit(_run_group, *group, *common): group[1] for group in groups}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise UserError(
                f"one of {jobs} processes was killed, perhaps for lack of memory; the "
                "same command, with fewer `--jobs`, goes on from here"
            ) from error
        finally:
            for future in futures:
                future.cancel()


def _groups(experiment, seeds, stacked):
    timed = dict(experiment.settings).get("timed", False)
    if stacked and not timed:
        return [(experiment, tuple(seeds))]
    return [(experiment, (seed,)) for seed in seeds]


def _run_group(experiment, seeds, ledger_path, place, data_dir) -> int:
    """Run seeds together; returns how many failed."""
    from tfclust.callbacks import LossNotFinite
    from tfclust.trainings import NotTrainedYet

    data = load(experiment.dataset, data_dir, dict(experiment.settings).get("scale"))
    run = place(experiment, seeds, data)
    start = time.monotonic()
    try:
        records = _finished_records(experiment, seeds, data, run)
    except NotTrainedYet:  # it is written down, for a machine that trains it
        return 0
    except LossNotFinite as error:
        run.drop()
        if len(seeds) > 1:  # one of them has diverged, and hides what the others would come to
            return sum(
                _run_group(experiment, (seed,), ledger_path, place, data_dir) for seed in seeds
            )
        _tell("diverged", experiment, seeds, error)
        records = [diverged_record(experiment, seeds[0], data, error, time.monotonic() - start)]
    except UserError as error:
        _tell("failed", experiment, seeds, error)
        return len(seeds)
    except Exception:
        # Any other error is told in full and is no result; the runs that follow may do without it.
        _tell("failed", experiment, seeds, traceback.format_exc())
        return len(seeds)
    ledger = Ledger(ledger_path)
    finished = ledger.finished()  # of seeds that train together, some may be
    for record in records:
        if run_key(record) not in finished:
            ledger.append(run.signed(record))
    run.tidy()
    return 0


def _finished_records(experiment, seeds, data, run) -> list[dict]:
    from reproduce.methods import Task
    from reproduce.methods import run as run_method

    with run.opened() as directory, run.progress(describe(experiment, seeds)) as progress:
        task = Task(experiment, seeds, data, directory, progress, run.trains_here)
        return [make_record(experiment, data, outcome) for outcome in run_method(task)]


class RunHere:
    """Seeds of an experiment that this process trains together.

    Args:
        work_dir: Folder of checkpoints and trained models.
        experiment, seeds: What is run.
        data: Its dataset.
    """

    trains_here = True

    def __init__(self, work_dir: Path, experiment: Experiment, seeds: Sequence[int], data):
        self._directory = work_dir / run_folder(experiment, seeds)

    def progress(self, description: str):
        """Return a context that gives a function of the epochs done and their total."""
        return epoch_bar(description)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Path]:
        """Give the folder of its checkpoints and its model, in which it may have begun before."""
        self._directory.mkdir(parents=True, exist_ok=True)
        yield self._directory

    def drop(self) -> None:
        """Forget a run that has diverged: its checkpoints lead to the same end."""
        shutil.rmtree(self._directory)

    def signed(self, record: dict) -> dict:
        """Return the ledger's record of one of its seeds, with what trained it."""
        return record

    def tidy(self) -> None:
        """Remove what it needs no more once it is recorded: all but the trained model."""
        tidy(self._directory)


def check_jax(what: str) -> None:
    """Raise a UserError that begins with `what` where JAX is not installed."""
    if importlib.util.find_spec("jax") is None:
        raise UserError(f'{what} JAX, which must be installed: pip install "tfclust[accelerator]"')


def trains_untimed(experiment: Experiment) -> bool:
    """Tell whether a row of a paper trains a network, and its seconds are not what it reports."""
    timed = dict(experiment.settings).get("timed", False)
    return "precision" in known_settings(experiment) and not timed


def _tell(end: str, experiment, seeds, reason) -> None:
    tqdm.write(f"{end}: {describe(experiment, seeds)}: {reason}", file=sys.stderr)


def describe(experiment: Experiment, seeds: Sequence[int]) -> str:
    """Name the runs of some seeds in a few words."""
    named = (experiment.table, experiment.dataset, experiment.method, experiment.init)
    runs = f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds"
    return " ".join(filter(None, (*named, runs)))


def run_folder(experiment: Experiment, seeds: Sequence[int]) -> str:
    """Name of the folder, within `work_dir`, of seeds that are run together."""
    named = (experiment.paper, experiment.dataset, experiment.method, experiment.init)
    seeds = "_".join(map(str, seeds))
    return "-".join((*filter(None, named), str(experiment.epochs), experiment.digest, seeds))


def tidy(directory: Path) -> None:
    """Remove what is in the folder of a run but the trained model."""
    for part in (directory / name for name in ("checkpoints", "pretraining")):
        if part.exists():
            shutil.rmtree(part)
    (directory / "pretrained.weights.h5").unlink(missing_ok=True)
    if directory.exists() and not any(directory.iterdir()):  # no trained model to keep
        directory.rmdir()


def make_record(experiment, data, outcome) -> dict:
    """The ledger's record of a finished run."""
    from tfclust.metrics import cluster_sizes, evaluate

    rows = slice(None) if outcome.scored is None else outcome.scored
    # As many as were asked for; HDBSCAN may find more.
    n_clusters = max(dict(experiment.settings)["n_clusters"], int(outcome.labels.max()) + 1)
    sizes = cluster_sizes(outcome.labels, n_clusters)
    return _record(
        *(experiment, outcome.seed, data, outcome.seconds, FINISHED),
        metrics={**evaluate(data.y[rows], outcome.labels[rows]), **outcome.extra_metrics},
        loss_terms=outcome.loss_terms,
        l_sp=outcome.l_sp,
        cluster_sizes=[int(size) for size in sizes],
        **({"curve": outcome.curve} if outcome.curve else {}),
    )


def diverged_record(experiment, seed, data, error, seconds) -> dict:
    """The ledger's record of a run whose loss was no number any more, `seconds` after its start."""
    return _record(
        *(experiment, seed, data, seconds, DIVERGED),
        metrics={},
        loss_terms={},
        l_sp=None,
        cluster_sizes=[],
        divergence={"epoch": error.epoch, "message": str(error)},
    )


def _record(experiment, seed, data, seconds, status, **result) -> dict:
    config = experiment.config()
    return {
        **{key: value for key, value in config.items() if key != "settings"},
        "seed": seed,
        "seconds": round(seconds, 4),
        "status": status,
        **result,
        "config": config,
        "dataset_sha256": data.sha256,
        **provenance.of_this_run(),
    }
