import subprocess
import sys

import keras
import pytest
from tiny_models import SETTINGS, tiny_model

import tfclust
from tfclust import registration

LOADS = {
    "before Keras": "import tfclust, keras; load = keras.models.load_model",
    "after Keras": "import keras, tfclust; load = keras.saving.load_model",
    "through TensorFlow": ("import tfclust, tensorflow as tf; load = tf.keras.models.load_model"),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory, rows):
    """Folder of a saved model of every kind."""
    folder = tmp_path_factory.mktemp("saved")
    for name in SETTINGS:
        model = tiny_model(name)
        model.build((None, 6))
        model.save(folder / f"{name}.keras")
    return folder


@pytest.mark.parametrize("order", LOADS)
def test_keras_loads_every_model_after_import_tfclust_alone(saved, order):
    program = f"""
{LOADS[order]}
import sys
assert "tfclust.models" not in sys.modules
for name in {list(SETTINGS)}:
    model = load(f"{saved}/{{name}}.keras")
    assert type(model) is getattr(tfclust, name), name
    assert model.optimizer is not None
"""
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr


def test_every_class_that_the_package_registers_can_be_found_by_its_name():
    for name in tfclust.__all__:
        getattr(tfclust, name)
    registry = keras.saving.get_custom_objects()
    own = {name for name in registry if name.startswith(f"{registration.PACKAGE}>")}
    found = {name: registry[name] for name in own}
    named = {*tfclust._MODELS, *(name for names in registration.SAVED.values() for name in names)}
    assert own == {f"tfclust>{name}" for name in named}
    assert not any(isinstance(entry, registration.Deferred) for entry in found.values())
