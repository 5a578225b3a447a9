"""What an export leaves behind, and the commands that serve it."""

import dataclasses
import json
import math
import shlex
from pathlib import Path

import numpy as np

COLUMNS = "columns.json"
MODELS_CONFIG = """\
model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
  }}
}}
"""
BATCHING_CONFIG = """\
max_batch_size { value: 256 }
batch_timeout_micros { value: 1000 }
max_enqueued_batches { value: 1000 }
"""


@dataclasses.dataclass(frozen=True)
class ServingExport:
    """A version of a served model, as `export_for_serving` wrote it; `print` shows how to serve it.

    Attributes:
        path: `pathlib.Path` of the SavedModel, `<directory>/<version>`.
        signatures: dict, name of a signature -> names of its inputs.
    """

    path: Path
    signatures: dict

    @property
    def version(self):
        """The version, an int."""
        return int(self.path.name)

    @property
    def name(self):
        """The model's name on the server: the name of its directory."""
        return self.path.parent.name

    @property
    def docker_run(self):
        """The command that serves the latest version, gRPC on port 8500 and REST on 8501."""
        inside = f"/models/{self.name}"
        return " ".join(
            (
                "docker run --rm -p 8500:8500 -p 8501:8501 -v",
                shlex.quote(f"{self.path.parent}:{inside}"),
                "tensorflow/serving",
                shlex.quote(f"--model_config_file={inside}/models.config"),
                "--enable_batching",
                shlex.quote(f"--batching_parameters_file={inside}/batching.config"),
            )
        )

    @property
    def curl(self):
        """The command that asks the server for the clusters of the sample in `request.json`."""
        request = shlex.quote(f"@{self.path.parent / 'request.json'}")
        return f"curl -d {request} http://localhost:8501/v1/models/{self.name}:predict"

    @property
    def check(self):
        """The command that asks the SavedModel itself, with TensorFlow and without a server."""
        request = shlex.quote(f"x={self.path.parent / 'request.npy'}")
        return (
            f"saved_model_cli run --dir {shlex.quote(str(self.path))} --tag_set serve "
            f"--signature_def serving_default --inputs {request}"
        )

    def __str__(self):
        asked = ", ".join(f"{name}({', '.join(i)})" for name, i in self.signatures.items())
        return (
            f"Version {self.version} of {self.name} is in {self.path}\n"
            f"Signatures: {asked}\n"
            f"Check it, without a server:\n  {self.check}\n"
            f"Serve it:\n  {self.docker_run}\n"
            f"Ask it, for the answer in {self.path.parent / 'response.json'}:\n  {self.curl}"
        )


def write_server_files(directory):
    """Writes what the server's command reads, where it is missing.

    Args:
        directory: `pathlib.Path` of all versions of a model.
    """
    for name, text in (
        ("models.config", MODELS_CONFIG.format(name=directory.name)),
        ("batching.config", BATCHING_CONFIG),
    ):
        if not (directory / name).exists():
            (directory / name).write_text(text)


def check_request(directory, shape):
    """Raises ValueError where the versions of `directory` take samples of more or fewer values.

    A server takes the next version as soon as it is there, and its clients go on as before.
    """
    path = directory / COLUMNS
    served = json.loads(path.read_text(encoding="utf-8"))["shape"] if path.exists() else shape
    if None not in shape and math.prod(served) != math.prod(shape):
        raise ValueError(
            "`directory` must be of one model, whose versions all take samples of as many values, "
            f"of shape {tuple(served)}. Received: a model of samples of shape {tuple(shape)}"
        )


def write_client_files(version, request, answer, columns, description):
    """Writes what a client needs of the latest version.

    Args:
        version: `pathlib.Path` of it.
        request: array of one sample, `(1, ...)`.
        answer: dict, name of an output -> array `(1, ...)`.
        columns: names of the values of a sample, or None.
        description: of requests, plain JSON.
    """
    directory = version.parent
    np.save(directory / "request.npy", request)
    contents = {
        "request.json": {"instances": [{"x": request[0].tolist()}]},
        "response.json": {"predictions": [{name: out[0].tolist() for name, out in answer.items()}]},
        COLUMNS: {
            "version": int(version.name),
            "columns": None if columns is None else list(columns),
            "shape": list(request.shape[1:]),
            **description,
        },
    }
    for name, content in contents.items():
        (directory / name).write_text(json.dumps(content) + "\n", encoding="utf-8")
