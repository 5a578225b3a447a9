import numpy as np
import pytest
import tensorflow as tf
from scipy.special import softmax
from scipy.stats import chisquare, kstest

from tfclust.randomness import (
    dropout_sample,
    gaussian_sample,
    gumbel_softmax_sample,
    step_seed,
)

DRAWS = 100_000


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_largest_entries_have_the_marginals_of_the_categories(temperature):
    logits = np.array([0.5, -1.0, 2.0, 0.0], dtype="float32")
    sample = gumbel_softmax_sample(np.tile(logits, (DRAWS, 1)), temperature, seed=(1, 2))
    counts = np.bincount(np.argmax(sample, axis=1), minlength=4)
    assert chisquare(counts, DRAWS * softmax(logits.astype("float64"))).pvalue > 1e-3
    np.testing.assert_allclose(np.sum(sample, axis=1), 1.0, atol=1e-5)


def test_draws_are_one_hot_in_the_limit_of_temperature_0_and_soft_above():
    logits = np.zeros((1000, 5), dtype="float32")
    cold = gumbel_softmax_sample(logits, 1e-4, seed=(0, 0))
    warm = gumbel_softmax_sample(logits, 1.0, seed=(0, 0))
    assert np.mean(np.max(cold, axis=1) > 1.0 - 1e-6) > 0.99
    assert np.mean(np.max(warm, axis=1)) < 0.7
    np.testing.assert_array_equal(np.argmax(cold, axis=1), np.argmax(warm, axis=1))


def test_straight_through_draws_are_one_hot_with_the_gradient_of_the_soft_ones():
    logits = tf.random.stateless_normal((50, 4), (3, 0))
    weights = tf.random.stateless_normal((50, 4), (4, 0))
    gradients = []
    for straight_through in (False, True):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            sample = gumbel_softmax_sample(logits, 0.5, (5, 0), straight_through)
            total = tf.reduce_sum(weights * sample)
        gradients.append(tape.gradient(total, logits))
    np.testing.assert_allclose(np.sort(sample, axis=1)[:, :-1], 0.0, atol=1e-6)
    np.testing.assert_allclose(*gradients, rtol=1e-5)
    assert np.abs(gradients[0]).max() > 0.0


def test_gradients_are_finite_for_cold_draws_of_large_logits():
    logits = tf.constant([[1e4, -1e4, 0.0], [1e4, 1e4, 1e4]])
    for straight_through in (False, True):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            sample = gumbel_softmax_sample(logits, 0.01, (0, 0), straight_through)
            total = tf.reduce_sum(sample * [[1.0, 2.0, 3.0]])
        assert np.isfinite(sample).all()
        assert np.isfinite(tape.gradient(total, logits)).all()


def test_gaussian_draws_have_their_mean_and_variance():
    shape = (DRAWS, 1)
    sample = gaussian_sample(
        tf.fill(shape, 2.0), tf.fill(shape, np.float32(2.0 * np.log(3.0))), (0, 7)
    )
    assert kstest(sample[:, 0], "norm", args=(2.0, 3.0)).pvalue > 1e-3


def test_dropout_sets_its_share_to_0_and_keeps_the_mean():
    x = tf.fill((200, 100), 3.0)
    dropped = dropout_sample(x, 0.2, (0, 1)).numpy()
    np.testing.assert_allclose(np.unique(dropped), [0.0, 3.75])
    assert np.mean(dropped == 0.0) == pytest.approx(0.2, abs=0.01)
    np.testing.assert_array_equal(dropout_sample(x, 0.2, (0, 1)), dropped)
    assert not np.array_equal(dropout_sample(x, 0.2, (0, 2)), dropped)


def test_seeds_follow_from_the_model_and_the_step():
    seeds = {tuple(np.asarray(step_seed(*case))) for case in [(0, 0), (0, 1), (1, 0), (1, 1)]}
    assert len(seeds) == 4
    np.testing.assert_array_equal(step_seed(3, 9), step_seed(3, tf.constant(9, tf.int64)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_draws_are_the_same_however_they_are_compiled(dtype):
    def draws():
        seed = step_seed(3, tf.constant(7))
        zeros = tf.zeros((37, 5), dtype)
        return gaussian_sample(zeros, zeros, seed), gumbel_softmax_sample(zeros, 0.5, seed)

    for plain, compiled in zip(
        tf.function(draws)(), tf.function(draws, jit_compile=True)(), strict=True
    ):
        np.testing.assert_allclose(compiled, plain, rtol=1e-4, atol=1e-5)
