"""`tfclust evaluate`: a run's clusters against known labels."""

from pathlib import Path

import numpy as np

from tfclust.cli import reading
from tfclust.cli.errors import UserError
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
    # The options of the run are those of its own file.
    is_own = arguments.labels.resolve() == Path(data["path"]).resolve()
    options = reading.Options.of(data["options"]) if is_own else None
    labels = reading.read_labels(arguments.labels, arguments.label_column, options)
    clusters = read_labels(folder.path)
    if len(labels) == len(clusters) + len(data["left_out"]):  # of the rows that have no cluster too
        labels = np.delete(labels, data["left_out"])
    if len(labels) != len(clusters):
        raise UserError(
            f"the labels must be one for each of the {len(clusters)} rows of the run, in their "
            f"order. Received: {len(labels)} labels"
        )
    for name, score in scores(labels, clusters).items():
        print(f"{name:36} {score:.4f}")
    return 0


def scores(labels, clusters):
    """Scores of clusters against labels of any kind, name -> value."""
    start_tensorflow()
    from tfclust.metrics import evaluate

    _, classes = np.unique(labels, return_inverse=True)
    found = evaluate(classes, clusters)
    return {name: found[key] for key, name in NAMES.items() if key in found}
