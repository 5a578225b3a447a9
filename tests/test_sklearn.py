"""`DeepClusterer` is a scikit-learn estimator, by scikit-learn's own checks and in its tools."""

import argparse
import contextlib
import io

import joblib
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import ClassifierTags, estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks
from tiny_models import SETTINGS

from tfclust.callbacks import AveragingEpoch, CollapseWatch
from tfclust.cli.plan import make_plan, read_recipe
from tfclust.cli.run_folder import RunFolder
from tfclust.cli.training import train
from tfclust.models import CM
from tfclust.models.base import ClusteringModel
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

OTHER_ORDER = {
    "check_methods_sample_order_invariance": "asks for nine digits, and a product of float32 may "
    "round a row otherwise in another place of the batch; passes with six, see the next tests"
}


class AdaptedClusterer(DeepClusterer):
    """Takes two clusters where one is set, and says that it is a classifier."""

    def __setattr__(self, name, value):
        super().__setattr__(name, 2 if (name, value) == ("n_clusters", 1) else value)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags = ClassifierTags()
        return tags


@parametrize_with_checks(
    [light_clusterer()], expected_failed_checks=lambda _: {**EXPECTED_FAILURES, **OTHER_ORDER}
)
def test_scikit_learns_checks_pass(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", EXPECTED_FAILURES)
def test_checks_that_take_it_for_another_pass_adapted(name):
    # Those of sparse data have 4 classes, and fit twenty times.
    changes = {"n_clusters": 4, "epochs": 1} if "sparse" in name else {}
    estimator = AdaptedClusterer(**light_clusterer(**changes).get_params())
    getattr(estimator_checks, name)("DeepClusterer", estimator)


@pytest.mark.parametrize("name", OTHER_ORDER)
def test_checks_of_nine_digits_pass_with_those_of_float32(name, monkeypatch):
    compare = estimator_checks.assert_allclose_dense_sparse

    def compare_float32(x, y, rtol=None, atol=None, err_msg=""):
        compare(x, y, rtol=1e-6, atol=1e-6, err_msg=err_msg)

    monkeypatch.setattr(estimator_checks, "assert_allclose_dense_sparse", compare_float32)
    getattr(estimator_checks, name)("DeepClusterer", light_clusterer())


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


def test_rows_and_clusters_are_described(fitted, iris):
    facts = fitted.row_facts_
    np.testing.assert_array_equal(facts.cluster, fitted.labels_)
    memberships = fitted.predict_proba(iris)
    np.testing.assert_allclose(facts.confidence, memberships.max(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(facts.second_choice, np.argsort(memberships)[:, -2])
    again = fitted.describe_rows(iris[::-1])
    np.testing.assert_allclose(again.outlier_score, facts.outlier_score[::-1], atol=1e-3)
    far = fitted.describe_rows(iris[:1] + 20.0)
    assert far.outlier_score > facts.outlier_score.max()
    sizes = [cluster.size for cluster in fitted.cluster_facts_]
    assert sizes == np.bincount(fitted.labels_, minlength=3).tolist()
    assert all(cluster.rule.precision >= 0.5 for cluster in fitted.cluster_facts_)


@pytest.mark.parametrize("several", ["auto", range(2, 5)])
def test_the_number_of_clusters_is_picked_where_it_is_not_known(several):
    centers = np.array([[0.0, 4.0], [4.0, 0.0], [-4.0, -4.0]])
    x = centers[np.arange(45) % 3] + np.random.default_rng(0).normal(0, 0.3, (45, 2))
    found = light_clusterer(n_clusters=several, epochs=1).fit(x)
    assert found.n_clusters_ == found.number_of_clusters_.pick == 3
    assert found.predict_proba(x).shape == (45, 3)
    assert clone(found).n_clusters == several
    with pytest.raises(ValueError, match="two or more numbers"):
        light_clusterer(n_clusters=[3]).fit(x)


def test_clusters_that_a_prior_evens_out_are_warned_of():
    rng = np.random.default_rng(0)
    x = np.repeat([[0.0, 0.0], [9.0, 0.0]], [280, 20], axis=0) + rng.normal(size=(300, 2))
    pulled = DeepClusterer(
        "cm", 2, settings={"alpha": 500.0}, pretraining=None, epochs=20, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match=r"where clusters of \[280, 20\] are likelier"):
        pulled.fit(x)
    free = DeepClusterer("cm", 2, epochs=2, random_state=0).fit(x)
    assert sorted(np.bincount(free.labels_)) == [20, 280]


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


# Its training -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cm", "aecm", "idec"])  # without a start, of two, of several
def test_it_trains_as_the_command_does(name, rows, tmp_path):
    settings, pretraining = SETTINGS[RECIPES[name].model], RECIPES[name].pretraining
    short = {"epochs": 1} if "epochs" in (pretraining or {}) else None
    given = argparse.Namespace(
        model=name,
        clusters=3,
        set=[f"{key}={value}" for key, value in settings.items()],
        seed=5,
        settings=None,
        batch_size=None,
        epochs=2,
        pretrain=None,
        pretrain_epochs=short and 1,
        scale=None,
    )
    x = rows.clip(0.0, 1.0)
    plan = make_plan(read_recipe(given), 5, x.shape[1:], len(x))
    _, curves = train(plan, x, RunFolder(tmp_path))
    clusterer = DeepClusterer(
        name, 3, settings=settings, pretraining=short or "recipe", epochs=2, random_state=5
    ).fit(x)
    assert clusterer.history_["loss"] == curves["loss"]
    assert len(clusterer.history_["loss"]) == plan["epochs"]


@pytest.mark.parametrize(
    ("sizes", "scaled", "seed"),
    [
        ((900, 50, 50), False, 0),
        ((900, 50, 50), True, 1),
        ((1000, 10), False, 2),
        ((1000, 10), True, 3),
    ],
)
def test_clusters_of_very_different_sizes_are_found(sizes, scaled, seed):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(sizes)), sizes)
    x = rng.normal(size=(len(y), 2)) + np.array([[0, 0], [10, 0], [0, 10]])[y]
    x = StandardScaler().fit_transform(x) if scaled else x
    found = DeepClusterer("cm", n_clusters=len(sizes), epochs=20, random_state=seed).fit_predict(x)
    assert adjusted_rand_score(y, found) > 0.95


def test_the_start_of_aecm_finds_clusters_of_very_different_sizes():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [1000, 10])
    x = StandardScaler().fit_transform(rng.normal(size=(1010, 2)) + 10 * y[:, np.newaxis])
    clusterer = DeepClusterer(
        "aecm",
        n_clusters=2,
        settings={"hidden_units": (32,)},
        pretraining={"epochs": 20, "clustering_epochs": 5},
        epochs=20,
        random_state=0,
    )
    assert adjusted_rand_score(y, clusterer.fit_predict(x)) > 0.95


