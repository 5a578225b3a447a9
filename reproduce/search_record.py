"""The committed record of a finished search."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reproduce.errors import UserError

FOLDER = Path(__file__).parent / "results" / "searches"
_OF_TRIAL = ("score", "runs", "seconds")  # what the report reads of a trial


@dataclass(frozen=True)
class SearchRecord:
    """Every trial of a search, and what it chose.

    Args:
        paper: Name of the paper whose settings were searched anew.
        method: Name of the method.
        dataset: Name that `tfclust.datasets.load` takes.
        dataset_sha256: Checksum of the data.
        rows: Rows of it that were used.
        objective: What the trials were scored by.
        supervised: Whether that objective read labels.
        algorithm: How the trials were proposed.
        seed: Seed of the search.
        epochs: Epochs of a run, at most.
        fixed: Settings that all trials shared.
        searched: Names of the settings that differed.
        chosen: Values of those that the best trial had.
        trials: One dict a trial; ARI and other scores against labels are for the record alone
            unless `supervised`.
        versions: Package versions.
        commit: Commit of the code.
        cpu: Processor.
        cores: Its cores.

    Example:
        >>> from reproduce.search_record import records
        >>> records("no_such_folder")
        []
    """

    paper: str
    method: str
    dataset: str
    dataset_sha256: str
    rows: int
    objective: str
    supervised: bool
    algorithm: str
    seed: int
    epochs: int
    fixed: Mapping[str, Any]
    searched: Sequence[str]
    chosen: Mapping[str, Any]
    trials: Sequence[Mapping[str, Any]]
    versions: Mapping[str, str]
    commit: str
    cpu: str
    cores: int

    def __post_init__(self):
        if not isinstance(self.chosen, Mapping):
            raise TypeError(f"`chosen` must be a mapping. Received: chosen={self.chosen!r}")
        for trial in self.trials:
            missing = [name for name in _OF_TRIAL if name not in trial]
            if missing:
                raise TypeError(f"a trial must have {', '.join(_OF_TRIAL)}. Missing: {missing}")

    @property
    def name(self) -> str:
        """Name of the file, without its ending."""
        return f"{self.method}_{self.dataset}_{self.objective}"

    def write(self, folder: Path) -> Path:
        """Write the record into a folder and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(asdict(self), indent=1, allow_nan=False) + "\n")
        return path


def records(
    folder: str | Path | None = None, of: Collection[tuple[str, str]] | None = None
) -> list[SearchRecord]:
    """Return the records of a folder, by name.

    Args:
        folder: The folder; `FOLDER`, whose records are committed, if None.
        of: Methods and datasets whose searches are read, the others are left alone; all if None.

    Raises:
        UserError: If a file that is read is no record; names it.
    """
    folder = FOLDER if folder is None else Path(folder)
    names = ["*.json"] if of is None else [f"{method}_{dataset}_*.json" for method, dataset in of]
    return [_read(path) for path in sorted({path for name in names for path in folder.glob(name)})]


def _read(path: Path) -> SearchRecord:
    try:
        state = path.stat()
        return _parse(path, state.st_mtime_ns, state.st_size)
    except (OSError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: not the record of a search; restore it, or remove it to go on without: "
            f"{error}"
        ) from None


@functools.lru_cache(maxsize=64)  # several tables show the same searches
def _parse(path: Path, mtime: int, size: int) -> SearchRecord:
    """The record of a file as it was at that time, of that size."""
    return SearchRecord(**json.loads(path.read_text(encoding="utf-8")))
