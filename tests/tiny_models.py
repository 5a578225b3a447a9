"""A tiny model of every kind, for what all of them promise; a model joins by one line."""

import tfclust

SETTINGS = {
    "CM": {"alpha": 5.0},
    "AECM": {"alpha": 5.0, "embedding_dim": 4, "hidden_units": (8,)},
    "ClusterGAN": {
        **{"latent_dim": 2, "hidden_units": (16,), "output_activation": "linear"},
        **{"critic_steps": 2, "penalty_weight": 1.0},
    },
    "DAMIC": {"embedding_dim": 2, "hidden_units": (8,), "gate_units": (6,)},
    "DCN": {"embedding_dim": 2, "hidden_units": (8,), "update_interval": 99},
    "DKM": {"embedding_dim": 2, "hidden_units": (8,), "lbd": 0.5, "alpha": 2.0},
    "DEC": {"embedding_dim": 2, "hidden_units": (8,), "update_interval": 99, "tol": 0.0},
    "IDEC": {"embedding_dim": 2, "hidden_units": (8,), "update_interval": 99, "tol": 0.0},
    "DLGMM": {
        **{"latent_dim": 2, "hidden_units": (64,), "prior_means": (-1.0, 0.0, 1.0)},
        "reconstruction_loss": "squared_error",
    },
    "GumbelSoftmaxVAE": {
        "feature_dim": 4,
        "latent_dim": 2,
        "hidden_units": (8,),
        "reconstruction_loss": "squared_error",
    },
    "VaDE": {"embedding_dim": 2, "hidden_units": (32,), "reconstruction_loss": "squared_error"},
    "VIBGMM": {"embedding_dim": 2, "hidden_units": (32,), "reconstruction_loss": "squared_error"},
    "GMVAE": {
        "latent_dim": 3,
        "style_dim": 2,
        "hidden_units": (8,),
        "prior_units": 6,
        "reconstruction_loss": "squared_error",
    },
    "MIXAE": {"beta": 4.0, "embedding_dim": 2, "hidden_units": (8,)},
}
# Of models whose own rate is for far more steps than those of a test.
RATES = {"ClusterGAN": 0.01}


def arguments(name):
    """Of the constructor of the model `name` of `tfclust`, for 3 clusters."""
    return {"n_clusters": 3, "batch_size": 16, "seed": 0, **SETTINGS[name]}


def tiny_model(name, **changes):
    """The model `name` of `tfclust` for 3 clusters, compiled without XLA."""
    model = getattr(tfclust, name)(**{**arguments(name), **changes})
    optimizer = model.default_optimizer()
    if name in RATES:
        optimizer.learning_rate = RATES[name]
    model.compile(optimizer, jit_compile=False)
    return model
