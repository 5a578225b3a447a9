from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from battery import ClusteringModelBattery, assert_same_weights
from scipy.special import expit, log_softmax, softmax

from tfclust.callbacks import AnnealTemperature, Checkpoint
from tfclust.models import GumbelSoftmaxVAE


class TestGumbelSoftmaxVAE(ClusteringModelBattery):
    model_class = GumbelSoftmaxVAE
    needs_weights: ClassVar = {"generate": (0,)}
    draws_codes = True

    def built(self, **changes):
        model = self.build(**changes)
        model.build((None, 6))
        return model

    def test_normalized_features_are_those_of_a_hidden_layer(self, rows):
        model = self.built(normalize_features=True)
        kinds = [type(layer).__name__ for layer in model.encoder.layers]
        assert kinds == ["Dense", "BatchNormalization", "Activation"] * 2
        features = model.embed(rows)
        assert features.shape == (len(rows), 4)
        assert features.min() == 0.0 < features.max()
        assert self.model_class.from_config(model.get_config()).normalize_features

    def test_objective_is_eq_7_in_float64(self, trained, rows):
        for loss in ("squared_error", "cross_entropy"):
            model = self.built(reconstruction_loss=loss, gaussian_weight=3.0)
            model.set_weights(trained.get_weights())
            x = np.abs(rows)
            expected = terms_in_float64(model, x)
            for name, term in model.loss_terms(x).items():
                np.testing.assert_allclose(term, expected[name], rtol=1e-5, atol=1e-7)

    def test_terms_of_training_are_those_of_the_draws(self, trained, rows):
        draws = {"reconstruction": [], "gaussian_kl": [], "categorical_kl": []}
        for step in range(3):
            trained.optimizer.iterations.assign(1000 + step)
            for name, term in trained.loss_terms(rows, training=True).items():
                draws[name].append(float(term))
        trained.optimizer.iterations.assign(2 * 5)
        assert len(set(draws["reconstruction"])) == 3
        np.testing.assert_allclose(draws["gaussian_kl"], draws["gaussian_kl"][0], rtol=1e-6)
        np.testing.assert_allclose(draws["categorical_kl"], draws["categorical_kl"][0], rtol=1e-6)

    def test_straight_through_draws_train(self, rows):
        model = self.make(straight_through=True, optimizer=keras.optimizers.Adam(0.01))
        losses = model.fit(rows, epochs=10, verbose=0).history["loss"]
        assert losses[-1] < losses[0]

    def test_a_run_that_was_cut_off_takes_the_draws_it_would_have_taken(self, rows, tmp_path):
        def train(directory, stop_after=None):
            model = self.make_eager()

            def stop(epoch, logs):
                if epoch + 1 == stop_after:
                    raise KeyboardInterrupt

            callbacks = [
                AnnealTemperature(epochs=4),
                Checkpoint(directory, every_seconds=0),
                keras.callbacks.LambdaCallback(on_epoch_end=stop),
            ]
            model.fit(rows, epochs=5, verbose=0, callbacks=callbacks)
            return model

        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "cut", stop_after=3)
        resumed, whole = train(tmp_path / "cut"), train(tmp_path / "whole")
        assert_same_weights(resumed, whole)
        np.testing.assert_allclose(whole.temperature, 0.5)

    def test_temperature_is_a_variable_that_is_saved(self, trained, rows, tmp_path):
        trained.temperature.assign(0.7)
        trained.save(tmp_path / "model.keras")
        trained.temperature.assign(1.0)
        loaded = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(loaded.temperature, 0.7)

    def test_generated_points_are_decoded_draws_of_the_prior(self, trained):
        drawn = trained.generate(cluster=1, n=4, seed=5)
        assert drawn.shape == (4, 6)
        np.testing.assert_array_equal(drawn, trained.generate(1, 4, seed=5))
        assert not np.array_equal(drawn, trained.generate(1, 4, seed=6))
        assert not np.array_equal(drawn, trained.generate(2, 4, seed=5))
        codes = tf.random.stateless_normal((4, 2), (5, 0))
        joined = trained.from_code(codes) + trained.from_category(tf.one_hot([1] * 4, 3))
        np.testing.assert_allclose(drawn, trained.decoder(joined), rtol=1e-5)

    def test_every_row_is_drawn_as_every_cluster_with_its_own_code(self, trained, rows):
        drawn = trained.transfer_style(rows)
        assert drawn.shape == (37, 3, 6)
        joined = trained.from_code(trained.code(rows)) + trained.from_category(
            tf.one_hot([2] * 37, 3)
        )
        np.testing.assert_allclose(drawn[:, 2], trained.decoder(joined), atol=1e-5)

    def test_reconstructions_come_from_the_mean_and_the_memberships(self, trained, rows):
        joined = trained.from_code(trained.code(rows)) + trained.from_category(
            trained.predict(rows, verbose=0)
        )
        np.testing.assert_allclose(trained.reconstruct(rows), trained.decoder(joined), atol=1e-5)

    def test_features_are_those_of_the_encoder(self, trained, rows):
        assert trained.embed(rows).shape == (37, 4)
        np.testing.assert_allclose(trained.embed(rows), trained.encoder(rows), atol=1e-6)

    def test_cross_entropy_reconstructs_in_0_to_1_and_refuses_other_data(self, rows):
        model = self.make(reconstruction_loss="cross_entropy")
        with pytest.raises(ValueError, match=r"within 0 and 1.*Received: x from .* to 2"):
            model.fit(np.where(rows == rows.max(), 2.0, np.abs(rows)), verbose=0)
        model.fit(np.clip(rows, 0.0, 1.0), verbose=0)
        outputs = model.reconstruct(np.clip(rows, 0.0, 1.0))
        assert outputs.min() > 0.0 and outputs.max() < 1.0

    @pytest.mark.parametrize(
        "changes",
        [
            {"feature_dim": 1},
            {"latent_dim": 0},
            {"hidden_units": 8},
            {"gaussian_weight": -1.0},
            {"reconstruction_loss": "mae"},
            {"temperature": 0.0},
        ],
    )
    def test_bad_settings_are_refused(self, changes):
        with pytest.raises(ValueError, match=r"`\w+` must .*Received: "):
            self.build(**changes)

    def test_a_cluster_that_there_is_not_is_refused(self, trained):
        with pytest.raises(
            ValueError, match=r"`cluster` must be a cluster id.*Received: cluster=3"
        ):
            trained.generate(3)
        with pytest.raises(ValueError, match=r"has no weights.*Received"):
            self.build().generate(0)


