"""Precisions of Keras beyond the battery: global ones, and the starts of the models."""

import keras
import numpy as np
import pytest
from tiny_models import SETTINGS, tiny_model

from tfclust.layers import ParallelBatchNormalization
from tfclust.models import VAE
from tfclust.models.objective_model import PRECISIONS


@pytest.fixture(scope="module")
def rows(rows):
    return np.clip(rows, 0.0, 1.0)


@pytest.fixture
def global_precision():
    """Keras's global precision may be changed, and is as it was afterwards."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


@pytest.mark.parametrize("name", SETTINGS)
def test_floatx_of_the_start_of_a_program_makes_models_of_it(rows, name, global_precision):
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")  # what the first layer of a program takes from floatx
    model = tiny_model(name)
    model.optimizer.learning_rate = 0.01  # which every model learns by in so few steps
    losses = model.fit(rows, epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]
    assert {weight.dtype for weight in model.weights} == {"float64"}


@pytest.mark.parametrize("name", SETTINGS)
def test_floatx_of_later_leaves_models_as_their_policy_says(rows, name, global_precision):
    expected = tiny_model(name)
    expected.fit(rows, verbose=0)
    keras.config.set_floatx("float64")
    model = tiny_model(name)
    model.fit(rows, verbose=0)
    for weight, value in zip(model.weights, expected.weights, strict=True):
        np.testing.assert_allclose(weight, value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["AECM", "DAMIC"])
@pytest.mark.parametrize("dtype", ["float64", "mixed_float16"])
def test_pretraining_under_every_precision_comes_to_what_float32_does(rows, name, dtype):
    options = {"clustering_epochs": 1} if name == "AECM" else {"least_steps": 0}
    losses = tiny_model(name, dtype=dtype).pretrain(rows, 2, verbose=0, **options).history
    if dtype == "float64":  # in which other initial weights are drawn
        assert all(np.isfinite(values).all() for values in losses.values())
        return
    expected = tiny_model(name).pretrain(rows, 2, verbose=0, **options).history
    assert losses.keys() == expected.keys()
    for stage, values in expected.items():
        # The percentiles of DAMIC's certainty, after so short a training, are near 0.
        np.testing.assert_allclose(losses[stage], values, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_a_vae_trains_under_every_precision(rows, dtype):
    model = VAE(4, 2, (8,), reconstruction_loss="squared_error", batch_size=8, seed=0, dtype=dtype)
    model.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    losses = model.fit(rows, epochs=3, verbose=0).history["loss"]
    assert losses[0] > losses[2]


@pytest.mark.parametrize("training", [True, False])
def test_batches_of_float64_are_normalized_in_float64(training):
    layer = ParallelBatchNormalization(3, dtype="float64")
    x = 1e4 + np.random.default_rng(0).normal(size=(3, 8, 5))
    layer.build(x.shape)
    singles = [layer.network(k) for k in range(3)]
    for outputs, single, own in zip(layer(x, training=training), singles, x, strict=True):
        np.testing.assert_allclose(outputs, single(own, training=training), rtol=1e-9)
    for k, single in enumerate(singles):
        np.testing.assert_allclose(layer.moving_mean[k], single.moving_mean, rtol=1e-12)


def test_a_loss_scale_begins_low_enough_for_the_first_step(rows):
    model = tiny_model("AECM", dtype="mixed_float16")
    before = model.default_optimizer().get_config()
    model.fit(10.0 * rows, verbose=0)
    assert float(model.optimizer.dynamic_scale) == model.optimizer.initial_scale == 1.0
    assert model.optimizer.inner_optimizer.get_config() == before
    assert int(model.optimizer.inner_optimizer.iterations) == 3


def test_a_loss_scaling_of_the_users_own_is_kept():
    model = tiny_model("MIXAE", dtype="mixed_float16")
    scaling = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=64.0)
    model.compile(scaling)
    assert model.optimizer is scaling
    model.compile("sgd", auto_scale_loss=False)
    assert type(model.optimizer) is keras.optimizers.SGD
