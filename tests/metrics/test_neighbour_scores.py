import numpy as np
import pytest
from scipy import sparse

from tfclust.metrics import knn_error, neighbour_assortativity


def test_neighbours_vote():
    train, y = np.array([[0.0], [1.0], [2.0], [10.0], [11.0]]), np.array([0, 0, 0, 1, 1])
    codes, classes = np.array([[0.5], [9.0], [5.0]]), np.array([0, 1, 1])
    assert knn_error(train, y, codes, classes, k=3) == pytest.approx(1 / 3)
    assert knn_error(train, y, codes, classes, k=5) == pytest.approx(2 / 3)
    assert knn_error(train, y, train, y, k=1) == 0.0


def test_classes_may_be_text_and_one_never_seen_is_an_error():
    train, y = np.array([[0.0], [1.0], [9.0]]), ["low", "low", "high"]
    assert knn_error(train, y, [[0.5], [8.0], [5.0]], ["low", "high", "other"], k=1) == (
        pytest.approx(1 / 3)
    )


@pytest.mark.parametrize("k", [0, 1.5, 6])
def test_numbers_of_neighbours_that_there_are_not_are_refused(k):
    with pytest.raises(ValueError, match=r"`k` must be .*Received: k="):
        knn_error(np.zeros((5, 1)), np.zeros(5), np.zeros((1, 1)), [0], k)


def test_assortativity_is_newmans_coefficient_of_the_graph_of_neighbours():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(60, 3)), rng.integers(3, size=60)
    labels[x[:, 0] > 0.5] = 2
    edges = np.zeros((3, 3))
    for i in range(60):
        distances = ((x - x[i]) ** 2).sum(axis=1)
        for j in np.argsort(distances)[1:5]:
            edges[labels[i], labels[j]] += 1 / 240
    expected = (edges.sum(axis=1) * edges.sum(axis=0)).sum()
    known = (np.trace(edges) - expected) / (1 - expected)
    names = np.array(["a", "b", "c"])[labels]
    for rows in (x, sparse.csr_matrix(x)):
        assert neighbour_assortativity(rows, names, n_neighbors=4) == pytest.approx(known)


def test_assortativity_tells_clusters_from_chance():
    rng = np.random.default_rng(0)
    known = np.repeat([0, 1], [5000, 1000])
    x = rng.normal(size=(6000, 2)) + 8.0 * known[:, None]
    assert neighbour_assortativity(x, known) == pytest.approx(1.0, abs=1e-3)
    assert abs(neighbour_assortativity(x, rng.permutation(known))) < 0.02
    assert neighbour_assortativity(x, np.zeros(6000, int)) == 0.0


def test_rows_that_are_alike_are_neighbours_but_never_their_own():
    x = np.repeat([[0.0], [1.0]], 12, axis=0)
    assert neighbour_assortativity(x, np.repeat([0, 1], 12), n_neighbors=3) == 1.0
    alone = neighbour_assortativity(x, np.arange(24), n_neighbors=3)
    assert alone == pytest.approx(-1 / 23, abs=0.02)  # would be more if a row were its own


def test_assortativity_asks_for_fewer_neighbours_than_rows_and_a_label_of_each():
    with pytest.raises(ValueError, match=r"at most n - 1 = 2\. Received: n_neighbors=3"):
        neighbour_assortativity(np.eye(3), [0, 1, 1], n_neighbors=3)
    with pytest.raises(ValueError, match=r"one value a row of `x`\. Received: 2 values, 3 rows"):
        neighbour_assortativity(np.eye(3), [0, 1], n_neighbors=1)
