"""Runs whose networks an accelerator of this machine trains."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path

from reproduce import runner
from reproduce.errors import UserError
from reproduce.ledger import Ledger
from reproduce.selection import Selection
from tfclust.recipes import RECIPES

# Models that keep values for their rows, which TensorFlow alone does: see `train` of the methods.
OF_ROWS = ("dcn", "dec", "idec")


def run(selection: Selection, ledger: Ledger, device: str, **places) -> int:
    """Run the selected seeds as `reproduce.runner.run` does, with networks trained on a device.

    Args:
        selection: Experiments and the seeds to run of each. Told and left out are those that train
            nothing, those whose seconds are what is reported, and models that keep values for their
            rows, unless they start from an autoencoder, which is trained there.
        ledger: The ledger; the lines have the field `device`.
        device: Name of the device for JAX, see `tfclust.accelerator.training_on`.
        **places: Other arguments of `reproduce.runner.run`.

    Returns:
        The number of runs that failed.

    Raises:
        UserError: JAX is not installed, has no such device, or nothing selected may run on it.
    """
    runner.check_jax("`--device` needs")
    there = [(row, seeds) for row, seeds in selection if _may_run(row)]
    for row, seeds in selection:
        if not _may_run(row):
            print(f"Left out, to be run without --device: {runner.describe(row, seeds)}")
    if not there:
        raise UserError(
            "a run on a device must train a network there, and its seconds must not count. "
            f"Received: method={', '.join(dict.fromkeys(row.method for row, _ in selection))}"
        )
    _find(device)
    return runner.run(there, ledger, place=functools.partial(RunOnDevice, device), **places)


class RunOnDevice(runner.RunHere):
    """Seeds of an experiment whose networks a device trains: see `reproduce.runner.RunHere`.

    Its checkpoints, and the autoencoders that runs share, are not those of runs without a device.

    Args:
        device: Name of the device for JAX.
        work_dir, experiment, seeds, data: See `reproduce.runner.RunHere`.
    """

    trains_here = False  # the weights come back when a training is over

    def __init__(self, device: str, work_dir: Path, experiment, seeds, data):
        super().__init__(work_dir / "on_device", experiment, seeds, data)
        self._device = device

    @contextlib.contextmanager
    def opened(self) -> Iterator[Path]:
        """Give the folder of its checkpoints, and have the device do what is trained within."""
        from tfclust.accelerator import training_on

        with super().opened() as directory, training_on(self._device):
            yield directory

    def signed(self, record: dict) -> dict:
        """Return the ledger's record of one of its seeds, with what trained it."""
        from tfclust.accelerator.runner import describe_device

        return {**record, "device": describe_device(_find(self._device))}


def _may_run(row) -> bool:
    if row.paper == "practical":
        return row.method in (*RECIPES, "autoclusterer") and row.method not in OF_ROWS
    stays = row.method.removesuffix("_kmeans") in OF_ROWS and row.init == "random"
    return runner.trains_untimed(row) and not stays


def _find(device: str):
    from tfclust.accelerator.runner import find_device

    try:
        return find_device(device)
    except ValueError as error:
        raise UserError(str(error)) from None
