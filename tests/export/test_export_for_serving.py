"""What `export_for_serving` writes, where, and what it refuses."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tiny_models import tiny_model

from tfclust.export import Preprocessing, export_for_serving
from tfclust.export.versions import write_version
from tfclust.models import CM, CMEnsemble


@pytest.fixture(scope="module")
def model():
    """A CM that is built and not trained."""
    model = tiny_model("CM")
    model.build((None, 6))
    return model


@pytest.fixture(scope="module")
def several(model, tmp_path_factory):
    """The exports of versions 1, 2 and 7 of one model, in a folder that held other things."""
    directory = tmp_path_factory.mktemp("serving") / "digits"
    (directory / "notes.1").mkdir(parents=True)
    pixels = Preprocessing(shape=(2, 3), dtype="uint8", scale=1 / 255)
    return [
        export_for_serving(model, directory, **options)
        for options in ({}, {"preprocess": pixels}, {"version": 7})
    ]


def names(directory):
    return sorted(path.name for path in directory.iterdir())


# Signatures and weights ---------------------------------------------------------------------------


def test_signatures_have_named_inputs_and_outputs_and_free_batches(several):
    loaded = tf.saved_model.load(str(several[0].path))
    spec = tf.TensorSpec((None, 6), tf.float32, name="x")
    outputs = {
        "serving_default": {
            "cluster": ((None,), tf.int64),
            "membership": ((None, 3), tf.float32),
            "embedding": ((None, 6), tf.float32),
        },
        "embed": {"embedding": ((None, 6), tf.float32)},
        "reconstruct": {"reconstruction": ((None, 6), tf.float32)},
        "generate": {"generated": ((None, 6), tf.float32)},
    }
    assert set(loaded.signatures) == set(outputs) == set(several[0].signatures)
    for signature, expected in outputs.items():
        function = loaded.signatures[signature]
        found = {k: (tuple(v.shape), v.dtype) for k, v in function.structured_outputs.items()}
        assert found == expected
        if signature != "generate":
            assert function.structured_input_signature == ((), {"x": spec})


def test_weights_are_exported_and_nothing_of_the_training(all_served):
    served = all_served["AECM"]
    assert served.model.optimizer.variables
    saved = tf.train.list_variables(str(served.export.path / "variables" / "variables"))
    shapes = sorted(tuple(shape) for name, shape in saved if "_all_variables" in name)
    assert shapes == sorted(tuple(weight.shape) for weight in served.model.weights)


# Versions -----------------------------------------------------------------------------------------


def test_versions_go_on_from_the_largest_and_leave_what_else_is_there(model, several):
    assert [export.version for export in several] == [1, 2, 7]
    directory = several[0].path.parent
    server_files = ["batching.config", "models.config", "notes.1"]
    client_files = ["columns.json", "request.json", "request.npy", "response.json"]
    assert names(directory) == sorted(["1", "2", "7", *server_files, *client_files])
    assert export_for_serving(model, directory).version == 8


def test_a_version_that_is_there_is_refused_and_kept(model, several):
    directory, before = several[0].path.parent, names(several[0].path)
    with pytest.raises(ValueError, match=r"`version` must be one that .*Received: version=1"):
        export_for_serving(model, directory, version=1)
    assert names(several[0].path) == before


def test_a_model_of_other_samples_is_no_version_of_the_one_that_is_served(several):
    other, directory = CM(n_clusters=3, seed=0), several[0].path.parent
    other.build((None, 4))
    before = names(directory)
    with pytest.raises(ValueError, match=r"of one model.*shape \(6,\).*Received: .*\(4,\)"):
        export_for_serving(other, directory)
    assert names(directory) == before


def test_an_export_that_fails_leaves_no_version(model, tmp_path, monkeypatch):
    seen = []

    def fail(*_, **__):
        seen.extend(names(tmp_path / "digits"))
        raise OSError("no space left on device")

    monkeypatch.setattr("tfclust.export.saved_model._write_saved_model", fail)
    with pytest.raises(OSError, match="no space left"):
        export_for_serving(model, tmp_path / "digits")
    assert len(seen) == 1
    assert not seen[0].isdecimal()  # a server takes numbers alone for versions
    assert names(tmp_path / "digits") == []


def test_a_version_that_another_export_takes_meanwhile_is_left_to_it(tmp_path):
    def write(folder):
        (folder / "mine").touch()
        other = tmp_path / str(1 + sum(path.name.isdecimal() for path in tmp_path.iterdir()))
        other.mkdir()
        (other / "theirs").touch()

    assert write_version(tmp_path, None, write).name == "2"
    assert names(tmp_path / "1") == ["theirs"]
    assert names(tmp_path / "2") == ["mine"]
    with pytest.raises(ValueError, match=r"`version` must be one that .*Received: version=3"):
        write_version(tmp_path, 3, write)
    assert names(tmp_path) == ["1", "2", "3"]
    assert names(tmp_path / "3") == ["theirs"]


# The server's files and commands ------------------------------------------------------------------


def test_server_files_say_what_the_server_reads(several):
    text_format = pytest.importorskip("google.protobuf.text_format")
    config = pytest.importorskip("tensorflow_serving.config.model_server_config_pb2")
    directory = several[0].path.parent
    parsed = text_format.Parse(
        (directory / "models.config").read_text(), config.ModelServerConfig()
    )
    (served,) = parsed.model_config_list.config
    assert (served.name, served.base_path) == ("digits", "/models/digits")
    assert served.model_platform == "tensorflow"


def test_edited_server_files_are_kept(model, several):
    path = several[0].path.parent / "batching.config"
    written = path.read_text()
    path.write_text("max_batch_size { value: 32 }\n")
    export_for_serving(model, path.parent)
    assert path.read_text() == "max_batch_size { value: 32 }\n"
    path.write_text(written)


def test_commands_are_printed_and_name_the_directory(model, tmp_path, capsys):
    export = export_for_serving(model, tmp_path / "my digits" / "digits")
    assert capsys.readouterr().out == ""  # they are printed by whoever wants to read them
    for command in (export.docker_run, export.curl, export.check):
        assert command in str(export)
    docker, curl, check = map(shlex.split, (export.docker_run, export.curl, export.check))
    assert f"{export.path.parent}:/models/digits" in docker
    assert "--model_config_file=/models/digits/models.config" in docker
    assert "--batching_parameters_file=/models/digits/batching.config" in docker
    assert curl[-1] == "http://localhost:8501/v1/models/digits:predict"
    assert curl[2] == f"@{export.path.parent / 'request.json'}"
    assert check[:4] == ["saved_model_cli", "run", "--dir", str(export.path)]
    assert check[-1] == f"x={export.path.parent / 'request.npy'}"


@pytest.mark.slow
def test_the_check_without_a_server_works_as_typed(model, rows, tmp_path):
    export = export_for_serving(model, tmp_path / "digits", example=rows[0])
    program, *options = shlex.split(export.check)
    program = str(Path(sys.executable).with_name(program))
    done = subprocess.run([program, *options], capture_output=True, text=True, check=True)
    found = re.search(r"membership:\s+\[\[(.*)\]\]", done.stdout)[1]
    expected = model.predict(rows[:1], verbose=0)[0]
    np.testing.assert_allclose(np.float32(found.split()), expected, rtol=1e-5)


PIXELS = Preprocessing(shape=(2, 3), dtype="uint8", scale=1 / 255)
RAW = np.arange(12, dtype="uint8").reshape(2, 2, 3)


@pytest.mark.parametrize("given", ["nothing", "an example", "warm-up rows", "pixels"])
def test_the_request_to_try_has_the_answer_that_stands_beside_it(model, rows, tmp_path, given):
    if given == "warm-up rows":
        pytest.importorskip("tensorflow_serving")
    options, expected = {
        "nothing": ({}, np.zeros(6)),
        "an example": ({"example": rows[1]}, rows[1]),
        "warm-up rows": ({"warmup": rows}, rows[0]),
        "pixels": ({"preprocess": PIXELS, "example": RAW[1]}, RAW[1]),
    }[given]
    export = export_for_serving(model, tmp_path / "digits", **options)
    signature = tf.saved_model.load(str(export.path)).signatures["serving_default"]
    spec = signature.structured_input_signature[1]["x"]
    directory = export.path.parent
    (instance,) = json.loads((directory / "request.json").read_text())["instances"]
    np.testing.assert_array_equal(np.array(instance["x"], expected.dtype), expected)
    request = np.load(directory / "request.npy")
    assert request.dtype == spec.dtype.as_numpy_dtype
    np.testing.assert_array_equal(request, expected[np.newaxis])
    (prediction,) = json.loads((directory / "response.json").read_text())["predictions"]
    answer = signature(x=tf.constant([instance["x"]], spec.dtype))
    assert prediction.keys() == answer.keys()
    for name, value in prediction.items():
        np.testing.assert_allclose(value, answer[name][0], rtol=1e-5)


def test_columns_and_scaling_are_told_to_clients(model, tmp_path):
    scaled = Preprocessing(dtype="float64", offset=np.arange(6), scale=2.0, clip=(0, 1))
    columns = tuple("abcdef")
    export_for_serving(model, tmp_path / "digits", preprocess=scaled, columns=columns)
    assert json.loads((tmp_path / "digits" / "columns.json").read_text()) == {
        "version": 1,
        "columns": list(columns),
        "shape": [6],
        "dtype": "float64",
        "scaling": "(v - offset) * scale, then cut to clip",
        "offset": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
        "scale": 2.0,
        "clip": [0.0, 1.0],
    }


# Preprocessing ------------------------------------------------------------------------------------


def test_preprocessing_standardizes_each_feature(rows):
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    standard = Preprocessing(dtype="float64", offset=mean, scale=1 / deviation)
    assert standard.spec((6,)) == tf.TensorSpec((None, 6), tf.float64, name="x")
    found = standard.apply(tf.constant(rows, tf.float64), (6,))
    np.testing.assert_allclose(found, (rows - mean) / deviation, rtol=1e-4, atol=1e-6)
    assert found.dtype == tf.float32


@pytest.mark.parametrize("dtype", ["int32", "int64", "float64"])
def test_preprocessing_keeps_the_differences_of_large_numbers(dtype):
    seconds = 1_700_000_000 + np.arange(4).reshape(4, 1)
    standard = Preprocessing(dtype=dtype, offset=seconds.mean(), scale=1 / seconds.std())
    found = standard.apply(tf.constant(seconds.astype(dtype)), (1,))
    np.testing.assert_allclose(found, (seconds - seconds.mean()) / seconds.std(), rtol=1e-6)
    assert found.dtype == tf.float32


def test_preprocessing_scales_and_shapes_raw_images():
    images = np.arange(24, dtype="uint8").reshape(2, 3, 4)
    pixels = Preprocessing(shape=(3, 4), dtype="uint8", scale=1 / 255)
    assert pixels.spec((12,)) == tf.TensorSpec((None, 3, 4), tf.uint8, name="x")
    found = pixels.apply(tf.constant(images), (3, 4, 1))
    np.testing.assert_allclose(found, images[..., np.newaxis] / 255, rtol=1e-6)


def test_preprocessing_cuts_values_beyond_the_range_and_refuses_infinite_ones():
    unit = Preprocessing(offset=1.0, scale=0.5, clip=(0, 1))
    found = unit.apply(tf.constant([[0.0, 2.0, 9.0]]), (3,))
    np.testing.assert_allclose(found, [[0.0, 0.5, 1.0]])
    for value in (np.inf, np.nan):
        with pytest.raises(tf.errors.InvalidArgumentError, match="`x` must not hold NaN"):
            unit.apply(tf.constant([[value]]), (1,))


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"clip": (1, 0)}, "`clip` must be two numbers in order"),
        ({"clip": 1.0}, "`clip` must be two numbers in order"),
        ({"dtype": "string"}, "`dtype` must be one of"),
        ({"shape": (0, 3)}, r"`shape\[0\]` must be an integer of at least 1"),
        ({"scale": np.inf}, "`scale` must be finite"),
        ({"offset": [0.0, np.nan]}, "`offset` must be finite"),
    ],
)
def test_bad_preprocessing_is_refused(arguments, rule):
    with pytest.raises(ValueError, match=f"{rule}.*Received: "):
        Preprocessing(**arguments)


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"version": 0}, "`version` must be an integer of at least 1"),
        ({"version": "1"}, "`version` must be an integer of at least 1"),
        ({"warmup": np.zeros((2, 5))}, r"`warmup` must hold samples of shape \(6,\)"),
        ({"warmup": np.zeros((0, 6))}, r"`warmup` must hold samples of shape \(6,\)"),
        ({"warmup": np.full((2, 6), np.nan)}, "`warmup` must not hold NaN"),
        ({"warmup": np.zeros((2, 6), complex)}, "`warmup` must hold requests, float32"),
        ({"example": np.zeros(5)}, r"`example` must hold samples of shape \(6,\)"),
        ({"columns": ["a"]}, "`columns` must name each of the 6 values of a sample"),
        ({"preprocess": Preprocessing(shape=(7,))}, r"as many values as a sample .*\(6,\)"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(model, tmp_path, options, rule):
    with pytest.raises(ValueError, match=f"{rule}.*Received: "):
        export_for_serving(model, tmp_path / "digits", **options)
    assert not (tmp_path / "digits").exists()


def test_names_that_a_server_cannot_take_are_refused(model, tmp_path):
    with pytest.raises(
        ValueError, match=r"`directory` must have a name.*Received: directory='my digits'"
    ):
        export_for_serving(model, tmp_path / "my digits")


def test_a_model_without_weights_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`model` must be built.*Received: CM without weights"):
        export_for_serving(tiny_model("CM"), tmp_path / "digits")


def test_an_ensemble_is_refused(tmp_path):
    ensemble = CMEnsemble(seeds=(0, 1), n_clusters=3)
    ensemble.build((None, 6))
    with pytest.raises(ValueError, match=r"of an ensemble, export a member.*\(None, 2, 3\)"):
        export_for_serving(ensemble, tmp_path / "digits")
    assert names(tmp_path / "digits") == []


def test_warm_up_without_its_protos_names_the_extra(model, rows, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    with pytest.raises(ImportError, match=r"pip install 'tfclust\[serving\]'"):
        export_for_serving(model, tmp_path / "digits", warmup=rows)
    assert not (tmp_path / "digits").exists()
