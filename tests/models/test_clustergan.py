from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from battery import BATCH_SIZE, BATCHES, ClusteringModelBattery, in_order
from scipy.special import log_softmax, softmax

from tfclust.models import ClusterGAN
from tfclust.models.clustergan import gradient_norms, interpolated_rows
from tfclust.randomness import split_seed

SLOPE = float(np.float32(0.2))  # of a leaky ReLU, as TensorFlow keeps it


def network_in_float64(network, x, weights=None):
    """What a dense network gives, and its pre-activations."""
    weights = [np.asarray(w) for w in network.weights] if weights is None else weights
    biases = [layer.use_bias for layer in network.layers]
    parts, before = iter(weights), []
    for has_bias in biases:
        x = x @ next(parts) + (next(parts) if has_bias else 0.0)
        before.append(x)
        x = np.where(x > 0.0, x, SLOPE * x)
    return before[-1], before


def norms_in_float64(critic, x, weights=None):
    """Norms of the gradients of a dense critic, by the chain rule."""
    weights = [np.asarray(w) for w in critic.weights] if weights is None else weights
    _, before = network_in_float64(critic, x, weights)
    kernels = [weight for weight in weights if weight.ndim == 2]
    gradient = np.repeat(kernels[-1].T, len(x), axis=0)
    for kernel, value in zip(kernels[-2::-1], before[-2::-1], strict=True):
        gradient = (gradient * np.where(value > 0.0, 1.0, SLOPE)) @ kernel.T
    return np.sqrt((gradient**2).sum(axis=1))


