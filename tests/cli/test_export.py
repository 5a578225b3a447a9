import json
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from short_runs import COLUMNS

from tfclust.cli import main
from tfclust.cli.export import _requests
from tfclust.cli.scaling import Scaling
from tfclust.models import CM


@pytest.fixture
def exported(monkeypatch):
    """Stand in for the exporter; the list holds what it was given."""
    given = []

    def export_for_serving(model, directory, **options):
        given.append((model, directory, options))
        return f"{directory}/{options['version'] or 1}"

    module = SimpleNamespace(Preprocessing=dict, export_for_serving=export_for_serving)
    monkeypatch.setitem(sys.modules, "tfclust.export", module)
    return given


def record(x, scale, pixel_max=1, sample_shape=None):
    """What `run.json` holds of data `x`."""
    flat = x.reshape(len(x), -1) / pixel_max
    return {
        "scaling": json.loads(json.dumps(Scaling.of(flat, scale).to_json())),
        "data": {"shape": list(x.shape), "pixel_max": pixel_max, "dtype": x.dtype.name},
        "plan": {"model": "cm", "settings": {}, "sample_shape": sample_shape or [flat.shape[1]]},
    }


def test_export_hands_over_the_trained_model_and_prints_what_came_back(
    run, points, exported, capsys
):
    assert main(["export", str(run), "--to", "serving", "--version", "7"]) == 0
    assert capsys.readouterr().out == "serving/7\n"
    ((model, directory, options),) = exported
    assert isinstance(model, CM)
    assert (str(directory), options["version"]) == ("serving", 7)
    assert options["preprocess"]["shape"] == (3,)
    assert options["preprocess"]["dtype"] == "float32"  # which clients know best
    assert options["columns"] == list(COLUMNS)
    assert options["warmup"] is None
    np.testing.assert_allclose(options["example"], points[0], rtol=1e-6)


def test_warm_up_requests_are_the_first_rows_of_the_data(
    run, points, exported, monkeypatch, capsys
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert main(["export", str(run), "--to", "serving", "--warmup"]) == 0
    np.testing.assert_allclose(exported[0][2]["warmup"], points[:32], rtol=1e-6)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["export", str(run), "--to", "serving", "--warmup"]) == 2
    assert "pip install 'tfclust[serving]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "settings", "clip"),
    [
        ("damic", {}, (0.0, 1.0)),
        ("mixae", {"reconstruction_loss": "cross_entropy"}, (0.0, 1.0)),
        ("mixae", {"reconstruction_loss": "squared_error"}, None),
        ("cm", {}, None),
    ],
)
def test_requests_beyond_the_range_are_cut_for_models_of_such_data(rows, model, settings, clip):
    changed = {"plan": {"model": model, "settings": settings}}
    assert _requests({**record(rows, "minmax"), **changed})["clip"] == clip


@pytest.mark.parametrize("scale", [None, "standard", "minmax", "max_abs", "max", "sqrt_dim"])
def test_requests_are_scaled_as_the_training_was(rows, scale):
    requests = _requests(record(rows, scale))
    scaled = (rows - requests["offset"]) * requests["scale"]
    np.testing.assert_allclose(scaled, Scaling.of(rows, scale).apply(rows), atol=1e-6)


@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_requests_of_large_numbers_are_scaled_in_float64(rows, scale):
    seconds = 1.7e9 + rows.astype("float64")
    requests = _requests(record(seconds, scale))
    assert requests["dtype"] == "float64"
    scaled = (seconds - requests["offset"]) * requests["scale"]
    np.testing.assert_allclose(scaled, Scaling.of(seconds, scale).apply(seconds), atol=1e-5)


@pytest.mark.parametrize("scale", [None, "standard"])
def test_requests_of_pixels_are_bytes_in_the_shape_of_the_images(scale):
    images = np.random.default_rng(0).integers(0, 256, (9, 2, 3), "uint8")
    requests = _requests(record(images, scale, pixel_max=255))
    assert (requests["shape"], requests["dtype"]) == ((2, 3), "uint8")
    scaled = (images.astype("float32") - requests["offset"]) * requests["scale"]
    flat = images.reshape(9, 6).astype("float32") / 255
    expected = Scaling.of(flat, scale).apply(flat)
    np.testing.assert_allclose(scaled.reshape(9, 6), expected, atol=1e-5)


def test_what_is_left_to_clients_is_told(run, exported, tmp_path, capsys):
    folder = shutil.copytree(run, tmp_path / "run")
    record = json.loads((run / "run.json").read_text())
    record["data"]["known"]["categories"] = {"colour": ["blue", "red"]}
    record["data"]["options"]["missing"] = "median"
    (folder / "run.json").write_text(json.dumps(record))
    assert main(["export", str(folder), "--to", "serving"]) == 0
    assert "replace text (such as in 'colour') and missing values as" in capsys.readouterr().err


def test_rows_of_unit_length_cannot_be_served(run, exported, tmp_path, capsys):
    folder = tmp_path / "run"
    folder.mkdir()
    changed = json.loads((run / "run.json").read_text())
    changed["scaling"] = {"scale": "l2", "shift": None, "divisor": None}
    (folder / "run.json").write_text(json.dumps(changed))
    assert main(["export", str(folder), "--to", "serving"]) == 2
    assert "cannot scale rows by their own length or sum" in capsys.readouterr().err
    assert exported == []
