"""Trainings that travel: written to a folder here, trained elsewhere, taken up here."""

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path

import keras
import numpy as np

from tfclust.accelerator import runner
from tfclust.accelerator.plan import Plan
from tfclust.accelerator.schedule import (
    NOT_FINITE,
    called_back,
    check_hooks,
    entries,
    guards,
    reads_logs_alone,
)
from tfclust.callbacks import Checkpoint
from tfclust.trainings import NotTrainedYet, trained_by


@contextlib.contextmanager
def bundled(folder, name, data=None):
    """Within it, every training is one of a bundle: written to it, or taken from it.

    A training whose result the folder lacks is written down as a run, and `NotTrainedYet` leaves
    what called for it; `python FOLDER/runner.py` trains it, on this machine or another one. The
    same code, run again, takes the results that are there and goes on to the next training: what
    lies between two of them, such as k-means, happens here. Trainings that wait for none of the
    others, see `tfclust.trainings.independent`, are written together.

    Args:
        folder: of the bundle, made when needed. Many names may share it.
        name: of what trains: its trainings are the runs `NAME-1`, `NAME-2` and so on. A file's
            name.
        data: folder of the arrays that batches are read from, by checksum; None is the bundle's
            own, which then travels with them.

    Returns:
        As the context's value, a list to which the results taken are added: dicts with the keys
        `status`, `epochs`, `logs`, `seconds`, `side_by_side` (how many runs shared the device) and
        `device`, a dict of `platform`, `kind`, `platform_version` and `jax`.

    Raises:
        NotTrainedYet: a training has no result yet.
        ValueError: a run of the name is another training than the one asked for; a callback can
            neither be written down nor reads the logs alone.
        RuntimeError: the loss of a run was NaN or infinite; names the epoch.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust import CM
    from tfclust.accelerator import NotTrainedYet, bundled, runner

    x = load_iris().data


    def train():
        model = CM(n_clusters=3, alpha=20.0, batch_size=30, seed=0)
        model.compile()
        with bundled("bundle", "iris-0"):
            model.fit(x, epochs=20)
        return model


    try:
        train()
    except NotTrainedYet:
        runner.train_bundle("bundle")  # as `python bundle/runner.py` does elsewhere
    labels = train().assign(x)
    ```

    Known limits: the code must come to the same data and initial weights each time it runs, as
    that of tfclust does on one machine. Labels in a `fit` reach no metric.
    """
    trainer = _Bundled(Path(folder), name, data)
    with trained_by(trainer.train):
        yield trainer.results


def write_runner(folder):
    """Writes `runner.py`, which needs JAX and NumPy alone, into a folder, and gives its path."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(runner.__file__, Path(folder) / "runner.py"))


class _Bundled:
    """Writes trainings into a bundle, or takes their results."""

    def __init__(self, folder, name, data):
        self.results = []
        self._folder = folder
        self._name = name
        self._data = folder / "data" if data is None else Path(data)
        self._count = 0

    def train(self, training):
        """The history of a training that is done; else writes it down."""
        self._count += 1
        name = f"{self._name}-{self._count}"
        kept = [c for c in training.callbacks if not isinstance(c, Checkpoint)]
        with called_back(training, kept) as callbacks:
            if training.initial_epoch < training.epochs:
                plan = Plan(training)
                wanted = self._settings(plan, callbacks.callbacks)
                self._check_same(name, wanted)
                result = self._place(name) / "result.json"
                if not result.exists():
                    self._write(name, plan, wanted)
                    raise NotTrainedYet(f"run {name!r} of bundle {str(self._folder)!r}")
                self._take(plan, self._place(name), callbacks)
        return training.model.history

    def _place(self, name):
        return self._folder / "runs" / name

    def _settings(self, plan, callbacks):
        schedule = []
        for callback in callbacks:
            described = [NOT_FINITE] if guards(callback) else entries(callback, plan)
            if described is None:
                _check_reads_logs_alone(callback)
            schedule += described or []
        return {
            "format": runner.FORMAT,
            **plan.settings(),
            "schedule": schedule,
            "data": [_described(table) for table in plan.tables],
            "model": _digest(_configuration(plan.training.model)),
            "start": _digest({n: runner.array_checksum(v) for n, v in plan.state().items()}),
        }

    def _check_same(self, name, wanted):
        path = self._place(name) / "run.json"
        if not path.exists():
            return
        written = json.loads(path.read_text())
        wanted = json.loads(json.dumps(wanted))
        other = sorted(key for key in wanted if written.get(key) != wanted[key])
        if other:
            raise ValueError(
                "A run of a bundle must be the training that is asked for: take another folder, or "
                f"remove it. Received: run {name!r} of bundle {str(self._folder)!r}, which differs "
                f"in {', '.join(other)}"
            )

    def _write(self, name, plan, settings):
        place = self._place(name)
        if (place / "run.json").exists():
            return
        write_runner(self._folder)
        programs = {rows: self._write_program(code) for rows, code in plan.programs().items()}
        for table in plan.tables:
            self._write_data(table)
        place.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(place / "state.npz", **plan.state())
        part = place / "run.part"
        part.write_text(json.dumps({**settings, "programs": programs}))
        os.replace(part, place / "run.json")  # the last file: it says that the run is whole

    def _write_program(self, code):
        digest = hashlib.sha256(code).hexdigest()
        path = self._folder / "programs" / f"{digest}.jaxexport"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(code)
        return digest

    def _write_data(self, table):
        self._data.mkdir(parents=True, exist_ok=True)
        for array in _arrays(table):
            path = self._data / f"{runner.array_checksum(array)}.npz"
            if not path.exists():
                part = path.with_suffix(f".{os.getpid()}.npz")  # others may write it, too
                np.savez_compressed(part, array=array)
                os.replace(part, path)

    def _take(self, plan, place, callbacks):
        result = json.loads((place / "result.json").read_text())
        with np.load(place / "result.npz") as arrays:
            plan.set_state(arrays)
        model, first = plan.training.model, plan.training.initial_epoch
        model.optimizer.finalize_variable_values(model.trainable_weights)
        self.results.append(result)
        watching = [c for c in callbacks.callbacks if guards(c) or reads_logs_alone(c)]
        for i, epoch in enumerate(range(first, result["epochs"])):
            logs = {key: values[i] for key, values in result["logs"].items()}
            for callback in watching:
                callback.on_epoch_begin(epoch)
                callback.on_epoch_end(epoch, logs)
        model.stop_training = result["status"] == "stopped"


def _check_reads_logs_alone(callback):
    check_hooks(callback)
    if not reads_logs_alone(callback):
        raise ValueError(
            "A callback of a bundle must be one that can be written down, or read the logs alone "
            "and say so by its attribute `reads_logs_alone`. "
            f"Received: {type(callback).__name__}"
        )


def _arrays(table):
    """The arrays of a table that are kept in files."""
    return table[:2] if isinstance(table, tuple) else [table]


def _described(table):
    kept = {"arrays": [runner.array_checksum(array) for array in _arrays(table)]}
    return {**kept, "width": len(table[2])} if isinstance(table, tuple) else kept


def _configuration(model):
    """What a step depends on besides its state, as far as a model tells it in plain values."""
    kind = {"class": type(model).__name__, "precision": model.dtype_policy.name}
    augment = getattr(model, "augment", None)
    if augment is not None:
        kind["augmentation"] = keras.saving.serialize_keras_object(augment)
    if not hasattr(model, "objective"):
        return kind
    config = model.get_config()
    return {**kind, **{k: v for k, v in config.items() if k != "name" and not isinstance(v, dict)}}


def _digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
