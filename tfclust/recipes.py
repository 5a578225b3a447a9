"""How each model is built and trained on data that nobody has tuned it for.

Importing it imports no TensorFlow: a command line can list the recipes at once.
"""

import contextlib
import inspect
import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tfclust.checks import check_names
from tfclust.parameters import Choice, Range

__all__ = ["RECIPES", "Recipe", "find_recipe", "read_settings", "write_settings"]

SECONDS_BETWEEN_CHECKPOINTS = 30.0
VALUES_AT_ONCE = 100_000  # of data so small that a step takes less time than what is between two
PRETRAINED, PRETRAINING, CHECKPOINTS = "pretrained.weights.h5", "pretraining", "checkpoints"
# What a file of settings must hold.
_OF_FILE = ("model", "settings", "optimizer", "scaling", "pretraining", "epochs", "callbacks")
# Settings that every model has, and those of a training that no constructor takes.
_OF_EVERY_MODEL = ("batch_size", "dtype")
_OF_OPTIMIZER = ("learning_rate", "uneven_learning_rate")
UNEVEN = 0.25  # share of the rows of a cluster of mean size, below which a start is uneven


@dataclass(frozen=True)
class Recipe:
    """A model and all that decides how it is trained: the one training loop of this package.

    The command line, the demo, `tfclust.tuning` and `DeepClusterer` build and train by it. What a
    search finds is a recipe as well, which `write_settings` and `read_settings` keep in a file.

    Args:
        name: str, of the recipe: what `tfclust fit --model` takes.
        model: str, the class in `tfclust`.
        idea: str, a sentence on what the model does.
        epochs: int, of the training, without the averaging epoch.
        arguments: dict, argument of the constructor -> its default; without those that every model
            has (`n_clusters`, `seed`, `batch_size`, `name`, `dtype`) and networks of one's own. It
            stands here because the class cannot be asked without TensorFlow.
        settings: dict, argument of the constructor -> its value in this recipe, or a function that
            gives the value for a number of clusters.
        n_clusters: int, the number of clusters K where it is settled, as by a search; None.
        optimizer: dict of what differs from the optimizer of the model's paper: `learning_rate`, a
            float; and `uneven_learning_rate`, that of data in which the start finds a cluster of
            less than a quarter of the mean size.
        scaling: str, what is done to the data before, a name in
            `tfclust.datasets.preprocessing.SCALES`; None for nothing. `tfclust fit` does it; `fit`
            takes data that are scaled.
        pretraining: dict of arguments of the model's `pretrain`; None for a random start.
        callbacks: dict, name in `tfclust.callbacks` -> dict of its arguments: what the training
            needs.
        searched: tuple of `Range` and `Choice`, what a search chooses.
        ensemble: str, a class in `tfclust.models` that trains many seeds as one program, where it
            says that it pays; None.
        keeps_images: bool, whether images `(height, width, channels)` keep their shape; otherwise
            they become rows.
        unit_range: bool, whether the data must lie within 0 and 1.
        has_code: bool, whether the embedding is a code, and not the data themselves.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust.recipes import RECIPES

    x, recipe = load_iris().data, RECIPES["cm"].changed({"alpha": 20.0}, epochs=20)
    model = recipe.build(n_clusters=3, seed=0, n_rows=len(x))
    recipe.fit(model, x)
    labels = model.assign(x)
    ```
    """

    name: str
    model: str
    idea: str
    epochs: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    n_clusters: int | None = None
    optimizer: Mapping[str, float] = field(default_factory=dict)
    scaling: str | None = None
    pretraining: Mapping[str, Any] | None = None
    callbacks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    searched: tuple[Range | Choice, ...] = ()
    ensemble: str | None = None
    keeps_images: bool = False
    unit_range: bool = False
    has_code: bool = True

    def changed(self, settings=None, **fields):
        """The recipe with other settings.

        Args:
            settings: dict, in place of the recipe's settings or besides: arguments of the
                constructor, and `learning_rate`, which becomes that of the optimizer for all data;
                None.
            **fields: other arguments of `Recipe`, such as `epochs`; None for `epochs` keeps them.

        Raises:
            ValueError: a setting is none of the model's.
        """
        settings = dict(settings or {})
        known = {*self.arguments, *_OF_EVERY_MODEL, *_OF_OPTIMIZER}
        check_names(f"settings of {self.model}", settings, known)
        changed = {n: settings.pop(n) for n in _OF_OPTIMIZER if n in settings}
        fields = {"optimizer": changed or self.optimizer, **fields}
        if fields.get("epochs", 0) is None:
            del fields["epochs"]
        return replace(self, settings={**self.settings, **settings}, **fields)

    @property
    def averages(self):
        """Whether an averaging epoch follows the training."""
        return "AveragingEpoch" in self.callbacks

    def total_epochs(self):
        """Epochs of the training, with the averaging epoch."""
        return self.epochs + self.averages

    def pretraining_stages(self, model, n_rows):
        """The trainings that the start of `model` on `n_rows` rows consists of: name -> epochs.

        Empty where it trains nothing.
        """
        if self.pretraining is None or not accepts(model.pretrain, "epochs"):
            return {}
        if hasattr(model, "pretraining_stages"):
            taken = inspect.signature(model.pretraining_stages).parameters
            lengths = {name: value for name, value in self.pretraining.items() if name in taken}
            return model.pretraining_stages(n_rows, **lengths)
        if "epochs" in self.pretraining:
            return {"start": self.pretraining["epochs"]}
        return {"start": inspect.signature(model.pretrain).parameters["epochs"].default}

    # Building and training --------------------------------------------------------------------

    def model_class(self):
        """The model's class."""
        import tfclust

        return getattr(tfclust, self.model)

    def ensemble_class(self):
        """The class that trains many seeds together; None where they are trained one by one."""
        if self.ensemble is None:
            return None
        import tfclust

        ensemble = getattr(tfclust.models, self.ensemble)
        starts = self.pretraining is None or hasattr(ensemble, "pretrain")
        return ensemble if starts and ensemble.pays(self.constructor()) else None

    def constructor(self, n_clusters=None, n_rows=None):
        """Arguments of the constructor, name -> value, but for the seed.

        Args:
            n_clusters: int, or None where the recipe has one.
            n_rows: int, rows of the data, by which `batch_size` is chosen where the recipe has
                none; None leaves it to the model.
        """
        n_clusters = self.n_clusters if n_clusters is None else n_clusters
        by_rows = {} if n_rows is None else {"batch_size": batch_size(n_rows, n_clusters)}
        settings = {
            name: value(n_clusters) if callable(value) else value
            for name, value in self.settings.items()
        }
        return {"n_clusters": n_clusters, **by_rows, **settings}

    def build(self, n_clusters=None, seed=None, *, n_rows=None, **changes):
        """The model with its initial weights to come, not compiled: `fit` compiles it.

        Args:
            n_clusters: int, the number of clusters K; None where the recipe has one.
            seed: int from 0 to 2**32 - 1, or None: see the model.
            n_rows: int, rows of the data, by which the size of a batch is chosen where it is not
                given; None takes the model's own.
            **changes: arguments of the constructor, in place of the recipe's or besides.
        """
        seeded = {} if seed is None else {"seed": seed}
        chosen = {**self.constructor(n_clusters, n_rows), **seeded, **changes}
        return self.model_class()(**chosen)

    def compile(self, model, n_rows):
        """Compiles a model for a training on `n_rows` rows, whose steps no one watches singly."""
        from tfclust.feeding import count_batches
        from tfclust.pretraining import steps_of_an_execution

        optimizer = model.default_optimizer()
        if "learning_rate" in self.optimizer:
            optimizer.learning_rate = self.optimizer["learning_rate"]
        steps = count_batches(n_rows, model.batch_size)
        model.compile(optimizer, steps_per_execution=steps_of_an_execution(steps))

    def fit(self, model, x, *, callbacks=(), directory=None, progress=None, verbose=0):
        """Trains a model as the recipe says: its start, its epochs, its callbacks.

        Args:
            model: such as `build` made; compiled here unless it is.
            x: array `(n, ...)` or CSR matrix `(n, d)`, as the model takes it.
            callbacks: list of Keras callbacks of the training, besides the recipe's; one of a class
                that the recipe has takes its place.
            directory: folder in which the training keeps what it needs to go on: the same call,
                after a kill, ends with the very weights of one that was not cut off. `clear`
                removes what is left. None keeps nothing.
            progress: function of ("pretraining" or "training", dict of its stages, name -> epochs)
                that returns a context manager of a Keras callback, which shows the epochs, such as
                `tfclust.callbacks.ProgressBar`; None.
            verbose: 0, 1, 2 or "auto", of the start and of the training, as in Keras.

        Returns:
            `keras.callbacks.History` of the training, of the epochs before a kill too.

        Raises:
            ValueError: bad data.
            LossNotFinite: the loss is NaN or infinite.
        """
        progress = progress or _unseen
        directory = None if directory is None else Path(directory)
        compiles = not model.compiled
        if compiles:
            self.compile(model, x.shape[0])
        if self.pretraining is not None:
            self._pretrain(model, x, directory, progress, verbose)
            if compiles:
                self._slow_down(model, x)
        return self._train(model, x, callbacks, directory, progress, verbose)

    def fit_at_once(self, ensemble, x):
        """What `fit` does with an ensemble of `ensemble_class`, as one program, if `is_at_once`."""
        if not ensemble.compiled:
            self.compile(ensemble, x.shape[0])
        if self.pretraining is not None:
            ensemble.pretrain(x, **self.pretraining)
        ensemble.fit_at_once(x, self.epochs)

    def is_at_once(self, x):
        """Whether many seeds train on `x` in one program: little data, and nothing in between."""
        return set(self.callbacks) == {"AveragingEpoch"} and math.prod(x.shape) <= VALUES_AT_ONCE

    def _pretrain(self, model, x, directory, progress, verbose):
        """Pretrains once: a training that is taken up again finds the weights."""
        unknown = [name for name in self.pretraining if not accepts(model.pretrain, name)]
        known = inspect.signature(model.pretrain).parameters
        check_names(f"arguments of {type(model).__name__}.pretrain", unknown, known)
        stages = self.pretraining_stages(model, x.shape[0])
        if directory is None or not stages:
            self._start(model, x, None, stages, progress, verbose)
            return
        weights = directory / PRETRAINED
        if not weights.exists():
            self._start(model, x, directory / PRETRAINING, stages, progress, verbose)
            part = weights.with_name(f"part.{PRETRAINED}")
            model.save_weights(part)
            os.replace(part, weights)
        if not model.built:
            model.build((None, *x.shape[1:]))
        model.load_weights(weights)

    def _slow_down(self, model, x):
        """Takes the rate for uneven data where the start is uneven."""
        if "uneven_learning_rate" not in self.optimizer or hasattr(model, "members"):
            return  # the members of an ensemble have one rate
        clusters = model.assign(model.prepare(x))
        smallest = min(int((clusters == k).sum()) for k in range(model.n_clusters))
        if smallest < UNEVEN * x.shape[0] / model.n_clusters:
            model.optimizer.learning_rate = self.optimizer["uneven_learning_rate"]

    def _start(self, model, x, place, stages, progress, verbose):
        from tfclust.callbacks import Checkpoint

        has_own_checkpoints = accepts(model.pretrain, "directory")
        guards = []
        if place is not None and not has_own_checkpoints:
            guards.append(Checkpoint(place, SECONDS_BETWEEN_CHECKPOINTS))
        with progress("pretraining", stages) if stages else _unseen() as shown:
            options = {
                "verbose": verbose,
                "callbacks": [*([] if shown is None else [shown]), *guards],
                "directory": place,
            }
            taken = {n: v for n, v in options.items() if accepts(model.pretrain, n)}
            model.pretrain(x, **{**taken, **self.pretraining})

    def _train(self, model, x, callbacks, directory, progress, verbose):
        from tfclust.callbacks import Checkpoint

        replaced = {type(callback).__name__ for callback in callbacks}
        own = {name: given for name, given in self.callbacks.items() if name not in replaced}
        state = {"history": {}}
        every = [*_made(own), *callbacks, _curves(state)]
        if directory is not None:
            place = directory / CHECKPOINTS
            every.append(Checkpoint(place, SECONDS_BETWEEN_CHECKPOINTS, state))
        epochs = self.total_epochs()
        with progress("training", {"training": epochs}) as shown:
            before = [] if shown is None else [shown]
            history = model.fit(x, epochs=epochs, callbacks=[*before, *every], verbose=verbose)
        history.history = state["history"]
        return history

    # In a file --------------------------------------------------------------------------------

    def config(self, n_clusters=None, n_rows=None):
        """All that decides how a training of the recipe goes, as plain JSON: `of` takes it.

        Args:
            n_clusters, n_rows: see `constructor`.
        """
        return _plain(
            {
                "model": self.name,
                "settings": {**self.arguments, **self.constructor(n_clusters, n_rows)},
                "optimizer": self.optimizer,
                "scaling": self.scaling,
                "pretraining": self.pretraining,
                "epochs": self.total_epochs(),
                "callbacks": self.callbacks,
            }
        )

    @classmethod
    def of(cls, config):
        """The recipe of a `config`.

        Raises:
            ValueError: something is missing, or there is no such model or setting.
        """
        missing = [name for name in _OF_FILE if name not in config]
        if missing:
            raise ValueError(
                f"Settings must hold {', '.join(_OF_FILE)}. "
                f"Received: settings without {', '.join(missing)}"
            )
        check_names("settings of an optimizer", config["optimizer"], _OF_OPTIMIZER)
        settings = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in config["settings"].items()
            if name not in ("n_clusters", "seed")
        }
        return find_recipe(config["model"]).changed(
            settings,
            n_clusters=config["settings"]["n_clusters"],
            optimizer=config["optimizer"],
            scaling=config["scaling"],
            pretraining=config["pretraining"],
            epochs=config["epochs"] - ("AveragingEpoch" in config["callbacks"]),
            callbacks=config["callbacks"],
        )


