"""An exported model gives the Python model's numbers to programs that have none of our code."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tiny_models

import tfclust
from benchmarks.c_loader import CLoader
from tfclust.export import export_for_serving
from tfclust.models import ClusteringModel


@pytest.fixture(scope="module")
def replayed(all_served):
    """Has the requests to all models answered in one fresh process, which cannot import tfclust."""
    for served in all_served.values():
        arrays = {
            f"{request}/{signature}/{name}": array
            for request, (signature, inputs, _) in served.questions.items()
            for name, array in inputs.items()
        }
        np.savez(served.folder / "requests.npz", **arrays)
    program = Path(__file__).parent / "replay.py"
    folders = [str(served.folder) for served in all_served.values()]
    subprocess.run([sys.executable, "-I", str(program), *folders], check=True)


def assert_answers(answers, expected, tolerance):
    assert answers.keys() == expected.keys()
    for name, value in expected.items():
        assert answers[name].dtype == value.dtype
        np.testing.assert_allclose(answers[name], value, rtol=tolerance, atol=tolerance)


def test_every_model_of_the_package_is_tried():
    clustering = {
        name for name in tfclust._MODELS if issubclass(getattr(tfclust, name), ClusteringModel)
    }
    assert set(tiny_models.SETTINGS) == clustering


def test_a_fresh_python_process_gives_the_numbers(served, replayed):
    with np.load(served.folder / "answers.npz") as answers:
        for request, (_, _, expected) in served.questions.items():
            got = {name: answers[f"{request}/{name}"] for name in expected}
            assert_answers(got, expected, served.tolerance)


def test_a_c_program_gives_the_numbers(served, loader_program):
    with CLoader(loader_program, served.export.path) as loader:
        for signature, inputs, expected in served.questions.values():
            assert_answers(loader.run(signature, inputs), expected, served.tolerance)


def test_warm_up_requests_give_the_numbers(served, tmp_path):
    prediction_log = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    export = export_for_serving(
        served.model,
        tmp_path / "model",
        warmup=served.requests,
        preprocess=served.preprocess,
    )
    loaded = tf.saved_model.load(str(export.path))
    expected = {signature: (i, o) for signature, i, o in served.questions.values()}
    records = tf.data.TFRecordDataset(
        str(export.path / "assets.extra" / "tf_serving_warmup_requests")
    )
    replayed = []
    for record in records.as_numpy_iterator():
        request = prediction_log.PredictionLog.FromString(record).predict_log.request
        signature = request.model_spec.signature_name
        assert request.model_spec.name == "model"
        inputs = {name: tf.make_ndarray(proto) for name, proto in request.inputs.items()}
        for name, array in expected[signature][0].items():
            np.testing.assert_array_equal(inputs[name], array)
        answers = loaded.signatures[signature](**{n: tf.constant(a) for n, a in inputs.items()})
        answers = {name: output.numpy() for name, output in answers.items()}
        assert_answers(answers, expected[signature][1], served.tolerance)
        replayed.append(signature)
    assert replayed == list(served.export.signatures)


def test_wrong_requests_are_refused_with_the_reason(served, loader_program):
    x = served.requests
    floats = x.astype("float64")
    refused = {
        "is not compatible with expected shape": x[:, :3],
        "expected shape": x[..., np.newaxis],
        "is provided": floats,
    }
    if x.dtype.kind == "f":
        refused["`x` must not hold NaN or infinite values"] = np.full_like(x, np.nan)
    with CLoader(loader_program, served.export.path) as loader:
        for signature in ("serving_default", "embed", "reconstruct"):
            for reason, wrong in refused.items():
                with pytest.raises(RuntimeError, match=reason):
                    loader.run(signature, {"x": wrong})
        with pytest.raises(RuntimeError, match="inputs are not those of the signature"):
            loader.run("embed", {"images": x})
        if "memberships" in served.export.signatures.get("generate", ()):
            with pytest.raises(RuntimeError, match=r"must sum to 1\. Received: sums\] \[2 2 2"):
                loader.run("generate", {"memberships": 2 * np.eye(3, dtype="float32")})
        assert loader.run("embed", {"x": x})  # a refused request ends nothing
