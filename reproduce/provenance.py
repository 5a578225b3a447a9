"""Which code, packages and machine a result comes from."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn")


def of_this_run() -> dict[str, Any]:
    """Return the `versions`, `commit`, `cpu` and `cores` of a record."""
    return {
        "versions": {"python": platform.python_version(), **{p: version(p) for p in _PACKAGES}},
        "commit": _commit(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
    }


def _commit() -> str:
    """The commit of the code, with "-dirty" where tracked code differs from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    result = subprocess.run(
        command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return result.stdout.strip() or "unknown"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