def clear(directory):
    """Removes what trainings by `Recipe.fit` have left in a directory."""
    directory = Path(directory)
    (directory / PRETRAINED).unlink(missing_ok=True)
    for name in (PRETRAINING, CHECKPOINTS):
        shutil.rmtree(directory / name, ignore_errors=True)


def write_settings(path, recipe, found_by=None):
    """Writes a recipe to a file, as JSON, for `read_settings` and `tfclust fit --settings`.

    Args:
        path: of the file; its folder is made when needed.
        recipe: `Recipe` whose number of clusters is settled.
        found_by: dict of JSON values that says where the settings come from, or None.

    Example:

    >>> from tfclust.recipes import RECIPES, read_settings, write_settings
    >>> recipe = RECIPES["cm"].changed({"alpha": 5.0}, n_clusters=3)
    >>> write_settings("settings.json", recipe)
    >>> read_settings("settings.json").settings["alpha"]
    5.0
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {**recipe.config(), "found_by": found_by}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_settings(path):
    """The `Recipe` in a file that `write_settings` or `tfclust tune` wrote.

    Args:
        path: of the file.

    Raises:
        ValueError: the file does not hold settings; says what is missing or unknown.
        OSError: the file cannot be read.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return Recipe.of(content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"`path` must be a file that `write_settings` wrote. Received: {path}: {error}"
        ) from error


