import numpy as np
import pytest

from tfclust.auto import evened_sizes

RNG = np.random.default_rng(0)


def blobs(*sizes, gap=9.0):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return gap * np.eye(len(sizes))[labels] + RNG.normal(size=(sum(sizes), len(sizes))), labels


@pytest.mark.parametrize("sizes", [(900, 50, 50), (1000, 10)])
def test_clusters_of_one_size_are_told_from_those_that_the_rows_have(sizes):
    x, labels = blobs(*sizes)
    even = np.arange(len(x)) % len(sizes)
    found = evened_sizes(x, even, len(sizes))
    np.testing.assert_allclose(found, sizes, atol=2)
    assert evened_sizes(x, labels, len(sizes)) is None


def test_even_clusters_of_even_rows_are_none_against_the_data():
    x, labels = blobs(100, 100, 100)
    assert evened_sizes(x, labels, 3) is None
    mixed = np.arange(300) % 3  # bad, but not for their sizes
    assert evened_sizes(x, mixed, 3) is None


def test_no_cluster_is_likelier_in_noise():
    x = RNG.normal(size=(600, 4))
    halves = (x[:, 0] > 0).astype(int)
    assert evened_sizes(x, halves, 2) is None


def test_rows_that_are_all_alike_say_nothing():
    assert evened_sizes(np.ones((40, 2)), np.arange(40) % 2, 2) is None
