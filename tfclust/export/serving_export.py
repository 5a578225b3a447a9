"""What an export leaves behind, and the commands that serve it."""

import dataclasses
import shlex
from pathlib import Path

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

    def __str__(self):
        asked = ", ".join(f"{name}({', '.join(i)})" for name, i in self.signatures.items())
        return (
            f"Version {self.version} of {self.name} is in {self.path}\n"
            f"Signatures: {asked}\n"
            f"Serve it:\n  {self.docker_run}\n"
            f"Ask it:\n  {self.curl}"
        )
