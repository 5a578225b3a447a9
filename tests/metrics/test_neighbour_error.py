import numpy as np
import pytest

from tfclust.metrics import knn_error


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
