import numpy as np
import pytest
from sklearn.datasets import load_digits

from tfclust.datasets import load
from tfclust.datasets.bundled import DESCRIPTIONS


@pytest.mark.parametrize(
    ("name", "shape", "n_classes"),
    [
        ("digits", (1797, 8, 8), 10),
        ("iris", (150, 4), 3),
        ("wine", (178, 13), 3),
        ("breast_cancer", (569, 30), 2),
    ],
)
def test_bundled_set_has_its_known_size(name, shape, n_classes):
    data = load(name)
    assert name in DESCRIPTIONS
    assert data.x.shape == shape
    assert data.x.dtype == np.float32
    assert data.y.dtype == np.int64
    assert set(data.y.tolist()) == set(range(n_classes))
    assert data.n_classes == n_classes
    assert data.n_train is None


def test_raw_digits_are_the_images_of_scikit_learn():
    np.testing.assert_array_equal(load("digits", scale="raw").x, load_digits().images)


def test_digits_are_divided_by_their_top_level():
    np.testing.assert_allclose(load("digits").x, load_digits().images / 16, rtol=1e-7)


def test_checksum_does_not_depend_on_the_scale():
    assert load("digits").sha256 == load("digits", scale="standard").sha256
