"""Tiny models of every kind, and what comparing two trainings takes."""

import numpy as np
from tiny_models import tiny_model

import tfclust
from tfclust.models import CMEnsemble

IMAGES = {"filters": (4, 8), "kernel_size": 3, "embedding_dim": 2, "beta": 4.0}
CODES = {"feature_dim": 4, "latent_dim": 2, "hidden_units": (8,)}


def make(kind, seed=0, **changes):
    """A compiled model of a kind, for rows of 6 features, or for images of 8 x 8."""
    common = {"batch_size": 8, "seed": seed, **changes}
    if kind == "MIXAE of images":
        model = tfclust.MIXAE(3, **IMAGES, **common)
    elif kind == "VAE":
        model = tfclust.VAE(reconstruction_loss="squared_error", **CODES, **common)
    elif kind == "CMEnsemble":
        del common["seed"]
        model = CMEnsemble(seeds=(seed, seed + 1), n_clusters=3, alpha=5.0, **common)
    else:
        return tiny_model(kind, **common)
    model.compile(jit_compile=False)
    return model


KINDS = (
    "CM",
    "CMEnsemble",
    "AECM",
    "MIXAE",
    "MIXAE of images",
    "DAMIC",
    "GumbelSoftmaxVAE",
    "VAE",
    "ClusterGAN",
    "DKM",
)


def data_of(kind, rows):
    """What a kind is trained on: the rows, or images."""
    if kind != "MIXAE of images":
        return rows.clip(0.0, 1.0)  # as DAMIC needs
    return np.random.default_rng(0).random((len(rows), 8, 8), dtype="float32")


def assert_same_training(one, other, rtol=1e-4, atol=1e-4):
    """Pairs of a model and its history: the logs within `rtol`, and weights and optimizer close."""
    (model, history), (expected, expected_history) = one, other
    assert history.epoch == expected_history.epoch
    assert history.history.keys() == expected_history.history.keys()
    for name, values in expected_history.history.items():
        np.testing.assert_allclose(history.history[name], values, rtol, 1e-7, err_msg=name)
    for weight, value in zip(model.weights, expected.weights, strict=True):
        np.testing.assert_allclose(weight, value, 0.0, atol, err_msg=weight.path)
    assert int(model.optimizer.iterations) == int(expected.optimizer.iterations)
    for weight, value in zip(model.optimizer.variables, expected.optimizer.variables, strict=True):
        np.testing.assert_allclose(weight, value, 100 * rtol, 10 * atol, err_msg=weight.path)
