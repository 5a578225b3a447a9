"""How each model is trained on data that nobody has tuned it for.

Importing it imports no TensorFlow: a command line can list the recipes at once.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """A model and how to train it on a user's own data.

    Args:
        model: name of the class in `tfclust`.
        idea: one sentence on what it does.
        arguments: of the constructor, name -> default, besides the clusters, the seed, the size of
            a batch and networks of one's own; here because the class cannot be asked without
            TensorFlow.
        epochs: of `fit`, without the averaging epoch.
        settings: number of clusters -> arguments of the constructor, besides the clusters, the
            seed and the size of a batch.
        callbacks: name in `tfclust.callbacks` -> its arguments, of what the training needs.
        pretraining: arguments of the model's `pretrain`; None where it starts at random.
        pretraining_resumes: how a pretraining that was cut off goes on: "callback", where the
            epochs of `pretrain` are one training that `Checkpoint` can take up; "directory", where
            `pretrain` takes a folder for its own checkpoints; None, it starts anew.
        keeps_images: whether images `(height, width, channels)` keep their shape; otherwise they
            become rows.
        unit_range: whether the data must lie within 0 and 1.
        has_code: whether the embedding is a code, and not the data themselves.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust.recipes import RECIPES, compile_for

    x, recipe = load_iris().data, RECIPES["cm"]
    model = recipe.build(n_clusters=3, n_rows=len(x), seed=0)
    compile_for(model, len(x))
    recipe.fit(model, x)
    ```
    """

    model: str
    idea: str
    epochs: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    settings: Callable[[int], Mapping[str, Any]] = lambda n_clusters: {}
    callbacks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pretraining: Mapping[str, Any] | None = None
    pretraining_resumes: str | None = None
    keeps_images: bool = False
    unit_range: bool = False
    has_code: bool = True

    def total_epochs(self, epochs=None):
        """Epochs that `fit` takes for `epochs` of training, the recipe's where None."""
        return (self.epochs if epochs is None else epochs) + ("AveragingEpoch" in self.callbacks)

    def model_class(self):
        """The model's class."""
        import tfclust

        return getattr(tfclust, self.model)

    def build(self, n_clusters, n_rows, **settings):
        """The model, not compiled, for data of `n_rows` rows.

        Args:
            n_clusters, n_rows: ints.
            **settings: arguments of the constructor, in place of the recipe's or besides.
        """
        chosen = {
            "batch_size": batch_size(n_rows, n_clusters),
            **self.settings(n_clusters),
            **settings,
        }
        return self.model_class()(n_clusters=n_clusters, **chosen)

    def fit(self, model, x, epochs=None, pretraining="recipe", callbacks=(), verbose=0):
        """Trains a compiled model as the recipe says: its start, its epochs, its callbacks.

        Args:
            model: such as `build` made.
            x: array `(n, ...)` or CSR matrix `(n, d)`.
            epochs: without the averaging epoch; None takes the recipe's.
            pretraining: "recipe", or a dict of arguments of `model.pretrain` in place of the
                recipe's; None starts at random.
            callbacks: list of Keras callbacks, besides the recipe's; one of a class that the
                recipe has takes its place.
            verbose: of the start and of the training, as in Keras.

        Returns:
            `keras.callbacks.History` of the training.
        """
        if pretraining == "recipe":
            pretraining = self.pretraining
        if pretraining is not None:
            trains = accepts(model.pretrain, "verbose")
            model.pretrain(x, **{**({"verbose": verbose} if trains else {}), **pretraining})
        replaced = {type(callback).__name__ for callback in callbacks}
        own = {name: given for name, given in self.callbacks.items() if name not in replaced}
        return model.fit(
            x,
            epochs=self.total_epochs(epochs),
            callbacks=[*make_callbacks(own), *callbacks],
            verbose=verbose,
        )


def accepts(function, name):
    """Whether a function takes an argument of that name."""
    parameters = inspect.signature(function).parameters
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def pretraining_stages(model, n_rows, pretraining):
    """The trainings that the start of a model consists of, name -> epochs; empty for a single one.

    Args:
        model: any of the package.
        n_rows: of the data.
        pretraining: arguments of `model.pretrain`.
    """
    if not hasattr(model, "pretraining_stages"):
        return {}
    lengths = {k: v for k, v in pretraining.items() if accepts(model.pretraining_stages, k)}
    return model.pretraining_stages(n_rows, **lengths)


def make_callbacks(arguments):
    """The callbacks of a mapping, name in `tfclust.callbacks` -> arguments."""
    from tfclust import callbacks

    return [getattr(callbacks, name)(**given) for name, given in arguments.items()]


def compile_with(model, of_training, **kwargs):
    """Compiles a model with its paper's optimizer and the training's settings."""
    optimizer = model.default_optimizer()
    if "learning_rate" in of_training:
        optimizer.learning_rate = of_training["learning_rate"]
    model.compile(optimizer, **kwargs)


def compile_for(model, n_rows, of_training=None):
    """Compiles a model for a training on so many rows, whose steps no one watches singly.

    Args:
        model: any of the package.
        n_rows: of the data.
        of_training: None, or settings that no constructor takes: `learning_rate`.
    """
    from tfclust.feeding import count_batches
    from tfclust.pretraining import steps_of_an_execution

    steps = count_batches(n_rows, model.batch_size)
    compile_with(model, of_training or {}, steps_per_execution=steps_of_an_execution(steps))


def batch_size(n_rows, n_clusters):
    """Rows of a batch: some ten batches an epoch, and enough rows for every cluster to be met.

    Args:
        n_rows: of the data.
        n_clusters: that are looked for.
    """
    return min(256, max(16, 5 * n_clusters, n_rows // 10))


# Constants of CM and AE-CM are those that the demo chose without labels.
RECIPES = {
    "cm": Recipe(
        model="CM",
        idea="a Gaussian mixture written as an autoencoder with one hidden layer, on the data "
        "themselves: a soft k-means, started from k-means",
        arguments={"alpha": 20.0, "term_weights": None},
        epochs=150,
        settings=lambda n_clusters: {"alpha": 10.0},
        callbacks={"AveragingEpoch": {}},
        pretraining={},
        has_code=False,
    ),
    "aecm": Recipe(
        model="AECM",
        idea="CM on the code of a deep autoencoder, both trained together",
        arguments={
            "embedding_dim": 10,
            "hidden_units": (500, 500, 2000),
            "alpha": 20.0,
            "beta": 1.0,
            "lbd": 1.0,
        },
        epochs=150,
        settings=lambda n_clusters: {
            "embedding_dim": max(10, n_clusters),  # so that the centroids can be orthonormal
            "hidden_units": (200, 200, 500),
            "alpha": 10.0,
        },
        callbacks={"AveragingEpoch": {}},
        pretraining={"epochs": 50, "clustering_epochs": 50, "uneven_sizes": True},
        pretraining_resumes="callback",
    ),
    "mixae": Recipe(
        model="MIXAE",
        idea="an autoencoder for each cluster and a softmax network that chooses among them; "
        "convolutional on images",
        arguments={
            "embedding_dim": 8,
            "filters": (16, 32),
            "kernel_size": 5,
            "hidden_units": (256, 64),
            "assignment_units": (),
            "assignment_bias": "zeros",
            "reconstruction_loss": "squared_error",
            "alpha": 1.0,
            "beta": 100.0,
            "cluster_prior": None,
            "variational": False,
        },
        epochs=80,
        settings=lambda n_clusters: {
            "hidden_units": (64, 32),
            "filters": (8, 16),
            "kernel_size": 3,
            "assignment_units": (128,),
        },
        callbacks={"RebalanceEntropyWeights": {}},
        keeps_images=True,
    ),
    "damic": Recipe(
        model="DAMIC",
        idea="an autoencoder for each cluster and a gate that directs each row to one of them; for "
        "values in [0, 1]",
        arguments={
            "embedding_dim": None,
            "hidden_units": (1024, 256),
            "gate_units": (512, 512),
            "gate": True,
            "linear_code": True,
            "normalized": (),
            "normalize_first": False,
        },
        epochs=50,
        settings=lambda n_clusters: {"hidden_units": (128, 64), "gate_units": (64, 64)},
        pretraining={"epochs": 50},
        pretraining_resumes="directory",
        unit_range=True,
    ),
    "gumbel": Recipe(
        model="GumbelSoftmaxVAE",
        idea="a variational autoencoder with a category beside its Gaussian code; it generates",
        arguments={
            "feature_dim": 100,
            "latent_dim": 50,
            "hidden_units": (512, 256),
            "gaussian_weight": 5.0,
            "reconstruction_loss": "cross_entropy",
            "temperature": 1.0,
            "straight_through": False,
            "normalize_features": False,
        },
        epochs=150,
        settings=lambda n_clusters: {
            "hidden_units": (128, 64),
            "feature_dim": 50,
            "latent_dim": 20,
            "gaussian_weight": 2.0,
            "reconstruction_loss": "squared_error",
        },
        callbacks={"AnnealTemperature": {"epochs": 50}},
    ),
}