class TestClusterGAN(ClusteringModelBattery):
    model_class = ClusterGAN
    needs_weights: ClassVar = {"generate": (0,)}
    draws_codes = True
    steady: ClassVar = {"beta_c": 100.0}  # the others are of two sides that play on

    def in_float64(self, **changes):
        model = self.build(dtype="float64", **changes)
        model.build((None, 6))
        return model

    def test_loss_terms_do_not_depend_on_the_order_of_the_rows(self, trained, rows):
        other = trained.loss_terms(rows[::-1].copy())
        for name, term in trained.loss_terms(rows).items():
            if name != "penalty":  # of points between a row and the draw in its place
                np.testing.assert_allclose(other[name], term, rtol=1e-5, atol=1e-6)

    def test_every_epoch_takes_every_row_once_in_another_order(self, rows, monkeypatch):
        model, seen = self.make_eager(), []
        unpack = model.unpack_batch

        def recorded(data):
            seen.append(np.asarray(unpack(data)[0]))
            return unpack(data)

        monkeypatch.setattr(model, "unpack_batch", recorded)
        model.fit(rows, epochs=2, verbose=0)
        epochs = [np.concatenate(seen[:BATCHES]), np.concatenate(seen[BATCHES:])]
        for epoch in epochs:
            np.testing.assert_array_equal(in_order(epoch), in_order(rows))
        assert not np.array_equal(*epochs)

    def test_steps_of_the_critic_share_the_rows_of_a_batch(self, rows, monkeypatch):
        model, seen = self.build(critic_steps=3), []
        model.compile(run_eagerly=True)
        terms = model._critic_terms

        def recorded(x, seed, training):
            seen.append((np.asarray(x), np.asarray(seed)))
            return terms(x, seed, training)

        monkeypatch.setattr(model, "_critic_terms", recorded)
        model.train_on_batch(rows[:9])
        np.testing.assert_array_equal(np.concatenate([x for x, _ in seen]), rows[:9])
        assert len({tuple(seed) for _, seed in seen}) == 3
        seen.clear()
        model.train_on_batch(rows[:8])  # the last share begins again
        np.testing.assert_array_equal(seen[2][0], rows[[6, 7, 0]])
        assert int(model.optimizer.iterations) == 2
        assert int(model.critic_optimizer.iterations) == 2 * 3

    def test_terms_are_those_of_both_sides_in_float64(self, rows):
        model = self.in_float64(
            beta_n=3.0, beta_c=2.0, penalty_weight=7.0, output_activation="sigmoid"
        )
        x = rows.clip(0.0, 1.0).astype("float64")
        terms = model.loss_terms(x)
        critic_seed, seed = tf.unstack(split_seed(model.step_seed(), 2))
        prior_seed, factor_seed = tf.unstack(split_seed(critic_seed, 2))

        def drawn(seed):
            codes, categories = (np.asarray(part) for part in model._prior(len(x), seed))
            assert set(np.unique(categories)) == {0.0, 1.0}
            assert np.all(categories.sum(axis=1) == 1.0)
            made, _ = network_in_float64(model.generator, np.hstack([codes, categories]))
            return codes, categories, 1.0 / (1.0 + np.exp(-made))

        def score(x):
            return network_in_float64(model.critic, x)[0].mean()

        *_, made = drawn(prior_seed)
        between = np.asarray(interpolated_rows(x, tf.constant(made), factor_seed))
        norms = norms_in_float64(model.critic, between)
        codes, categories, generated = drawn(seed)
        outputs, _ = network_in_float64(model.encoder, generated)
        logs = log_softmax(outputs[:, 2:], axis=1)
        expected = {
            "critic": score(made) - score(x),
            "penalty": 7.0 * ((norms - 1.0) ** 2).mean(),
            "generator": -score(generated),
            "code": 3.0 * ((codes - outputs[:, :2]) ** 2).sum(axis=1).mean(),
            "category": -2.0 * (categories * logs).sum(axis=1).mean(),
        }
        assert tuple(terms) == tuple(expected)
        for name, value in expected.items():
            np.testing.assert_allclose(terms[name], value, rtol=1e-9, err_msg=name)

    def test_gradient_of_the_penalty_is_that_of_finite_differences(self, rows):
        critic = self.in_float64().critic
        x = tf.constant(rows, tf.float64)
        np.testing.assert_allclose(
            gradient_norms(critic, x), norms_in_float64(critic, rows.astype("float64")), rtol=1e-9
        )
        weights = [np.array(weight) for weight in critic.weights]

        def penalty(place, index, step):
            moved = [weight.copy() for weight in weights]
            moved[place].flat[index] += step
            return ((norms_in_float64(critic, np.asarray(x), moved) - 1.0) ** 2).sum()

        with tf.GradientTape() as tape:
            value = tf.reduce_sum(tf.square(gradient_norms(critic, x) - 1.0))
        gradients = tape.gradient(value, critic.trainable_weights, unconnected_gradients="zero")
        rng = np.random.default_rng(0)
        for place, gradient in enumerate(gradients):
            for index in rng.integers(weights[place].size, size=4):
                slope = (penalty(place, index, 1e-6) - penalty(place, index, -1e-6)) / 2e-6
                np.testing.assert_allclose(np.ravel(gradient)[index], slope, rtol=1e-5, atol=1e-7)

    def test_a_norm_of_0_has_a_gradient_of_0(self):
        critic = self.in_float64().critic
        critic.set_weights([np.zeros_like(weight) for weight in critic.get_weights()])
        with tf.GradientTape() as tape:
            norms = gradient_norms(critic, tf.zeros((3, 6), tf.float64))
        np.testing.assert_allclose(norms, 0.0, atol=1e-9)
        gradients = tape.gradient(norms, critic.trainable_weights, unconnected_gradients="zero")
        assert all(np.all(np.asarray(gradient) == 0.0) for gradient in gradients)

    @pytest.mark.parametrize("shape", [(5, 6), (5, 4, 4), (5, 4, 4, 3)])
    def test_points_between_have_one_factor_a_row(self, shape):
        x, other = tf.zeros(shape), tf.ones(shape)
        factors = 1.0 - np.asarray(interpolated_rows(x, other, (0, 1))).reshape(len(x), -1)
        np.testing.assert_array_equal(factors, factors[:, :1] * np.ones_like(factors))
        assert len(np.unique(factors[:, 0])) == len(x)
        assert factors.min() > 0.0
        assert factors.max() < 1.0

    def test_each_side_moves_its_own_weights(self, rows):
        model = self.make_eager()
        model.build((None, 6))
        networks = {"critic": [model.critic], "others": [model.encoder, model.generator]}
        for frozen, parts in networks.items():
            for side, own in networks.items():
                for network in own:
                    network.trainable = side != frozen
            before = {side: [n.get_weights() for n in own] for side, own in networks.items()}
            model.train_on_batch(rows[:BATCH_SIZE])
            for side, own in networks.items():
                for network, values in zip(own, before[side], strict=True):
                    pairs = zip(network.get_weights(), values, strict=True)
                    same = [np.array_equal(one, other) for one, other in pairs]
                    assert all(same) if own is parts else not any(same), (frozen, network.name)

    def test_the_critic_takes_the_rate_of_the_optimizer(self, rows):
        model = self.make_eager(keras.optimizers.Adam(0.02))
        model.train_on_batch(rows[:8])
        assert float(model.critic_optimizer.learning_rate) == pytest.approx(0.02)

    def test_codes_are_the_encoders_with_its_memberships(self, trained, rows):
        outputs, _ = network_in_float64(trained.encoder, rows.astype("float64"))
        expected = np.hstack([outputs[:, :2], softmax(outputs[:, 2:], axis=1)])
        np.testing.assert_allclose(trained.embed(rows), expected, rtol=1e-4, atol=1e-6)
        made, _ = network_in_float64(trained.generator, expected)
        np.testing.assert_allclose(trained.reconstruct(rows), made, rtol=1e-4, atol=1e-5)

    def test_generated_points_are_of_the_cluster_and_the_seed(self, trained):
        drawn = trained.generate(cluster=1, n=4, seed=5)
        assert drawn.shape == (4, 6)
        np.testing.assert_array_equal(drawn, trained.generate(1, 4, seed=5))
        assert not np.allclose(drawn, trained.generate(2, 4, seed=5))
        with pytest.raises(ValueError, match=r"`cluster` must be.*Received: cluster=3"):
            trained.generate(3)

    def test_a_critic_that_diverges_is_warned_of_by_name_once(self, rows):
        model = self.make_eager(keras.optimizers.Adam(1.0))
        with pytest.warns(UserWarning, match=r"ClusterGAN diverges.*Received: penalty=") as told:
            model.fit(rows, epochs=4, verbose=0)
        assert len([one for one in told if "diverges" in str(one.message)]) == 1
        limit = 100.0 * model.penalty_weight  # norms on average 10 from 1
        assert model.diverges({"penalty": 1.01 * limit})
        assert not model.diverges({"penalty": 0.99 * limit})

    def test_presets_are_the_constants_of_the_authors_code(self):
        constants = {"mnist": (10, 30, 10.0), "fashion_mnist": (10, 40, 0.0)}
        constants |= {"10x73k": (8, 30, 10.0), "pendigits": (10, 5, 10.0)}
        for name, (n_clusters, latent_dim, weight_of_mean) in constants.items():
            model = ClusterGAN.from_preset(name, seed=0)
            assert model.compiled
            assert (model.n_clusters, model.latent_dim) == (n_clusters, latent_dim)
            assert model.beta_n == pytest.approx(weight_of_mean / latent_dim)
            assert model.batch_size == 64 * model.critic_steps == 320

    def test_values_that_a_sigmoid_cannot_give_are_refused(self, rows):
        with pytest.raises(ValueError, match=r"within 0 and 1.*Received"):
            self.make(output_activation="sigmoid").fit(rows * 9.0, verbose=0)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3)])
