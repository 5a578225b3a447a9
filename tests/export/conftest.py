"""Exported models, and the numbers that their signatures must give."""

import dataclasses
import functools
from pathlib import Path

import numpy as np
import pytest
import tiny_models

from benchmarks.c_loader import compile_loader
from tfclust.export import Preprocessing, ServingExport, export_for_serving
from tfclust.models import MIXAE, ClusteringModel
from tfclust.processor import bfloat16_runs

PIXELS = Preprocessing(shape=(8, 4), dtype="uint8", scale=1 / 255)
BATCHES = (1, 5, 37)
EXPORTED = (
    *tiny_models.SETTINGS,
    *(["AECM in bfloat16"] if bfloat16_runs() else []),
    "MIXAE on pixels",
)


@dataclasses.dataclass
class Served:
    """A trained model, its export, and what both are asked.

    Attributes:
        samples: what the model takes, `(37, ...)`.
        requests: the same, as clients have it.
        preprocess: how the one becomes the other.
        tolerance: of the numbers: that of float32, or of bfloat16.
    """

    model: ClusteringModel
    export: ServingExport
    samples: np.ndarray
    requests: np.ndarray
    preprocess: Preprocessing
    tolerance: float

    @property
    def folder(self):
        return self.export.path.parents[1]

    @functools.cached_property
    def questions(self):
        """Dict, name of a request -> signature, inputs, and the outputs of the Python model."""
        found, embedding = {}, self.model.embed(self.samples)
        outputs = {
            "serving_default": {
                "cluster": self.model.assign(self.samples),
                "membership": self.model.predict(self.samples, verbose=0),
                "embedding": embedding,
            },
            "embed": {"embedding": embedding},
            "reconstruct": {"reconstruction": self.model.reconstruct(self.samples)},
        }
        for size in BATCHES:
            for signature, expected in outputs.items():
                first = {name: array[:size] for name, array in expected.items()}
                found[f"{signature} {size}"] = (signature, {"x": self.requests[:size]}, first)
        if hasattr(self.model, "generate_batch"):
            inputs = self.model.generator_inputs()
            generated = {"generated": np.asarray(self.model.generate_batch(**inputs))}
            found["generate"] = ("generate", inputs, generated)
        return found


@pytest.fixture(scope="session")
def pixels():
    """37 raw images of 8 x 4 pixels."""
    return np.random.default_rng(0).integers(0, 256, (37, 8, 4), dtype="uint8")


@pytest.fixture(scope="session")
def all_served(tmp_path_factory, rows, pixels):
    """Dict, name of `EXPORTED` -> `Served`."""
    scaled = (pixels / np.float32(255)).reshape(37, 8, 4, 1)
    rows = np.clip(rows, 0.0, 1.0)  # a sigmoid reconstructs no other values
    found = {}
    for name in EXPORTED:
        if name == "MIXAE on pixels":
            model = MIXAE(3, embedding_dim=2, filters=(4,), batch_size=8, seed=0)
            model.compile(jit_compile=False)
            samples, requests, preprocess = scaled, pixels, PIXELS
        else:
            kind, _, precision = name.partition(" in ")
            model = tiny_models.tiny_model(kind, dtype=(precision and f"mixed_{precision}") or None)
            samples, requests, preprocess = rows, rows, Preprocessing()
        model.fit(samples, epochs=2, verbose=0)
        folder = Path(tmp_path_factory.mktemp("served"))
        export = export_for_serving(model, folder / "model", preprocess=preprocess)
        tolerance = 1e-2 if "bfloat16" in name else 1e-5
        found[name] = Served(model, export, samples, requests, preprocess, tolerance)
    return found


@pytest.fixture(scope="session", params=EXPORTED)
def served(request, all_served):
    """Each exported model in turn."""
    return all_served[request.param]


@pytest.fixture(scope="session")
def loader_program(tmp_path_factory):
    """The compiled C program."""
    try:
        return compile_loader(tmp_path_factory.mktemp("c"))
    except FileNotFoundError as error:
        pytest.skip(str(error))
