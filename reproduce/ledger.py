"""The append-only record of every run that ended, finished or diverged."""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reproduce.errors import UserError
from reproduce.experiment import Experiment

_FIELDS = {
    "paper": str,
    "table": str,
    "dataset": str,
    "method": str,
    "init": str,
    "profile": str,
    "seed": int,
    "epochs": int,
    "seconds": (int, float),
    "status": str,
    "metrics": dict,
    "loss_terms": dict,
    "l_sp": (int, float, type(None)),
    "cluster_sizes": list,
    "config": dict,
    "dataset_sha256": str,
    "versions": dict,
    "commit": str,
    "cpu": str,
    "cores": int,
}
_SCORES = ("acc", "nmi", "ari")
FINISHED, DIVERGED = STATUSES = ("ok", "diverged")


class LedgerError(UserError):
    """A ledger that cannot be trusted, or a run that it already has."""


class Ledger:
    """The runs that are evidence: one JSON object a line, only ever appended.

    A run ends in one of two ways, its `status`: `"ok"`, with scores, or `"diverged"`, with the
    epoch and the words of its end and without scores. What was cut off, or failed for another
    reason, is not in it.

    Several processes may append at once. Reading is strict: one bad line stops the reader, for a
    number that stands beside a damaged line is not evidence.

    Args:
        path: The file; it is created by the first append.

    Example:
        >>> from reproduce.ledger import Ledger
        >>> Ledger("no_such_ledger.jsonl").records()
        []
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)

    def records(self) -> list[dict[str, Any]]:
        """Return every record, in the order of the file.

        Raises:
            LedgerError: If a line is truncated, not JSON, lacks a field, holds NaN, has another
                status or repeats a finished run; the message starts with the file and the line
                number.
        """
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return []
        with file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return self._parse(file.read())

    def finished(self) -> set[tuple]:
        """Return the keys (`Experiment.key`) of the runs whose status is `"ok"`."""
        return self.ends()[0]

    def ends(self) -> tuple[set[tuple], set[tuple]]:
        """Return the keys of the finished runs, and of those that diverged and never finished."""
        return ends_of(self.records())

    def check_writable(self) -> None:
        """Raise a LedgerError if a run could not be appended; told before it is run."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        place = self.path if self.path.exists() else self.path.parent
        if not os.access(place, os.W_OK):
            raise LedgerError(f"{place}: must be writable, to record runs in")

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one run as the last line and wait until it is on the disk.

        Args:
            record: The run, with every field of the ledger; `metrics` are fractions, `config` is
                `Experiment.config()`. One that diverged has `divergence` besides: the `epoch` of
                the training that stopped, from 1, and its `message`. One that was trained
                elsewhere has `bundle`: the `devices` that trained it, the most runs that shared one
                `side_by_side`, and the `commits` of the code that wrote and scored it; one that an
                accelerator of its machine trained has that `device`.

        Raises:
            ValueError: If the record lacks a field, holds NaN or is not plain JSON.
            LedgerError: If the file is damaged, or has this run already as finished.
        """
        check_record(record)
        line = _line(record)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        with os.fdopen(descriptor, "rb+", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = file.read()
            self._refuse_repeat(record, self._parse(before))
            if file.write(line) < len(line):
                # A full disk: give back the part that was written, so that no torn line stays.
                file.truncate(len(before))
                raise OSError(f"{self.path}: no room to append a record of {len(line)} bytes")
            os.fsync(descriptor)

    def _refuse_repeat(self, record: Mapping[str, Any], records: list[dict[str, Any]]) -> None:
        key = run_key(record)
        if record["status"] == FINISHED and key in _keys(records, FINISHED):
            raise LedgerError(f"{self.path}: a finished run is recorded once. Received: {key}")

    def _parse(self, content: bytes) -> list[dict[str, Any]]:
        records, seen = [], {}
        for number, line in enumerate(content.splitlines(keepends=True), start=1):
            try:
                record = _parse_line(line)
                experiment = check_record(record)
            except ValueError as error:
                raise LedgerError(f"{self.path}:{number}: {error}") from None
            if record["status"] == FINISHED:
                first = seen.setdefault(experiment.key(record["seed"]), number)
                if first != number:
                    raise LedgerError(
                        f"{self.path}:{number}: repeats the finished run of line {first}"
                    )
            records.append(record)
        return records


def run_key(record: Mapping[str, Any]) -> tuple:
    """Return the identity of a recorded run, equal to `Experiment.key` of the one that ran it."""
    return Experiment.from_config(record["config"], seeds=(record["seed"],)).key(record["seed"])


def ends_of(records: list[dict[str, Any]]) -> tuple[set[tuple], set[tuple]]:
    """Return what `Ledger.ends` does, of records that are read already."""
    finished = _keys(records, FINISHED)
    return finished, _keys(records, DIVERGED) - finished


def check_record(record: Mapping[str, Any]) -> Experiment:
    """Return the experiment, of one seed, that a record tells of.

    Raises:
        ValueError: If the record lacks what the ledger asks for; states the rule.
    """
    for name, kind in _FIELDS.items():
        if name not in record:
            raise ValueError(f"a record must have the field `{name}`")
        value = record[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"`{name}` has the wrong type. Received: {name}={value!r}")
    experiment = Experiment.from_config(record["config"], seeds=(record["seed"],))
    for name in ("paper", "table", "dataset", "method", "init", "profile", "epochs"):
        if record[name] != getattr(experiment, name):
            raise ValueError(
                f"`{name}` must agree with `config`. Received: {name}={record[name]!r}"
            )
    numbers = {"seconds": record["seconds"], **record["metrics"], **record["loss_terms"]}
    if record["l_sp"] is not None:
        numbers["l_sp"] = record["l_sp"]
    for name, value in numbers.items():
        if not _is_finite_number(value):
            raise ValueError(f"`{name}` must be a finite number. Received: {name}={value!r}")
    if record["status"] not in STATUSES:
        status = record["status"]
        raise ValueError(f"`status` must be one of {STATUSES}. Received: status={status!r}")
    if record["status"] == FINISHED:
        _check_scores(record["metrics"])
    else:
        _check_divergence(record.get("divergence"))
    if "bundle" in record:
        _check_bundle(record["bundle"])
    if "device" in record and not _names_its_kind(record["device"]):
        raise ValueError(f"`device` must tell its `kind`. Received: device={record['device']!r}")
    return experiment


def _is_finite_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _keys(records: list[dict[str, Any]], status: str) -> set[tuple]:
    return {run_key(record) for record in records if record["status"] == status}


def _check_scores(metrics: Mapping[str, float]) -> None:
    for name in _SCORES:
        if name not in metrics:
            raise ValueError(f"`metrics` of a finished run must have {name}")
        if not -1 <= metrics[name] <= 1:
            raise ValueError(f"`{name}` must be a fraction. Received: {name}={metrics[name]!r}")


def _check_divergence(divergence: Any) -> None:
    epoch = divergence.get("epoch") if isinstance(divergence, Mapping) else None
    if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 1:
        raise ValueError(
            "`divergence` of a run that diverged must tell its `epoch`, a positive integer. "
            f"Received: divergence={divergence!r}"
        )


def _check_bundle(bundle: Any) -> None:
    devices = bundle.get("devices") if isinstance(bundle, Mapping) else None
    if not isinstance(devices, list) or not devices or not all(map(_names_its_kind, devices)):
        raise ValueError(
            "`bundle` of a run that was trained elsewhere must tell its `devices`, each with its "
            f"`kind`. Received: bundle={bundle!r}"
        )


def _names_its_kind(device: Any) -> bool:
    return isinstance(device, Mapping) and "kind" in device


def _line(record: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(dict(record), allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise ValueError(f"a record must be plain JSON without NaN or infinity: {error}") from None


def _parse_line(line: bytes) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise ValueError("the line is cut off: it does not end in a newline")
    try:
        # Decoded here, as json would take a line for UTF-16 on the strength of two bytes.
        record = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"the line is not JSON: {error}") from None
    if not isinstance(record, dict):
        raise ValueError("the line is not a JSON object")
    return record


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")
