"""Which code, packages and machine a result comes from."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn")


def of_this_run() -> dict[str, Any]:
    """Return the `versions`, `commit`, `cpu` and `cores` of a record."""
    return {
        "versions": {"python": platform.python_version(), **{p: _version(p) for p in _PACKAGES}},
        "commit": _commit(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
    }


def _version(package: str) -> str:
    """The version of a package, which may be installed as the one that has no GPU in it."""
    try:
        return version(package)
    except PackageNotFoundError:
        if package != "tensorflow":
            raise
        return version("tensorflow-cpu")


def _commit() -> str:
    """The commit of the code, with "-dirty" where tracked files other than results differ."""
    commit = _git("rev-parse", "HEAD")
    elsewhere = (":/", ":(exclude,top)reproduce/results")
    changes = _git("status", "--porcelain", "--untracked-files=no", "--", *elsewhere)
    return f"{commit}-dirty" if changes else commit or "unknown"


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    try:
        result = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:  # a machine without git
        return ""
    return result.stdout.strip()


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
