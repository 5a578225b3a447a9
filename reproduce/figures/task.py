"""What a figure is given to draw from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.data import load
from reproduce.errors import UserError
from reproduce.experiment import Experiment
from reproduce.ledger import FINISHED, Ledger, run_key
from reproduce.progress import PartBar
from reproduce.selection import count, pending


@dataclass(frozen=True)
class Needs:
    """What a figure needs: known, and looked for, before any of it is made.

    Args:
        datasets: Names of its datasets.
        parts: Number of its trainings and other computations that are kept.
    """

    datasets: tuple[str, ...]
    parts: int

    @classmethod
    def of_runs(cls, experiments: Sequence[Experiment]) -> Needs:
        """Return the needs of a figure that is drawn from runs alone."""
        return cls(
            tuple(dict.fromkeys(each.dataset for each in experiments)),
            sum(len(each.seeds) for each in experiments),
        )


@dataclass(frozen=True)
class FigureTask:
    """The places of a figure, and what it has gathered so far.

    Args:
        name: Name of the figure, such as `"aecm_figure01"`.
        ledger: The finished runs.
        work_dir: Folder of checkpoints, trained models and kept arrays.
        data_dir: Folder of the data, or None for the environment's.
        bar: Counts the parts of the figure as they are made, or found.
    """

    name: str
    ledger: Ledger
    work_dir: Path
    data_dir: str | os.PathLike | None = None
    bar: PartBar = field(default_factory=lambda: PartBar(1, "", "part"))

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
        if path.exists():
            self.bar.found()
        else:
            arrays = compute()
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                np.savez_compressed(file, **arrays)
            os.replace(part, path)
            self.bar.done()
        with np.load(path) as kept:
            return dict(kept)

    def run(self, experiments: Sequence[Experiment]) -> list[list[dict[str, Any]]]:
        """Run what the ledger lacks, and return the records of each experiment's finished runs.

        A run that diverged is not among them. The trained models are not kept.

        Raises:
            UserError: A run failed; it was told why, and the same command goes on from there. Or
                all runs diverged.
        """
        from reproduce import runner

        place = self.folder / "runs"
        selection = [(each, each.seeds) for each in experiments]
        finished, diverged = self.ledger.ends()
        lacking = pending(selection, finished | diverged)
        self.bar.found(count(selection) - count(lacking))
        for each in lacking:
            failed = runner.run([each], self.ledger, place, data_dir=self.data_dir, bar=self.bar)
            if failed:
                raise UserError(
                    f"every run of a figure must end. Received: {failed} failed, as told above; "
                    "the same command goes on from there"
                )
            if place.exists():
                shutil.rmtree(place)
        rows = self.records(experiments)
        if not any(rows):
            raise UserError(
                "a figure must have a run that finished. "
                f"Received: {count(selection)} runs that diverged"
            )
        return rows

    def records(self, experiments: Sequence[Experiment]) -> list[list[dict[str, Any]]]:
        """Return the ledger's finished records of each experiment, in the order of the seeds."""
        finished = {
            run_key(record): record
            for record in self.ledger.records()
            if record["status"] == FINISHED
        }
        keys = [[each.key(seed) for seed in each.seeds] for each in experiments]
        return [[finished[key] for key in row if key in finished] for row in keys]
