"""`tfclust evaluate`: a run's clusters against known labels."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tfclust.cli import reading
from tfclust.cli.messages import UserError
from tfclust.cli.results import read_labels
from tfclust.cli.run_folder import RunFolder
from tfclust.startup import start_tensorflow

NAMES = {
    "acc": "accuracy (ACC)",
    "nmi": "normalized mutual information (NMI)",
    "ari": "adjusted Rand index (ARI)",
    "purity": "purity",
    "homogeneity": "homogeneity",
}


def run(arguments):
    """Prints the scores; returns the exit status."""
    folder = RunFolder(arguments.run)
    data = folder.read_finished()["data"]
    clusters = read_labels(folder.path)
    labels = _labels(arguments, data, len(clusters))
    for name, score in scores(labels, clusters).items():
        print(f"{name:36} {score:.4f}")
    return 0


def _labels(arguments, data, n):
    """A label for each of the `n` rows of a run.

    Raises:
        UserError: there are more labels, or fewer.
    """
    # The options of the run are those of its own file.
    is_own = arguments.labels.resolve() == Path(data.get("place", data["path"])).resolve()
    options = reading.Options.of(data["options"]) if is_own else reading.Options()
    labels = reading.read_labels(arguments.labels, arguments.label_column, options)
    n_read = n + len(data["left_out"])
    fits = len(labels) in (n, n_read)
    if not fits and arguments.label_column is None and abs(len(labels) - n_read) == 1:
        # The first row is a label, and was taken for the name of the column; or the reverse.
        other = replace(options, header=len(labels) > n_read)
        labels = reading.read_labels(arguments.labels, None, other)
    if len(labels) == n_read:
        labels = np.delete(labels, data["left_out"])
    if len(labels) != n:
        raise UserError(
            f"the labels must be one for each of the {n} rows of the run, in their order. "
            f"Received: {len(labels)} labels"
        )
    return labels


def scores(labels, clusters):
    """Scores of clusters against labels of any kind, name -> value."""
    start_tensorflow()
    from tfclust.metrics import evaluate

    _, classes = np.unique(labels, return_inverse=True)
    found = evaluate(classes, clusters)
    return {name: found[key] for key, name in NAMES.items() if key in found}
