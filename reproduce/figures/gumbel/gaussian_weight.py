"""Figure 3: accuracy against the weight of the Gaussian term, beside the label-free criterion."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from reproduce.experiments.gumbel import EPOCHS, WEIGHT_GRIDS, at_weight
from reproduce.figures.task import Needs
from tfclust import plots

SETTINGS = {
    "small": {"datasets": ("usps",), "seed": 0, "epochs": EPOCHS},
    "paper": {"datasets": ("mnist", "usps", "rcv1_10k"), "seed": 0, "epochs": EPOCHS},
}


def needs(task, settings) -> Needs:
    """A run at every weight of every dataset."""
    return Needs.of_runs([each for name in settings["datasets"] for each in _runs(name, settings)])


def gather(task, settings):
    """Return, for each dataset, the record of one run a weight, None where it diverged."""
    return {
        name: [row[0] if row else None for row in task.run(_runs(name, settings))]
        for name in settings["datasets"]
    }


def _runs(dataset, settings):
    return [
        replace(at_weight(dataset, weight), seeds=(settings["seed"],), epochs=settings["epochs"])
        for weight in WEIGHT_GRIDS[dataset]
    ]


def plot(results, settings) -> Figure:
    """Draw validation accuracy above, and the information of row and cluster below."""
    figure = Figure(figsize=(4.2 * len(results), 6), layout="constrained")
    figure.suptitle("Weight of the Gaussian term (Figure 3)")
    panels = figure.subplots(2, len(results), squeeze=False)
    for (name, records), above, below in zip(results.items(), *panels, strict=True):
        weights = WEIGHT_GRIDS[name]
        accuracy = {"validation part": _series(records, "validation_acc", 100)}
        information = {"validation part": _series(records, "cluster_information")}
        plots.curves(weights, accuracy, "weight wG", "accuracy, %", ax=above, title=name)
        plots.curves(weights, information, "weight wG", "information, nats", ax=below)
        for ax in (above, below):
            ax.set_xscale("log")
    return figure


def _series(records, metric, factor=1.0):
    return [factor * record["metrics"][metric] if record else math.nan for record in records]


def caption(results, settings) -> str:
    """Tell what was run, and what the criterion picks."""
    parts = []
    for name, records in results.items():
        accuracies = ", ".join(
            f"{100 * record['metrics']['validation_acc']:.1f} at {weight:g}"
            if record
            else f"none at {weight:g}, which diverged"
            for weight, record in zip(WEIGHT_GRIDS[name], records, strict=True)
        )
        parts.append(
            f"{name}: accuracy {accuracies}; the criterion picks {picked(name, records):g}"
        )
    return (
        f"**Figure 3. Weight of the Gaussian term.** One run of {settings['epochs']} epochs a "
        f"weight, seed {settings['seed']}, scored on the validation part. {'. '.join(parts)}.\n\n"
        "Above, accuracy, which needs labels; below, the information between row and cluster, "
        "which needs none. The criterion takes the weight of most information. The paper shows "
        "mnist, and its values of the weight are lost."
    )


def picked(dataset, records) -> float:
    """Return the weight of most information."""
    return WEIGHT_GRIDS[dataset][np.nanargmax(_series(records, "cluster_information"))]
