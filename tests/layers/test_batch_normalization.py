import keras
import numpy as np
import pytest
from tiny_models import tiny_model

from tfclust.layers import BatchNormalization, ParallelBatchNormalization
from tfclust.networks import normalized_network, restart_statistics, smallest_batch

BATCH = np.random.default_rng(0).normal(5.0, 2.0, (64, 3)).astype("float32")
LAYERS = {
    "single": (BatchNormalization, BATCH),
    "parallel": (lambda **kwargs: ParallelBatchNormalization(2, **kwargs), np.stack([BATCH] * 2)),
}


@pytest.fixture(params=LAYERS)
def layer_and_batch(request):
    make, batch = LAYERS[request.param]
    return make(), batch


@pytest.mark.parametrize("steps", [1, 3, 40])
def test_statistics_are_those_of_the_batches_after_any_number_of_steps(layer_and_batch, steps):
    layer, batch = layer_and_batch
    for _ in range(steps):
        layer(batch, training=True)
    mean, variance = BATCH.mean(axis=0), BATCH.var(axis=0)
    np.testing.assert_allclose(layer.moving_mean, np.broadcast_to(mean, batch[..., 0, :].shape))
    np.testing.assert_allclose(
        layer.moving_variance, np.broadcast_to(variance, batch[..., 0, :].shape), rtol=1e-5
    )
    np.testing.assert_allclose(layer(batch), layer(batch, training=True), atol=1e-4)


def test_after_many_steps_it_moves_as_keras_does(layer_and_batch):
    layer, batch = layer_and_batch
    layer(2.0 * batch, training=True)
    layer.steps.assign(np.full(layer.steps.shape, 500.0))
    kerass = keras.layers.BatchNormalization()
    kerass.build(BATCH.shape)
    kerass.set_weights([w[0] if w.ndim == 2 else w for w in layer.get_weights()[:4]])
    layer(batch, training=True)
    kerass(BATCH, training=True)
    for ours, theirs in zip(layer.get_weights(), kerass.get_weights(), strict=False):
        np.testing.assert_allclose(ours[0] if ours.ndim == 2 else ours, theirs, rtol=1e-5)


def test_recent_batches_count_for_more(layer_and_batch):
    layer, batch = layer_and_batch
    for shift in range(20):
        layer(batch + shift, training=True)
    lag = (BATCH + 19).mean(axis=0) - np.asarray(layer.moving_mean)
    assert 0.0 < lag.min() <= lag.max() < 5.0


def test_a_restart_forgets_the_batches_before():
    network = normalized_network(3, (4, 2), seed=0)
    outer = keras.Sequential([keras.Input((3,)), network, keras.layers.BatchNormalization()])
    normalization = network.layers[1]
    outer(BATCH * 100.0, training=True)
    restart_statistics(outer)
    outer(BATCH, training=True)
    np.testing.assert_allclose(
        normalization.moving_mean, np.mean(network.layers[0](BATCH), axis=0), rtol=1e-4
    )


def test_networks_that_normalize_want_two_rows():
    network = normalized_network(3, (4, 2), seed=0)
    assert smallest_batch(network) == 2
    assert smallest_batch(keras.Sequential([keras.Input((3,)), network])) == 2
    assert smallest_batch(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])) == 1


def test_a_frozen_layer_does_not_count(layer_and_batch):
    layer, batch = layer_and_batch
    layer.build(batch.shape)
    layer.trainable = False
    before = layer.get_weights()
    layer(batch, training=True)
    for weight, expected in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_its_config_is_kerass(layer_and_batch):
    layer, _ = layer_and_batch
    assert layer.get_config()["momentum"] == 0.99
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def test_its_first_arguments_are_kerass_and_a_momentum_is_checked():
    config = BatchNormalization(1, 0.9).get_config()
    assert (config["axis"], config["momentum"]) == (1, 0.9)
    for make in (BatchNormalization, lambda **kwargs: ParallelBatchNormalization(2, **kwargs)):
        for momentum in (-0.1, 1.0):
            with pytest.raises(ValueError, match=r"`momentum` must be in \[0, 1\). Received: mom"):
                make(momentum=momentum)


def test_weights_of_before_there_was_a_count_are_of_a_long_training(layer_and_batch):
    layer, batch = layer_and_batch
    layer(batch, training=True)
    store = {str(i): weight for i, weight in enumerate(layer.get_weights()[:4])}
    layer.load_own_variables(store)
    before = np.asarray(layer.moving_mean)
    layer(batch + 1.0, training=True)
    np.testing.assert_allclose(np.asarray(layer.moving_mean) - before, 0.01, rtol=1e-3)


@pytest.mark.parametrize("name", ["DAMIC", "GumbelSoftmaxVAE"])
def test_a_model_says_after_few_steps_what_it_learned(rows, name):
    model = tiny_model(name, batch_size=37)
    x = rows.clip(0.0, 1.0)
    model.fit(x, epochs=3, verbose=0)
    learned = model(x, training=True)
    np.testing.assert_allclose(model.predict(x, verbose=0), learned, atol=0.02)


@pytest.mark.parametrize("name", ["DAMIC", "GumbelSoftmaxVAE", "MIXAE"])
def test_a_last_row_alone_is_no_batch_of_its_own_where_batches_are_normalized(rows, name):
    normalized = {"normalized": ("autoencoder", "experts", "gate")} if name == "DAMIC" else {}
    model = tiny_model(name, batch_size=8, **normalized)
    model.fit(rows.clip(0.0, 1.0)[:33], epochs=2, verbose=0)  # four batches of 8, and one row
    assert int(model.optimizer.iterations) == 2 * (5 if name == "MIXAE" else 4)
    if name != "MIXAE":
        with pytest.raises(ValueError, match="at least 2 rows"):
            model.fit(rows.clip(0.0, 1.0), batch_size=1, verbose=0)
