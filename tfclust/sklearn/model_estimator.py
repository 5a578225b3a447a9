"""What the estimators share: the data that they take, and what their model says of new ones."""

import contextlib
import numbers
import warnings

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import (
    check_array,
    check_is_fitted,
    check_random_state,
    validate_data,
)

from tfclust.auto import describe, measure_rows
from tfclust.checks import check_integer, count_distinct_rows
from tfclust.inputs import as_array, refuse_what_is_no_array
from tfclust.tuning import count_clusters


class ModelEstimator(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator
):
    """An estimator with a trained `ClusteringModel`, `model_`.

    A subclass has `random_state`, and writes `fit`, which sets `model_` and calls `_describe`, and
    `_model_input(rows)`, what the model gets of rows that are validated.
    """

    def predict(self, X):
        """Cluster ids `(n,)`, int64."""
        return self._fitted().assign(self._new_input(X))

    def predict_proba(self, X):
        """Memberships p(cluster | x), float32 `(n, K)`, rows sum to 1."""
        return self._fitted().predict(self._new_input(X), verbose=0)

    def describe_rows(self, X):
        """`tfclust.auto.RowFacts` of rows, measured by those that were fitted."""
        return measure_rows(self._fitted(), self._new_input(X), self._description.yardstick)

    def transform(self, X):
        """Latent codes `(n, p)`, float32."""
        return self._fitted().embed(self._new_input(X))

    @property
    def _n_features_out(self):
        model = self._fitted()
        row = np.zeros((1, self.n_features_in_), "float32")
        return model.embed(self._model_input(row)).shape[1]

    @property
    def _is_settled(self):
        """Whether `n_clusters` is K, and not what K is to be picked from."""
        several = isinstance(self.n_clusters, (range, list, tuple, np.ndarray))
        return not several and self.n_clusters != "auto"

    def _check_n_clusters(self):
        if not self._is_settled:
            return
        if isinstance(self.n_clusters, str):
            raise ValueError(
                '`n_clusters` must be an integer of at least 2, several such, or "auto". '
                f"Received: n_clusters={self.n_clusters!r}"
            )
        check_integer("n_clusters", self.n_clusters, 2)

    def _count_clusters(self, rows):
        self.number_of_clusters_ = None
        if not self._is_settled:
            seed = self.random_state if isinstance(self.random_state, numbers.Integral) else 0
            self.number_of_clusters_ = count_clusters(rows, self.n_clusters, int(seed))
        counted = self.number_of_clusters_
        self.n_clusters_ = int(self.n_clusters) if counted is None else counted.pick

    def _describe(self, x, rows, partitions=()):
        """Says of the rows that were fitted, which the model takes as `x`, what can be said."""
        columns = None if self.image_shape_ else rows
        self._description = describe(self.model_, x, columns, partitions)
        self.row_facts_, self.cluster_facts_ = self._description.rows, self._description.clusters
        self.labels_ = self.row_facts_.cluster

    def _model_input(self, rows):
        raise NotImplementedError(f"{type(self).__name__} must define `_model_input`")

    def _seed(self):
        state = self.random_state
        if isinstance(state, np.random.Generator):
            return int(state.integers(np.iinfo("int32").max))
        try:
            generator = check_random_state(state)
        except ValueError as error:
            raise ValueError(
                "`random_state` must be None, an integer from 0 to 2**32 - 1, a RandomState or a "
                f"Generator. Received: random_state={state!r}"
            ) from error
        if isinstance(state, numbers.Integral):
            return int(state)
        return int(generator.randint(np.iinfo("int32").max))

    def _fitted(self):
        check_is_fitted(self, "model_")
        return self.model_

    def _new_input(self, X):
        return self._model_input(self._validated(X))

    def _validated(self, X, reset=False, **options):
        """The data as float32 rows, dense or CSR; images as rows of their values."""
        _refuse_what_are_no_numbers(X)
        if _are_images(X):
            images = check_array(X, dtype=np.float32, allow_nd=True, **options)
            if reset:
                self.image_shape_ = images.shape[1:]
            elif self.image_shape_ is None or _with_channels(self.image_shape_) != _with_channels(
                images.shape[1:]
            ):
                raise ValueError(
                    "`X` must have samples of the shape that was fitted, "
                    f"{self.image_shape_ or (self.n_features_in_,)}. "
                    f"Received: X of shape {images.shape}"
                )
            X = images.reshape(len(images), -1)
        elif reset:
            self.image_shape_ = None
        return validate_data(self, X, reset=reset, accept_sparse="csr", dtype=np.float32, **options)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _are_images(X):
    if isinstance(X, (list, tuple)):
        return len(X) > 0 and np.ndim(X[0]) in (2, 3)
    return len(getattr(X, "shape", ())) in (3, 4)


def _with_channels(image_shape):
    return image_shape if len(image_shape) == 3 else (*image_shape, 1)


def _refuse_what_are_no_numbers(X):
    """Raises a ValueError for dates, which scikit-learn takes for numbers, and for no arrays."""
    refuse_what_is_no_array(X)
    if hasattr(X, "columns") or getattr(getattr(X, "dtype", None), "kind", None) in ("M", "m"):
        as_array(X)


@contextlib.contextmanager
def warned_of_few_distinct(x, n_clusters):
    """Warns, once and in place of k-means, where fewer rows than clusters are distinct."""
    distinct = count_distinct_rows(x, n_clusters)
    if distinct == n_clusters:
        yield
        return
    warnings.warn(
        f"Only {distinct} rows of `X` are distinct, fewer than the {n_clusters} clusters: "
        "some clusters will be empty or alike.",
        ConvergenceWarning,
        stacklevel=4,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