def test_what_is_given_takes_the_place_of_what_the_recipe_says(rows):
    watch, own = CollapseWatch(patience=9), AveragingEpoch()
    clusterer = DeepClusterer(
        "cm",
        n_clusters=3,
        settings={"alpha": 3.0, "dtype": "float32"},
        pretraining=None,
        epochs=3,
        batch_size=11,
        callbacks=[watch, own],
        random_state=5,
    ).fit(rows)
    model = clusterer.model_
    assert (model.alpha, model.batch_size, model.seed) == (3.0, 11, 5)
    assert len(clusterer.history_["occupied_clusters"]) == 3 + 1
    assert int(model.optimizer.iterations) == 4 * 4
    assert watch._model is None  # it was a copy that watched


@pytest.mark.parametrize("name", RECIPES)
def test_every_model_is_built_by_its_recipe_and_its_settings(name):
    recipe, settings = RECIPES[name], SETTINGS[RECIPES[name].model]
    clusterer = DeepClusterer(name, n_clusters=3, settings=settings, random_state=5)
    model = clusterer._build_model(3, 400)
    expected = {**recipe.constructor(3), **settings, "batch_size": 40, "seed": 5}
    assert model.get_config() == recipe.model_class()(**expected, name=model.name).get_config()


def test_what_a_second_fit_does_not_find_is_not_that_of_the_first(rows):
    clusterer = light_clusterer(model="cm", epochs=1).fit(rows)
    assert clusterer.cluster_centers_.shape == (3, 6)
    clusterer.set_params(model="gumbel").fit(rows)
    assert not hasattr(clusterer, "cluster_centers_")


def test_an_estimator_whose_fit_failed_is_not_fitted(rows):
    clusterer = DeepClusterer("cm", n_clusters=1)
    with pytest.raises(ValueError, match="`n_clusters` must be"):
        clusterer.fit(rows)
    with pytest.raises(NotFittedError):
        clusterer.predict(rows)


