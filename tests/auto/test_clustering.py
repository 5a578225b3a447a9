"""`cluster_rows` and `AutoClusterer`, from data to a model."""

import json
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.metrics import adjusted_rand_score

import tfclust
from tfclust.auto import clustering, parametric
from tfclust.auto.effort import Effort
from tfclust.sklearn import AutoClusterer


@pytest.fixture(autouse=True, scope="module")
def short_trainings():
    """What a model is taught in an instant, and uncompiled: there is no second training like it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering, "EFFORTS", {"fast": Effort(2, 1, mapped_rows=100)})
        patch.setattr(parametric, "LEAST_STEPS", 1)
        patch.setattr(parametric, "EPOCHS", 1)
        tf.config.run_functions_eagerly(True)
        yield
        tf.config.run_functions_eagerly(False)


def fitted(x, n_clusters=3, **changes):
    options = {"effort": "fast", "random_state": 0, "verbose": 0, **changes}
    return AutoClusterer(n_clusters, **options).fit(x)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("choice")


def fitted_to_iris(folder):
    """For as long as it takes to learn iris."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parametric, "LEAST_STEPS", 100)
        return fitted(load_iris().data, directory=folder)


@pytest.fixture(scope="module")
def iris(short_trainings, folder):
    return load_iris(), fitted_to_iris(folder)


def test_iris_is_clustered_and_new_rows_are_like_the_old_ones(iris):
    data, found = iris
    assert adjusted_rand_score(data.target, found.labels_) > 0.85
    np.testing.assert_array_equal(found.predict(data.data), found.labels_)
    assert found.transform(data.data).shape == (150, 10)
    assert found.cluster_centers_.shape == (3, 4)
    assert len(found.row_facts_) == 150


def test_a_record_says_what_was_tried_and_why(iris):
    _, found = iris
    record = json.loads(json.dumps(found.record_))
    assert record["chosen"] == "mixture"
    assert {tried["way"] for tried in record["tried"]} == {"mixture", "kmeans"}
    assert "150 rows" in found.summary()
    assert "Kept a Gaussian mixture of the rows" in found.summary()


def test_the_model_survives_a_file(iris, tmp_path):
    data, found = iris
    found.model_.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    rows = found.preparation_.apply(data.data)
    np.testing.assert_array_equal(again.assign(rows), found.labels_)


def test_images_have_centers_of_their_shape():
    images = load_digits().images[:60]
    found = fitted(images, 2)
    assert found.cluster_centers_.shape == (2, 8, 8)
    assert found.preparation_.kind == "images"
    assert found.predict(images[:5]).shape == (5,)


def test_sparse_rows_are_taken_as_text(sparse_rows):
    found = fitted(abs(sparse_rows))
    assert found.preparation_.kind == "text"
    assert found.record_["chosen"] == "kmeans"
    assert set(found.labels_) <= {0, 1, 2}


def test_text_is_cut_by_kmeans_alone_in_wider_codes(sparse_rows, monkeypatch):
    monkeypatch.setattr(clustering, "ROWS_FOR_CODES", 30)
    found = fitted(abs(sparse_rows))
    assert [tried["way"] for tried in found.record_["tried"]] == ["kmeans", "codes_kmeans"]
    assert found.model_.embedding_dim == 100
    assert [tried["assortativity"] for tried in found.record_["tried"]] == [None, None]


def test_what_a_folder_keeps_is_not_done_again_and_the_end_is_the_same(iris, folder, monkeypatch):
    data, found = iris
    monkeypatch.setattr("tfclust.models.AECM.pretrain_autoencoder", None)  # which would fail
    monkeypatch.setattr("tfclust.auto.candidates.gaussian_mixture", None)
    again = fitted_to_iris(folder)
    np.testing.assert_array_equal(again.predict_proba(data.data), found.predict_proba(data.data))


def test_a_folder_is_taken_up_again_with_the_seed_that_was_drawn(tmp_path, monkeypatch):
    x = load_iris().data
    found = fitted(x, random_state=None, directory=tmp_path)
    monkeypatch.setattr("tfclust.auto.candidates.gaussian_mixture", None)  # which would fail
    again = fitted(x, random_state=None, directory=tmp_path)
    assert again.record_["seed"] == found.record_["seed"]
    np.testing.assert_array_equal(again.labels_, found.labels_)


def test_a_kind_that_there_is_none_of_is_refused(sparse_rows):
    with pytest.raises(ValueError, match=r"`kind` must be one of .*text.*Received: kind='tekst'"):
        clustering.cluster_rows(sparse_rows, "tekst", 3, "fast")


def test_a_folder_of_another_call_is_refused(iris, folder):
    with pytest.raises(ValueError, match="`directory` must be of the same call"):
        fitted(iris[0].data, 4, directory=folder)


def test_codes_are_cut_too_where_rows_are_enough_to_find_them(monkeypatch):
    monkeypatch.setattr(clustering, "ROWS_FOR_CODES", 50)
    found = fitted(load_iris().data[:110], 2)  # too many for a map, at this effort
    assert {tried["way"] for tried in found.record_["tried"]} == {
        *("mixture", "kmeans", "codes_mixture", "codes_kmeans")
    }
    assert all(tried["agreement"] is not None for tried in found.record_["tried"])
    together = {tried["way"]: tried["assortativity"] for tried in found.record_["tried"]}
    assert together[found.record_["chosen"]] == max(together.values()) > 0.5
    assert "keeps neighbouring rows together best" in found.summary()


def test_a_map_without_umap_names_the_extra_before_any_training(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    monkeypatch.setattr(clustering, "ROWS_FOR_CODES", 50)
    monkeypatch.setattr("tfclust.models.AECM.pretrain_autoencoder", None)
    with pytest.raises(ImportError, match="manifold"):
        fitted(load_iris().data[:90])


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"n_clusters": 1}, "`n_clusters` must be an integer of at least 2"),
        ({"effort": "some"}, "`effort` must be one of"),
        ({"random_state": -1}, "`random_state` must be"),
    ],
)
def test_bad_arguments_are_refused_at_fit(arguments, rule):
    with pytest.raises(ValueError, match=rule):
        fitted(load_iris().data, **arguments)


def test_it_is_the_packages_own_name_and_can_be_cloned():
    assert tfclust.AutoClusterer is AutoClusterer
    assert clone(AutoClusterer(4, effort="best")).effort == "best"
