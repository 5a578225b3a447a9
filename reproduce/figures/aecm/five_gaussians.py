"""The clustering module on the five Gaussians, as Sect. 4.1 trains it."""

from __future__ import annotations

from reproduce.experiments.aecm import (
    FIVE_GAUSSIANS_CLASSES,
    FIVE_GAUSSIANS_SCALE,
    SGD_LEARNING_RATE,
    SMALL_DATA,
)

SETTINGS = {
    "dataset": "five_gaussians",
    "scale": FIVE_GAUSSIANS_SCALE,
    "n_clusters": FIVE_GAUSSIANS_CLASSES,
    **SMALL_DATA,
    "learning_rate": SGD_LEARNING_RATE,
    "epochs": 50,
}

CAVEAT = (
    "The paper shows its five Gaussians only as a picture; these are five of our own that overlap "
    "like them."
)


def load(task, settings):
    """Return the dataset."""
    return task.load(settings["dataset"], settings["scale"])


def module_arguments(settings) -> dict:
    """Return the arguments of `CM` and `CMEnsemble`."""
    return {name: settings[name] for name in ("n_clusters", "alpha", "batch_size")}


def describe(settings) -> str:
    """Return the settings in words."""
    return (
        f"K = {settings['n_clusters']}, alpha = {settings['alpha']}, batches of "
        f"{settings['batch_size']}, SGD at rate {settings['learning_rate']}, {settings['epochs']} "
        "epochs"
    )
