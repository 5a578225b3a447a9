from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf
from battery import ClusteringModelBattery
from scipy.integrate import quad
from scipy.special import betaln, expit, logsumexp
from scipy.stats import norm

from tfclust.losses import kumaraswamy_beta_divergences, kumaraswamy_logs, kumaraswamy_mean
from tfclust.models import DLGMM
from tfclust.models.dlgmm import component_log_densities, stick_log_weights
from tfclust.randomness import gaussian_sample, split_seed, uniform_sample

SHAPES = (0.1, 0.5, 1.0, 3.0, 18.0)  # of sticks, to the bounds of the model


def log_of_rest(x):
    """log(1 - exp(-x))."""
    return np.log(-np.expm1(-x)) if x < 0.7 else np.log1p(-np.exp(-x))


def mean_of_stick(a, b, function):
    """E f(log v, log(1 - v), log(1 - v^a)) of a Kumaraswamy variable, integrated numerically."""

    def weighted(log_s):
        s = np.exp(log_s)  # -log(1 - v^a), which is exponential of rate b
        log_v = log_of_rest(s) / a
        return function(log_v, log_of_rest(-log_v), -s) * b * np.exp(log_s - b * s)

    bounds = np.log(1e-12 / b), np.log(60.0 / b)
    return quad(weighted, *bounds, limit=200, epsabs=1e-10)[0]


@pytest.mark.parametrize("a", SHAPES)
def test_divergence_from_a_beta_is_that_of_numerical_integration(a):
    for b in SHAPES:
        for alpha, beta in ((1.0, 1.0), (1.0, 4.0), (0.5, 2.0)):

            def log_ratio(log_v, log_rest, log_power_rest, b=b, alpha=alpha, beta=beta):
                own = np.log(a * b) + (a - 1.0) * log_v + (b - 1.0) * log_power_rest
                prior = (alpha - 1.0) * log_v + (beta - 1.0) * log_rest - betaln(alpha, beta)
                return own - prior

            expected = mean_of_stick(a, b, log_ratio)
            found = kumaraswamy_beta_divergences(*np.array([[a], [b]]), alpha, beta)
            np.testing.assert_allclose(found, [expected], rtol=1e-6, atol=1e-6)
            single = kumaraswamy_beta_divergences(*np.array([[a], [b]], "float32"), alpha, beta)
            np.testing.assert_allclose(single, [expected], rtol=1e-4, atol=1e-4)
            assert found[0] > -1e-9
    mean = mean_of_stick(a, 3.0, lambda log_v, *_: np.exp(log_v))
    np.testing.assert_allclose(kumaraswamy_mean(*np.array([[a], [3.0]])), [mean], rtol=1e-6)


def test_gradient_of_the_divergence_is_that_of_finite_differences():
    a, b = np.meshgrid(SHAPES, SHAPES)
    variables = tf.Variable(a), tf.Variable(b)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(kumaraswamy_beta_divergences(*variables, 1.0, 4.0))
    for place, gradient in enumerate(tape.gradient(value, variables)):
        up, down = ([a.copy(), b.copy()] for _ in range(2))
        up[place] *= 1.0 + 1e-6
        down[place] *= 1.0 - 1e-6
        slopes = kumaraswamy_beta_divergences(*up, 1.0, 4.0)
        slopes -= kumaraswamy_beta_divergences(*down, 1.0, 4.0)
        np.testing.assert_allclose(gradient, slopes / (2e-6 * [a, b][place]), rtol=1e-4, atol=1e-5)


def test_draws_of_sticks_have_the_distribution_and_stay_finite_at_its_ends():
    uniform = np.array([[0.2, 0.5, 0.9]])
    for a, b in ((0.5, 3.0), (3.0, 0.5)):
        log_v, log_rest = kumaraswamy_logs(uniform, np.full((1, 3), a), np.full((1, 3), b))
        v = (1.0 - uniform ** (1.0 / b)) ** (1.0 / a)
        np.testing.assert_allclose(np.exp(log_v), v, rtol=1e-12)
        np.testing.assert_allclose(np.exp(log_rest), 1.0 - v, rtol=1e-12)
    ends = np.array([[2.0**-24, 1.0 - 2.0**-24]], "float32")
    for a in (0.1, 18.0):
        for b in (0.1, 18.0):
            variables = [tf.Variable(np.full((1, 2), value, "float32")) for value in (a, b)]
            with tf.GradientTape() as tape:
                logs = kumaraswamy_logs(ends, *variables)
                total = tf.add_n(logs)
            assert all(np.isfinite(log).all() for log in logs), (a, b)
            assert all(np.isfinite(g).all() for g in tape.gradient(total, variables)), (a, b)


def test_weights_of_sticks_sum_to_one_and_take_what_the_ones_before_leave():
    v = np.random.default_rng(0).uniform(0.01, 0.99, (5, 3))
    weights = np.exp(stick_log_weights(np.log(v), np.log1p(-v)))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(weights[:, 1], (1.0 - v[:, 0]) * v[:, 1], rtol=1e-12)
    np.testing.assert_allclose(weights[:, 3], np.prod(1.0 - v, axis=1), rtol=1e-12)


