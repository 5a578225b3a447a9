"""What a figure is given to draw from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from reproduce.data import load
from reproduce.experiment import Experiment
from reproduce.ledger import Ledger, run_key
from reproduce.selection import pending


@dataclass(frozen=True)
class FigureTask:
    """The places of a figure, and what it has gathered so far.

    Args:
        name: Name of the figure, such as `"aecm_figure01"`.
        ledger: The finished runs.
        work_dir: Folder of checkpoints, trained models and kept arrays.
        data_dir: Folder of the data, or None for the environment's.
    """

    name: str
    ledger: Ledger
    work_dir: Path
    data_dir: str | os.PathLike | None = None

    @property
    def folder(self) -> Path:
        """The figure's own folder."""
        return self.work_dir / "figures" / self.name

    def load(self, dataset: str, scale: str | None = None):
        """Return a dataset, images flat."""
        return load(dataset, self.data_dir, scale)

    def keep(
        self, settings: Mapping[str, Any], compute: Callable[[], Mapping[str, Any]]
    ) -> dict[str, np.ndarray]:
        """Return the arrays that `compute` makes, made once for equal settings.

        Args:
            settings: All that the arrays depend on, as plain JSON values.
            compute: Function without arguments; returns arrays by name.
        """
        text = json.dumps(settings, sort_keys=True, allow_nan=False)
        path = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.npz"
        if not path.exists():
            arrays = compute()
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                np.savez_compressed(file, **arrays)
            os.replace(part, path)
        with np.load(path) as kept:
            return dict(kept)

    def run(self, experiments: Sequence[Experiment]) -> list[list[dict[str, Any]]]:
        """Run what the ledger lacks, and return each experiment's records.

        A run that diverged has no record. The trained models are not kept.
        """
        from reproduce import runner

        place = self.folder / "runs"
        lacking = pending([(each, each.seeds) for each in experiments], self.ledger.finished())
        for each in tqdm(lacking, desc=self.name, unit="setting", disable=not lacking):
            runner.run([each], self.ledger, place, data_dir=self.data_dir)
            shutil.rmtree(place)
        return self.records(experiments)

    def records(self, experiments: Sequence[Experiment]) -> list[list[dict[str, Any]]]:
        """Return the ledger's finished records of each experiment, in the order of the seeds."""
        finished = {
            run_key(record): record for record in self.ledger.records() if record["status"] == "ok"
        }
        keys = [[each.key(seed) for seed in each.seeds] for each in experiments]
        return [[finished[key] for key in row if key in finished] for row in keys]
