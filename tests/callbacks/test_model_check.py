import keras
import numpy as np
import pytest
from tiny_models import tiny_model

from tfclust.callbacks import (
    AnnealTemperature,
    AveragingEpoch,
    CollapseWatch,
    RebalanceEntropyWeights,
    StopWhenStable,
)
from tfclust.models import VAE


@pytest.fixture(scope="module")
def strangers():
    """Models, compiled, by their kind."""
    dense = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    dense.compile(loss="mse")
    vae = VAE(4, 2, (8,), reconstruction_loss="squared_error", seed=0)
    vae.compile(jit_compile=False)
    return {"Sequential": dense, "VAE": vae, "CM": tiny_model("CM"), "AECM": tiny_model("AECM")}


@pytest.mark.parametrize(
    ("callback", "kinds"),
    [
        (AnnealTemperature(), ("Sequential", "VAE", "CM")),
        (AveragingEpoch(), ("Sequential",)),
        (CollapseWatch(), ("Sequential", "VAE")),
        (RebalanceEntropyWeights(), ("Sequential", "VAE", "CM", "AECM")),
        (StopWhenStable(np.zeros((4, 6))), ("Sequential", "VAE")),
    ],
)
def test_a_callback_says_which_models_it_is_for(rows, labels, strangers, callback, kinds):
    for kind in kinds:
        rule = rf"`{type(callback).__name__}` needs a .*such as .*Received: a model of type {kind}"
        with pytest.raises(ValueError, match=rule):
            strangers[kind].fit(rows, labels, verbose=0, callbacks=[callback])
