"""`DeepClusterer` is a scikit-learn estimator, by scikit-learn's own checks and in its tools."""

import io

import joblib
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import ClassifierTags, estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks
from tiny_models import SETTINGS

from tfclust.callbacks import CollapseWatch
from tfclust.models import CM
from tfclust.optimizers import FusedAdam
from tfclust.recipes import RECIPES
from tfclust.sklearn import DeepClusterer


class LightCM:
    """Builds a CM that trains in an instant: few steps, not compiled at all."""

    def __call__(self, n_clusters, seed):
        model = CM(n_clusters, alpha=5.0, batch_size=50, seed=seed)
        model.compile(FusedAdam(0.3), run_eagerly=True)
        return model

    def __repr__(self):
        return "LightCM()"  # without an address, as it names the tests

    def __eq__(self, other):
        return isinstance(other, LightCM)

    def __hash__(self):
        return 0


def light_clusterer(**changes):
    settings = {"model": LightCM(), "n_clusters": 3, "epochs": 4, "random_state": 0}
    return DeepClusterer(**{**settings, **changes})


ONE_CLUSTER = "sets n_clusters=1, and the models need two; passes with two, see the next tests"
CLASSIFIER = "takes what has predict_proba for a classifier; passes tagged so, see the next tests"
EXPECTED_FAILURES = {
    "check_dont_overwrite_parameters": ONE_CLUSTER,
    "check_fit2d_1feature": ONE_CLUSTER,
    "check_fit2d_predict1d": ONE_CLUSTER,
    "check_methods_subset_invariance": ONE_CLUSTER,
    "check_estimator_sparse_array": CLASSIFIER,
    "check_estimator_sparse_matrix": CLASSIFIER,
}


class AdaptedClusterer(DeepClusterer):
    """Takes two clusters where one is set, and says that it is a classifier."""

    def __setattr__(self, name, value):
        super().__setattr__(name, 2 if (name, value) == ("n_clusters", 1) else value)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags = ClassifierTags()
        return tags


