"""What each method reads of a row's settings, stated here alone and without TensorFlow.

A setting that no one reads would still be recorded, and tell runs apart that are the same: a row
that has one is refused when it is declared, and again before it is run.
"""

from __future__ import annotations

from reproduce.experiment import Experiment
from tfclust.recipes import RECIPES

# Arguments of the models' constructors.
AUTOENCODER = ("n_clusters", "embedding_dim", "hidden_units", "batch_size")
AECM = (*AUTOENCODER, "alpha", "beta", "lbd")
CLUSTERGAN = (
    *(
        "n_clusters",
        "latent_dim",
        "hidden_units",
        "filters",
        "output_activation",
        "beta_n",
        "beta_c",
    ),
    *("penalty_weight", "critic_steps", "batch_size"),
)
DLGMM = (
    *("n_clusters", "latent_dim", "hidden_units", "prior_means", "alpha", "reconstruction_loss"),
    "batch_size",
)
CLUSTERED_CODE = (
    *(*AUTOENCODER, "activation", "kernel_start", "update_interval", "tol"),
    *("beta", "kmeans_every", "lbd", "alpha", "augment"),
)
DAMIC = (
    *("n_clusters", "hidden_units", "gate_units", "batch_size"),
    *("linear_code", "normalized", "normalize_first"),
)
# Lengths of DAMIC's start besides that of its autoencoder, which is `pretrain_epochs`.
DAMIC_START = ("layer_epochs", "gate_epochs", "expert_epochs", "least_steps")
GENERATIVE = (
    *("feature_dim", "latent_dim", "gaussian_weight", "reconstruction_loss", "batch_size"),
    "normalize_features",
)
VADE = (*AUTOENCODER, "reconstruction_loss")
GMVAE = (
    *("n_clusters", "latent_dim", "style_dim", "hidden_units", "prior_units", "free_bits"),
    *("reconstruction_loss", "batch_size"),
)
MIXAE = (
    *("n_clusters", "embedding_dim", "filters", "kernel_size", "hidden_units", "assignment_units"),
    *("assignment_bias", "reconstruction_loss", "alpha", "beta", "batch_size"),
)

# Of any row: the data, how the runner times it, and which search chose its settings.
_ROW = ("n_clusters", "scale", "timed", "chosen_by")
_ADAM = ("optimizer", "learning_rate", "epsilon")
_SGD = ("momentum", "nesterov")
_TRAINING = ("precision", *_ADAM, *_SGD)
_MIXTURE = ("covariance", "uniform_weights")
_CM = ("alpha", "batch_size", "terms", *_TRAINING)
_DAMIC = (*DAMIC, "patience", "precision")
_DAE_KMEANS = (*_DAMIC, "layer_epochs", "kmeans_n_init")
_DECAY = ("rate_decay", "rate_decay_every", "least_rate")
_PRETRAINING = ("pretrain_epochs", "kmeans_n_init")

# Method -> initialization -> what it reads under that one.
_KMEANS = dict.fromkeys(("", "random", "kmeans++"), ("n_init",))
_GMM = dict.fromkeys(("", "random", "kmeans++"), _MIXTURE)
_CLUSTERING_MODULE = {
    **dict.fromkeys(("", "random"), _CM),
    "kmeans++": (*_CM, "kmeans_n_init", "kmeans_iterations"),
}
_AECM = {
    "random": (*AECM, *_TRAINING),
    "pretrained": (*AECM, *_TRAINING, *_PRETRAINING, "pretrain_cm_epochs"),
}
_CODE = (*AUTOENCODER, "activation", "kernel_start")
_OF_LAYERS = ("layer_epochs", "dropout", "drop_ends", "pretrain_optimizer")
_CODE_START = (*_PRETRAINING, *_OF_LAYERS)


def _clustered_code(*own, random=()):
    """What a model of an autoencoder and centroids reads; `random` as well from a random start."""
    pretrained = (*_CODE, *own, *_TRAINING, *_CODE_START)
    random = (*_CODE, *own, *_TRAINING, *random)
    return {"": pretrained, "pretrained": pretrained, "random": random}


