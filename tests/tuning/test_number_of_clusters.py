import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tfclust.selection import Run
from tfclust.tuning import choose_n_clusters, count_clusters, number_of_clusters
from tfclust.tuning.number_of_clusters import check_candidates

# Falls until K = 4 and stays there, as the error does once every group has its centroid.
ERRORS = {2: 9.0, 3: 5.0, 4: 1.0, 6: 0.9, 8: 0.8}
SILHOUETTES = {2: 0.3, 3: 0.5, 4: 0.6, 6: 0.4, 8: 0.2}


class Places:
    """A model whose centroids lie in four places, the last of which has no rows."""

    def centroids(self):
        return np.array([[0, 0], [0, 0.1], [4, 0], [4, 4], [4.1, 4], [0, 4], [0, 4], [0, 4.1]])


@pytest.fixture
def asked(monkeypatch):
    """Stand in for the training; the list holds what it was given."""
    made = []

    def train(recipe, x, seeds):
        made.append((recipe, tuple(seeds)))
        k = recipe.n_clusters
        sizes = (1,) * 5 + (0,) * 3 if k == 8 else (1,) * k
        criteria = dict.fromkeys(number_of_clusters.LABEL_FREE)
        criteria.update(reconstruction=ERRORS[k], silhouette=SILHOUETTES[k])
        return [Run(criteria, sizes, seed, model=Places()) for seed in seeds]

    monkeypatch.setattr(number_of_clusters, "train", train)
    return made


@pytest.fixture
def found(asked, rows):
    settings = {"alpha": 7.0, "n_clusters": 99}
    return choose_n_clusters(
        "cm", rows, ERRORS, settings=settings, seeds_per_candidate=2, seed=1, verbose=False
    )


def test_every_candidate_is_trained_with_the_settings_and_the_same_seeds(found, asked):
    assert [recipe.n_clusters for recipe, _ in asked] == list(ERRORS)
    assert {recipe.settings["alpha"] for recipe, _ in asked} == {7.0}
    assert {seeds for _, seeds in asked} == {(2, 3)}


def test_elbow_and_picks_are_those_of_the_curves(found):
    assert found.candidates == (2, 3, 4, 6, 8)
    assert found.elbow == 4
    assert found.picks == {"silhouette": 4}
    assert set(found.criteria) == {"reconstruction", "silhouette"}


def test_a_k_without_a_value_is_neither_picked_nor_the_elbow():
    curves = {"reconstruction": (9.0, np.nan, 1.0, 0.9), "silhouette": (0.3, np.nan, 0.4, 0.2)}
    found = number_of_clusters.NumberOfClusters((2, 3, 4, 6), curves, merged=None)
    assert (found.elbow, found.picks) == (4, {"silhouette": 4})


def test_centroids_in_one_place_and_those_without_rows_are_merged(found):
    assert found.merged == 3


def test_the_table_marks_what_is_picked(found):
    head, *lines, merged = found.table().splitlines()
    assert head.split() == ["K", "reconstruction", "silhouette"]
    assert [line.split()[0] for line in lines if "*" in line] == ["4"]
    assert lines[2].split() == ["4", "1*", "0.6*"]
    assert merged == "merging from K = 8 leaves 3"


def test_the_plot_has_a_panel_a_criterion_with_its_pick(found):
    titles = [ax.get_title() for ax in found.plot().axes]
    assert titles == ["reconstruction: elbow 4", "silhouette: pick 4"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"candidates": [3]}, "two or more numbers of clusters. Received: candidates="),
        ({"candidates": [1, 3]}, "`candidates` must be an integer of at least 2"),
        ({"candidates": [3, 50]}, "at most the number of rows"),
        ({"settings": {"gamma": 1}}, "must be among alpha.*Received: gamma"),
        ({"model": "kmeans"}, "`model` must be one of cm, aecm"),
        ({"seeds_per_candidate": 0}, "`seeds_per_candidate` must be"),
        ({"epochs": 0}, "`epochs` must be an integer of at least 1"),
    ],
)
def test_what_is_wrong_is_said_before_any_training(asked, rows, changes, message):
    arguments = {"model": "cm", "candidates": [2, 3], **changes}
    with pytest.raises(ValueError, match=message):
        choose_n_clusters(x=rows, verbose=False, **arguments)
    assert not asked


# Of rows, before a model is trained -------------------------------------------------------------


def heaps(sizes):
    """Rows about centers on a circle, and which each is about."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    angles = 2 * np.pi * labels / max(3, len(sizes))
    centers = 12 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centers + np.random.default_rng(0).normal(size=centers.shape), labels


@pytest.mark.parametrize("sizes", [(60, 60), (50,) * 4, (30,) * 6, (450, 25, 25)])
def test_separate_heaps_are_counted(sizes):
    found = count_clusters(heaps(sizes)[0], range(2, 8))
    assert found.pick == found.merged == len(sizes)
    assert found.scores[found.pick] > found.scores[found.runner_up]
    assert found.words().startswith(f"{len(sizes)} clusters, of 2 to 7 that were looked at")


def test_rows_without_clusters_are_told():
    found = count_clusters(np.random.default_rng(0).normal(size=(300, 3)), range(2, 5))
    assert found.merged == 1
    assert "merging from 4 leaves 1: the clusters overlap, or there are none" in found.words()


def test_sparse_rows_and_images_are_counted_as_dense_rows_are():
    x = np.abs(heaps((40, 40, 40))[0]).astype("float32")
    found = count_clusters(x, range(2, 5))
    assert count_clusters(csr_matrix(x), range(2, 5)).criteria == found.criteria
    assert count_clusters(x.reshape(-1, 1, 2), range(2, 5)).criteria == found.criteria


def test_the_pick_has_the_best_mean_of_what_compares_and_is_the_same_from_json():
    curves = {"bic": [5.0, 3.0, 4.0], "stability": [0.5, 0.9, 1.0], "silhouette": [0.3, 0.3, None]}
    found = number_of_clusters.NumberOfClusters((2, 3, 4), curves, merged=4)
    assert found.scores == pytest.approx({2: 1 / 3, 3: (1 + 0.8 + 1) / 3, 4: 0.5}, abs=0.01)
    assert (found.pick, found.runner_up) == (3, 4)
    again = number_of_clusters.NumberOfClusters(**json.loads(json.dumps(found.to_json())))
    assert again.words() == found.words()
    assert next(ax.get_title() for ax in again.plot().axes) == "bic: pick 3"


@pytest.mark.parametrize(
    ("candidates", "message"),
    [(5, "two or more"), ("all", "two or more|integer"), ([2, 99], "at most the number of rows")],
)
def test_candidates_that_are_none_are_refused(candidates, message):
    with pytest.raises(ValueError, match=message):
        count_clusters(np.zeros((9, 2)), candidates)


def test_auto_looks_at_few_clusters_of_few_rows():
    assert check_candidates("auto", 1000) == tuple(range(2, 13))
    assert check_candidates("auto", 45) == (2, 3, 4)
    with pytest.raises(ValueError, match=r"`x` must have at least 3 rows.*Received: 2 rows"):
        check_candidates("auto", 2)


def test_many_candidates_are_told_in_a_few_words():
    with pytest.raises(ValueError, match="at most the number of rows, 9") as told:
        check_candidates(range(2, 5000), 9)
    assert len(str(told.value)) < 200