def test_the_model_of_a_function_trains_as_it_is(rows):
    calls = []

    class Recorded(CM):
        def pretrain(self, x, epochs=5, batch_size=None, verbose="auto"):
            calls.append((epochs, verbose))
            assert self.optimizer.iterations == 0

    def recorded(n_clusters, seed):
        model = Recorded(n_clusters, seed=seed, batch_size=37)
        model.compile(run_eagerly=True)
        return model

    clusterer = light_clusterer(model=recorded, epochs=2)
    clusterer.fit(rows)
    assert calls == []
    assert int(clusterer.model_.optimizer.iterations) == 2
    for pretraining in (True, {"epochs": 7}):
        clusterer.set_params(pretraining=pretraining).fit(rows)
    assert calls == [(5, 0), (7, 0)]


@pytest.mark.parametrize(("verbose", "lines"), [(0, 0), (2, 1 + 2)])
def test_verbose_tells_of_the_start_and_of_the_training_or_of_none(verbose, lines, rows, capfd):
    clusterer = DeepClusterer(
        "aecm",
        n_clusters=3,
        settings=SETTINGS["AECM"],
        pretraining={"epochs": 1, "clustering_epochs": 1},
        epochs=1,
        verbose=verbose,
    ).fit(rows)
    for method in (clusterer.predict, clusterer.predict_proba, clusterer.transform):
        method(rows)
    clusterer.score(rows)
    written = capfd.readouterr()
    assert written.out.count(" loss: ") == lines
    assert bool(written.out) == bool(lines)
    assert not written.err


# Its arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"model": "kmeans"}, "`model` must be one of .*aecm.* Received: model='kmeans'"),
        ({"n_clusters": 1}, "`n_clusters` must be an integer of at least 2"),
        ({"n_clusters": 99}, "as many rows as there are clusters, 99"),
        *(
            ({name: value}, f"`{name}` must be an integer of at least 1. Received: {name}=")
            for name in ("epochs", "batch_size")
            for value in (0, -1, 1.5, True, "5")
        ),
        ({"settings": [("alpha", 3)]}, r"`settings` must be None or a dict .*Received: settings="),
        ({"settings": {"n_clusters": 3}}, "leave `n_clusters` to the argument `n_clusters`"),
        ({"n_clusters": "atuo"}, "`n_clusters` must be an .*, or \"auto\". Received: .*='atuo'"),
        ({"settings": {"seed": 3}}, "leave `seed` to the argument `random_state`"),
        ({"settings": {"batch_size": 3}, "batch_size": 4}, "`batch_size` must be given once"),
        ({"settings": {"alfa": 3}}, "`settings` must be among alpha, .* Received: alfa"),
        ({"settings": {"alpha": -3}}, "`alpha` must be positive and finite. Received: alpha=-3"),
        ({"pretraining": 3}, '`pretraining` must be "recipe", None, a bool or a dict .*=3'),
        ({"pretraining": {"epochs": 3}}, "arguments of CM.pretrain, n_init. Received: epochs"),
        ({"model": "damic", "pretraining": {"epoch": 3}}, "of DAMIC.pretrain, .* Received: epoch"),
        ({"pretraining": {"n_init": 0}}, "`n_init` must be an integer of at least 1"),
        ({"model": "mixae", "pretraining": True}, "must be None for MIXAE, which has none"),
        ({"model": "aecm", "pretraining": {"epochs": 0}}, r"`pretraining\['epochs'\]` must be"),
        ({"callbacks": AveragingEpoch()}, "`callbacks` must be None or a list of Keras callbacks"),
        ({"callbacks": [print]}, "`callbacks` must be None or a list of Keras callbacks"),
        ({"verbose": 3}, '`verbose` must be 0, 1, 2 or "auto". Received: verbose=3'),
        *(
            ({"random_state": state}, "`random_state` must be None, an integer from 0 to 2")
            for state in (2**40, -1, 1.5, "0")
        ),
    ],
)
def test_bad_arguments_are_refused_at_fit_before_any_training(arguments, rule, rows, monkeypatch):
    monkeypatch.setattr(ClusteringModel, "fit", None)
    clusterer = DeepClusterer(**{"model": "cm", "n_clusters": 3, **arguments})
    with pytest.raises(ValueError, match=rule):
        clusterer.fit(rows)


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_random_states_seed_the_model(make):
    seeds = [DeepClusterer("cm", random_state=make(seed))._seed() for seed in (0, 0, 1)]
    assert seeds[0] == seeds[1] != seeds[2]


