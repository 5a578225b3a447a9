"""The papers' settings, by dataset.

A preset is the keyword arguments of a model's constructor. Datasets have the names that
`tfclust.datasets.load` takes, and answer to the papers' names too ("pendigit", "r10k", ...). A name
that ends in "_code" holds the values of the authors' code where they differ from the printed ones;
one that ends in "_pretrained", those of a pretrained start where the paper has others for it.
"""

_ALIASES = {
    "fmnist": "fashion_mnist",
    "pendigit": "pendigits",
    "20news": "twenty_newsgroups",
    "r10k": "rcv1_10k",
    "reuters10k": "rcv1_10k",
}
_ENDINGS = ("_code", "_pretrained")


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


def _autoencoder(n_clusters, embedding_dim, activation):
    return {
        "n_clusters": n_clusters,
        "embedding_dim": embedding_dim,
        "hidden_units": (500, 500, 2000),
        "activation": activation,
        "batch_size": 256,
    }


# Table 14 of Boubekki et al. (2021), with clusters and codes as in its Table 13: dataset -> of K,
# p, the update interval of DEC, IDEC and DCN, and the lambda of DKM annealed and pretrained.
_TABLE_14 = {
    "mnist": (10, 10, 140, 0.1, 1.0),
    "fashion_mnist": (10, 10, 140, 0.01, 0.01),
    "usps": (10, 10, 30, 0.01, 0.1),
    "cifar10": (10, 10, 140, 0.01, 0.1),
    "rcv1_10k": (4, 100, 20, 0.01, 1.0),
    "twenty_newsgroups": (20, 100, 20, 1e-4, 0.01),
    "10x73k": (8, 10, 20, 1e-4, 1e-4),
    "pendigits": (10, 10, 20, 1e-4, 1e-4),
}


def _dec(k, p, update_interval, *_):
    return {**_autoencoder(k, p, "leaky_relu"), "update_interval": update_interval}


def _dkm(k, p, lbd, alpha):
    return {**_autoencoder(k, p, "relu"), "lbd": lbd, "alpha": alpha}


def _clustergan(n_clusters, latent_dim, weight=10.0):
    # The weight is that of a mean over the code, which is summed here.
    return {"n_clusters": n_clusters, "latent_dim": latent_dim, "beta_n": weight / latent_dim}


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
    "dec": {name: _dec(*values) for name, values in _TABLE_14.items()},
    # "IDEC and DCN rely on a hyper-parameter gamma" (appendix 3), which is 0.1 throughout.
    "dcn": {name: {**_dec(*values), "beta": 0.1} for name, values in _TABLE_14.items()},
    # "The activation are all ReLU"; alpha at the start as in the code of DKM's authors.
    "dkm": {
        name + start: _dkm(k, p, lbd, alpha)
        for name, (k, p, _, *lbds) in _TABLE_14.items()
        for start, lbd, alpha in zip(("", "_pretrained"), lbds, (0.1, 1000.0), strict=True)
    },
    "clustergan": {  # the code of Mukherjee et al. (2019)
        "mnist": _clustergan(10, 30),
        "fashion_mnist": _clustergan(10, 40, 0.0),
        "10x73k": _clustergan(8, 30),
        "pendigits": _clustergan(10, 5),
    },
}


def preset_names(model):
    """Names of the presets of a model: "cm", "aecm", "dec", "dcn", "dkm" or "clustergan"."""
    return tuple(_PRESETS[model])


def preset(model, name):
    """Constructor arguments of `model`, see `preset_names`, for the dataset `name`.

    Raises:
        ValueError: there is no such preset; lists those there are.
    """
    suffix = next((ending for ending in _ENDINGS if name.endswith(ending)), "")
    base = name.removesuffix(suffix)
    key = _ALIASES.get(base, base) + suffix
    if key not in _PRESETS[model]:
        raise ValueError(
            f"`name` must be a preset of {model}: {', '.join(preset_names(model))}. "
            f"Received: name={name!r}"
        )
    return dict(_PRESETS[model][key])


class FromPreset:
    """A model with presets: `PRESETS` is the name that they have here."""

    @classmethod
    def from_preset(cls, name, **kwargs):
        """The model with the paper's settings for a dataset, compiled.

        Of CM, AE-CM and the models of an autoencoder's code they are those of Tables 12, 13 and 14
        of the AE-CM paper; of ClusterGAN, those of its authors' code.

        Args:
            name: a dataset, e.g. "mnist". One that ends in "_code" has the values of the authors'
                code where they differ from the printed ones; one that ends in "_pretrained", those
                of a pretrained start where the paper has others for it.
            **kwargs: replace arguments of the constructor.

        Raises:
            ValueError: there is no such preset; lists those there are.
        """
        model = cls(**{**preset(cls.PRESETS, name), **kwargs})
        model.compile()
        return model
