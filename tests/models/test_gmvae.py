from typing import ClassVar

import numpy as np
import pytest
import tensorflow as tf
from battery import ClusteringModelBattery
from scipy.special import softmax
from scipy.stats import norm
from test_vade import check_terms_and_gradients, divergences_of, forward

from tfclust.models import GMVAE
from tfclust.randomness import gaussian_sample, split_seed


def terms_of(model, x, noises):
    """The four terms by NumPy, from the weights, with features normalized by their batch."""
    dense, normalization, _ = model.encoder.layers
    hidden = x @ np.asarray(dense.kernel)
    deviation = np.sqrt(hidden.var(axis=0) + normalization.epsilon)
    scale, offset = np.asarray(normalization.gamma), np.asarray(normalization.beta)
    features = np.maximum(scale * (hidden - hidden.mean(axis=0)) / deviation + offset, 0.0)
    mean, log_variance = (forward(n, features) for n in (model.mean, model.log_variance))
    of_style = forward(model.style_mean, features), forward(model.style_log_variance, features)
    code, style = (
        m + np.exp(0.5 * v) * noise
        for (m, v), noise in zip(((mean, log_variance), of_style), noises, strict=True)
    )
    of_prior = np.tanh(forward(model.prior, style))
    shape = (len(x), model.n_clusters, model.latent_dim)
    means, log_variances = (
        forward(n, of_prior).reshape(shape) for n in (model.prior_means, model.prior_log_variances)
    )
    densities = norm.logpdf(code[:, None], means, np.exp(0.5 * log_variances)).sum(axis=2)
    p = softmax(densities, axis=1)
    kl = np.stack(
        [
            divergences_of(mean[i : i + 1], log_variance[i : i + 1], means[i], log_variances[i])[0]
            for i in range(len(x))
        ]
    )
    w_mean, w_log_variance = of_style
    of_w = 0.5 * (w_mean**2 + np.exp(w_log_variance) - 1 - w_log_variance).sum(axis=1)
    errors = ((x - forward(model.decoder, code)) ** 2).sum(axis=1)
    return {
        "reconstruction": errors.mean(),
        "conditional_prior": (p * kl).sum(axis=1).mean(),
        "w_prior": of_w.mean(),
        "z_prior": max(model.free_bits, (p * np.log(3 * p)).sum(axis=1).mean()),
    }


class TestGMVAE(ClusteringModelBattery):
    model_class = GMVAE
    needs_weights: ClassVar = {"generate": (0,)}
    draws_codes = True

    def test_networks_are_those_of_the_authors_code(self):
        model = GMVAE(10, seed=0)
        model.build((None, 20))
        kinds = [type(layer).__name__ for layer in model.encoder.layers]
        assert kinds == ["Dense", "BatchNormalization", "Activation"] * 2
        assert model.encoder.output_shape == (None, 500)
        assert [layer.units for layer in model.decoder.layers] == [500, 500, 20]
        assert model.mean.output_shape == model.log_variance.output_shape == (None, 200)
        assert model.style_mean.output_shape == (None, 150)
        assert model.prior_means.output_shape == (None, 10 * 200)
        assert (model.batch_size, model.free_bits) == (50, 0.5)
        assert float(model.default_optimizer().learning_rate) == pytest.approx(1e-4)

    def test_kernels_and_biases_of_the_components_start_as_torchs(self):
        model = GMVAE(10, prior_units=300, seed=0)
        model.build((None, 20))
        for network, size in ((model.prior, 150), (model.prior_means, 300), (model.mean, 500)):
            for weight in network.layers[0].weights:
                most = np.abs(weight).max()
                assert 0.9 * size**-0.5 < most <= size**-0.5
        centers = np.reshape(model.prior_means(np.zeros((1, 300))), (10, -1))
        assert len(np.unique(centers, axis=0)) == 10

    @pytest.mark.parametrize("free_bits", [0.0, 5.0])
    def test_objective_and_its_gradients_are_numpys_in_float64(self, rows, free_bits):
        model = self.build(dtype="float64", free_bits=free_bits)
        model.build((None, 6))
        model.compile()
        rng = np.random.default_rng(0)
        for weight in model.trainable_weights:
            weight.assign(weight + 0.3 * rng.normal(size=weight.shape))
        seeds, x = split_seed(model.step_seed(), 2), rows[:9].astype("float64")
        noises = [
            gaussian_sample(tf.zeros((9, size), "float64"), tf.zeros((9, size), "float64"), seed)
            for size, seed in zip((3, 2), tf.unstack(seeds), strict=True)
        ]
        check_terms_and_gradients(model, terms_of, x, [noise.numpy() for noise in noises])

    def test_the_free_part_of_the_z_prior_has_no_gradient(self, rows):
        model = self.build(free_bits=5.0)
        model.build((None, 6))
        with tf.GradientTape() as tape:
            term = model.loss_terms(rows)["z_prior"]
        assert float(term) == 5.0
        gradients = tape.gradient(term, [weight.value for weight in model.trainable_weights])
        assert not any(np.any(each) for each in gradients if each is not None)

    def test_generated_points_are_decoded_draws_of_a_component(self, trained):
        drawn = trained.generate(cluster=1, n=4, seed=5)
        np.testing.assert_array_equal(drawn, trained.generate(1, 4, seed=5))
        assert not np.array_equal(drawn, trained.generate(2, 4, seed=5))
        style = tf.random.stateless_normal((4, 2), (5, 0))
        means, log_variances = (each[:, 1] for each in trained._components(style))
        noise = tf.random.stateless_normal((4, 3), (5, 1))
        codes = means + tf.exp(0.5 * log_variances) * noise
        np.testing.assert_allclose(drawn, trained.decoder(codes), rtol=1e-4, atol=1e-6)

    @pytest.mark.parametrize("shift", [-200.0, 200.0])
    def test_extreme_variances_give_finite_terms_and_gradients(self, rows, shift):
        model = self.build()
        model.build((None, 6))
        model.compile()
        for network, of in ((model.log_variance, shift), (model.prior_log_variances, -shift)):
            network.layers[0].bias.assign(np.full(network.layers[0].bias.shape, of))
        with tf.GradientTape() as tape:
            loss = model.compute_loss(rows)
        gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
        assert np.isfinite(loss)
        assert all(np.isfinite(gradient).all() for gradient in gradients)

    @pytest.mark.parametrize(
        "changes",
        [
            *({"latent_dim": 0}, {"style_dim": 0}, {"hidden_units": ()}, {"prior_units": 0}),
            *({"free_bits": -1.0}, {"reconstruction_loss": "mae"}),
        ],
    )
    def test_arguments_out_of_their_range_are_refused(self, changes):
        with pytest.raises(ValueError, match=r"`\w+` must .*Received: "):
            self.build(**changes)
