"""Writes a trained model for TensorFlow Serving."""

import json

import keras
import numpy as np

from tfclust.export.preprocessing import Preprocessing
from tfclust.export.serving_export import BATCHING_CONFIG, MODELS_CONFIG, ServingExport
from tfclust.export.signatures import signatures
from tfclust.export.versions import check_place, write_version
from tfclust.export.warmup import check_rows, serving_protos, write_requests


def export_for_serving(
    model, directory, version=None, warmup=None, *, preprocess=None, verbose=True
):
    """Writes a model as the next version of what TensorFlow Serving serves from `directory`.

    A version is a SavedModel, `directory/<version>/`, that needs none of this package. Its
    signatures take batches of any size:

    - `serving_default`: `x` -> `cluster` (int64), `membership` (float32, rows sum to 1) and
      `embedding`
    - `embed`: `x` -> `embedding`
    - `reconstruct`: `x` -> `reconstruction`, in the shape and range of the model's samples
    - `generate`, of models that generate: their inputs, such as `memberships` -> `generated`

    It is written under a name that servers ignore and then renamed, so no server sees half of it.
    `models.config` and `batching.config`, which the server's command reads, are written beside the
    versions where they are missing, and may be edited; `request.json` is a request to try.

    Args:
        model: a trained `ClusteringModel`.
        directory: of all versions of the model; its name is the model's on the server: letters,
            digits, `_`, `-` and `.`.
        version: integer of at least 1; None takes the one after the largest that there is.
        warmup: None, or some rows of requests: the server answers them by itself before it takes
            those of clients, so that the first client does not wait. Needs the extra `serving`.
        preprocess: `Preprocessing` of requests, such as of raw pixels; None takes what the model
            takes, in float32.
        verbose: whether to print the commands that serve the model and ask it.

    Returns:
        `ServingExport`: the path, the version, and the commands.

    Raises:
        ValueError: the model is not built or its rows have more than one membership a cluster,
            the version is there already, or `warmup` holds no requests.
        ImportError: `warmup` is given, and tensorflow-serving-api is missing.

    Example:

    ```python
    export = export_for_serving(model, "serving/digits", warmup=x[:32])
    print(export.docker_run)
    ```

    Known limits: the checks of values that need a pass over all data, such as of raw pixels where
    the model was trained on scaled ones, are not in the SavedModel.
    """
    directory = check_place(directory, version)
    _check_built(model)
    preprocess = preprocess or Preprocessing()
    found = signatures(model, preprocess)
    spec = found["serving_default"][1][0]
    if warmup is not None:
        protos, warmup = serving_protos(), check_rows(warmup, spec)

    def write(folder):
        _write_saved_model(found, folder)
        if warmup is not None:
            requests = {name: {"x": warmup} for name in found if name != "generate"}
            if "generate" in found:
                requests["generate"] = model.generator_inputs()
            write_requests(folder, directory.name, requests, protos)

    path = write_version(directory, version, write)
    example = _zeros(spec) if warmup is None else warmup[0]
    _write_server_files(directory, example)
    inputs = {name: [spec.name for spec in specs] for name, (_, specs) in found.items()}
    export = ServingExport(path, inputs)
    if verbose:
        print(export)
    return export


def _zeros(spec):
    return np.zeros([size or 1 for size in spec.shape[1:]], spec.dtype.as_numpy_dtype)


def _write_saved_model(found, folder):
    archive = keras.export.ExportArchive()
    for name, (function, specs) in found.items():
        archive.add_endpoint(name, function, input_signature=specs)
    archive.write_out(str(folder), verbose=False)


def _write_server_files(directory, sample):
    for name, text in (
        ("models.config", MODELS_CONFIG.format(name=directory.name)),
        ("batching.config", BATCHING_CONFIG),
    ):
        if not (directory / name).exists():
            (directory / name).write_text(text)
    request = {"instances": [{"x": sample.tolist()}]}
    (directory / "request.json").write_text(json.dumps(request))


def _check_built(model):
    if not getattr(model, "built", False):
        raise ValueError(
            "`model` must be built: trained, loaded, or `model.build((None, features))` called. "
            f"Received: {type(model).__name__} without weights"
        )
