"""Data sets in `.npz` files, each checked against the manifest that the package ships."""

import functools
import json
import os
from importlib import resources
from pathlib import Path

import numpy as np

from tfclust.datasets.checksums import file_sha256
from tfclust.datasets.dataset import Dataset

ENVIRONMENT_VARIABLE = "TFCLUST_DATA_DIR"


@functools.cache
def manifest():
    """Returns what is known of every file: name -> file, sha256, shape, source, licence, ..."""
    text = resources.files("tfclust.datasets").joinpath("manifest.json").read_text("utf-8")
    return json.loads(text)


def find(name, data_dir=None):
    """Returns the path of a set's file, or None where there is none.

    Args:
        name: Name of the set. A set that comes in no file is never found.
        data_dir: Folder to look in; None for that of the environment variable TFCLUST_DATA_DIR.

    Raises:
        FileNotFoundError: The folder does not exist, so that a misspelt one starts no download.
    """
    folder, origin = _folder(data_dir)
    if folder is None or name not in manifest():
        return None
    file = manifest()[name]["file"]
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{origin} must be an existing folder, to look for {file} in. Received: {str(folder)!r}"
        )
    path = folder / file
    return path if path.is_file() else None


def describe_search(name, data_dir=None):
    """Returns a sentence that says where `find` looked for a set's file."""
    if name not in manifest():
        return "It comes in no file."
    file = manifest()[name]["file"]
    folder, origin = _folder(data_dir)
    if folder is None:
        return (
            f"The file {file} was looked for in no folder: neither `data_dir` nor the environment "
            f"variable {ENVIRONMENT_VARIABLE} is set."
        )
    return (
        f"The file {file} is not in {str(folder)!r}, the folder of {origin} (`data_dir`, or else "
        f"the environment variable {ENVIRONMENT_VARIABLE}, names it)."
    )


def read(name, path):
    """Returns the set in the file at `path`, as stored.

    Raises:
        ValueError: The file's SHA-256 is not that of the manifest.
    """
    entry = manifest()[name]
    received = file_sha256(path)
    if received != entry["sha256"]:
        raise ValueError(
            f"{str(path)!r} must have the SHA-256 {entry['sha256']} of the published {name!r}. "
            f"Received: sha256={received}"
        )
    with np.load(path, allow_pickle=False) as arrays:
        x, y = _samples(arrays), arrays["y"]
    return Dataset(
        x=x,
        y=y.astype(np.int64),
        name=name,
        n_classes=entry["n_classes"],
        sha256=received,
        n_train=entry["n_train"],
        scale="raw",
        pixel_max=255.0 if x.dtype == np.uint8 else 1.0,
    )


def _folder(data_dir):
    """The folder to look in and what named it; None where nothing did."""
    if data_dir is not None:
        return Path(data_dir).expanduser(), "`data_dir`"
    folder = os.environ.get(ENVIRONMENT_VARIABLE)
    return (Path(folder).expanduser() if folder else None), ENVIRONMENT_VARIABLE


def _samples(arrays):
    if "x" in arrays:
        return arrays["x"]
    from scipy.sparse import csr_matrix

    parts = arrays["x_data"], arrays["x_indices"], arrays["x_indptr"]
    return csr_matrix(parts, shape=tuple(arrays["x_shape"].tolist()))
