"""The data of an experiment."""

from __future__ import annotations

from collections.abc import Iterable

from reproduce.errors import UserError
from tfclust import datasets
from tfclust.datasets import files


def load(name: str, data_dir=None, scale: str | None = None) -> datasets.Dataset:
    """Return a dataset, images flat.

    Args:
        name: A name in `tfclust.datasets.names()`.
        data_dir: Folder of the data, or None for the environment's.
        scale: See `tfclust.datasets.load`.

    Raises:
        UserError: There is neither a file nor a download, or the file is not the published one.

    Example:
        >>> from reproduce.data import load
        >>> load("digits").x.shape
        (1797, 64)
    """
    try:
        return datasets.load(name, data_dir, scale=scale, flatten=True)
    except (OSError, ValueError) as error:
        raise UserError(str(error)) from error


def look_for(names: Iterable[str], data_dir=None) -> None:
    """Make sure of datasets before any work: a file is found, and what has none is fetched.

    Raises:
        UserError: One of them has neither a file nor a download.
    """
    for name in dict.fromkeys(names):
        try:
            found = files.find(name, data_dir)
        except FileNotFoundError as error:
            raise UserError(str(error)) from error
        if found is None:
            load(name, data_dir)
