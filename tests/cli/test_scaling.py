import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tfclust.cli.command import SCALES
from tfclust.cli.messages import UserError
from tfclust.cli.scaling import Scaling
from tfclust.datasets import preprocessing


def test_every_scale_of_the_library_can_be_asked_for():
    of_pixels_alone = {"binary", "fiftieths"}  # a threshold, and a share of their 255 levels
    assert set(SCALES) == set(preprocessing.SCALES) - {None, "raw"} - of_pixels_alone


@pytest.mark.parametrize("scale", [None, *SCALES])
def test_data_are_scaled_as_the_library_scales_them(rows, scale):
    x = np.hstack([rows, np.ones((len(rows), 1), "float32")])  # with a constant column
    scaling = Scaling.of(x, scale)
    np.testing.assert_allclose(scaling.apply(x), preprocessing.rescale(x, scale), atol=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_new_rows_get_the_scaling_of_the_old_ones_after_a_round_trip(rows, scale):
    scaling = Scaling.of(rows, scale)
    again = Scaling(**json.loads(json.dumps(scaling.to_json())))
    np.testing.assert_array_equal(again.apply(rows[5:7]), scaling.apply(rows)[5:7])


@pytest.mark.parametrize("scale", ["max", "rms", "max_abs", "l2", "sqrt_dim"])
def test_sparse_data_are_scaled_and_stay_sparse(sparse_rows, scale):
    scaled = Scaling.of(sparse_rows, scale).apply(sparse_rows)
    assert scaled.format == "csr"
    expected = preprocessing.rescale(sparse_rows, scale).toarray()
    np.testing.assert_allclose(scaled.toarray(), expected, rtol=1e-6)


@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_scales_that_fill_zeros_are_a_mistake_for_sparse_data(scale):
    with pytest.raises(UserError, match="whose zeros they would fill"):
        Scaling.of(csr_matrix(np.eye(3)), scale)


@pytest.mark.parametrize("scale", ["standard", "minmax"])
@pytest.mark.parametrize("start", [1.7e9, -1e12])
def test_small_differences_of_large_numbers_are_kept(scale, start):
    x = np.random.default_rng(0).normal(0.0, 50.0, (60, 2))
    moved = Scaling.of(x + start, scale).apply(x + start)
    assert moved.dtype == "float32"
    np.testing.assert_allclose(moved, Scaling.of(x, scale).apply(x), atol=1e-4)


@pytest.mark.parametrize("scale", ["standard", "minmax"])
@pytest.mark.parametrize("value", [0.1, 1e6 + 0.1, -1 / 3])
def test_a_constant_column_becomes_0(scale, value):
    x = np.full((57, 1), value)
    assert not Scaling.of(x, scale).apply(x).any()


@pytest.mark.parametrize("scale", [None, "standard", "minmax", "l2", "sqrt_dim"])
def test_values_that_are_too_large_are_a_mistake(scale):
    x = np.array([[1.7e308, 1.0], [-1.7e308, 2.0], [1e300, 3.0]])
    with pytest.raises(UserError, match=r"values up to 1\.7e\+308|too large"):
        Scaling.of(x, scale).apply(x)
    scaled = Scaling.of(x / 10, "max_abs").apply(x / 10)
    assert np.abs(scaled).max() <= 1.0
