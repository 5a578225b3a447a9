import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from tfclust.metrics import (
    batch_entropy,
    membership_covariance,
    sample_entropy,
    sparsity_criterion,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def memberships(rng):
    return softmax(2 * rng.normal(size=(50, 6)), axis=1)


@pytest.fixture
def centroids(rng):
    return 3 + rng.normal(size=(6, 4))


def test_sample_entropy_is_the_mean_entropy_of_the_rows(memberships):
    assert sample_entropy(memberships) == pytest.approx(entropy(memberships, axis=1).mean())


def test_batch_entropy_is_the_entropy_of_the_mean_row(memberships):
    assert batch_entropy(memberships) == pytest.approx(entropy(memberships.mean(axis=0)))


def test_one_hot_rows_have_no_sample_entropy_and_full_batch_entropy():
    assert sample_entropy(np.eye(5, dtype="float32")) == 0
    assert batch_entropy(np.eye(5, dtype="float32")) == pytest.approx(np.log(5))


def test_sample_entropy_never_exceeds_batch_entropy(rng):
    for scale in (0.1, 1, 10):
        p = softmax(scale * rng.normal(size=(30, 4)), axis=1)
        assert 0 <= sample_entropy(p) <= batch_entropy(p) <= np.log(4)


def test_sparsity_criterion_is_the_spread_of_centroids_under_memberships(memberships, centroids):
    mean = memberships @ centroids
    spread = memberships @ np.sum(centroids**2, axis=1) - np.sum(mean**2, axis=1)
    assert sparsity_criterion(memberships, centroids) == pytest.approx(spread.mean())


def test_sparsity_criterion_is_e2_and_e3_with_the_signs_of_the_loss(memberships, centroids):
    g, mu = memberships, centroids
    norms = np.sum(mu**2, axis=1)
    e2 = np.mean(np.sum(g * (1 - g) * norms, axis=1))
    products = np.einsum("ik,il,kl->ikl", g, g, mu @ mu.T)
    e3 = np.mean(products.sum(axis=(1, 2)) - np.einsum("ikk->i", products))
    assert sparsity_criterion(g, mu) == pytest.approx(e2 - e3)


def test_sparsity_criterion_of_two_clusters_is_equation_5():
    g, mu = 0.3, np.array([[1.0, 2.0], [4.0, 6.0]])
    assert sparsity_criterion([[g, 1 - g]], mu) == pytest.approx(g * (1 - g) * 25)


def test_sparsity_criterion_of_one_hot_memberships_is_zero(centroids):
    assert sparsity_criterion(np.eye(6)[[0, 3, 3, 5]], centroids) == 0


def test_sparsity_criterion_is_not_negative_for_centroids_far_from_the_origin(memberships):
    assert sparsity_criterion(memberships.astype("float32"), np.full((6, 3), 1e8)) == 0


def test_sparsity_criterion_is_blind_to_a_common_shift_and_quadratic_in_scale(
    memberships, centroids
):
    value = sparsity_criterion(memberships, centroids)
    assert sparsity_criterion(memberships, centroids + 7) == pytest.approx(value)
    assert sparsity_criterion(memberships, 3 * centroids) == pytest.approx(9 * value)


@pytest.mark.parametrize(
    "score", [sample_entropy, batch_entropy, lambda p: sparsity_criterion(p, np.eye(2))]
)
@pytest.mark.parametrize(
    ("p", "rule"),
    [
        ([0.5, 0.5], r"non-empty 2-D array.*Received: .*shape=\(2,\)"),
        (np.empty((0, 2)), r"non-empty 2-D array.*Received: .*shape=\(0, 2\)"),
        ([[np.nan, 0.5]], "finite memberships.*Received: .*finite=False"),
        ([[1.5, -0.5]], "non-negative and sum to 1. Received: smallest entry=-0.5"),
        ([[0.9, 0.9]], "sum to 1. Received: .*row sums from 1.8 to 1.8"),
    ],
)
def test_scores_refuse_what_are_no_memberships(score, p, rule):
    with pytest.raises(ValueError, match=rule):
        score(p)


@pytest.mark.parametrize(
    "centroids", [np.zeros((3, 4)), np.zeros(2), np.full((2, 4), np.inf)], ids=str
)
def test_sparsity_criterion_refuses_centroids_that_do_not_fit(centroids):
    with pytest.raises(ValueError, match=r"one row a column.*Received: centroids.shape="):
        sparsity_criterion([[0.5, 0.5]], centroids)


def test_membership_covariance_is_the_covariance_of_the_rows(memberships):
    expected = np.cov(memberships.T, bias=True)
    np.testing.assert_allclose(membership_covariance(memberships), expected, atol=1e-15)