def test_images_have_the_authors_convolutions(shape):
    model = ClusterGAN(3, latent_dim=2, hidden_units=(9,), filters=(4, 6), batch_size=8, seed=0)
    model.compile(run_eagerly=True)
    x = np.random.default_rng(0).random((16, *shape), dtype="float32")
    logs = model.fit(x, verbose=0).history
    assert all(np.isfinite(values).all() for values in logs.values())
    assert model.generate(0, n=2).shape == (2, *shape)
    assert model.reconstruct(x).shape == x.shape
    kinds = [type(layer).__name__ for layer in model.critic.layers]
    assert kinds == ["Reshape", "Conv2D", "Conv2D", "Flatten", "Dense", "Dense"]
    kinds = [type(layer).__name__ for layer in model.generator.layers]
    hidden = ["BatchNormalization", "Activation"]
    assert kinds == [
        *(["Dense", *hidden] * 2),
        *("Reshape", "Conv2DTranspose", *hidden),
        *("Conv2DTranspose", "Reshape"),
    ]


def test_no_step_draws_a_single_image_which_the_generator_would_normalize():
    x = np.random.default_rng(0).random((12, 8, 8), dtype="float32")
    options = {"hidden_units": (9,), "filters": (4, 6), "critic_steps": 3, "seed": 0}
    model = ClusterGAN(3, latent_dim=2, batch_size=9, **options)
    model.compile(run_eagerly=True)
    model.fit(x, verbose=0)
    assert int(model.optimizer.iterations) == 1  # the three rows that are left are one a step
    assert model.smallest_batch() == 4
    assert ClusterGAN(3, hidden_units=(9,), seed=0).smallest_batch() == 1


def test_images_that_cannot_be_given_back_are_refused():
    model = ClusterGAN(3, seed=0)
    with pytest.raises(ValueError, match=r"multiples of 4.*Received: images of 9 by 8"):
        model.build((None, 9, 8))
    with pytest.raises(ValueError, match=r"`x` must have rank 2.*Received"):
        model.build((None, 2, 3, 4, 5))
