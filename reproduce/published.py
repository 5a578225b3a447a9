"""The papers' own figures, transcribed from their tables."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from pathlib import Path

RESULTS = Path(__file__).parent / "published" / "results.csv"

# Names of `tfclust.datasets.load` whose published name is another, by paper.
PUBLISHED_NAMES = {
    "aecm": {
        "fashion_mnist": "fmnist",
        "twenty_newsgroups": "20news",
        "rcv1_10k": "reuters10k",
        "pendigits": "pendigit",
        "five_gaussians": "5gaussians",
        "breast_cancer": "breast",
        "uci_ecoli": "ecoli",
        "uci_glass": "glass",
        "uci_yeast": "yeast",
    },
    "gumbel": {"rcv1_10k": "reuters10k"},
    "baselines": {"rcv1_10k": "reuters10k"},
    "practical": {},  # it has no published figures
    "damic": {"fashion_mnist": "fmnist", "twenty_newsgroups": "20news"},
    "mixae": {"rcv1_10k": "reuters", "rcv1": "reuters", "har_recomputed": "hhar"},
}

# Where the data is not the paper's own, its figures are only a rough measure.
CAVEATS = {
    "rcv1_10k": "10,000 documents, others than the papers': comparable only roughly",
    "har_recomputed": "the features of the UCI smartphone recordings, computed anew: 10,411 rows "
    "where the paper's HHAR has 10,299, comparable only roughly",
    "five_gaussians": "the paper gives the five Gaussians only as a picture: comparable only "
    "roughly",
    "breast_cancer": "the paper's is most likely Breast Cancer Wisconsin (Original), 683 rows of 9 "
    "grades, where this is the Diagnostic set of 569 rows of 30 measures: not comparable",
    "uci_glass": "the paper's most likely has the file's row numbers as a column, in the order of "
    "the classes: not comparable",
}


def published_name(paper: str, dataset: str) -> str:
    """Return a paper's own name of a dataset.

    Example:
        >>> from reproduce.published import published_name
        >>> published_name("mixae", "har_recomputed")
        'hhar'
    """
    return PUBLISHED_NAMES[paper].get(dataset, dataset)


def lookup(
    paper: str, table: str, dataset: str, method: str, init: str, metric: str, stat: str
) -> float | None:
    """Return one published figure, or None where the paper prints none.

    Args:
        paper: Name of the paper, such as `"aecm"`.
        table: Name of the table, such as `"table15"`.
        dataset: Name that `tfclust.datasets.load` takes; its published name does as well.
        method: Name of the method.
        init: Initialization, `""` where the paper prints none.
        metric: `"acc"`, `"nmi"`, `"ari"`, `"runtime_s"`, `"sample_entropy"` or `"batch_entropy"`.
        stat: `"mean"`, `"std"`, `"best"` or `"selected_lsp"` (the run of lowest L_sp).

    Returns:
        A fraction for a score, seconds for a run time, nats for an entropy.

    Example:
        >>> from reproduce.published import lookup
        >>> lookup("aecm", "table15", "mnist", "aecm", "random", "acc", "mean")
        0.861
    """
    return load().get((paper, table, published_name(paper, dataset), method, init, metric, stat))


@functools.cache
def load() -> Mapping[tuple[str, ...], float]:
    """Return every published figure by (paper, table, dataset, method, init, metric, stat)."""
    with RESULTS.open(encoding="utf-8", newline="") as file:
        return {
            tuple(
                row[name]
                for name in ("paper", "table", "dataset", "method", "init", "metric", "stat")
            ): _in_unit(row["value"], row["unit"])
            for row in csv.DictReader(file)
            if row["value"]
        }


def _in_unit(value: str, unit: str) -> float:
    # Rounded, so that 86.1 percent is 0.861 and not 0.8609999999999999.
    return round(float(value) / 100, 6) if unit == "percent" else float(value)