_UPDATES = ("update_interval", "update_every")  # in steps, and in epochs
_DEC = _clustered_code(*_UPDATES, "tol")
_DEC_DA = {"pretrained": (*_DEC["pretrained"], "augment")}
_IDEC = _clustered_code(*_UPDATES, "tol", "gamma")
_DCN = _clustered_code(*_UPDATES, "beta", "kmeans_every")
_DKM = _clustered_code("lbd", "alpha", random=("anneal_every",))
_DAMIC_TRAINED = {
    "random": (*_DAMIC, *_ADAM),
    "pretrained": (*_DAMIC, *_ADAM, *_PRETRAINING, *DAMIC_START),
}
_VADE_TRAINED = (*VADE, *_TRAINING, *_DECAY)
_VADE = (
    *(*_VADE_TRAINED, "pretrain_epochs", "layer_epochs", "pretrain_batch_size", "dropout"),
    "mixture_n_init",
)
_VIB_GMM = (
    *(*_VADE_TRAINED, "divergence_weight", "end_divergence_weight", "annealing_epochs"),
    "annealing",
)
_KNOWN = {
    "ae_gmm": {"": (*AUTOENCODER, *_TRAINING, *_MIXTURE)},
    "ae_kmeans": {"": (*_CODE, *_TRAINING, "kmeans_n_init", *_OF_LAYERS)},
    "aecm": _AECM,
    "aecm_kmeans": _AECM,
    "clustergan": {
        "random": (
            *CLUSTERGAN,
            *_TRAINING,
            *("beta_1", "beta_2", "image_shape", "kmeans_n_init"),
        )
    },
    "cm": _CLUSTERING_MODULE,
    "damic": _DAMIC_TRAINED,
    "dcn": _DCN,
    "dcn_kmeans": _DCN,
    "dec": _DEC,
    "dec_da": _DEC_DA,
    "dkm": _DKM,
    "dkm_kmeans": _DKM,
    "dlgmm": {"": (*DLGMM, *_TRAINING, "neighbours")},
    "gmm": _GMM,
    "gumbel": {
        "": (
            *GENERATIVE,
            *_TRAINING,
            *("temperature", "end_temperature", "annealing_epochs", "annealing", "neighbours"),
        )
    },
    "gmvae": {"": (*GMVAE, *_TRAINING)},
    "idec": _IDEC,
    "idec_kmeans": _IDEC,
    "igmm": _GMM,
    "joint_training": _DAMIC_TRAINED,
    "kmeans": _KMEANS,
    "mixae": {
        "random": (
            *MIXAE,
            *_TRAINING,
            *(*_DECAY, "alpha_bounds", "beta_bounds", "beta_factor", "beta_decay"),
            *("starts", "start_epochs", "image_shape"),
        )
    },
    "pretraining": {"pretrained": _DAE_KMEANS},
    "vade": dict.fromkeys(("", "pretrained"), _VADE),
    "vae": {"": (*GENERATIVE, *_TRAINING, "kmeans_n_init", "neighbours")},
    "vib_gmm": {"random": _VIB_GMM},
}
# Of the leaderboard. A model's row holds its whole recipe.
_PRACTICAL = {
    "kmeans": ("n_init",),
    "mixture": (*_MIXTURE, "most_columns"),
    "hdbscan": (
        *("n_neighbors", "map_dimensions", "most_columns"),
        *("min_samples", "least_share", "least_size"),
    ),
    "spectral": ("landmarks", "n_init"),
    "autoclusterer": ("effort", "revision"),
    **{
        name: (*recipe.arguments, "batch_size", "optimizer", "pretraining", "callbacks")
        for name, recipe in RECIPES.items()
    },
}
# Methods that a paper runs in its own way: DAMIC's autoencoder is not AE-CM's.
_OF_PAPER = {
    ("damic", "ae_kmeans"): {"": _DAE_KMEANS},
    **{
        ("practical", method): {"": (*names, "image_shape")} for method, names in _PRACTICAL.items()
    },
}


def known_settings(experiment: Experiment) -> frozenset[str]:
    """Return the names of the settings that the method of an experiment reads.

    Raises:
        ValueError: If the method is not known, or has no such initialization.

    Example:
        >>> from reproduce.experiment import Experiment
        >>> from reproduce.known_settings import known_settings
        >>> row = Experiment("aecm", "table11", "usps", "kmeans", "random", 150, (0,))
        >>> sorted(known_settings(row))
        ['chosen_by', 'n_clusters', 'n_init', 'scale', 'timed']
    """
    paper, method, init = experiment.paper, experiment.method, experiment.init
    family = "cm" if method.startswith("cm_") else method  # cm_e0e1: CM with two of its terms
    inits = _OF_PAPER.get((paper, method)) or _KNOWN.get(family)
    if inits is None:
        raise ValueError(
            f"`method` must be one of {', '.join(_KNOWN)}. Received: method={method!r}"
        )
    if init not in inits:
        raise ValueError(
            f"`init` of {method} must be one of {', '.join(map(repr, inits))}. "
            f"Received: init={init!r}"
        )
    names = frozenset(_ROW) | frozenset(inits[init])
    return names - {*(("epsilon",) if ("optimizer", "sgd") in experiment.settings else _SGD)}


def check_settings(experiment: Experiment) -> None:
    """Raise a ValueError unless the method of an experiment reads every one of its settings."""
    known = known_settings(experiment)
    unknown = [f"{name}={value!r}" for name, value in experiment.settings if name not in known]
    if unknown:
        raise ValueError(
            f"`settings` of {experiment.method} on {experiment.dataset} must be among "
            f"{', '.join(sorted(known))}. Received: {', '.join(unknown)}"
        )
