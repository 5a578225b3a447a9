"""What was tried to find MIXAE's schedule, batch size and networks, on which its paper is silent.

One run each. They are compared without labels: of runs of one size of autoencoders on data of one
scale, the lowest reconstruction error that leaves no cluster empty. Two rules of ours come first.
The sample entropy keeps a weight, as Eq. 5 has it, though none at all gives lower errors on mnist.
A batch has 100 rows or more, ten for each of mnist's clusters, though 64 give lower errors an
epoch: Eq. 4 takes the clusters of a batch to be balanced, "valid for a large enough minibatch".
Errors of different sizes and scales do not compare: there the smaller autoencoders are taken on
mnist, whose epoch costs less than half, and the data as they are.
"""

from __future__ import annotations

from reproduce.experiment import Experiment

EPOCHS = {"mnist": 12, "har_recomputed": 40, "rcv1_10k": 40}
ONE_RUN = (0,)
# Where the search began; a variant changes some of it.
BEGINNING = {
    "batch_size": 256,
    "alpha": 1.0,
    "beta": 100.0,
    "alpha_bounds": (0.0, 1.0),
    "beta_bounds": (0.0, 100.0),
}
VECTORS = {"hidden_units": (256, 64), "beta_bounds": (0.0, 10_000.0)}
DATASETS = {
    "mnist": {
        "n_clusters": 10,
        "image_shape": (28, 28, 1),
        "filters": (8, 16),
        "kernel_size": 3,
    },
    "har_recomputed": {"n_clusters": 6, **VECTORS},
    "rcv1_10k": {"n_clusters": 4, **VECTORS},
}

LOW_ALPHA = {"alpha_bounds": (0.0, 0.1)}
ASSIGNMENT = {"assignment_units": (128,)}
ON_SENSORS = {"alpha": 0.1, **LOW_ALPHA}
ON_TEXT = {"alpha": 0.01, "alpha_bounds": (0.0, 0.01), "beta": 10.0, "scale": None}
VARIANTS = {
    "mnist": (
        {},
        {"alpha": 0.0, "alpha_bounds": (0.0, 0.0)},
        {"alpha_bounds": (0.0, 10.0)},
        {"alpha": 20.0, "beta": 200.0, "alpha_bounds": (0.0, 1000.0)},
        {"beta_bounds": (100.0, 100.0)},
        {"filters": (4, 8)},
        {"batch_size": 128},
        ASSIGNMENT,
        {**LOW_ALPHA, **ASSIGNMENT, "batch_size": 128},
        {**LOW_ALPHA, **ASSIGNMENT, "batch_size": 64},
    ),
    "har_recomputed": (
        {},
        {"alpha": 0.0, "alpha_bounds": (0.0, 0.0)},
        {**ON_SENSORS, "batch_size": 64},
        {**ON_SENSORS, **ASSIGNMENT},
        {**LOW_ALPHA, **ASSIGNMENT, "batch_size": 128},
        {**ON_SENSORS, "hidden_units": (64,)},
        {**ON_SENSORS, "hidden_units": (500, 500)},
        {**ON_SENSORS, "scale": "standard"},
        {**ON_SENSORS, "scale": "standard", **ASSIGNMENT},
        {**ON_SENSORS, "scale": "standard", **ASSIGNMENT, "batch_size": 128},
        {**ON_SENSORS, "scale": "standard", **ASSIGNMENT, "hidden_units": (64,)},
    ),
    "rcv1_10k": (
        {"scale": "sqrt_dim", "beta": 1000.0},
        {"scale": "sqrt_dim", "beta": 1000.0, "alpha": 0.0, "alpha_bounds": (0.0, 0.0)},
        ON_TEXT,
        {**ON_TEXT, **ASSIGNMENT, "batch_size": 128},
    ),
}
# Twice the filters take more than twice the time: two thirds of the epochs.
LARGER = {**LOW_ALPHA, **ASSIGNMENT, "batch_size": 128, "filters": (16, 32)}


def schedule_search(common: dict) -> list[Experiment]:
    """Return every variant as an experiment of one run; `common` is what none of them changes."""
    runs = [
        (dataset, EPOCHS[dataset], variant)
        for dataset, variants in VARIANTS.items()
        for variant in variants
    ]
    runs.append(("mnist", 8, LARGER))
    return [
        Experiment(
            *("mixae", "schedule", dataset, "mixae", "random", epochs, ONE_RUN),
            {**common, **BEGINNING, **DATASETS[dataset], **variant},
        )
        for dataset, epochs, variant in runs
    ]
