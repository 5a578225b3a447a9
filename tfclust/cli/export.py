"""`tfclust export`: the trained model for TensorFlow Serving."""

import importlib.util
import sys

import numpy as np

from tfclust.cli.messages import UserError, user_errors
from tfclust.cli.plan import takes_unit_range
from tfclust.cli.run_folder import RunFolder
from tfclust.export.versions import check_place
from tfclust.startup import start_tensorflow

OF_WHOLE_ROWS = ("l2", "text", "counts")
FAR = 100  # deviations from 0 at which float32 keeps five digits of one


def run(arguments):
    """Writes a version, and prints how to serve it; returns the exit status."""
    folder = RunFolder(arguments.run)
    record = folder.read_finished()
    with user_errors():
        check_place(arguments.to, arguments.version)
    requests = _requests(record)
    examples = np.load(folder.examples).astype(requests["dtype"], copy=False)
    if arguments.warmup and importlib.util.find_spec("tensorflow_serving") is None:
        raise UserError("--warmup needs tensorflow-serving-api: pip install 'tfclust[serving]'")
    start_tensorflow()
    training = importlib.import_module("tfclust.cli.training")
    export = importlib.import_module("tfclust.export")
    with user_errors():
        print(
            export.export_for_serving(
                training.load(folder),
                arguments.to,
                version=arguments.version,
                warmup=examples if arguments.warmup else None,
                preprocess=export.Preprocessing(**requests),
                columns=record["data"]["columns"],
                example=examples[0],
            )
        )
    note = _left_to_clients(record["data"])
    if note:
        print(f"Note: {note}", file=sys.stderr)
    return 0


def _left_to_clients(data):
    """A sentence on what was done to the data when they were read, which no server does."""
    changed = [*data["known"]["categories"], *data["known"]["units"]]
    left = [f"text (such as in {changed[0]!r})"] if changed else []
    left += ["missing values"] if data["options"]["missing"] else []
    if not left:
        return ""
    return (
        "the server takes only numbers, in the order of columns.json. Before a request, replace "
        f"{' and '.join(left)} as the run did: `known` in run.json holds its categories and medians"
    )


def _requests(record):
    """Arguments of `Preprocessing`: the server takes samples as the file has them."""
    scaling, pixel_max = record["scaling"], record["data"]["pixel_max"]
    if scaling["scale"] in OF_WHOLE_ROWS:
        raise UserError(
            "a served model cannot scale rows by their own length or sum: fit with another "
            f"--scale. Received: a run scaled as {scaling['scale']}"
        )
    shape = tuple(record["data"]["shape"][1:])
    shift = _in_shape(scaling["shift"] or 0.0, shape)
    divisor = _in_shape(scaling["divisor"] or 1.0, shape)
    return {
        "shape": shape,
        "dtype": "uint8" if pixel_max > 1 else _request_dtype(record),
        "offset": shift * pixel_max,
        "scale": 1 / (divisor * pixel_max),
        "clip": (0.0, 1.0) if takes_unit_range(record["plan"]) else None,
    }


def _request_dtype(record):
    """The type of a request: that of the data where float32 would lose what the scaling keeps."""
    shift, divisor = record["scaling"]["shift"], record["scaling"]["divisor"]
    if shift is None or np.max(np.abs(shift) / np.array(divisor)) < FAR:
        return "float32"
    return record["data"]["dtype"]


def _in_shape(numbers, shape):
    """One number, or a number for each value of a sample, in its shape."""
    numbers = np.array(numbers)
    return numbers.reshape(shape) if numbers.ndim else numbers
