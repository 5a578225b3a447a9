"""The papers' settings, by dataset.

A preset is the keyword arguments of a model's constructor. Datasets have the names that
`tfclust.datasets.load` takes, and answer to the papers' names too ("pendigit", "r10k", ...). A name
that ends in "_code" holds the values of the authors' code where they differ from the printed ones.
"""

_ALIASES = {
    "fmnist": "fashion_mnist",
    "pendigit": "pendigits",
    "20news": "twenty_newsgroups",
    "r10k": "rcv1_10k",
    "reuters10k": "rcv1_10k",
}


def _cm(n_clusters, alpha, batch_size):
    return {"n_clusters": n_clusters, "alpha": alpha, "batch_size": batch_size}


def _aecm(n_clusters, alpha, beta, batch_size, embedding_dim, lbd=1.0):
    return {
        "n_clusters": n_clusters,
        "embedding_dim": embedding_dim,
        "hidden_units": (500, 500, 2000),
        "alpha": alpha,
        "beta": beta,
        "lbd": lbd,
        "batch_size": batch_size,
    }


def _dec(n_clusters, update_interval, embedding_dim):
    return {
        "n_clusters": n_clusters,
        "embedding_dim": embedding_dim,
        "hidden_units": (500, 500, 2000),
        "activation": "leaky_relu",
        "update_interval": update_interval,
        "batch_size": 256,
    }


_PRESETS = {
    "cm": {  # Table 12 of Boubekki et al. (2021)
        "mnist": _cm(10, 177.0, 111),
        "fashion_mnist": _cm(10, 80.0, 35),
        "usps": _cm(10, 40.0, 150),
        "cifar10": _cm(10, 164.0, 350),
        "rcv1_10k": _cm(4, 10.0, 400),
        "twenty_newsgroups": _cm(20, 11.0, 85),
        "10x73k": _cm(8, 1000.0, 500),
        "pendigits": _cm(10, 13.0, 80),
    },
    "aecm": {  # Table 13 of Boubekki et al. (2021)
        "mnist": _aecm(10, 230.0, 5.0, 500, 10),
        "fashion_mnist": _aecm(10, 13.0, 47.0, 175, 10),
        "usps": _aecm(10, 20.0, 0.5, 256, 10),
        "cifar10": _aecm(10, 64.0, 1.0, 256, 10),
        "rcv1_10k": _aecm(4, 2.0, 1.0, 256, 100),
        "twenty_newsgroups": _aecm(20, 10.0, 232.0, 300, 100),
        # The batch size is printed as 7, the same as alpha in that column.
        "10x73k": _aecm(8, 7.0, 15.0, 7, 10),
        "pendigits": _aecm(10, 13.0, 0.5, 100, 10),
        "usps_code": _aecm(10, 3.0, 0.04, 45, 30),
        "rcv1_10k_code": _aecm(4, 1.7, 2.3, 250, 75),
        "pendigits_code": _aecm(10, 13.0, 0.5, 80, 70),
        "10x73k_code": _aecm(8, 7.0, 15.0, 40, 10),
    },
    "dec": {  # Table 14 of Boubekki et al. (2021), of DEC and IDEC; codes as in its Table 13
        "mnist": _dec(10, 140, 10),
        "fashion_mnist": _dec(10, 140, 10),
        "usps": _dec(10, 30, 10),
        "cifar10": _dec(10, 140, 10),
        "rcv1_10k": _dec(4, 20, 100),
        "twenty_newsgroups": _dec(20, 20, 100),
        "10x73k": _dec(8, 20, 10),
        "pendigits": _dec(10, 20, 10),
    },
}


def preset_names(model):
    """Names of the presets of a model, "cm", "aecm" or "dec"."""
    return tuple(_PRESETS[model])


def preset(model, name):
    """Constructor arguments of `model` ("cm", "aecm" or "dec") for the dataset `name`.

    Raises:
        ValueError: there is no such preset; lists those there are.
    """
    suffix = "_code" if name.endswith("_code") else ""
    base = name.removesuffix("_code")
    key = _ALIASES.get(base, base) + suffix
    if key not in _PRESETS[model]:
        raise ValueError(
            f"`name` must be a preset of {model}: {', '.join(preset_names(model))}. "
            f"Received: name={name!r}"
        )
    return dict(_PRESETS[model][key])
