from itertools import permutations

import numpy as np
import pytest

from tfclust import metrics

SCORES = [
    metrics.clustering_accuracy,
    metrics.purity,
    metrics.homogeneity,
    metrics.normalized_mutual_info,
    metrics.adjusted_rand,
]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("score", SCORES)
def test_score_is_one_for_permuted_labels(score, rng):
    y_true = rng.integers(0, 5, 200)
    y_pred = np.array([13, -4, 7, 0, 2])[y_true]
    assert score(y_true, y_pred) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_score_ignores_the_names_of_clusters_and_the_order_of_points(score, rng):
    y_true, y_pred = rng.integers(0, 4, 300), rng.integers(0, 6, 300)
    order = rng.permutation(300)
    renamed = rng.permutation(6)[y_pred]
    assert score(y_true[order], renamed[order]) == pytest.approx(score(y_true, y_pred), abs=1e-12)


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(4, 4), (3, 5), (5, 3)])
def test_accuracy_is_the_best_of_all_one_to_one_mappings(n_classes, n_clusters, rng):
    y_true, y_pred = rng.integers(0, n_classes, 60), rng.integers(0, n_clusters, 60)
    ids = range(max(n_classes, n_clusters))
    best = max(np.mean(np.array(m)[y_pred] == y_true) for m in permutations(ids))
    assert metrics.clustering_accuracy(y_true, y_pred) == pytest.approx(best, abs=1e-12)


def test_accuracy_counts_surplus_clusters_as_errors():
    assert metrics.clustering_accuracy([0, 0, 0, 1], [0, 0, 1, 2]) == 0.75


def test_accuracy_counts_surplus_classes_as_errors():
    assert metrics.clustering_accuracy([0, 0, 1, 2], [0, 0, 0, 0]) == 0.5


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(4, 4), (3, 5), (5, 3)])
def test_matched_clusters_reach_the_accuracy(n_classes, n_clusters, rng):
    y_true, y_pred = rng.integers(10, 10 + n_classes, 80), rng.integers(0, n_clusters, 80)
    mapping = metrics.match_clusters(y_true, y_pred)
    right = np.mean([mapping.get(cluster) == y for cluster, y in zip(y_pred, y_true, strict=True)])
    assert right == pytest.approx(metrics.clustering_accuracy(y_true, y_pred), abs=1e-12)
    assert len(mapping) == len(set(mapping.values())) == min(n_classes, n_clusters)


def test_purity_lets_clusters_share_a_class():
    y_true, y_pred = [0, 0, 0, 1], [0, 0, 1, 2]
    assert metrics.purity(y_true, y_pred) == 1.0
    assert metrics.purity([0, 0, 1, 2], [0, 0, 0, 0]) == 0.5


def test_normalized_mutual_info_divides_by_the_arithmetic_mean():
    # Classes: H = log 2; clusters: H = log 4; I = log 2.
    assert metrics.normalized_mutual_info([0, 0, 1, 1], [0, 1, 2, 3]) == pytest.approx(2 / 3)


def test_homogeneity_is_one_minus_the_conditional_entropy_ratio():
    # One pure cluster of two points, one cluster of two points of either class.
    conditional, total = 0.5 * np.log(2), -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    expected = 1 - conditional / total
    assert metrics.homogeneity([0, 0, 0, 1], [0, 0, 1, 1]) == pytest.approx(expected)


def test_adjusted_rand_is_about_zero_by_chance(rng):
    y_true, y_pred = rng.integers(0, 10, 20_000), rng.integers(0, 10, 20_000)
    assert abs(metrics.adjusted_rand(y_true, y_pred)) < 0.005


def test_evaluate_gives_every_score_as_a_python_float(rng):
    y_true, y_pred = rng.integers(0, 4, 100), rng.integers(0, 6, 100)
    scores = metrics.evaluate(y_true, y_pred)
    assert scores == {
        "acc": metrics.clustering_accuracy(y_true, y_pred),
        "nmi": metrics.normalized_mutual_info(y_true, y_pred),
        "ari": metrics.adjusted_rand(y_true, y_pred),
        "purity": metrics.purity(y_true, y_pred),
        "homogeneity": metrics.homogeneity(y_true, y_pred),
    }
    assert {type(score) for score in scores.values()} == {float}


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_scores_do_not_depend_on_the_integer_dtype(dtype, rng):
    y_true, y_pred = rng.integers(0, 4, 100), rng.integers(0, 6, 100)
    narrow = metrics.evaluate(y_true.astype(dtype), y_pred.astype(dtype))
    assert narrow == metrics.evaluate(y_true, y_pred)


