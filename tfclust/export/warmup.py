"""Requests that a server answers by itself before it takes those of clients."""

import numpy as np
import tensorflow as tf


def serving_protos():
    """The module of TensorFlow Serving's messages that logs of requests are made of.

    Raises:
        ImportError: tensorflow-serving-api is missing.
    """
    try:
        from tensorflow_serving.apis import prediction_log_pb2
    except ImportError as error:
        raise ImportError(
            "`warmup` needs tensorflow-serving-api: pip install 'tfclust[serving]'"
        ) from error
    return prediction_log_pb2


def check_rows(name, rows, spec):
    """Returns the argument `name`, `rows`, as an array of requests of `spec`.

    Raises:
        ValueError: another shape or kind of numbers, no row, or values that are not finite.
    """
    rows = np.asarray(rows)
    dtype = spec.dtype.as_numpy_dtype
    if not len(rows.shape) or not rows.size or not spec.shape.is_compatible_with(rows.shape):
        raise ValueError(
            f"`{name}` must hold samples of shape {tuple(spec.shape[1:])}. "
            f"Received: samples of shape {rows.shape[1:]}"
        )
    if not np.can_cast(rows.dtype, dtype, "same_kind"):
        raise ValueError(
            f"`{name}` must hold requests, {spec.dtype.name}. "
            f"Received: {name} of dtype {rows.dtype}"
        )
    rows = rows.astype(dtype)
    if rows.dtype.kind == "f" and not np.all(np.isfinite(rows)):
        raise ValueError(f"`{name}` must not hold NaN or infinite values. Received: some of them")
    return rows


def write_requests(version, name, requests, protos):
    """Writes warm-up requests into the folder of a version, where TensorFlow Serving looks.

    Args:
        version: `pathlib.Path` of a SavedModel.
        name: of the model on the server.
        requests: dict, name of a signature -> dict of its inputs, arrays.
        protos: what `serving_protos` returns.
    """
    folder = version / "assets.extra"
    folder.mkdir()
    with tf.io.TFRecordWriter(str(folder / "tf_serving_warmup_requests")) as file:
        for signature, inputs in requests.items():
            log = protos.PredictionLog()
            request = log.predict_log.request
            request.model_spec.name = name
            request.model_spec.signature_name = signature
            for key, array in inputs.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(array))
            file.write(log.SerializeToString())
