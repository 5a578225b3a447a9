"""Runs that another machine trains: written to a folder here, collected from it into the ledger.

A folder holds what `tfclust.accelerator.bundled` writes, and in `written/` a file for each
experiment and the seeds that train together. A run of several trainings goes there and back as
often as one of them waits for another.
"""

from __future__ import annotations

import contextlib
import functools
import json
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from reproduce import provenance, runner
from reproduce.errors import UserError
from reproduce.experiment import Experiment
from reproduce.ledger import Ledger
from reproduce.selection import Selection, count, pending

FOLDER = Path(".reproduce/bundles")  # where none is named


def write(
    selection: Selection,
    folder: Path,
    ledger: Ledger,
    *,
    work_dir,
    jobs=1,
    data_dir=None,
    with_data=False,
) -> int:
    """Write the trainings of the selected runs, as far as none waits for another, and say so.

    Args:
        selection: Experiments and the seeds to run of each. Those whose method trains nothing, and
            those whose seconds are what is reported, are told and left out.
        folder: Of the bundles; may hold others.
        ledger: The ledger.
        work_dir: Folder of trained models, and of the arrays that do not travel with the bundles.
        jobs: Processes at a time.
        data_dir: Folder of the data, or None for the environment's.
        with_data: Whether the arrays lie in the folder, and travel with it.

    Returns:
        The number of runs that failed.

    Raises:
        UserError: JAX is not installed, or nothing that is selected can be trained elsewhere.
    """
    runner.check_jax("bundles need")
    travels, stays = _split(selection)
    for experiment, seeds in stays:
        print(f"Left out, to be run here: {_named(experiment, seeds)}")
    if not travels:
        raise UserError(
            "a bundle must have a run that trains a network and whose seconds do not count. "
            f"Received: method={', '.join(dict.fromkeys(row.method for row, _ in stays))}"
        )
    lacking = pending(travels, ready(folder))
    failed = _advance(lacking, folder, ledger, work_dir, data_dir, jobs, with_data)
    print(f"Runs written to {folder}: {count(lacking) - failed}")
    _tell_next(folder, ledger, work_dir)
    return failed


def collect(folder: Path, ledger: Ledger, *, work_dir, data_dir=None) -> int:
    """Record the runs whose trainings are all done, and write what others have yet to train.

    What waits for a training is told and left as it is, and what the ledger has is not recorded
    again.

    Args:
        folder, ledger, work_dir, data_dir: See `write`.

    Returns:
        The number of runs that failed.

    Raises:
        UserError: The folder has no bundle, or one that is damaged; JAX is not installed; or a
            dataset has neither a file nor a download.
    """
    runner.check_jax("bundles need")
    groups = _groups(folder)
    if not groups:
        raise UserError(
            "a folder to collect must be one that `run --to-bundle` wrote. "
            f"Received: {str(folder)!r}"
        )
    before = _ended(ledger)
    trained = [
        (experiment, seeds)
        for experiment, seeds in groups
        if not (set(map(experiment.key, seeds)) <= before or _waiting(folder, experiment, seeds))
    ]
    failed = _advance(trained, folder, ledger, work_dir, data_dir)
    print(f"Runs recorded in {ledger.path}: {len(_ended(ledger) - before)}")
    _tell_next(folder, ledger, work_dir)
    return failed


def ready(folder: Path = FOLDER) -> set[tuple]:
    """Return the keys (`Experiment.key`) of the runs in a folder of bundles; none without one.

    Whether their trainings are done does not matter here. A run that the ledger has is no less in
    the folder.

    Raises:
        UserError: A file of the folder is damaged.

    Example:
        >>> from reproduce import bundles
        >>> bundles.ready("no_such_folder")
        set()
    """
    return {experiment.key(seed) for experiment, seeds in _groups(folder) for seed in seeds}