LABELS = {
    "strings": ["b", "b", "a", "c"],
    "array of strings": np.array(["b", "b", "a", "c"]),
    "objects": np.array(["b", "b", "a", ("c",)], dtype=object),
    "booleans and more": [True, True, False, "True"],
    "whole floats": [2.0, 2.0, -1.0, 7.0],
    "bytes": [b"b", b"b", b"a", b"c"],
}


@pytest.mark.parametrize("named", LABELS.values(), ids=LABELS)
def test_labels_may_be_of_any_kind(named):
    numbers, clusters = [1, 1, 0, 2], [4, 5, 5, 4]
    assert metrics.evaluate(named, clusters) == metrics.evaluate(numbers, clusters)
    assert metrics.evaluate(clusters, named) == metrics.evaluate(clusters, numbers)


@pytest.mark.parametrize("dtype", ["category", "string", "object"])
def test_columns_of_pandas_are_labels(dtype):
    pandas = pytest.importorskip("pandas")
    column = pandas.Series(["b", "b", "a", "c"], index=[9, 3, 5, 7], dtype=dtype)
    assert metrics.evaluate(column, [4, 5, 5, 4]) == metrics.evaluate([1, 1, 0, 2], [4, 5, 5, 4])
    assert metrics.match_clusters(column, [0, 0, 1, 2]) == {0: "b", 1: "a", 2: "c"}
    column.iloc[0] = None
    with pytest.raises(ValueError, match="`y_true` must hold a label for every point"):
        metrics.evaluate(column, [4, 5, 5, 4])


@pytest.mark.parametrize("score", [*SCORES, metrics.match_clusters, metrics.evaluate])
@pytest.mark.parametrize(
    ("y_true", "y_pred", "rule"),
    [
        ([[0, 1]], [0, 1], r"`y_true` must be .* 1-D .* shape \(1, 2\)"),
        ([0, 1], [[0], [1]], r"`y_pred` must be .* 1-D .* shape \(2, 1\)"),
        ([], [], "`y_true` must be a non-empty"),
        (7, [0], r"`y_true` must be .* 1-D .* Received: y_true of type int"),
        ([0, 1], [0.2, 0.8], "`y_pred` must hold labels, and .* fraction is none. Received: 0.2"),
        (["a", None], [0, 1], "`y_true` must hold a label for every point. Received: None"),
        ([0.0, float("nan")], [0, 1], "`y_true` must hold a label for every point. Received: nan"),
        ([0, 1], np.array([{}, {}]), "`y_pred` must hold hashable labels. Received: .*dict"),
        ([0, 1, 2], [0, 1], r"same length. Received: len\(y_true\)=3, len\(y_pred\)=2"),
    ],
)
def test_scores_refuse_what_is_no_pair_of_label_arrays(score, y_true, y_pred, rule):
    with pytest.raises(ValueError, match=rule):
        score(y_true, y_pred)


def test_cluster_sizes_count_empty_clusters():
    sizes = metrics.cluster_sizes(np.array([3, 0, 3], np.int32), n_clusters=5)
    np.testing.assert_array_equal(sizes, [1, 0, 0, 2, 0])
    assert sizes.dtype == np.int64


@pytest.mark.parametrize(
    ("labels", "n_clusters", "rule"),
    [
        ([0, 3], 3, r"must lie in \[0, n_clusters\). Received: n_clusters=3, labels from 0 to 3"),
        ([-1, 2], 3, "labels from -1 to 2"),
        ([0, 1], 0, "integer of at least 1. Received: n_clusters=0"),
        ([0, 1], 2.0, "integer of at least 1. Received: n_clusters=2.0"),
        ([0.0, 1.0], 2, "`labels` must be a non-empty 1-D array of integers"),
    ],
)
def test_cluster_sizes_refuse_ids_out_of_range(labels, n_clusters, rule):
    with pytest.raises(ValueError, match=rule):
        metrics.cluster_sizes(labels, n_clusters)
