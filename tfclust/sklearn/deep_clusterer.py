"""The models as a scikit-learn estimator."""

import copy
import inspect
import warnings
from collections.abc import Mapping

import keras
from sklearn.exceptions import ConvergenceWarning

from tfclust.auto import evened_sizes
from tfclust.checks import (
    check_choice,
    check_count,
    check_data,
)
from tfclust.recipes import RECIPES, Recipe, accepts
from tfclust.sklearn.model_estimator import ModelEstimator, warned_of_few_distinct

# What trains a model that the user's own function builds, and knows nothing of it.
_PLAIN = Recipe(name="", model="", idea="", epochs=100, keeps_images=True)
_OWN_ARGUMENTS = {"n_clusters": "n_clusters", "seed": "random_state"}


class DeepClusterer(ModelEstimator):
    """A clustering model of this package behind scikit-learn's interface.

    It trains as `tfclust fit` does, by the model's recipe in `tfclust.recipes.RECIPES`: its
    settings, start, epochs, batches and callbacks, save those that are given here. It works in
    `Pipeline`, `GridSearchCV`, `clone` and `joblib`, on dense and on CSR matrices and on images.
    Data are taken as they are: scale them, e.g. by `StandardScaler`.

    Args:
        model: str, name of a recipe in `tfclust.recipes.RECIPES`: "cm", "aecm", "dec", "idec",
            "dcn", "dkm", "vade", "vibgmm", "gmvae", "mixae", "damic", "gumbel", "clustergan" or
            "dlgmm"; or a function that takes `n_clusters`, `seed` and the `settings` as keyword
            arguments, and returns a model, compiled or not. A function has no recipe: its model
            trains as it is.
        n_clusters: number of clusters K, an int of at least 2; or "auto", or two or more ints such
            as `range(2, 9)`, of which `tfclust.tuning.count_clusters` picks one.
        settings: None, or a dict of arguments of the model in place of the recipe's or besides,
            e.g. `{"hidden_units": (64, 32), "alpha": 20.0}`.
        pretraining: "recipe", the start that the recipe takes; None or False, a random one; True,
            the model's `pretrain` also where the recipe has none; or a dict of its arguments, e.g.
            `{"epochs": 50}`, in place of the recipe's or besides.
        epochs: of the training; None takes the recipe's, or 100 where there is none. The epoch
            that averages the weights of CM and AE-CM is one more.
        batch_size: rows of a batch; None takes a tenth of the rows, from 16, or 5 K, to 256; of a
            function's model, the model's own.
        callbacks: None, or a list of Keras callbacks, besides the recipe's; every `fit` takes
            copies. One of a class that the recipe has takes its place.
        random_state: an int from 0 to 2**32 - 1 is the model's seed; None, a `RandomState` or a
            `Generator` draws one.
        verbose: 0, 1, 2 or "auto", of the start and of the training, as in Keras; 0 is silent.

    Attributes:
        model_: the trained `ClusteringModel`.
        labels_: `(n,)` int64, the clusters of the training data.
        cluster_centers_: `(K, n_features)`, or `(K, height, width, ...)` of images, where the model
            has centroids, in the space of the data; those in the space of the codes are
            `model_.centroids()`.
        n_clusters_: int, K.
        number_of_clusters_: `tfclust.tuning.NumberOfClusters`, the pick, the runner-up and their
            curves; None where `n_clusters` is K.
        row_facts_: `tfclust.auto.RowFacts` of the training data: of each row its `confidence`,
            `second_choice` and `outlier_score`.
        cluster_facts_: list of `tfclust.auto.ClusterFacts`, one a cluster: its typical and doubtful
            rows, and a rule that tells it from the others.
        history_: dict, name of a log -> its value after each epoch.
        image_shape_: `(height, width)` or `(height, width, channels)` where images were fitted,
            else None.
        n_features_in_: features of a row; of an image, the number of its values.
        feature_names_in_: as in scikit-learn.

    Raises:
        ValueError: at `fit`, before any training: an argument out of its range, or bad data.
        RuntimeError: the loss is NaN or infinite.

    Example:

    ```python
    from sklearn.datasets import load_wine
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from tfclust.sklearn import DeepClusterer

    clusterer = DeepClusterer("cm", n_clusters=3, random_state=0)
    labels = make_pipeline(StandardScaler(), clusterer).fit_predict(load_wine().data)
    ```

    Known limits: computes in float32. "mixae" takes images as they are, the others as rows of their
    values. "gumbel" and "mixae" have no start, and even out clusters of very different sizes. Where
    fewer than K rows are distinct it warns, and some clusters are empty or alike. `score` compares
    fits of one objective, not of different models or weights of terms.
    """

    def __init__(
        self,
        model="aecm",
        n_clusters=8,
        *,
        settings=None,
        pretraining="recipe",
        epochs=None,
        batch_size=None,
        callbacks=None,
        random_state=None,
        verbose=0,
    ):
        self.model = model
        self.n_clusters = n_clusters
        self.settings = settings
        self.pretraining = pretraining
        self.epochs = epochs
        self.batch_size = batch_size
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y=None):
        """Trains a new model; `y` is not used.

        Args:
            X: array, data frame or CSR matrix `(n, d)`, or images `(n, height, width)` or
                `(n, height, width, channels)`.
        """
        rows = self._validated(X, reset=True, ensure_min_samples=2)
        self._check_arguments()
        self._count_clusters(rows)
        rows = check_data(rows, min_rows=self.n_clusters_)
        x = self._model_input(rows)
        model = self._build_model(self.n_clusters_, x.shape[0])
        recipe = self._recipe().changed(epochs=self.epochs, pretraining=self._pretraining(model))
        callbacks = copy.deepcopy(list(self.callbacks or ()))
        with warned_of_few_distinct(rows, self.n_clusters_):
            history = recipe.fit(model, x, callbacks=callbacks, verbose=self.verbose)
        self.model_ = model
        self.history_ = history.history
        self._describe(x, rows)
        if not callable(self.model):
            self._warn_of_evened_sizes(model.embed(x))
        if hasattr(model, "centroids"):
            centers = model.centroids("input")
            shape = self.image_shape_ or centers.shape[1:]
            self.cluster_centers_ = centers.reshape(len(centers), *shape)
        else:
            vars(self).pop("cluster_centers_", None)  # those of another model that was fitted
        return self

    def score(self, X, y=None):
        """Minus the loss per sample: the higher, the better; `y` is not used."""
        return -self._fitted().evaluate(self._new_input(X), verbose=0, return_dict=True)["loss"]

    def _warn_of_evened_sizes(self, codes):
        likelier = evened_sizes(codes, self.labels_, self.n_clusters_)
        if likelier is not None:
            sizes = sorted((each.size for each in self.cluster_facts_), reverse=True)
            warnings.warn(
                f"The clusters have {sizes} rows, where clusters of {likelier} are likelier in the "
                "codes: a prior may pull them to one size. Try settings={'alpha': 1.0} of 'cm' or "
                "'aecm', or a model without such a prior, as 'dec'.",
                ConvergenceWarning,
                stacklevel=3,
            )

    # Its arguments ----------------------------------------------------------------------------

    def _check_arguments(self):
        if not callable(self.model):
            check_choice("model", self.model, RECIPES)
        self._check_n_clusters()
        for name in ("epochs", "batch_size"):
            check_count(name, getattr(self, name))
        if self.verbose not in (0, 1, 2, "auto"):
            raise ValueError(
                f'`verbose` must be 0, 1, 2 or "auto". Received: verbose={self.verbose!r}'
            )
        self._check_settings()
        callbacks = self.callbacks
        if callbacks is not None and not (
            isinstance(callbacks, (list, tuple))
            and all(isinstance(each, keras.callbacks.Callback) for each in callbacks)
        ):
            raise ValueError(
                "`callbacks` must be None or a list of Keras callbacks. "
                f"Received: callbacks={callbacks!r}"
            )

    def _check_settings(self):
        settings = _mapping("settings", {} if self.settings is None else self.settings)
        for name, own in _OWN_ARGUMENTS.items():
            if name in settings:
                raise ValueError(
                    f"`settings` must leave `{name}` to the argument `{own}`. "
                    f"Received: settings={self.settings!r}"
                )
        if "batch_size" in settings and self.batch_size is not None:
            raise ValueError(
                "`batch_size` must be given once. Received: "
                f"batch_size={self.batch_size!r}, settings={self.settings!r}"
            )
        if not callable(self.model):
            known = _arguments(self._recipe().model_class()) - set(_OWN_ARGUMENTS)
            unknown = set(settings) - known
            if unknown:
                raise ValueError(
                    f"`settings` must be among {', '.join(sorted(known))}. "
                    f"Received: {', '.join(sorted(unknown))}"
                )

    def _recipe(self):
        return _PLAIN if callable(self.model) else RECIPES[self.model]

    def _build_model(self, n_clusters, n_rows):
        seed, settings = self._seed(), dict(self.settings or {})
        if callable(self.model):
            model = self.model(n_clusters=n_clusters, seed=seed, **settings)
        else:
            model = self._recipe().build(n_clusters, seed, n_rows=n_rows, **settings)
        if self.batch_size is not None:
            model.batch_size = int(self.batch_size)
        return model

    def _pretraining(self, model):
        """Arguments of the model's `pretrain`, or None for a random start."""
        recipes, given = self._recipe().pretraining, self.pretraining
        if isinstance(given, str) and given == "recipe":
            return recipes
        if given is None or given is False:
            return None
        rule = 'be "recipe", None, a bool or a dict'
        given = {} if given is True else _mapping("pretraining", given, rule)
        if not hasattr(model, "pretrain"):
            raise ValueError(
                f"`pretraining` must be None for {type(model).__name__}, which has none. "
                f"Received: pretraining={self.pretraining!r}"
            )
        unknown = [name for name in given if not accepts(model.pretrain, name)]
        if unknown:
            known = [name for name in inspect.signature(model.pretrain).parameters if name != "x"]
            raise ValueError(
                f"`pretraining` must hold arguments of {type(model).__name__}.pretrain, "
                f"{', '.join(known)}. Received: {', '.join(unknown)}"
            )
        for name in ("epochs", "batch_size"):
            check_count(f"pretraining[{name!r}]", given.get(name))
        return {**(recipes or {}), **given}

    # Its data -------------------------------------------------------------------------------

    def _model_input(self, rows):
        """What the model gets of the rows: images again, where it takes them."""
        if self.image_shape_ is None or not self._recipe().keeps_images:
            return rows
        return rows.reshape(len(rows), *self.image_shape_)


def _mapping(name, value, rule="be None or a dict"):
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"`{name}` must {rule} of names and values. Received: {name}={value!r}")
    return value


def _arguments(model_class):
    """Names of the arguments of a model's constructor, those of its bases included."""
    own = (base for base in model_class.__mro__ if base.__module__.startswith("tfclust."))
    names = {name for base in own for name in inspect.signature(base.__init__).parameters}
    return names - {"self", "args", "kwargs"} | {"name", "dtype"}
