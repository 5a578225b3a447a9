import numpy as np
import pytest
from scipy.sparse import csr_matrix, issparse

from tfclust.datasets.preprocessing import SCALES, rescale

SPARSE_SCALES = [scale for scale in SCALES if scale not in ("minmax", "standard")]


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, size=(30, 4, 5), dtype=np.uint8)


def by_feature(x):
    return x.reshape(len(x), -1).astype(np.float64)


@pytest.mark.parametrize("scale", SCALES)
def test_scaling_keeps_the_shape_and_leaves_the_input_alone(scale, pixels):
    before = pixels.copy()
    scaled = rescale(pixels, scale, pixel_max=255)
    assert scaled.shape == pixels.shape
    assert scaled.dtype == (np.uint8 if scale == "raw" else np.float32)
    np.testing.assert_array_equal(pixels, before)


def test_usual_form_divides_pixels_by_their_top_level(pixels):
    np.testing.assert_allclose(rescale(pixels, None, pixel_max=255), pixels / 255, rtol=1e-6)


def test_usual_form_of_other_data_is_as_stored():
    x = np.array([[1.5, -200.0], [3.0, 7.0]])
    np.testing.assert_array_equal(rescale(x, None), x)


def test_raw_is_the_very_array(pixels):
    assert rescale(pixels, "raw", pixel_max=255) is pixels


def test_max_divides_by_the_largest_value_of_all():
    x = np.array([[25.0, 50.0], [100.0, 0.0]])
    np.testing.assert_allclose(rescale(x, "max"), [[0.25, 0.5], [1.0, 0.0]])


def test_rms_gives_all_values_a_mean_square_of_one(pixels):
    scaled = rescale(pixels, "rms", pixel_max=255)
    assert np.mean(scaled.astype(np.float64) ** 2) == pytest.approx(1, rel=1e-6)
    np.testing.assert_allclose(scaled / scaled.max(), pixels / pixels.max(), rtol=1e-6)


def test_fiftieths_are_of_the_levels_of_pixels(pixels):
    scaled = rescale(pixels, "fiftieths", pixel_max=255)
    np.testing.assert_allclose(scaled, pixels / 50, rtol=1e-6)


def test_sqrt_dim_gives_unit_rows_a_mean_square_of_one():
    rows = rescale(np.random.default_rng(0).normal(size=(8, 2000)), "l2")
    np.testing.assert_allclose((rescale(rows, "sqrt_dim") ** 2).mean(axis=1), 1, rtol=1e-5)


def test_sqrt_dim_counts_all_pixels_of_an_image(pixels):
    expected = pixels / 255 * np.sqrt(20)
    np.testing.assert_allclose(rescale(pixels, "sqrt_dim", pixel_max=255), expected, rtol=1e-6)


def test_minmax_brings_each_feature_to_the_unit_interval(pixels):
    scaled = by_feature(rescale(pixels, "minmax", pixel_max=255))
    np.testing.assert_allclose(scaled.min(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.max(axis=0), 1, atol=1e-6)


def test_max_abs_divides_each_feature_by_its_largest_magnitude():
    x = np.array([[0.0, -4.0, 0.0], [2.0, 1.0, 0.0]])
    np.testing.assert_array_equal(rescale(x, "max_abs"), [[0.0, -1.0, 0.0], [1.0, 0.25, 0.0]])


def test_max_abs_is_minmax_where_features_start_at_0():
    counts = np.array([[0.0, 3.0], [2.0, 0.0], [1.0, 6.0]])
    np.testing.assert_allclose(rescale(counts, "max_abs"), rescale(counts, "minmax"))


def test_standard_brings_each_feature_to_mean_zero_and_variance_one(pixels):
    scaled = by_feature(rescale(pixels, "standard", pixel_max=255))
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.var(axis=0), 1, atol=1e-5)


def test_binary_pixels_are_those_above_a_half():
    x = np.array([[0, 127], [128, 255]], dtype="uint8")
    np.testing.assert_array_equal(rescale(x, "binary", pixel_max=255), [[0, 0], [1, 1]])


@pytest.mark.parametrize("scale", ["minmax", "standard"])
def test_constant_feature_becomes_zero(scale):
    x = np.array([[7.0, 1.0], [7.0, 2.0]])
    np.testing.assert_array_equal(rescale(x, scale)[:, 0], 0)


def test_l2_gives_unit_rows_and_leaves_rows_of_zeros():
    scaled = rescale(np.array([[3.0, 4.0], [0.0, 0.0]]), "l2")
    np.testing.assert_allclose(scaled, [[0.6, 0.8], [0.0, 0.0]])


@pytest.mark.parametrize("scale", SPARSE_SCALES)
def test_sparse_data_stay_sparse_and_scale_as_dense_data_do(scale):
    dense = np.array([[0.0, 2.0, 0.0], [4.0, 0.0, 1.0]], dtype=np.float32)
    scaled = rescale(csr_matrix(dense), scale)
    assert issparse(scaled)
    assert scaled.format == "csr"
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.toarray(), rescale(dense, scale), rtol=1e-6)


@pytest.mark.parametrize("scale", ["minmax", "standard"])
def test_scales_that_would_fill_sparse_data_are_refused(scale):
    with pytest.raises(ValueError, match=f"sparse data.*Received: scale='{scale}'"):
        rescale(csr_matrix(np.eye(3)), scale)


def test_unknown_scale_is_refused_with_the_known_ones(pixels):
    with pytest.raises(ValueError, match=r"'sqrt_dim'.*Received: scale='log'"):
        rescale(pixels, "log")
