import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs, make_circles, make_moons
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

from tfclust.datasets import load
from tfclust.datasets.synthetic import DESCRIPTIONS, cluster_comparison, five_gaussians


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_synthetic_set_is_the_same_every_time_and_standardised(name):
    data, again = load(name), load(name)
    np.testing.assert_array_equal(data.x, again.x)
    np.testing.assert_array_equal(data.y, again.y)
    assert data.sha256 == again.sha256
    assert data.x.dtype == np.float32
    np.testing.assert_allclose(data.x.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(data.x.std(axis=0), 1, atol=1e-5)


def test_synthetic_sets_have_checksums_of_their_own():
    assert len({load(name).sha256 for name in DESCRIPTIONS}) == len(DESCRIPTIONS)


@pytest.mark.parametrize("n_samples", [500, 120])
@pytest.mark.parametrize(
    ("name", "generate"),
    [
        ("circles", lambda n: make_circles(n, factor=0.5, noise=0.05, random_state=30)),
        ("moons", lambda n: make_moons(n, noise=0.05, random_state=30)),
        ("varied", lambda n: make_blobs(n, cluster_std=[1.0, 2.5, 0.5], random_state=170)),
        ("blobs", lambda n: make_blobs(n, random_state=30)),
    ],
)
def test_toy_set_is_that_of_the_scikit_learn_example(name, generate, n_samples):
    points, classes = generate(n_samples)
    x, y = cluster_comparison(name, n_samples)
    np.testing.assert_allclose(x, StandardScaler().fit_transform(points), atol=1e-6)
    np.testing.assert_array_equal(y, classes)


def test_aniso_is_the_sheared_blobs_of_the_scikit_learn_example():
    points, classes = make_blobs(500, random_state=170)
    sheared = np.dot(points, [[0.6, -0.6], [-0.4, 0.8]])
    data = load("aniso")
    np.testing.assert_allclose(data.x, StandardScaler().fit_transform(sheared), atol=1e-6)
    np.testing.assert_array_equal(data.y, classes)


def test_no_structure_is_an_even_square_without_classes():
    data = load("no_structure")
    square = np.random.RandomState(30).rand(500, 2)
    np.testing.assert_allclose(data.x, StandardScaler().fit_transform(square), atol=1e-6)
    assert data.y is None
    assert data.n_classes == 1


def test_five_gaussians_overlap_but_can_be_told_apart():
    data = load("five_gaussians")
    assert data.x.shape == (2000, 2)
    assert data.n_classes == 5
    clusters = KMeans(5, n_init=5, random_state=0).fit_predict(data.x)
    assert 0.7 < adjusted_rand_score(data.y, clusters) < 0.95


def test_five_gaussians_follow_the_seed():
    assert five_gaussians(50, seed=1)[0].shape == (50, 2)
    assert not np.array_equal(five_gaussians(50, seed=1)[0], five_gaussians(50, seed=2)[0])


@pytest.mark.parametrize("n_samples", [1, 2.5, True])
@pytest.mark.parametrize("draw", [five_gaussians, lambda n: cluster_comparison("moons", n)])
def test_number_of_points_must_be_an_integer_of_at_least_two(draw, n_samples):
    with pytest.raises(ValueError, match=f"`n_samples` must be.*Received: n_samples={n_samples}"):
        draw(n_samples)


def test_unknown_toy_set_is_refused_with_the_known_names():
    with pytest.raises(ValueError, match=r"'moons'.*Received: name='spirals'"):
        cluster_comparison("spirals")
