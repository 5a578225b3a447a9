"""Tables and figures of "Deep clustering based on a mixture of autoencoders".

Chazan, Gannot, Goldberger, 2018. Where the paper is silent or allows several readings, the one
taken is a named constant with the reason beside it; those of the network are told by
`tfclust.DAMIC`.
"""

from __future__ import annotations

from reproduce.experiment import Experiment
from reproduce.paper import Paper
from reproduce.table import Table

FIVE_RUNS = tuple(range(5))  # "the mean performance over 5 trials" (Sect. 3.2)

# "We set the number of epochs for the training phases to be 50" (Sect. 3.4): read as 50 for each of
# them, the layers, the autoencoder, the gate and the clusters' autoencoders as well as the joint
# training. "Early stopping was used to prevent mis-convergence of the loss", without a criterion or
# rows held out: a phase ends after 5 epochs without a new minimum of its training loss.
EPOCHS = 50
PATIENCE = 5
# Adam, "for both the pre-training as well as the training phase", at no stated rate: the usual one.
TRAINING = {"optimizer": "adam", "learning_rate": 1e-3, "epsilon": 1e-7}
# The paper gives no starts; ten were scikit-learn's default when it was written.
KMEANS_STARTS = 10
KMEANS_ITERATIONS = 300

AUTOENCODER = {
    "hidden_units": (1024, 256),
    "batch_size": 256,
    "patience": PATIENCE,
    # "Batch normalization was utilized on all layers", on which side of the ELU is not said. In the
    # short runs of `_order_of_normalization`, the start's autoencoder comes to a cross-entropy that
    # is lower by 7 % after it on MNIST, and by 2 % before it on 20 Newsgroups.
    "normalize_first": False,
    # Layers in bfloat16, at three quarters of the time; the gate's logits, and all that follows the
    # decoders' logits, in float32.
    "precision": "mixed_bfloat16",
}
# K-means on the code of the start's autoencoder, and the mixture that is trained from there on.
START = {**AUTOENCODER, "kmeans_n_init": KMEANS_STARTS}
MODEL = {**AUTOENCODER, "gate_units": (512, 512), **TRAINING}
PRETRAINING = {"pretrain_epochs": EPOCHS, "kmeans_n_init": KMEANS_STARTS}

# "All datasets were normalized between 0 and 1": pixels are, and each word's tf-idf is divided by
# its own maximum. Divided by that of all, d is a fraction of a nat, and the gate can send documents
# of many clusters to one autoencoder at next to no cost.
DATASETS = {
    "table2": ("mnist", {"n_clusters": 10, "scale": None}),
    "table3": ("fashion_mnist", {"n_clusters": 10, "scale": None}),
    "table4": ("twenty_newsgroups", {"n_clusters": 20, "scale": "max_abs"}),
}
# The normalization stands under "Network implementation": k-means takes the data as they are, and
# tf-idf divided by one factor for all words is as it was.
KMEANS_SCALES = {"twenty_newsgroups": "max"}


# Why the paper's figures are not reached, as far as is known.
GUESSES = {
    "fashion_mnist damic *": "the start is above the paper's, and a point is missing: fifty epochs "
    "on the labels of k-means leave the gate so sure that few samples move afterwards.",
    "twenty_newsgroups damic *": "an autoencoder takes few steps an epoch, and half the squared "
    "error of a document differs little between autoencoders.",
    "* damic *": "the start is 8 points below the paper's, which normalizing the code may cost, "
    "and fifty epochs on the labels of k-means leave the gate so sure that few samples move.",
}


def _experiment(table, dataset, method, init, epochs, **settings) -> Experiment:
    return Experiment("damic", table, dataset, method, init, epochs, FIVE_RUNS, settings)


def _comparison(table: str) -> list[Experiment]:
    """K-means, k-means on the code of the start's autoencoder, and DAMIC."""
    dataset, data = DATASETS[table]
    kmeans = {"n_init": KMEANS_STARTS, "scale": KMEANS_SCALES.get(dataset)}
    return [
        _experiment(table, dataset, "kmeans", "", KMEANS_ITERATIONS, **{**data, **kmeans}),
        _experiment(table, dataset, "ae_kmeans", "", EPOCHS, **data, **START),
        _experiment(table, dataset, "damic", "pretrained", EPOCHS, **data, **MODEL, **PRETRAINING),
    ]


def _ablation() -> list[Experiment]:
    """One half of DAMIC alone; the other columns are Table 2's runs.

    The numbers that the paper prints for the pretraining are those of its DAE+KM, so it is read as
    k-means on the code, not as the pretrained gate.
    """
    dataset, data = DATASETS["table2"]
    return [
        _experiment("table5", dataset, "pretraining", "pretrained", EPOCHS, **data, **START),
        _experiment("table5", dataset, "joint_training", "random", EPOCHS, **data, **MODEL),
    ]


def _order_of_normalization() -> list[Experiment]:
    """The start's autoencoder normalized after and before its ELU, in one short run each."""
    return [
        Experiment(
            *("damic", "start", dataset, "ae_kmeans", "", 20, (0,)),
            {**data, **START, "normalize_first": first},
        )
        for dataset, data in (DATASETS["table2"], DATASETS["table4"])
        for first in (False, True)
    ]


PAPER = Paper(
    name="damic",
    title="Deep clustering based on a mixture of autoencoders",
    experiments=(
        *(row for table in DATASETS for row in _comparison(table)),
        *_ablation(),
        *_order_of_normalization(),
    ),
    tables=(
        *(
            Table(
                table,
                f"DAMIC and its baselines on {dataset}",
                (table,),
                ("kmeans", "ae_kmeans", "damic"),
                metrics=("nmi", "ari", "acc"),
                guesses=GUESSES,
            )
            for table, (dataset, _) in DATASETS.items()
        ),
        Table(
            "table5",
            "Ablation on mnist",
            ("table2", "table5"),
            ("kmeans", "pretraining", "joint_training", "damic"),
            metrics=("nmi", "ari", "acc"),
        ),
        Table(
            "rules",
            "Accuracy by the gate (Eq. 2) and by the smallest error (Eq. 6), how often the two "
            "agree, and the gate's accuracy before the joint training",
            ("table2", "table3", "table4", "table5"),
            ("damic", "joint_training"),
            metrics=("acc", "reconstruction_rule_acc", "agreement", "start_acc"),
        ),
        Table(
            "start",
            "On which side of the ELU to normalize, one run each",
            ("start",),
            ("ae_kmeans",),
            metrics=("reconstruction", "nmi", "ari", "acc"),
            variants=True,
        ),
    ),
    figures=(2, 3),
)
