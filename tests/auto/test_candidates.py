import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine
from sklearn.metrics import adjusted_rand_score

from tfclust.auto import candidates
from tfclust.auto.candidates import partition_by_mixture
from tfclust.auto.choice import Candidate, choose
from tfclust.auto.preparation import Preparation


def test_likelihood_finds_the_covariances_of_iris_and_wine():
    for data, least in ((load_iris(), 0.9), (load_wine(), 0.85)):
        x = Preparation.of(data.data).apply(data.data)
        found = partition_by_mixture(x, 3, seed=0)
        assert adjusted_rand_score(data.target, found) > least


@pytest.mark.parametrize("sizes", [(900, 50, 50), (1000, 10)])
def test_clusters_of_very_different_sizes_survive(sizes):
    rng = np.random.default_rng(0)
    means = 9.0 * np.eye(len(sizes), 4)
    x = np.concatenate([rng.normal(m, 1.0, (n, 4)) for m, n in zip(means, sizes, strict=True)])
    known = np.repeat(np.arange(len(sizes)), sizes)
    x = Preparation.of(x).apply(x)
    assert adjusted_rand_score(known, partition_by_mixture(x, len(sizes), 0)) > 0.98


def test_a_column_of_two_values_draws_no_cluster_to_itself():
    rng = np.random.default_rng(0)
    known = np.repeat([0, 1], 100)
    x = rng.normal(size=(200, 3)) + 4.0 * known[:, None]
    x[:, 2] = rng.random(200) < 0.1  # says nothing, and makes a likelihood without bound
    x = Preparation.of(x).apply(x)
    assert adjusted_rand_score(known, partition_by_mixture(x, 2, seed=0)) > 0.7


def test_a_likelihood_without_bound_decides_no_mixture():
    rng = np.random.default_rng(0)
    known = np.repeat([0, 1, 2], 100)
    x = rng.normal(size=(300, 5))
    x[:, :2] += 5.0 * np.array([[0, 0], [1, 0], [0, 1]])[known]
    x[:, 4] = rng.random(300) < 0.5  # no extent in a cluster of either value
    x = Preparation.of(x).apply(x)
    without, found = (candidates._likeliest(x, 3, 0, 3, ridge=ridge) for ridge in (1e-4, 0.1))
    assert not candidates._is_flat(x, found)
    assert candidates._is_flat(x, without)
    np.testing.assert_array_equal(partition_by_mixture(x, 3, seed=0), found.predict(x))
    scores = [adjusted_rand_score(known, each.predict(x)) for each in (without, found)]
    assert scores[0] < 0.3 < 0.4 < scores[1]


def candidate(way, *partitions, n_clusters=2, **known):
    return Candidate(way, tuple(map(np.array, partitions)), n_clusters, **known)


def test_votes_are_counted_under_one_set_of_names():
    found = candidate("codes_kmeans", [0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1])
    np.testing.assert_allclose(found.votes(), [[1, 0], [1, 0], [1 / 3, 2 / 3], [0, 1]])
    assert found.labels().tolist() == [0, 0, 1, 1]


def test_what_other_weights_find_again_is_kept():
    agreed = candidate("codes_manifold", [0, 0, 1, 1], [1, 1, 0, 0])
    split = candidate("codes_kmeans", [0, 0, 1, 1], [0, 1, 0, 1])
    of_rows = candidate("mixture", [0, 1, 1, 0], [0, 1, 1, 0])
    assert choose([of_rows, split, agreed])[0] is agreed
    assert choose([of_rows, split])[0] is of_rows


def test_of_what_seeds_agree_on_the_fewest_neighbours_are_parted():
    parts_many = candidate("codes_kmeans", [0, 0, 1, 1], [0, 0, 1, 1], assortativity=0.8)
    parts_few = candidate("mixture", [0, 1, 1, 1], [0, 1, 1, 1], assortativity=0.9)
    unsure = candidate("codes_manifold", [0, 0, 1, 1], [0, 1, 0, 1], assortativity=0.95)
    empty = candidate("codes_mixture", [0, 0, 0, 0], [0, 0, 0, 0], assortativity=0.97)
    found, reason = choose([parts_few, parts_many, unsure, empty])
    assert found is parts_few
    assert reason == "it keeps neighbouring rows together best (0.90; 1: always, 0: as by chance)"
    found, reason = choose([unsure])
    assert (found, reason) == (unsure, "the seeds agree on no partition")


def test_of_what_parts_neighbours_equally_well_the_seeds_that_agree_decide():
    halves, other = np.arange(20) // 10, np.arange(20) % 2
    moved = np.where(np.arange(20) == 0, 1, halves)
    wavers = candidate("mixture", halves, moved, assortativity=0.9973)
    stands = candidate("codes_kmeans", halves, halves, assortativity=0.9972)
    parts_more = candidate("kmeans", other, other, assortativity=0.99)
    assert 0.5 < wavers.agreement < 1.0
    found, reason = choose([wavers, stands, parts_more])
    assert found is stands
    assert reason.endswith("as by chance), and of those that do its seeds agree best")


def test_votes_that_leave_a_cluster_empty_are_degenerate():
    seeds = [0, 2, 2, 0, 1, 1, 1], [1, 1, 0, 0, 2, 1, 1], [1, 1, 0, 1, 0, 2, 1]
    found = candidate("mixture", *seeds, n_clusters=3)
    assert found.labels().tolist() == [1, 1, 0, 0, 0, 1, 1]
    assert found.is_degenerate
    assert not candidate("mixture", seeds[0], n_clusters=3).is_degenerate


def test_a_partition_that_leaves_a_cluster_empty_is_not_kept():
    empty = candidate("codes_manifold", [0, 0, 0, 0], [0, 0, 0, 0])
    whole = candidate("codes_kmeans", [0, 0, 1, 1], [0, 0, 1, 1])
    assert choose([empty, whole])[0] is whole
    mixture = candidate("mixture", [0, 0, 0, 0], [0, 0, 0, 0])
    kmeans = candidate("kmeans", [0, 0, 1, 1], [0, 0, 1, 1])
    found, reason = choose([mixture, kmeans])
    assert found is kmeans
    assert reason == "the rows are few, and a mixture leaves a cluster of them empty"