# Its data -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((12, 4, 4, 1), dtype="float32")


@pytest.mark.parametrize("name", ["mixae", "cm"])
def test_images_are_clustered_with_and_without_channels(name, images):
    settings = {"filters": (2,), "assignment_units": (4,)} if name == "mixae" else {}
    clusterer = DeepClusterer(name, 2, settings=settings, epochs=1, random_state=0)
    labels = clusterer.fit(images).labels_
    assert (clusterer.n_features_in_, clusterer.image_shape_) == (16, (4, 4, 1))
    assert clusterer.model_.sample_shape == ((4, 4, 1) if name == "mixae" else (16,))
    for same in (images, images[..., 0], images.reshape(12, 16), list(images)):
        np.testing.assert_array_equal(clusterer.predict(same), labels)
    assert len(clusterer.get_feature_names_out()) == clusterer.transform(images).shape[1]
    if name == "cm":
        assert clusterer.cluster_centers_.shape == (2, 4, 4, 1)
    with pytest.raises(ValueError, match=r"shape that was fitted, \(4, 4, 1\). Received: X of sh"):
        clusterer.predict(images.reshape(12, 2, 8))


def test_images_for_a_model_of_rows_are_refused(fitted, images):
    with pytest.raises(ValueError, match=r"shape that was fitted, \(4,\). Received: X of shape"):
        fitted.predict(images)


@pytest.mark.parametrize("x", [None, {"a": [1.0, 2.0]}, "data.csv", iter([[1.0], [2.0]])])
def test_what_is_no_array_is_refused_with_advice(x):
    with pytest.raises(ValueError, match=r"must be an array or a table of numbers.* Received: x"):
        light_clusterer().fit(x)


def test_dates_are_refused():
    days = np.arange(12).reshape(6, 2).astype("datetime64[D]")
    for dates in (days, days - days[0]):
        with pytest.raises(ValueError, match=r"must hold real numbers: turn d.*dtype (date|time)"):
            light_clusterer().fit(dates)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"when": days[:, 0].astype("datetime64[s]"), "size": np.ones(6)})
    with pytest.raises(ValueError, match=r"turn dates .* Received: columns .*'when' .datetime64"):
        light_clusterer().fit(frame)


def test_text_in_a_data_frame_is_refused_with_its_column():
    pandas = pytest.importorskip("pandas", reason="data frames are pandas'")
    frame = pandas.DataFrame({"customer": ["C1", "C2", "C3"], "size": np.ones(3)})
    with pytest.raises(ValueError, match=r"Received: columns .*'customer'"):
        light_clusterer().fit(frame)


DEGENERATE = {
    "constant": np.ones((8, 2)),
    "zero": np.zeros((8, 2)),
    "two distinct": np.repeat([[0.0, 1.0], [1.0, 0.0]], 4, axis=0),
}


@pytest.mark.parametrize("name", ["cm", "aecm", "mixae"])
def test_data_of_fewer_distinct_rows_than_clusters_is_warned_of_and_clustered(name):
    clusterer = DeepClusterer(
        name, 3, settings=SETTINGS[RECIPES[name].model], pretraining=None, epochs=1, random_state=0
    )
    for x in DEGENERATE.values():
        with pytest.warns(ConvergenceWarning, match=r"Only [12] rows of `X` are distinct, fewer"):
            clusterer.fit(x)
        assert np.isfinite(clusterer.predict_proba(x)).all()
        assert np.isfinite(clusterer.score(x))


@pytest.mark.parametrize("x", [*DEGENERATE.values(), np.eye(3)], ids=[*DEGENERATE, "one each"])
def test_the_start_of_cm_takes_degenerate_data(x):
    clusterer = DeepClusterer("cm", 3, epochs=1, random_state=0)
    few = len(np.unique(x, axis=0)) < 3
    with pytest.warns(ConvergenceWarning, match="distinct") if few else contextlib.nullcontext():
        clusterer.fit(csr_matrix(x))
    assert np.isfinite(clusterer.predict_proba(x)).all()
    assert len(set(clusterer.labels_)) == len(np.unique(x, axis=0))


def test_names_of_columns_are_kept_and_others_refused():
    pytest.importorskip("pandas", reason="data frames are pandas'")
    estimator_checks.check_dataframe_column_names_consistency("DeepClusterer", light_clusterer())
