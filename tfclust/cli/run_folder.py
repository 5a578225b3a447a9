"""The folder of a run: what lies where."""

import contextlib
import json
import os
from pathlib import Path

from tfclust.cli.messages import UserError


class RunFolder:
    """A folder that `tfclust fit` writes and the other commands read.

    Args:
        path: of the folder.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.record = self.path / "run.json"
        self.model = self.path / "model.keras"
        self.examples = self.path / "examples.npy"
        self.partitions = self.path / "partitions.npy"
        self.choice = self.path / "choice"
        self.report = self.path / "report.html"

    def open_for_fit(self, resume):
        """What `run.json` holds of an earlier start, or None.

        Raises:
            UserError: there is something in the folder, and `resume` is False or cannot be.
        """
        if resume and self.record.exists():
            return self.read()
        check_new(self.path, "; a fit that was cut off goes on with --resume")
        return None

    def read(self):
        """What `run.json` holds.

        Raises:
            UserError: there is none, it cannot be read, or it does not say how its data were read.
        """
        try:
            record = json.loads(self.record.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                f"the folder must be one that `tfclust fit --out` made. Received: {self.path}, "
                f"without a run.json that can be read ({error})"
            ) from error
        self._check_version({"options", "known"} <= set(record["data"]))
        return record

    def read_finished(self):
        """What `run.json` holds of a run that is over.

        Raises:
            UserError: it is not over, or see `read`.
        """
        record = self.read()
        if record["status"] != "finished":
            raise UserError(
                "the run must be finished; its `tfclust fit` command with --resume goes on with "
                f"it. Received: {self.path}, which was cut off"
            )
        self._check_version("yardstick" in record)
        return record

    def _check_version(self, holds):
        """Raises `UserError` where the record does not hold what this version writes."""
        if not holds:
            raise UserError(
                "the run must be of this version of tfclust: fit it again. "
                f"Received: {self.path}, of an earlier one"
            )

    def forget(self):
        """Removes the record of a run that cannot be trained, so that the folder is free again."""
        self.record.unlink()
        with contextlib.suppress(OSError):  # there is more in it
            self.path.rmdir()

    def write(self, record):
        """Writes `run.json`."""
        self.path.mkdir(parents=True, exist_ok=True)
        with whole(self.record) as part:
            part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def check_new(path, advice=""):
    """Raises `UserError`, with advice, where a folder that is to be written has something in it."""
    if path.is_dir() and not any(path.iterdir()):
        return
    if path.exists():
        raise UserError(f"--out must be a new or empty folder{advice}. Received: {path}")


@contextlib.contextmanager
def whole(path):
    """Path to write to in place of `path`, which takes the name `path` when it is whole."""
    part = path.with_name(f"part.{path.name}")
    yield part
    os.replace(part, path)