def terms_in_float64(model, x):
    """The terms of the objective by NumPy, from the weights, with the moving statistics."""

    def forward(network, x):
        for layer in network.layers:
            weights = [np.asarray(w, dtype="float64") for w in layer.get_weights()]
            if isinstance(layer, keras.layers.BatchNormalization):
                scale, offset, mean, variance = weights[:4]
                x = scale * (x - mean) / np.sqrt(variance + layer.epsilon) + offset
            elif isinstance(layer, keras.layers.Activation):
                x = np.maximum(x, 0.0)
            else:
                x = linear(weights, x)
        return x

    def linear(weights, x):
        return x @ weights[0] + (weights[1] if len(weights) > 1 else 0.0)

    x = x.astype("float64")
    features = forward(model.encoder, x)
    logits = forward(model.categories, features)
    mean = linear(model.mean.get_weights(), features)
    log_variance = linear(model.log_variance.get_weights(), features)
    q = softmax(logits, axis=1)
    joined = linear(model.from_code.get_weights(), mean)
    joined = joined + linear(model.from_category.get_weights(), q)
    outputs = forward(model.decoder, joined)
    if model.reconstruction_loss == "squared_error":
        errors = np.square(x - outputs).sum(axis=1)
    else:
        s = expit(outputs)
        errors = -(x * np.log(s) + (1.0 - x) * np.log(1.0 - s)).sum(axis=1)
    divergences = 0.5 * (mean**2 + np.exp(log_variance) - 1.0 - log_variance).sum(axis=1)
    return {
        "reconstruction": errors.mean(),
        "gaussian_kl": 3.0 * divergences.mean(),
        "categorical_kl": (q * log_softmax(logits, axis=1)).sum(axis=1).mean() + np.log(3),
    }