@parametrize_with_checks([light_clusterer()], expected_failed_checks=lambda _: EXPECTED_FAILURES)
def test_scikit_learns_checks_pass(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", EXPECTED_FAILURES)
def test_checks_that_take_it_for_another_pass_adapted(name):
    # Those of sparse data have 4 classes, and fit twenty times.
    changes = {"n_clusters": 4, "epochs": 1} if "sparse" in name else {}
    estimator = AdaptedClusterer(**light_clusterer(**changes).get_params())
    getattr(estimator_checks, name)("DeepClusterer", estimator)


# In scikit-learn's tools ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def iris():
    return StandardScaler().fit_transform(load_iris().data)


@pytest.fixture(scope="module")
def fitted(iris):
    """A clusterer that was trained on iris; tests must leave it as it is."""
    return light_clusterer().fit(iris)


@pytest.mark.parametrize("load", [load_wine, load_iris])
def test_a_pipeline_with_a_scaler_finds_the_groups_of_the_data(load):
    data = load()
    pipeline = make_pipeline(StandardScaler(), light_clusterer(epochs=6))
    labels = pipeline.fit_predict(data.data)
    assert adjusted_rand_score(data.target, labels) > 0.5  # k-means: 0.62 on iris, 0.90 on wine
    np.testing.assert_array_equal(pipeline.predict(data.data), labels)
    assert pipeline.predict_proba(data.data).shape == (len(data.data), 3)
    names = pipeline.get_feature_names_out()
    assert list(names[:2]) == ["deepclusterer0", "deepclusterer1"]
    assert len(names) == pipeline.transform(data.data).shape[1]


def test_a_grid_search_finds_the_number_of_clusters_without_labels():
    rng = np.random.default_rng(0)
    centers = np.array([[0.0, 4.0], [4.0, 0.0], [-4.0, -4.0]])
    x = StandardScaler().fit_transform(centers[np.arange(60) % 3] + rng.normal(size=(60, 2)))

    def silhouette(clusterer, x, y=None):
        labels = clusterer.predict(x)
        return silhouette_score(x, labels) if len(set(labels)) > 1 else -1.0

    clusterer = light_clusterer(epochs=6, batch_size=30, random_state=1)
    search = GridSearchCV(clusterer, {"n_clusters": [2, 3]}, scoring=silhouette, cv=2)
    search.fit(x)
    assert search.best_params_ == {"n_clusters": 3}
    assert len(set(search.predict(x))) == 3


def test_it_says_what_its_model_says(fitted, iris):
    x = iris.astype("float32")
    np.testing.assert_array_equal(fitted.labels_, fitted.model_.assign(x))
    np.testing.assert_array_equal(fitted.predict(iris), fitted.labels_)
    np.testing.assert_array_equal(fitted.predict_proba(iris).argmax(axis=1), fitted.labels_)
    np.testing.assert_array_equal(fitted.transform(iris), fitted.model_.embed(x))
    np.testing.assert_array_equal(fitted.cluster_centers_, fitted.model_.centroids("input"))
    assert fitted.cluster_centers_.shape == (3, 4)
    loss = fitted.model_.evaluate(x, verbose=0, return_dict=True)["loss"]
    assert fitted.score(iris) == -loss
    assert len(fitted.history_["loss"]) == 4


def test_sparse_and_dense_rows_are_fitted_alike(fitted, iris):
    sparse = clone(fitted).fit(csr_matrix(iris))
    np.testing.assert_array_equal(sparse.cluster_centers_, fitted.cluster_centers_)
    np.testing.assert_array_equal(sparse.predict_proba(iris), fitted.predict_proba(iris))


def test_joblib_brings_a_fitted_clusterer_back(fitted, iris):
    file = io.BytesIO()
    joblib.dump(fitted, file)
    file.seek(0)
    loaded = joblib.load(file)
    np.testing.assert_array_equal(loaded.predict_proba(iris), fitted.predict_proba(iris))
    np.testing.assert_array_equal(loaded.labels_, fitted.labels_)
    assert loaded.get_params() == fitted.get_params()


def test_a_clone_is_not_fitted_and_fits_the_same(fitted, iris):
    again = clone(fitted)
    assert not hasattr(again, "model_")
    np.testing.assert_array_equal(again.fit(iris).predict_proba(iris), fitted.predict_proba(iris))


# Its arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECIPES)
def test_every_model_is_reached_by_its_name_and_its_settings(name, rows):
    settings = SETTINGS[RECIPES[name].model]
    clusterer = DeepClusterer(
        name, n_clusters=3, settings=settings, epochs=1, batch_size=16, random_state=5
    )
    model = clusterer._build_model()
    assert type(model).__name__ == RECIPES[name].model
    config = model.get_config()
    assert {key: config[key] for key in settings} == settings
    assert model.seed == 5
    assert model.compiled


def test_pretraining_comes_first_and_callbacks_are_copies(rows):
    calls = []

    class Recorded(CM):
        def pretrain(self, x, **kwargs):
            calls.append(kwargs)
            assert self.optimizer.iterations == 0
            assert x.shape == rows.shape

    def recorded(n_clusters, seed):
        model = Recorded(n_clusters, seed=seed)
        model.compile(run_eagerly=True)
        return model

    watch = CollapseWatch(patience=9)
    clusterer = light_clusterer(
        model=recorded, pretraining={"epochs": 7}, batch_size=37, epochs=2, callbacks=[watch]
    )
    clusterer.fit(rows)
    assert calls == [{"epochs": 7, "batch_size": 37, "verbose": 0}]
    assert int(clusterer.model_.optimizer.iterations) == 2
    assert "occupied_clusters" in clusterer.history_
    assert watch._model is None


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"model": "kmeans"}, "`model` must be one of .*aecm.* Received: model='kmeans'"),
        ({"model": "cm", "n_clusters": 1}, "`n_clusters` must be an integer of at least 2"),
        ({"model": "cm", "n_clusters": 99}, "as many rows as there are clusters, 99"),
    ],
)
def test_bad_arguments_are_refused_at_fit(arguments, rule, rows):
    with pytest.raises(ValueError, match=rule):
        DeepClusterer(**arguments).fit(rows)


def test_random_states_of_scikit_learn_seed_the_model():
    first, second = (
        DeepClusterer("cm", random_state=np.random.RandomState(0))._build_model().seed
        for _ in range(2)
    )
    assert first == second


def test_names_of_columns_are_kept_and_others_refused():
    pytest.importorskip("pandas", reason="data frames are pandas'")
    estimator_checks.check_dataframe_column_names_consistency("DeepClusterer", light_clusterer())
