"""The models as a scikit-learn estimator."""

import copy
import numbers

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

import tfclust
from tfclust.checks import check_choice
from tfclust.recipes import RECIPES


class DeepClusterer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):
    """A clustering model of this package behind scikit-learn's interface.

    It works in `Pipeline`, `GridSearchCV`, `clone` and `joblib`, on dense and on CSR matrices. Data
    are taken as they are: scale them, e.g. by `StandardScaler`.

    Args:
        model: "cm", "aecm", "mixae", "damic" or "gumbel"; or a function that takes `n_clusters`,
            `seed` and the `settings` as keyword arguments, and returns a model, compiled or not.
        n_clusters: number of clusters K.
        settings: None, or a dict of further arguments of the model, e.g.
            `{"hidden_units": (64, 32), "alpha": 20.0}`.
        pretraining: None, or a dict of arguments of the model's `pretrain`, e.g. `{"epochs": 50}`.
        epochs: of the training.
        batch_size: rows of a batch; None takes the model's.
        callbacks: None, or a list of Keras callbacks; every `fit` takes copies.
        random_state: an int is the model's seed; None or a `RandomState` draws one.
        verbose: of the training, as in Keras.

    Attributes:
        model_: the trained `ClusteringModel`.
        labels_: `(n,)`, the clusters of the training data.
        cluster_centers_: `(K, n_features)`, where the model has centroids, in the space of the
            data; those in the space of the codes are `model_.centroids()`.
        history_: dict, name of a log -> its value after each epoch.
        n_features_in_, feature_names_in_: as in scikit-learn.

    Raises:
        ValueError: at `fit`, an unknown model, bad settings or bad data.

    Example:

    ```python
    from sklearn.datasets import load_wine
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    clusterer = DeepClusterer("cm", n_clusters=3, epochs=150, batch_size=20, random_state=0)
    labels = make_pipeline(StandardScaler(), clusterer).fit_predict(load_wine().data)
    ```

    Known limits: computes in float32; samples are vectors, so image models are not reached. `score`
    compares fits of one objective, not of different models or weights of terms.
    """

    def __init__(
        self,
        model="aecm",
        n_clusters=8,
        *,
        settings=None,
        pretraining=None,
        epochs=100,
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
        """Trains a new model on `X`, array or CSR matrix `(n, d)`; `y` is not used."""
        X = self._validated(X, reset=True, ensure_min_samples=2)
        training = {"batch_size": self.batch_size, "verbose": self.verbose}
        model = self._build_model()
        if self.pretraining is not None:
            model.pretrain(X, **{**training, **self.pretraining})
        history = model.fit(
            X, epochs=self.epochs, callbacks=copy.deepcopy(self.callbacks), **training
        )
        self.model_ = model
        self.history_ = history.history
        self.labels_ = model.assign(X)
        if hasattr(model, "centroids"):
            self.cluster_centers_ = model.centroids("input")
        return self

    def predict(self, X):
        """Cluster ids `(n,)`, int64."""
        return self._fitted().assign(self._validated(X))

    def predict_proba(self, X):
        """Memberships p(cluster | x), float32 `(n, K)`, rows sum to 1."""
        return self._fitted().predict(self._validated(X), verbose=0)

    def transform(self, X):
        """Latent codes `(n, p)`, float32."""
        return self._fitted().embed(self._validated(X))

    def score(self, X, y=None):
        """Minus the loss per sample: the higher, the better; `y` is not used."""
        return -self._fitted().evaluate(self._validated(X), verbose=0, return_dict=True)["loss"]

    @property
    def _n_features_out(self):
        return self._fitted().embed(np.zeros((1, self.n_features_in_), "float32")).shape[1]

    def _build_model(self):
        build = self.model if callable(self.model) else _model_class(self.model)
        model = build(n_clusters=self.n_clusters, seed=self._seed(), **(self.settings or {}))
        if not model.compiled:
            model.compile()
        return model

    def _seed(self):
        if isinstance(self.random_state, numbers.Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(np.iinfo("int32").max))

    def _fitted(self):
        check_is_fitted(self)
        return self.model_

    def _validated(self, X, reset=False, **options):
        return validate_data(self, X, reset=reset, accept_sparse="csr", dtype=np.float32, **options)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _model_class(name):
    return getattr(tfclust, RECIPES[check_choice("model", name, RECIPES)].model)
