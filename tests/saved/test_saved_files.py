"""Models that earlier versions saved are loaded by this one, and say and learn the same."""

from pathlib import Path

import keras
import numpy as np
import pytest
from record import EPOCHS, numbers
from tiny_models import SETTINGS

import tfclust.models  # noqa: F401 - registers the models

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("name", SETTINGS)
def test_a_file_of_an_earlier_version_says_and_learns_what_it_did(name):
    with np.load(FOLDER / f"{name}.npz") as file:
        recorded = dict(file)
    rows = recorded.pop("rows")
    model = keras.saving.load_model(FOLDER / f"{name}.keras")
    said = numbers(model, rows)
    assert {*said, *(f"after_{key}" for key in said)} == set(recorded)
    for key, value in said.items():
        np.testing.assert_allclose(value, recorded[key], rtol=1e-4, atol=1e-5, err_msg=key)
    model.fit(rows, epochs=EPOCHS, verbose=0)
    for key, value in numbers(model, rows).items():
        expected = recorded[f"after_{key}"]
        # Another processor rounds otherwise, and training amplifies it.
        np.testing.assert_allclose(value, expected, rtol=1e-2, atol=2e-3, err_msg=key)
    moved = np.abs(recorded["after_memberships"] - recorded["memberships"]).max()
    assert moved > 2e-2  # so that the optimizer's state matters
