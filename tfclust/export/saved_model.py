"""Writes a trained model for TensorFlow Serving."""

import keras
import numpy as np
import tensorflow as tf

from tfclust.export.preprocessing import Preprocessing
from tfclust.export.serving_export import (
    ServingExport,
    check_request,
    write_client_files,
    write_server_files,
)
from tfclust.export.signatures import signatures
from tfclust.export.versions import check_place, write_version
from tfclust.export.warmup import check_rows, serving_protos, write_requests
from tfclust.layers.convolution_kernels import portable_kernels


def export_for_serving(
    model, directory, version=None, warmup=None, *, preprocess=None, columns=None, example=None
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
    Beside the versions stand `models.config` and `batching.config`, which the server's command
    reads, written where they are missing, so that they may be edited; and what a client needs of
    the latest version: `columns.json`, the names and the scaling of what a request holds,
    `request.json`, a request to try, `response.json`, its answer, and `request.npy`, the same
    request for `saved_model_cli`.

    Args:
        model: a trained `ClusteringModel`.
        directory: of all versions of the model; its name is the model's on the server: letters,
            digits, `_`, `-` and `.`.
        version: integer of at least 1; None takes the one after the largest that there is.
        warmup: None, or some rows of requests: the server answers them by itself before it takes
            those of clients, so that the first client does not wait. Needs the extra `serving`.
        preprocess: `Preprocessing` of requests, such as of raw pixels; None takes what the model
            takes, in float32.
        columns: None, or names of the values of a sample, in the order of a request.
        example: None, or a sample as a request has it, which `request.json` asks for; None takes
            the first of `warmup`, and zeros without one.

    Returns:
        `ServingExport`: the path, the version, and the commands; `print` shows them.

    Raises:
        ValueError: the model is not built or its rows have more than one membership a cluster,
            the version is there already, those before it take samples of another size, `warmup` or
            `example` is no request, or `columns` are more or fewer than its values.
        ImportError: `warmup` is given, and tensorflow-serving-api is missing.

    Example:

    ```python
    import numpy as np
    from tfclust.export import export_for_serving
    from tfclust.models import CM

    x = np.random.default_rng(0).normal(size=(300, 2))
    model = CM(n_clusters=3, seed=0)
    model.compile(jit_compile=False)
    model.fit(x, epochs=5)
    print(export_for_serving(model, "serving/points", columns=["width", "height"], example=x[0]))
    ```

    Known limits: the checks of values that need a pass over all data, such as of raw pixels where
    the model was trained on scaled ones, are not in the SavedModel.
    """
    directory = check_place(directory, version)
    _check_built(model)
    preprocess = preprocess or Preprocessing()
    found = signatures(model, preprocess)
    cluster, (spec,) = found["serving_default"]
    _check_columns(columns, spec)
    check_request(directory, spec.shape[1:])
    if warmup is not None:
        protos, warmup = serving_protos(), check_rows("warmup", warmup, spec)
    if example is not None:
        request = check_rows("example", np.asarray(example)[np.newaxis], spec)
    else:
        request = _zeros(spec) if warmup is None else warmup[:1]

    def write(folder):
        _write_saved_model(found, folder)
        if warmup is not None:
            requests = {name: {"x": warmup} for name in found if name != "generate"}
            if "generate" in found:
                requests["generate"] = model.generator_inputs()
            write_requests(folder, directory.name, requests, protos)

    path = write_version(directory, version, write)
    answer = {name: output.numpy() for name, output in cluster(tf.constant(request)).items()}
    write_server_files(directory)
    write_client_files(path, request, answer, columns, preprocess.describe())
    inputs = {name: [spec.name for spec in specs] for name, (_, specs) in found.items()}
    return ServingExport(path, inputs)


def _zeros(spec):
    return np.zeros([1, *(size or 1 for size in spec.shape[1:])], spec.dtype.as_numpy_dtype)


def _write_saved_model(found, folder):
    archive = keras.export.ExportArchive()
    with portable_kernels():  # the server may have another processor
        for name, (function, specs) in found.items():
            archive.add_endpoint(name, function, input_signature=specs)
        archive.write_out(str(folder), verbose=False)


def _check_columns(columns, spec):
    count = spec.shape[1:].num_elements()
    if columns is not None and len(columns) != count:
        raise ValueError(
            f"`columns` must name each of the {count} values of a sample. "
            f"Received: {len(columns)} names"
        )


def _check_built(model):
    if not getattr(model, "built", False):
        raise ValueError(
            "`model` must be built: trained, loaded, or `model.build((None, features))` called. "
            f"Received: {type(model).__name__} without weights"
        )
