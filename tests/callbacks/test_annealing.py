import keras
import numpy as np
import pytest

from tfclust.callbacks import AnnealDivergence, AnnealTemperature
from tfclust.models import CM, VIBGMM, GumbelSoftmaxVAE


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("linear", [1.0, 0.75, 0.5, 0.5]), ("exponential", [1.0, 0.5**0.5, 0.5, 0.5])],
)
def test_temperature_falls_from_start_to_end_and_stays(rows, schedule, expected):
    model = GumbelSoftmaxVAE(
        3, 4, 2, (8,), reconstruction_loss="squared_error", temperature=9.0, seed=0
    )
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    annealing = AnnealTemperature(epochs=2, schedule=schedule)
    logs = model.fit(rows, epochs=4, verbose=0, callbacks=[annealing]).history
    np.testing.assert_allclose(logs["temperature"], expected, rtol=1e-6)
    np.testing.assert_allclose(model.temperature, 0.5)


def test_the_weight_of_a_divergence_grows_and_stays(rows):
    sizes = {"embedding_dim": 2, "hidden_units": (8,), "reconstruction_loss": "squared_error"}
    model = VIBGMM(3, divergence_weight=9.0, seed=0, **sizes)
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    annealing = AnnealDivergence(start=0.01, epochs=2)
    logs = model.fit(rows, epochs=4, verbose=0, callbacks=[annealing]).history
    np.testing.assert_allclose(logs["divergence_weight"], [0.01, 0.1, 1.0, 1.0], rtol=1e-6)


def test_a_model_without_a_divergence_weight_is_refused(rows):
    model = CM(3, seed=0)
    model.compile(jit_compile=False)
    with pytest.raises(
        ValueError, match=r"a model with a variable `divergence_weight`.*Received: .*CM"
    ):
        model.fit(rows, verbose=0, callbacks=[AnnealDivergence()])


def test_a_model_without_a_temperature_is_refused(rows):
    model = CM(3, seed=0)
    model.compile(jit_compile=False)
    with pytest.raises(ValueError, match=r"a model with a variable `temperature`.*Received: .*CM"):
        model.fit(rows, verbose=0, callbacks=[AnnealTemperature()])


@pytest.mark.parametrize(
    "changes", [{"start": 0.0}, {"end": -1.0}, {"epochs": 0}, {"schedule": "cosine"}]
)
def test_bad_arguments_are_refused(changes):
    with pytest.raises(ValueError, match=r"`\w+` must .*Received: "):
        AnnealTemperature(**changes)
