"""Figure 12: ARI of AE-CM over beta and lambda."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reproduce.figures.declared import variant
from reproduce.figures.task import Needs
from tfclust import plots

SETTINGS = {
    "small": {
        "title": "beta and lambda (Figure 12 at small scale: pendigits, narrow layers,\n"
        "30 epochs for 1000, one run for five)",
        "dataset": "pendigits",
        "values": (0, 0.1, 1, 10, 100),
        "epochs": 30,
        "seeds": (0,),
        "changes": {"hidden_units": (64, 64, 256), "precision": "float32"},
        "pretraining": {"pretrain_epochs": 20, "pretrain_cm_epochs": 20},
    },
    "paper": {
        "title": "beta and lambda (Figure 12)",
        "dataset": "mnist",
        # Only 0 and 1 are named; the text speaks of orders of magnitude.
        "values": (0, 0.01, 0.1, 1, 10, 100),
        "epochs": 1000,
        "seeds": (0, 1, 2, 3, 4),
        "changes": {},
        "pretraining": {},
    },
}
_INITS = {"random": "(a) random", "pretrained": "(b) pre-trained"}


def needs(task, settings) -> Needs:
    """The runs from both starts."""
    return Needs.of_runs([each for init in _INITS for each in _experiments(settings, init)])


def gather(task, settings):
    """Train every combination from both starts; return the mean ARI, `(lambdas, betas)`."""
    return {init: _scores(task, settings, init) for init in _INITS}


def _experiments(settings, init):
    values = settings["values"]
    pretraining = settings["pretraining"] if init == "pretrained" else {}
    return [
        variant(
            "aecm",
            "table15",
            settings["dataset"],
            "aecm",
            init,
            figure=12,
            epochs=settings["epochs"],
            seeds=settings["seeds"],
            beta=beta,
            lbd=lbd,
            **settings["changes"],
            **pretraining,
        )
        for lbd in values
        for beta in values
    ]


def _scores(task, settings, init):
    rows = task.run(_experiments(settings, init))
    scores = [[record["metrics"]["ari"] for record in row] for row in rows]
    means = [np.mean(row) if row else np.nan for row in scores]
    return np.reshape(means, (len(settings["values"]),) * 2)


def plot(results, settings) -> Figure:
    """Draw a heat map for each start."""
    figure = Figure(figsize=(9.5, 4.4), layout="constrained")
    figure.suptitle(settings["title"])
    labels = [f"{value:g}" for value in settings["values"]]
    for ax, (init, title) in zip(figure.subplots(1, 2), _INITS.items(), strict=True):
        plots.heat_map(results[init], labels, labels, "beta", "lambda", title, ax=ax)
        _write_values(ax, results[init])
    return figure


def _write_values(ax, values):
    middle = (np.nanmin(values) + np.nanmax(values)) / 2
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = "black" if value > middle else "white"
            ax.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=colour)


def caption(results, settings) -> str:
    """Tell what was run."""
    changes = {**settings["changes"], **settings["pretraining"]}
    changed = ", ".join(f"{name} {value}" for name, value in changes.items())
    return (
        f"**{settings['title']}**\n\n"
        f"Mean ARI (percent in the cells) of AE-CM on {settings['dataset']} over "
        f"{len(settings['seeds'])} runs of {settings['epochs']} epochs; alpha, batch size and "
        f"embedding of Table 13{'; ' + changed if changed else ''}. The paper shows mnist with "
        "five runs. Of its values of beta and lambda it names 0 and 1 alone; the others are "
        "powers of ten about 1. An empty cell is a combination that diverged."
    )