def find_recipe(model):
    """The registered recipe of a model, or the recipe itself.

    Args:
        model: name in `RECIPES`, a model's class or its name, or a `Recipe`.

    Raises:
        ValueError: there is none; lists those there are.
    """
    if isinstance(model, Recipe):
        return model
    name = getattr(model, "__name__", model)
    for recipe in RECIPES.values():
        if name in (recipe.name, recipe.model):
            return recipe
    raise ValueError(f"`model` must be one of {', '.join(RECIPES)}. Received: model={model!r}")


def accepts(function, name):
    """Whether a function takes an argument of that name."""
    parameters = inspect.signature(function).parameters
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def batch_size(n_rows, n_clusters):
    """Rows of a batch: some ten batches an epoch, and enough rows for every cluster to be met.

    Args:
        n_rows: of the data.
        n_clusters: that are looked for.
    """
    return min(256, max(16, 5 * n_clusters, n_rows // 10))


def _unseen(*_):
    """A `progress` that shows nothing."""
    return contextlib.nullcontext()


def _made(callbacks):
    """The callbacks of a mapping, name in `tfclust.callbacks` -> arguments."""
    from tfclust import callbacks as package

    check_names("callbacks", callbacks, package.__all__)
    return [getattr(package, name)(**given) for name, given in callbacks.items()]


def _curves(state):
    """A callback that keeps the logs of every epoch in `state`, which checkpoints save."""
    import keras

    def keep(epoch, logs):
        for name, value in logs.items():
            state["history"].setdefault(name, []).append(float(value))

    curves = keras.callbacks.LambdaCallback(on_epoch_end=keep)
    curves.reads_logs_alone = True  # which `tfclust.accelerator` asks
    return curves


def _plain(value):
    """The value as JSON gives it back."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


# Ranges of a search. Boubekki et al. (2021) name what they searched (appendices 1 and 3) and print
# what they found (Tables 12 and 13), not where they searched; Zhang et al. (2017) print neither.
# These are readings: they hold all printed values, with room at both ends.
_ALPHA = Range("alpha", 1.0, 1000.0, log=True)  # printed: 2 to 1000
_BATCH_SIZE = Range("batch_size", 32, 512, log=True, whole=True)  # printed: 35 to 500
_EMBEDDING_DIM = Range("embedding_dim", 10, 100, log=True, whole=True)  # printed: 10 and 100
# Arguments of DEC and of all that has an autoencoder and centroids of its codes.
_CLUSTERED_CODE = {
    "embedding_dim": 10,
    "hidden_units": (500, 500, 2000),
    "activation": "relu",
    "kernel_start": "glorot_uniform",
    "augment": None,
}

# Alpha of CM is near 1, where the prior hardly evens out sizes that the start has found.
_ALL = (
    Recipe(
        name="cm",
        model="CM",
        idea="a Gaussian mixture written as an autoencoder with one hidden layer, on the data "
        "themselves: a soft k-means, started from k-means",
        arguments={"alpha": 20.0, "term_weights": None},
        epochs=150,
        settings={"alpha": 2.0},
        callbacks={"AveragingEpoch": {}},
        pretraining={},
        searched=(_ALPHA, _BATCH_SIZE),
        ensemble="CMEnsemble",
        has_code=False,
    ),
    Recipe(
        name="aecm",
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
        settings={
            # So that the centroids can be orthonormal.
            "embedding_dim": lambda n_clusters: max(10, n_clusters),
            "hidden_units": (200, 200, 500),
            "alpha": 10.0,
        },
        # At the paper's rate of 1e-3 small clusters of the start are lost while codes contract.
        optimizer={"uneven_learning_rate": 1e-4},
        callbacks={"AveragingEpoch": {}},
        ensemble="AECMEnsemble",
        pretraining={"epochs": 50, "clustering_epochs": 50, "uneven_sizes": True},
        searched=(
            _ALPHA,
            Range("beta", 0.03, 300.0, log=True),  # printed: 0.5 to 232; the authors' code: 0.04
            Range("lbd", 0.01, 10.0, log=True),  # printed: 1 everywhere
            _BATCH_SIZE,
            _EMBEDDING_DIM,
        ),
    ),
    Recipe(
        name="dec",
        model="DEC",
        idea="the code of an encoder, drawn to centroids by soft assignments that sharpen "
        "themselves; its pretraining decides",
        arguments={
            **_CLUSTERED_CODE,
            "update_interval": 160,
            "tol": 0.001,
        },
        epochs=150,
        settings={"hidden_units": (200, 200, 500)},
        pretraining={"epochs": 50},
        searched=(_BATCH_SIZE, _EMBEDDING_DIM),
    ),
    Recipe(
        name="idec",
        model="IDEC",
        idea="DEC that goes on reconstructing the data, so that its codes keep their shape",
        arguments={
            **_CLUSTERED_CODE,
            "update_interval": 140,
            "tol": 0.001,
            "gamma": 0.1,
        },
        epochs=150,
        settings={"hidden_units": (200, 200, 500)},
        pretraining={"epochs": 50},
        searched=(Range("gamma", 0.01, 10.0, log=True), _EMBEDDING_DIM),
    ),
    Recipe(
        name="dcn",
        model="DCN",
        idea="k-means on the code of an autoencoder, whose codes are drawn to centroids that run "
        "after them",
        arguments={
            **_CLUSTERED_CODE,
            "beta": 1.0,
            "update_interval": None,
            "kmeans_every": None,
        },
        epochs=50,
        settings={"hidden_units": (200, 200, 500)},
        pretraining={"epochs": 50},
        searched=(Range("beta", 0.01, 10.0, log=True), _EMBEDDING_DIM),
    ),
    Recipe(
        name="dkm",
        model="DKM",
        idea="k-means on the code of an autoencoder, both trained by gradients through a softmax "
        "of the distances",
        arguments={
            **_CLUSTERED_CODE,
            "lbd": 1.0,
            "alpha": 1000.0,
        },
        epochs=100,
        settings={"hidden_units": (200, 200, 500)},
        pretraining={"epochs": 50, "layer_epochs": 0},
        searched=(Range("lbd", 1e-4, 10.0, log=True), _EMBEDDING_DIM),  # printed: 1e-4 to 1
    ),
    Recipe(
        name="vade",
        model="VaDE",
        idea="a variational autoencoder whose code comes from a mixture of Gaussians, one a "
        "cluster; its pretraining decides; it generates",
        arguments={
            **_CLUSTERED_CODE,
            "reconstruction_loss": "cross_entropy",
        },
        epochs=100,
        settings={"hidden_units": (200, 200, 500), "reconstruction_loss": "squared_error"},
        pretraining={"epochs": 50, "layer_epochs": 20},
        searched=(
            Range("learning_rate", 2e-4, 5e-3, log=True),  # printed: 2e-3
            _EMBEDDING_DIM,
        ),
    ),
    Recipe(
        name="vibgmm",
        model="VIBGMM",
        idea="VaDE with a weight on the divergence from its mixture that grows as it trains; from "
        "a random start",
        arguments={
            **_CLUSTERED_CODE,
            "reconstruction_loss": "cross_entropy",
            "divergence_weight": 1.0,
        },
        epochs=150,
        settings={"hidden_units": (200, 200, 500), "reconstruction_loss": "squared_error"},
        callbacks={"AnnealDivergence": {"epochs": 50}},
        searched=(
            Range("learning_rate", 2e-4, 5e-3, log=True),
            _EMBEDDING_DIM,
        ),
    ),
    Recipe(
        name="gmvae",
        model="GMVAE",
        idea="a variational autoencoder with a mixture that a second code shapes: clusters in one, "
        "styles in the other; it generates",
        arguments={
            "latent_dim": 200,
            "style_dim": 150,
            "hidden_units": (500, 500),
            "prior_units": 500,
            "free_bits": 0.5,
            "reconstruction_loss": "cross_entropy",
        },
        epochs=100,
        settings={
            "hidden_units": (200, 200),
            "prior_units": 100,
            "latent_dim": 20,
            "style_dim": 15,
            "reconstruction_loss": "squared_error",
        },
        optimizer={"learning_rate": 1e-3},
        searched=(
            Range("free_bits", 0.1, 2.0, log=True),  # the authors' code: 0.5
            Range("latent_dim", 5, 200, log=True, whole=True),  # printed: 200
            Range("style_dim", 5, 150, log=True, whole=True),  # printed: 150
        ),
    ),
    Recipe(
        name="mixae",
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
        settings={
            "hidden_units": (64, 32),
            "filters": (8, 16),
            "kernel_size": 3,
            "assignment_units": (128,),
            "alpha": 0.1,
        },
        callbacks={"RebalanceEntropyWeights": {"alpha_bounds": None}},  # from 0 to that of settings
        searched=(
            Range("alpha", 0.01, 10.0, log=True),
            Range("learning_rate", 1e-4, 1e-2, log=True),  # printed: 1e-3
        ),
        keeps_images=True,
    ),
    Recipe(
        name="damic",
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
        settings={"hidden_units": (128, 64), "gate_units": (64, 64)},
        pretraining={"epochs": 50},
        searched=(  # printed: (1024, 256) and (512, 512), for all data
            Choice("hidden_units", ((128, 64), (512, 128), (1024, 256))),
            Choice("gate_units", ((64, 64), (256, 256), (512, 512))),
        ),
        unit_range=True,
    ),
    Recipe(
        name="gumbel",
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
        settings={
            "hidden_units": (128, 64),
            "feature_dim": 50,
            "latent_dim": 20,
            "gaussian_weight": 2.0,
            "reconstruction_loss": "squared_error",
        },
        callbacks={"AnnealTemperature": {"epochs": 50}},
        searched=(
            Range("gaussian_weight", 0.5, 50.0, log=True),  # printed: 5
            Range("latent_dim", 10, 200, log=True, whole=True),  # printed: 50 and 150
            Range("feature_dim", 25, 200, log=True, whole=True),  # printed: 100
        ),
    ),
    Recipe(
        name="clustergan",
        model="ClusterGAN",
        idea="a generative adversarial network whose latent code has a category, and an encoder "
        "back to that; it generates, and takes long",
        arguments={
            "latent_dim": 30,
            "latent_scale": 0.1,
            "hidden_units": None,
            "filters": (64, 128),
            "output_activation": "sigmoid",
            "beta_n": 10.0,
            "beta_c": 10.0,
            "penalty_weight": 10.0,
            "critic_steps": 5,
        },
        epochs=300,
        # Of few rows and epochs: a small code, as of the paper's smallest set, and larger steps.
        settings={"latent_dim": 5, "output_activation": "linear"},
        optimizer={"learning_rate": 5e-4},
        searched=(
            Range("beta_n", 0.3, 30.0, log=True),  # printed: 0 and 10
            Range("beta_c", 1.0, 100.0, log=True),  # printed: 10
            Range("latent_dim", 2, 50, log=True, whole=True),  # printed: 5 to 40
        ),
        keeps_images=True,
    ),
    Recipe(
        name="dlgmm",
        model="DLGMM",
        idea="a variational autoencoder that gives each row a mixture of Gaussians for its code; "
        "made for codes rather than clusters",
        arguments={
            "latent_dim": 50,
            "hidden_units": (200, 200),
            "prior_means": None,
            "alpha": 1.0,
            "reconstruction_loss": "cross_entropy",
        },
        epochs=150,
        settings={
            "latent_dim": 5,
            # The widest that the authors' code tries.
            "prior_means": lambda n_clusters: tuple(
                3.0 * k / (n_clusters - 1) - 1.5 for k in range(n_clusters)
            ),
            "reconstruction_loss": "squared_error",
        },
        optimizer={"learning_rate": 1e-3},
        searched=(
            Range("latent_dim", 2, 50, log=True, whole=True),  # printed: 5 to 50
            Range("alpha", 0.1, 10.0, log=True),  # printed: 1
        ),
    ),
)
RECIPES = {recipe.name: recipe for recipe in _ALL}
