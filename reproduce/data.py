"""The data of an experiment."""

from __future__ import annotations

from reproduce.errors import UserError
from tfclust import datasets


def load(name: str, data_dir=None, scale: str | None = None) -> datasets.Dataset:
    """Return a dataset, images flat.

    Args:
        name: A name in `tfclust.datasets.names()`.
        data_dir: Folder of the data, or None for the environment's.
        scale: See `tfclust.datasets.load`.

    Raises:
        UserError: There is neither a file nor a download.

    Example:
        >>> from reproduce.data import load
        >>> load("digits").x.shape
        (1797, 64)
    """
    try:
        return datasets.load(name, data_dir, scale=scale, flatten=True)
    except FileNotFoundError as error:
        raise UserError(str(error)) from error