class TestDLGMM(ClusteringModelBattery):
    model_class = DLGMM
    needs_weights: ClassVar = {"generate": (0,)}
    draws_codes = True

    def in_float64(self, **changes):
        model = self.build(dtype="float64", **changes)
        model.build((None, 6))
        return model

    @pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
    def test_terms_are_the_bound_at_its_draws_in_float64(self, rows, loss):
        model = self.in_float64(reconstruction_loss=loss, alpha=0.7)
        x = rows.clip(0.0, 1.0).astype("float64")
        features = np.asarray(model.encoder(x))
        a, b = np.split(np.exp(np.asarray(model.sticks(features))), 2, axis=1)
        outputs = np.asarray(model.components(features)).reshape(-1, 6, 2)
        means, scales = outputs[:, :3], np.exp(outputs[:, 3:])
        code_seed, stick_seed = tf.unstack(split_seed(model.step_seed(), 2))
        noise = np.asarray(gaussian_sample(*(tf.zeros((3, 37, 2), "float64"),) * 2, code_seed))
        uniform = np.asarray(uniform_sample((37, 2), "float64", stick_seed))
        for training in (False, True):
            z = means + scales * noise.transpose(1, 0, 2) * training
            u = uniform if training else 0.5
            v = (1.0 - u ** (1.0 / b)) ** (1.0 / a)
            expected = dict.fromkeys(model.TERMS, 0.0)
            for i in range(37):
                weights = sticks_in_float64(np.asarray(kumaraswamy_mean(a[i], b[i])))
                for k in range(3):
                    decoded = np.asarray(model.decoder(z[i, k][None]))[0]
                    expected["reconstruction"] += weights[k] * error(loss, x[i], decoded)
                    center, scale = (-1.0, 0.0, 1.0)[k], scales[i, k]
                    log_prior = norm.logpdf(means[i, k], center).sum() - 0.5 * (scale**2).sum()
                    expected["prior"] -= weights[k] * log_prior
                logs = [
                    np.log(weight) + norm.logpdf(z[i, k], means[i, k], scales[i, k]).sum()
                    for k, weight in enumerate(sticks_in_float64(v[i]))
                ]
                expected["mixture_entropy"] += logsumexp(logs)
            betas = 0.7 * np.array([2.0, 1.0])
            divergences = kumaraswamy_beta_divergences(a, b, 0.7, betas)
            expected["stick_kl"] = np.asarray(divergences).sum()
            terms = model.loss_terms(x, training=training)
            for name, value in expected.items():
                np.testing.assert_allclose(terms[name], value / 37, rtol=1e-8, err_msg=name)

    def test_gradient_of_the_objective_is_that_of_finite_differences(self, rows):
        model, x = self.in_float64(), rows.astype("float64")
        with tf.GradientTape() as tape:
            value = model.compute_loss(x)
        weights = model.trainable_weights
        rng = np.random.default_rng(0)
        for weight, gradient in zip(weights, tape.gradient(value, weights), strict=True):
            start, direction = np.array(weight), rng.normal(size=weight.shape)
            losses = []
            for step in (1e-6, -1e-6):
                weight.assign(start + step * direction)
                losses.append(float(model.compute_loss(x)))
            weight.assign(start)
            slope = (losses[0] - losses[1]) / 2e-6
            np.testing.assert_allclose((gradient * direction).numpy().sum(), slope, rtol=1e-4)

    def test_mixture_entropy_is_no_larger_than_that_of_the_mixture(self):
        rng = np.random.default_rng(0)
        means, scales = rng.normal(size=(3, 1, 2)), np.exp(rng.normal(size=(3, 1, 2)) - 1.0)
        weights = rng.dirichlet(np.ones(3))
        z = means + scales * rng.normal(size=(3, 20000, 2))
        own = np.asarray(component_log_densities(z, means, np.log(scales)))
        taken = -logsumexp(own + np.log(weights)[:, None], axis=0).mean()
        every = norm.logpdf(z[:, None], means, scales).sum(axis=-1)  # draw of k, component, row
        mixture = logsumexp(every + np.log(weights)[None, :, None], axis=1)
        assert taken < -(weights @ mixture.mean(axis=1))

    def test_memberships_are_the_mean_weights_and_codes_the_likeliest_mean(self, trained, rows):
        memberships, codes = trained.predict(rows, verbose=0), trained.embed(rows)
        features = trained.encoder(rows)
        a, b = np.split(np.exp(np.asarray(trained.sticks(features))), 2, axis=1)
        means = np.asarray(trained.components(features)).reshape(-1, 6, 2)[:, :3]
        for i in range(37):
            expected = sticks_in_float64(np.asarray(kumaraswamy_mean(a[i], b[i])))
            np.testing.assert_allclose(memberships[i], expected, rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(codes[i], means[i, expected.argmax()], rtol=1e-4, atol=1e-6)

    def test_generated_points_are_of_the_component_and_the_seed(self, trained):
        drawn = trained.generate(cluster=1, n=4, seed=5)
        assert drawn.shape == (4, 6)
        np.testing.assert_array_equal(drawn, trained.generate(1, 4, seed=5))
        assert not np.allclose(drawn, trained.generate(2, 4, seed=5))

    def test_an_encoder_without_a_layer_is_refused(self):
        with pytest.raises(ValueError, match=r"`hidden_units` must hold at least one.*Received"):
            self.build(hidden_units=())

    def test_prior_means_of_another_number_are_refused(self):
        for value in ((0.0, 1.0), (0.0, np.nan, 1.0), "abc"):
            with pytest.raises(ValueError, match=r"`prior_means` must be 3 finite.*Received: prio"):
                self.build(prior_means=value)


def sticks_in_float64(v):
    """Weights of K - 1 stick lengths."""
    rest = np.cumprod(1.0 - v)
    return np.append(v, 1.0) * np.insert(rest, 0, 1.0)


def error(loss, x, decoded):
    if loss == "squared_error":
        return ((x - decoded) ** 2).sum()
    p = expit(decoded)
    return -(x * np.log(p) + (1.0 - x) * np.log(1.0 - p)).sum()
