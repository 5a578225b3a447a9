"""The papers' baselines by the settings of their own authors, in a table of ours.

DEC and IDEC print these figures of themselves. All rows of a dataset and a seed begin with one
autoencoder, pretrained layer by layer as DEC's.
"""

from __future__ import annotations

import math

from reproduce.experiment import Experiment
from reproduce.paper import Paper
from reproduce.table import Table

THREE_RUNS = (0, 1, 2)
BATCH_SIZE = 256
# Dataset -> its rows, features and clusters.
DATASETS = {
    "mnist": (70_000, 784, 10),
    "usps": (9_298, 256, 10),
    "fashion_mnist": (70_000, 784, 10),
    "pendigits": (10_992, 16, 10),
    "rcv1_10k": (10_000, 2000, 4),
}

# DEC pretrains for 50,000 steps a layer and 100,000 of the whole, whatever the dataset, with SGD.
# Here Adam takes a quarter of them: what a processor can do for several seeds.
LAYER_STEPS, WHOLE_STEPS = 12_500, 25_000
MOST_STEPS = 20_000  # of IDEC's code, where no tolerance ends it; DEC's has none
AUTOENCODER = {
    "embedding_dim": 10,
    "hidden_units": (500, 500, 2000),
    "activation": "relu",
    "batch_size": BATCH_SIZE,
    "scale": "rms",  # DEC: "1/d ||x_i||^2 is approximately 1"
    "dropout": 0.2,
    "kmeans_n_init": 20,
    # Activations in bfloat16, weights in float32, as of the deep models of the other papers.
    "precision": "mixed_bfloat16",
}
SGD = {"optimizer": "sgd", "learning_rate": 0.01, "momentum": 0.9}
ADAM = {"optimizer": "adam", "learning_rate": 1e-3, "epsilon": 1e-7}
# Steps between two updates of the targets. DEC names them for MNIST and Reuters, IDEC for MNIST,
# USPS and Reuters; Fashion-MNIST has those of MNIST, and small sets those of the next in size.
UPDATES = {
    "dec": {"mnist": 160, "fashion_mnist": 160, "usps": 20, "pendigits": 20, "rcv1_10k": 20},
    "idec": {"mnist": 140, "fashion_mnist": 140, "usps": 30, "pendigits": 30, "rcv1_10k": 3},
}
# IDEC's code trains on MNIST by Adam, on the others by SGD at 0.1 with a momentum of 0.99, of an
# error averaged over features.
IDEC_BY_ADAM = ("mnist", "fashion_mnist")


def _experiment(dataset: str, method: str, epochs: int, own: dict) -> Experiment:
    settings = {
        **AUTOENCODER,
        "n_clusters": DATASETS[dataset][2],
        "layer_epochs": _epochs(dataset, LAYER_STEPS),
        "pretrain_epochs": _epochs(dataset, WHOLE_STEPS),
        **own,
    }
    row = ("baselines", "own", dataset, method, "pretrained", epochs, THREE_RUNS)
    return Experiment(*row, settings, profile="practical")


def _epochs(dataset: str, steps: int) -> int:
    return round(steps / math.ceil(DATASETS[dataset][0] / BATCH_SIZE))


def _dec(dataset: str) -> Experiment:
    own = {**SGD, "update_interval": UPDATES["dec"][dataset], "tol": 0.001}
    return _experiment(dataset, "dec", _epochs(dataset, MOST_STEPS), own)


def _idec(dataset: str) -> Experiment:
    by_sgd = {**SGD, "learning_rate": 0.1 / DATASETS[dataset][1], "momentum": 0.99}
    own = {
        **(ADAM if dataset in IDEC_BY_ADAM else by_sgd),
        **{"update_interval": UPDATES["idec"][dataset], "tol": 0.001, "gamma": 0.1},
    }
    return _experiment(dataset, "idec", _epochs(dataset, MOST_STEPS), own)


PAPER = Paper(
    name="baselines",
    title="The baselines by the settings of their authors",
    experiments=tuple(row(dataset) for dataset in DATASETS for row in (_dec, _idec)),
    tables=(
        Table(
            "own",
            "Each baseline beside the figures of its own paper",
            ("own",),
            ("dec", "idec"),
            metrics=("acc", "nmi", "ari"),
        ),
    ),
)
