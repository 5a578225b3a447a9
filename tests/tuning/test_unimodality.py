import numpy as np
import pytest

from tfclust.tuning.unimodality import dip, is_unimodal, merge_unimodal


@pytest.mark.parametrize(
    ("n", "median", "percent_5"),  # as R's package `diptest` tabulates them
    [(20, 0.0733438, 0.1051302), (50, 0.0488512, 0.0702738), (100, 0.0354622, 0.0511279)],
)
def test_dips_of_uniform_draws_are_the_tabulated_ones(n, median, percent_5):
    rng = np.random.default_rng(0)
    dips = np.array([dip(rng.random(n)) for _ in range(400)])
    assert np.median(dips) == pytest.approx(median, rel=0.03)
    assert 0.025 < np.mean(dips > percent_5) < 0.08


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 2, 3, 4], 0.125), ([0, 0, 1, 1], 0.25), (range(10), 0.05), ([0, 1, 8, 9, 9], 0.2)],
)
def test_dips_that_are_known_stay_the_same_where_values_are_moved_and_turned(values, expected):
    assert dip(values) == pytest.approx(expected)
    assert dip(-7 * np.asarray(values) + 3) == pytest.approx(expected)


def test_one_heap_is_unimodal_and_two_are_not():
    rng = np.random.default_rng(0)
    one, other = rng.normal(0, 1, 200), rng.normal(6, 1, 200)
    assert is_unimodal(one)
    assert is_unimodal(rng.exponential(size=300))
    assert not is_unimodal(np.r_[one, other])


def test_pieces_of_one_heap_are_joined_and_heaps_are_not():
    rng = np.random.default_rng(0)
    sizes = (400, 40, 100)
    heap = np.repeat(np.arange(3), sizes)
    points = np.array([[0, 0], [9, 0], [0, 9]])[heap] + rng.normal(size=(540, 2))
    pieces = 2 * heap + (points[:, 1] > np.array([0, 0, 9])[heap])
    merged = merge_unimodal(points, pieces)
    assert len(set(merged)) == 3
    assert {tuple(set(merged[heap == k])) for k in range(3)} == {(0,), (1,), (2,)}
