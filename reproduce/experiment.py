"""One row of a paper's table, declared as data."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Name on the command line and in the ledger -> in words.
PROFILES = {
    "reference": "reference",
    "authors_code": "authors' code",
    "tuned": "tuned",
    "practical": "practical",
}
INITS = ("", "random", "kmeans++", "pretrained")


@dataclass(frozen=True)
class Experiment:
    """One method on one dataset under one group of settings, repeated over seeds.

    A run is an experiment and a seed. Its identity (`key`) holds everything that can change its
    result: the epochs, the profile and every setting; so runs that differ are never averaged. The
    table is left out: tables that show the same runs share them.

    Args:
        paper: Name of the paper, such as `"aecm"`.
        table: Table under which the run is declared, such as `"table11"`.
        dataset: Name that `tfclust.datasets.load` takes.
        method: Name of the method, as in the published figures.
        init: `"random"`, `"kmeans++"`, `"pretrained"`, or `""` where the paper prints none.
        epochs: Number of training epochs, without pretraining and without the averaging epoch.
        seeds: Seeds of the repetitions, as many as the paper has runs.
        settings: Mapping or pairs of setting and value; numbers, strings, None and sequences of
            them. They are kept sorted by name.
        profile: `"reference"` for the paper's settings to the letter; `"authors_code"` for those
            of its authors' code, where they are others; `"tuned"` for constants that the paper
            searched and did not print, found by a search here; `"practical"` for better ones.

    Raises:
        ValueError: If `profile` or `init` is not a known one, `epochs` is not a positive integer,
            `seeds` is empty, repeats or holds a negative number, or a setting is not plain JSON.

    Example:
        >>> from reproduce.experiment import Experiment
        >>> cm = Experiment("aecm", "table11", "usps", "cm", "random", 150, (0, 1), {"alpha": 40})
        >>> cm.config()["settings"]
        {'alpha': 40}
    """

    paper: str
    table: str
    dataset: str
    method: str
    init: str
    epochs: int
    seeds: tuple[int, ...]
    settings: tuple[tuple[str, Any], ...] = ()
    profile: str = "reference"

    def __post_init__(self):
        if self.profile not in PROFILES:
            raise ValueError(
                f"`profile` must be one of {tuple(PROFILES)}. Received: profile={self.profile!r}"
            )
        if self.init not in INITS:
            raise ValueError(f"`init` must be one of {INITS}. Received: init={self.init!r}")
        if not _is_count(self.epochs) or self.epochs < 1:
            raise ValueError(
                f"`epochs` must be a positive integer. Received: epochs={self.epochs!r}"
            )
        seeds = tuple(self.seeds)
        if not seeds or len(set(seeds)) < len(seeds) or not all(map(_is_count, seeds)):
            raise ValueError(
                "`seeds` must be one or more distinct non-negative integers. "
                f"Received: seeds={self.seeds!r}"
            )
        object.__setattr__(self, "seeds", seeds)
        object.__setattr__(self, "settings", _sorted_pairs(self.settings))

    @classmethod
    def from_config(cls, config: Mapping[str, Any], seeds: Iterable[int]) -> Experiment:
        """Rebuild the experiment that `config()` described, for the given seeds."""
        names = ("paper", "table", "dataset", "method", "init", "profile", "epochs", "settings")
        missing = [name for name in names if name not in config]
        if missing:
            raise ValueError(f"`config` must hold {', '.join(names)}. Missing: {missing}")
        if not isinstance(config["settings"], Mapping):
            raise ValueError(
                "`settings` of a `config` must be a mapping. "
                f"Received: settings={config['settings']!r}"
            )
        return cls(seeds=tuple(seeds), **{name: config[name] for name in names})

    def config(self) -> dict[str, Any]:
        """Return the configuration without the seeds, as plain JSON values."""
        return {
            "paper": self.paper,
            "table": self.table,
            "dataset": self.dataset,
            "method": self.method,
            "init": self.init,
            "profile": self.profile,
            "epochs": self.epochs,
            "settings": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in self.settings
            },
        }

    @functools.cached_property  # of every seed's key
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for the settings."""
        text = json.dumps(dict(self.settings), sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def identity(self) -> tuple:
        """What the runs of one row have in common."""
        return (
            self.paper,
            self.dataset,
            self.method,
            self.init,
            self.profile,
            self.epochs,
            self.digest,
        )

    def key(self, seed: int) -> tuple:
        """Return the identity of one run: equal keys mean the same run."""
        return (*self.identity, seed)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _sorted_pairs(settings: Mapping[str, Any] | Iterable) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted((name, _frozen(name, value)) for name, value in dict(settings).items()))


def _frozen(name: str, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(name, item) for item in value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and abs(value) < float("inf"):
        # 1 and 1.0 are one setting, so they must give one digest.
        return int(value) if value.is_integer() else value
    raise ValueError(
        "A setting must be a finite number, a string, a boolean, None or a sequence of them. "
        f"Received: {name}={value!r}"
    )
