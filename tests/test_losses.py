import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, log_softmax, logsumexp, softmax
from scipy.stats import norm
from sklearn.cluster import KMeans

from tfclust.losses import (
    batch_cross_entropy,
    batch_entropy,
    binary_cross_entropies,
    categorical_divergences,
    cross,
    dirichlet_prior,
    entropies,
    gaussian_divergences,
    mixture_error,
    mixture_nll,
    orthonormality,
    responsibilities,
    sample_entropy,
    smallest_error,
    sparsity,
    squared_error,
    squared_errors,
    weighted_error,
)

BATCH, CLUSTERS, FEATURES = 7, 4, 3


@pytest.fixture
def batch():
    """Points, memberships and centroids, in float64."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, FEATURES))
    memberships = rng.dirichlet(np.ones(CLUSTERS), BATCH)
    centroids = rng.normal(1.0, size=(CLUSTERS, FEATURES))
    return x, memberships, centroids


def assert_equals(term, *tensors, expected):
    """In float64 all but exactly, in float32 to 1e-6."""
    exact = term(*[tf.constant(t, tf.float64) for t in tensors])
    assert exact.dtype == tf.float64
    np.testing.assert_allclose(exact, expected, rtol=1e-12)
    single = term(*[tf.constant(t, tf.float32) for t in tensors])
    assert single.dtype == tf.float32
    np.testing.assert_allclose(single, expected, rtol=1e-6)


def cross_by_definition(memberships, centroids):
    total = 0.0
    for i in range(len(memberships)):
        for k, m in itertools.permutations(range(len(centroids)), 2):
            weight = memberships[i, k] * memberships[i, m]
            total -= weight * np.dot(centroids[k], centroids[m])
    return total


def test_squared_error_sums_over_rows_and_features(batch):
    x, memberships, centroids = batch
    reconstruction = memberships @ centroids
    expected = sum(np.linalg.norm(x[i] - reconstruction[i]) ** 2 for i in range(BATCH))
    assert_equals(squared_error, x, reconstruction, expected=expected)


def test_mixture_error_is_the_squared_error_of_mixed_centroids(batch):
    x, memberships, centroids = batch
    expected = np.square(x - memberships @ centroids).sum()
    products = x @ centroids.T
    assert_equals(mixture_error, x, memberships, centroids, products, expected=expected)


def test_sparsity_is_the_gini_impurity(batch):
    _, memberships, _ = batch
    expected = sum(g * (1 - g) for g in memberships.flat)
    assert_equals(sparsity, memberships, expected=expected)


def test_sparsity_weighs_the_clusters_by_their_squared_norms(batch):
    _, memberships, centroids = batch
    norms = np.square(centroids).sum(axis=1)
    expected = sum(
        memberships[i, k] * (1 - memberships[i, k]) * norms[k]
        for i in range(BATCH)
        for k in range(CLUSTERS)
    )
    assert_equals(sparsity, memberships, norms, expected=expected)


def test_sparsity_of_certain_memberships_is_0():
    assert sparsity(np.eye(3)) == 0.0


def test_cross_sums_over_pairs_of_different_clusters(batch):
    _, memberships, centroids = batch
    expected = cross_by_definition(memberships, centroids)
    assert_equals(cross, memberships, centroids, expected=expected)


@pytest.mark.parametrize("alpha", [5.0, 0.5])
def test_symmetric_prior_is_the_negative_log_density_up_to_a_constant(batch, alpha):
    mean = batch[1].mean(axis=0)
    expected = sum((1 - alpha) * np.log(mean[k] + 1e-10) for k in range(CLUSTERS))
    assert_equals(lambda m: dirichlet_prior(m, alpha), mean, expected=expected)


def test_asymmetric_prior_pairs_sizes_and_concentrations_by_their_ranks(batch):
    mean, alpha = batch[1].mean(axis=0), np.array([0.5, 2.0, 3.0, 8.0])
    expected = np.sum((1 - alpha) * np.log(np.sort(mean) + 1e-10))
    for order in itertools.permutations(range(CLUSTERS)):
        np.testing.assert_allclose(dirichlet_prior(mean[list(order)], alpha), expected, 1e-12)


def test_prior_of_an_empty_cluster_is_finite():
    assert np.isfinite(dirichlet_prior(np.array([0.0, 1.0]), 5.0))


def test_orthonormality_is_the_entrywise_distance_from_the_identity(batch):
    _, _, centroids = batch
    expected = sum(
        abs(np.dot(centroids[k], centroids[m]) - (k == m))
        for k, m in itertools.product(range(CLUSTERS), repeat=2)
    )
    assert_equals(orthonormality, centroids, expected=expected)


def test_orthonormal_centroids_have_no_penalty():
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))
    np.testing.assert_allclose(orthonormality(rotation[:3]), 0.0, atol=1e-12)


def test_the_three_sums_are_the_expected_squared_distance_to_the_centroids(batch):
    x, memberships, centroids = batch
    norms = np.square(centroids).sum(axis=1)
    total = (
        squared_error(x, memberships @ centroids)
        + sparsity(memberships, norms)
        + cross(memberships, centroids)
    )
    distances = np.square(x[:, np.newaxis] - centroids).sum(axis=-1)
    np.testing.assert_allclose(total, np.sum(memberships * distances), rtol=1e-12)


def test_one_cluster_leaves_the_squared_error_alone(batch):
    x, _, centroids = batch
    memberships, mu = np.ones((BATCH, 1)), centroids[:1]
    assert cross(memberships, mu) == 0.0
    assert sparsity(memberships, np.square(mu).sum(axis=1)) == 0.0
    np.testing.assert_allclose(dirichlet_prior(np.ones(1), 5.0), 0.0, atol=1e-9)
    np.testing.assert_allclose(orthonormality(mu), abs(np.sum(mu**2) - 1.0), rtol=1e-12)
    expected = np.square(x - mu).sum()
    np.testing.assert_allclose(squared_error(x, memberships @ mu), expected, rtol=1e-12)


def test_leading_axes_are_kept(batch):
    stacks = [np.stack([2 * part, part, -part]) for part in batch]
    x, memberships, centroids = stacks
    norms = np.square(centroids).sum(axis=-1)
    mean = np.abs(memberships).mean(axis=-2)
    alpha = np.array([0.5, 2.0, 3.0, 8.0])
    calls = {
        squared_error: (x, memberships @ centroids),
        mixture_error: (x, memberships, centroids, x @ np.swapaxes(centroids, -1, -2)),
        sparsity: (memberships, norms),
        cross: (memberships, centroids),
        orthonormality: (centroids,),
    }
    for term, tensors in calls.items():
        expected = [term(*lane) for lane in zip(*tensors, strict=True)]
        np.testing.assert_allclose(term(*tensors), expected, rtol=1e-12)
    for concentration in (5.0, alpha):
        expected = [dirichlet_prior(lane, concentration) for lane in mean]
        np.testing.assert_allclose(dirichlet_prior(mean, concentration), expected, rtol=1e-12)


def test_low_precision_is_summed_in_float32():
    ones = tf.ones((1000, 10), tf.bfloat16)
    total = squared_error(ones, tf.zeros_like(ones))
    assert total.dtype == tf.float32
    assert total == 10_000.0
    for term in (sparsity(ones), cross(ones, ones[:10]), orthonormality(ones[:3])):
        assert term.dtype == tf.float32
    assert dirichlet_prior(ones[0], 2.0).dtype == tf.float32


@pytest.fixture
def mixture():
    """Logits `(batch, K)`, points, and reconstructions `(K, batch, d)`, in float64."""
    rng = np.random.default_rng(1)
    logits = rng.normal(scale=3.0, size=(BATCH, CLUSTERS))
    x = rng.random((BATCH, FEATURES))
    return logits, x, rng.normal(size=(CLUSTERS, BATCH, FEATURES))


def test_weighted_error_is_eq_2_summed(mixture):
    logits, x, outputs = mixture
    p, errors = softmax(logits, axis=1), np.square(x - outputs).sum(axis=2)
    expected = sum(p[i, k] * errors[k, i] for i in range(BATCH) for k in range(CLUSTERS))
    assert_equals(weighted_error, p, errors, expected=expected)
    assert_equals(squared_errors, x, outputs, expected=errors)


def test_sample_entropy_is_eq_3_summed(mixture):
    logits, _, _ = mixture
    p = softmax(logits, axis=1)
    assert_equals(sample_entropy, logits, expected=-(p * np.log(p)).sum())
    assert_equals(entropies, p, expected=-(p * np.log(p)).sum(axis=1))


def test_batch_entropy_is_eq_4(mixture):
    logits, _, _ = mixture
    mean = softmax(logits, axis=1).mean(axis=0)
    assert_equals(batch_entropy, mean, expected=-(mean * np.log(mean)).sum())
    uniform = np.full(CLUSTERS, 1 / CLUSTERS)
    assert_equals(batch_entropy, uniform, expected=np.log(CLUSTERS))


def test_batch_cross_entropy_is_least_at_the_known_proportions():
    q = np.array([0.5, 0.3, 0.1, 0.1])
    p = np.array([0.4, 0.4, 0.1, 0.1])
    assert_equals(batch_cross_entropy, p, q, expected=-(q * np.log(p)).sum())
    with tf.GradientTape() as tape:
        logits = tf.Variable(np.log(q))
        value = batch_cross_entropy(tf.nn.softmax(logits), q)
    np.testing.assert_allclose(tape.gradient(value, logits), 0.0, atol=1e-12)


@pytest.mark.parametrize("term", [sample_entropy, lambda z: batch_entropy(tf.nn.softmax(z)[0])])
def test_entropies_of_certain_memberships_are_0_with_finite_gradients(term):
    logits = tf.Variable([[1e4, 0.0, -1e4, 3.0]])
    with tf.GradientTape() as tape:
        value = term(logits)
    assert value == 0.0
    assert np.isfinite(tape.gradient(value, logits)).all()


def test_binary_cross_entropies_are_summed_over_values(mixture):
    _, x, logits = mixture
    s = expit(logits)
    expected = -(x * np.log(s) + (1.0 - x) * np.log(1.0 - s)).sum(axis=2)
    assert_equals(binary_cross_entropies, x, logits, expected=expected)


def test_gaussian_divergences_are_those_from_the_standard_normal(mixture):
    _, _, mean = mixture
    log_variance = mean[::-1] / 2.0
    expected = 0.5 * (mean**2 + np.exp(log_variance) - 1.0 - log_variance).sum(axis=2)
    assert_equals(gaussian_divergences, mean, log_variance, expected=expected)
    zero = np.zeros((CLUSTERS, BATCH, FEATURES))
    assert_equals(gaussian_divergences, zero, zero, expected=np.zeros((CLUSTERS, BATCH)))


def test_categorical_divergences_have_closed_forms():
    certain = tf.constant([[1e4, 0.0, 0.0, 0.0]])
    np.testing.assert_allclose(categorical_divergences(certain), [np.log(4)], rtol=1e-6)
    np.testing.assert_allclose(categorical_divergences(tf.zeros((2, 4))), [0.0, 0.0], atol=1e-6)
    logits = np.random.default_rng(0).normal(size=(5, 4))
    q = softmax(logits, axis=1)
    np.testing.assert_allclose(
        categorical_divergences(logits), np.sum(q * np.log(4 * q), axis=1), rtol=1e-6
    )


def test_divergences_are_the_mean_log_ratio_of_draws():
    rng = np.random.default_rng(0)
    q = softmax(np.array([1.0, -0.5, 0.2]))
    categories = rng.choice(3, 200_000, p=q)
    logits = np.log(q)[np.newaxis]
    expected = np.mean(np.log(q[categories]) - np.log(1 / 3))
    np.testing.assert_allclose(categorical_divergences(logits), [expected], rtol=0.02)

    mean, deviation = 0.7, 0.4
    z = rng.normal(mean, deviation, 200_000)
    log_ratio = norm.logpdf(z, mean, deviation) - norm.logpdf(z)
    divergence = gaussian_divergences(np.array([[mean]]), np.array([[2.0 * np.log(deviation)]]))
    np.testing.assert_allclose(divergence, [log_ratio.mean()], rtol=0.02)


def test_mixture_nll_is_eq_3_and_responsibilities_are_eq_5(mixture):
    logits, x, outputs = mixture
    distances = 0.5 * np.square(x - outputs).sum(axis=2)
    p, likelihoods = softmax(logits, axis=1), np.exp(-distances.T)
    expected = -np.log((p * likelihoods).sum(axis=1)).sum()
    assert_equals(mixture_nll, logits, distances, expected=expected)
    weights = p * likelihoods / (p * likelihoods).sum(axis=1, keepdims=True)
    assert_equals(responsibilities, logits, distances, expected=weights)


def test_gradient_of_mixture_nll_is_eq_4_and_weighs_the_distances_by_eq_5(mixture):
    logits, x, outputs = (tf.Variable(part) for part in mixture)
    with tf.GradientTape() as tape:
        loss = mixture_nll(logits, 0.5 * squared_errors(x, outputs))
    by_logits, by_outputs = tape.gradient(loss, [logits, outputs])
    weights = np.asarray(responsibilities(logits, 0.5 * squared_errors(x, outputs)))
    with tf.GradientTape() as tape:
        eq_4 = -tf.reduce_sum(weights * tf.nn.log_softmax(logits))
    np.testing.assert_allclose(by_logits, tape.gradient(eq_4, logits), atol=1e-12)
    expected = weights.T[:, :, np.newaxis] * (np.asarray(outputs) - np.asarray(x))
    np.testing.assert_allclose(by_outputs, expected, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mixture_nll_of_distances_in_the_thousands_is_finite_and_exact(dtype):
    logits = np.array([[50.0, 0.0, -50.0], [0.0, 0.0, 0.0]])
    distances = np.array([[9000.0, 4000.0], [2000.0, 3000.0], [4000.0, 3000.0]])
    expected = -logsumexp(log_softmax(logits, axis=1) - distances.T, axis=1).sum()
    variables = [tf.Variable(part, dtype=dtype) for part in (logits, distances)]
    with tf.GradientTape() as tape:
        value = mixture_nll(*variables)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    for gradient in tape.gradient(value, variables):
        assert np.isfinite(gradient).all()


def test_a_mixture_of_one_is_a_plain_autoencoder(mixture):
    logits, x, outputs = mixture
    distances = 0.5 * np.square(x - outputs[:1]).sum(axis=2)
    assert_equals(mixture_nll, logits[:, :1], distances, expected=distances.sum())
    assert_equals(smallest_error, distances, expected=distances.sum())


def test_constant_autoencoders_under_a_hard_choice_have_the_loss_of_kmeans():
    x = np.random.default_rng(2).random((60, FEATURES))
    fitted = KMeans(CLUSTERS, n_init=1, random_state=0).fit(x)
    constant = np.repeat(fitted.cluster_centers_[:, np.newaxis], len(x), axis=1)
    distances = 0.5 * squared_errors(x, constant)
    np.testing.assert_allclose(2.0 * smallest_error(distances), fitted.inertia_, rtol=1e-10)
    certain = np.where(np.eye(CLUSTERS)[fitted.labels_] > 0, 0.0, -1e9)
    np.testing.assert_allclose(2.0 * mixture_nll(certain, distances), fitted.inertia_, rtol=1e-10)
