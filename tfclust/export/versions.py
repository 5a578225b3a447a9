"""Numbered folders of a served model, each of which appears whole or not at all."""

import re
import shutil
import uuid
from pathlib import Path

from tfclust.checks import check_integer


def check_place(directory, version=None):
    """Returns the `pathlib.Path` of the folder of all versions, absolute.

    Raises:
        ValueError: the name of the folder is none that a server takes for a model's; `version` is
            not an integer of at least 1, or there already.
    """
    directory = Path(directory).resolve()
    if not re.fullmatch(r"[\w.-]+", directory.name, re.ASCII):
        raise ValueError(
            "`directory` must have a name of letters, digits, `_`, `-` and `.`, which is the "
            f"model's on the server. Received: directory={directory.name!r}"
        )
    if version is not None:
        _check_free(directory, version)
    return directory


def write_version(directory, version, write):
    """Writes a version under a name that servers ignore, and renames it when it is whole.

    Args:
        directory: `pathlib.Path` of the model; created where it is missing.
        version: that `check_place` passed; None takes the one after the largest that there is.
        write: function of the `pathlib.Path` of an empty folder, which it fills.

    Returns:
        `pathlib.Path` of the version's folder.

    Raises:
        ValueError: another process has written the version meanwhile.
    """
    unfinished = directory / f"unfinished-{uuid.uuid4().hex}"
    unfinished.mkdir(parents=True)
    try:
        write(unfinished)
        return _rename(unfinished, directory, version)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _rename(unfinished, directory, version):
    while True:
        path = directory / str(_next_version(directory) if version is None else version)
        try:
            return unfinished.rename(path)
        except OSError:
            if not path.exists():
                raise
            if version is not None:  # another process wrote it meanwhile
                _check_free(directory, version)


def _next_version(directory):
    versions = [int(p.name) for p in directory.iterdir() if p.name.isdecimal()]
    return max(versions, default=0) + 1


def _check_free(directory, version):
    path = directory / str(check_integer("version", version, 1))
    if path.exists():
        raise ValueError(
            f"`version` must be one that {directory} does not hold yet. Received: version={version}"
        )
