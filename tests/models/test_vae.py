import keras
import numpy as np
import pytest
from battery import assert_same_weights

from tfclust.callbacks import Checkpoint
from tfclust.models import VAE, ClusteringModel


def make(**changes):
    arguments = {
        "feature_dim": 4,
        "latent_dim": 2,
        "hidden_units": (8,),
        "reconstruction_loss": "squared_error",
        "batch_size": 8,
        "seed": 0,
    }
    model = VAE(**{**arguments, **changes})
    model.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    return model


@pytest.fixture(scope="module")
def trained(rows):
    model = make()
    model.fit(rows, epochs=8, verbose=0)
    return model


def test_terms_are_the_bound_at_the_mean(trained, rows):
    terms = trained.loss_terms(rows)
    features = trained.encoder(rows)
    mean, log_variance = (
        np.asarray(layer(features), dtype="float64")
        for layer in (trained.mean, trained.log_variance)
    )
    divergences = 0.5 * (mean**2 + np.exp(log_variance) - 1.0 - log_variance).sum(axis=1)
    errors = np.square(rows - trained.reconstruct(rows)).sum(axis=1)
    assert tuple(terms) == VAE.TERMS
    np.testing.assert_allclose(terms["gaussian_kl"], divergences.mean(), rtol=1e-5)
    np.testing.assert_allclose(terms["reconstruction"], errors.mean(), rtol=1e-5)


def test_codes_are_the_means_and_no_memberships(trained, rows):
    assert not isinstance(trained, ClusteringModel)
    np.testing.assert_array_equal(trained.predict(rows, verbose=0), trained.embed(rows))
    assert trained.embed(rows).shape == (37, 2)


def test_training_lowers_the_loss_and_goes_on_after_a_cut_as_if_there_was_none(rows, tmp_path):
    def train(directory, stop_after=None):
        model = make()

        def stop(epoch, logs):
            if epoch + 1 == stop_after:
                raise KeyboardInterrupt

        callbacks = [
            Checkpoint(directory, every_seconds=0),
            keras.callbacks.LambdaCallback(on_epoch_end=stop),
        ]
        return model, model.fit(rows, epochs=6, verbose=0, callbacks=callbacks)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", stop_after=3)
    (resumed, _), (whole, history) = train(tmp_path / "cut"), train(tmp_path / "whole")
    assert_same_weights(resumed, whole)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_a_saved_model_draws_and_trains_as_the_one_that_was_saved(trained, rows, tmp_path):
    trained.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == trained.get_config()
    np.testing.assert_array_equal(loaded.generate(3, seed=1), trained.generate(3, seed=1))
    assert loaded.generate(3).shape == (3, 6)


def test_values_that_a_cross_entropy_cannot_be_taken_of_are_refused(rows):
    with pytest.raises(ValueError, match=r"within 0 and 1.*Received"):
        make(reconstruction_loss="cross_entropy").fit(rows * 9.0, verbose=0)
    with pytest.raises(ValueError, match=r"`n` must be.*Received: n=0"):
        make().generate(0)


def test_new_points_need_weights_and_what_is_given_data_does_not(rows):
    with pytest.raises(ValueError, match=r"`VAE` has no weights before .*Received: `from_code`"):
        make().generate(2)
    untrained = VAE(4, 2, (8,), reconstruction_loss="squared_error")
    assert untrained.compute_loss(rows) > 0.0
    assert untrained.reconstruct(rows).shape == rows.shape