class BundledRun:
    """Seeds of an experiment that another machine trains together: see `reproduce.runner.RunHere`.

    Args:
        folder: Of the bundles.
        arrays: Folder of the arrays by checksum, or None for the one within `folder`.
        work_dir: Folder of trained models.
        experiment, seeds: What is run.
        data: Its dataset.
    """

    trains_here = False

    def __init__(self, folder: Path, arrays: Path | None, work_dir: Path, experiment, seeds, data):
        self._folder = folder
        self._arrays = arrays
        self._work_dir = work_dir
        self._experiment = experiment
        self._seeds = seeds
        self._sha256 = data.sha256
        self._name = runner.run_folder(experiment, seeds)
        self._results = []

    def progress(self, description: str):
        """Return a context of a function that tells nothing: its epochs are over, or to come."""
        return contextlib.nullcontext(lambda done, total: None)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Path]:
        """Give a folder that is empty: every training is taken from the bundle, in its order."""
        from threadpoolctl import threadpool_limits

        from tfclust.accelerator import bundled

        self._check_data()
        with (
            self._noted(),
            tempfile.TemporaryDirectory(dir=self._work_dir) as place,
            # k-means adds up in another order each time where several threads share the rows.
            threadpool_limits(1),
            bundled(self._folder, self._name, self._arrays) as self._results,
        ):
            directory = Path(place, self._name)
            directory.mkdir()
            yield directory
            if not self._results:
                raise RuntimeError(
                    "a run of a bundle must train by `fit`. "
                    f"Received: {self._experiment.method}, which trained in another way"
                )
            runner.tidy(directory)
            if directory.exists():  # the trained model
                kept = self._work_dir / self._name
                shutil.rmtree(kept, ignore_errors=True)
                directory.replace(kept)

    def drop(self) -> None:
        """Forget seeds that diverged together, which go on one by one; a single one stays."""
        if len(self._seeds) > 1:
            _path(self._folder, self._name).unlink()
            for run in _runs(self._folder, self._name):
                shutil.rmtree(run)

    def signed(self, record: dict) -> dict:
        """Return the ledger's record of one of its seeds, with what trained it."""
        about = json.loads(_path(self._folder, self._name).read_text())
        devices = [result["device"] for result in self._results]
        return {
            **record,
            **about["provenance"],
            "seconds": round(sum(r["seconds"] for r in self._results) / len(self._seeds), 4),
            "bundle": {
                "devices": [
                    device for i, device in enumerate(devices) if device not in devices[:i]
                ],
                "side_by_side": max(result["side_by_side"] for result in self._results),
                "commits": about["commits"],
            },
        }

    def tidy(self) -> None:
        """Remove nothing: the bundle is the user's, and of the work only the model was kept."""

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        """Note in the folder what it is, once a training is written, and by which code it went on.

        What fails before leaves no file that tells of it.
        """
        from tfclust.accelerator import NotTrainedYet

        try:
            yield
        except NotTrainedYet:
            self._note()
            raise
        self._note()

    def _note(self) -> None:
        path = _path(self._folder, self._name)
        written = provenance.of_this_run()
        about = {
            "config": self._experiment.config(),
            "seeds": list(self._seeds),
            "dataset_sha256": self._sha256,
            "provenance": written,
            "commits": [],  # of the code that wrote its trainings and scored it, in that order
        }
        if path.exists():
            about = json.loads(path.read_text())
        if written["commit"] not in about["commits"]:
            about["commits"].append(written["commit"])
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(about))
        part.replace(path)

    def _check_data(self) -> None:
        path = _path(self._folder, self._name)
        sha256 = json.loads(path.read_text())["dataset_sha256"] if path.exists() else self._sha256
        if sha256 != self._sha256:
            raise UserError(
                f"the data must be those of the bundle, of checksum {sha256}. "
                f"Received: {self._experiment.dataset} of checksum {self._sha256}"
            )


def _split(selection: Selection) -> tuple[Selection, Selection]:
    """What may be trained elsewhere, and what may not."""
    travels, stays = [], []
    for experiment, seeds in selection:
        # Values of rows, and an autoencoder that several rows share, stay here.
        can = runner.trains_untimed(experiment) and "activation" not in dict(experiment.settings)
        (travels if can else stays).append((experiment, seeds))
    return travels, stays


def _advance(selection, folder, ledger, work_dir, data_dir, jobs=1, with_data=False) -> int:
    """Take each run as far as its trainings are done; returns how many failed."""
    if not selection:
        return 0
    folder, work_dir = Path(folder), Path(work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = None if with_data or (folder / "data").exists() else _arrays(work_dir)
    place = functools.partial(BundledRun, folder, arrays)
    return runner.run(selection, ledger, work_dir, jobs, data_dir, place=place)


def _arrays(work_dir) -> Path:
    """Folder of the arrays that do not travel with a bundle."""
    return Path(work_dir, "arrays")


def _groups(folder) -> Selection:
    """The experiments in a folder, each with seeds that train together."""
    groups = []
    for path in sorted(Path(folder, "written").glob("*.json")):
        try:
            about = json.loads(path.read_text())
            seeds = tuple(about["seeds"])
            groups.append((Experiment.from_config(about["config"], seeds), seeds))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path}: is no file of a bundle: {error}") from None
    return groups


def _ended(ledger: Ledger) -> set[tuple]:
    finished, diverged = ledger.ends()
    return finished | diverged


def _path(folder, name: str) -> Path:
    return Path(folder, "written", f"{name}.json")


def _runs(folder, name: str) -> list[Path]:
    """Folders of the trainings of seeds that train together."""
    return sorted(Path(folder, "runs").glob(f"{name}-[0-9]*"))


def _waiting(folder, experiment, seeds) -> list[Path]:
    """Those whose result is not there, or not whole."""
    runs = _runs(folder, runner.run_folder(experiment, seeds))
    results = ("result.json", "result.npz")
    return [run for run in runs if not all((run / result).exists() for result in results)]


def _tell_next(folder, ledger: Ledger, work_dir) -> None:
    """Say what waits for a training, and which commands come next."""
    ended, waiting, trainings = _ended(ledger), {}, 0
    for experiment, seeds in _groups(folder):
        runs = _waiting(folder, experiment, seeds)
        if runs and not set(map(experiment.key, seeds)) <= ended:
            waiting.setdefault(replace(experiment, seeds=(0,)), []).extend(seeds)
            trainings += len(runs)
    for experiment, seeds in waiting.items():
        print(f"Waits for training: {_named(experiment, sorted(seeds))}")
    if not trainings:
        return
    place = shlex.quote(str(folder))
    print(f"Trainings to do: {trainings}. To a machine with JAX, copy {_sized(folder)}")
    option = ""
    if not Path(folder, "data").exists():
        print(f"and once, as ARRAYS, the data: {_sized(_arrays(work_dir))}")
        option = " --data ARRAYS"
    print(f"  python {place}/runner.py{option}")
    print(f"Copy {place}/runs back, and then, here:")
    places = f"--ledger {shlex.quote(str(ledger.path))} --work {shlex.quote(str(work_dir))}"
    print(f"  python -m reproduce collect {place} {places}")


def _sized(folder) -> str:
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return f"{folder} ({sum(path.stat().st_size for path in files) / 1e6:.1f} MB)"


def _named(experiment: Experiment, seeds: Sequence[int]) -> str:
    row = (experiment.table, experiment.dataset, experiment.method, experiment.init)
    runs = f"{experiment.epochs} epochs {experiment.profile}, seeds {', '.join(map(str, seeds))}"
    return " ".join(filter(None, (*row, runs)))
