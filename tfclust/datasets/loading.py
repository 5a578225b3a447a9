"""The one way to every data set."""

import dataclasses

from tfclust.datasets import bundled, downloads, files, synthetic
from tfclust.datasets.preprocessing import check_scale, rescale

_SPARSE = frozenset({"twenty_newsgroups", "rcv1_10k", "rcv1"})


def names():
    """Returns every name that `load` takes, with a short description.

    Returns:
        A dict, name -> description.

    Example:
        >>> from tfclust.datasets import names
        >>> names()["iris"]
        '150 irises, 4 measures of the flower, 3 species'
    """
    of_files = {name: entry["description"] for name, entry in files.manifest().items()}
    return of_files | downloads.DESCRIPTIONS | bundled.DESCRIPTIONS | synthetic.DESCRIPTIONS


def load(name, data_dir=None, scale=None, flatten=False):
    """Loads a data set by name, the same rows in the same order every time.

    A set is read from its `.npz` file where there is one, after its SHA-256 was compared with the
    published one; or comes with scikit-learn; or is drawn from a fixed seed; or else is downloaded
    by tensorflow-datasets or scikit-learn, which keep it in their own folders.

    Args:
        name: One of `names()`.
        data_dir: Folder of the `.npz` files; None for that of the environment variable
            TFCLUST_DATA_DIR.
        scale: Preprocessing, see `tfclust.datasets.preprocessing.rescale`: None (pixels to
            [0, 1], all else as stored), `"raw"`, `"binary"`, `"max"`, `"rms"`, `"fiftieths"`,
            `"sqrt_dim"`, `"minmax"`, `"max_abs"`, `"standard"` or `"l2"`.
        flatten: Whether images come as rows, `(n, d)`, and not as `(n, height, width)`.

    Returns:
        A `Dataset`. `x` is float32, unless `scale="raw"`; text stays a sparse CSR matrix.

    Raises:
        ValueError: If `name` or `scale` is unknown, `scale` needs dense data and the set is
            sparse, or the file is not the published one.
        FileNotFoundError: If there is no file and no download, or no such folder.

    Example:
        >>> from tfclust.datasets import load
        >>> digits = load("digits", flatten=True)
        >>> digits.x.shape, digits.x.dtype, digits.n_classes
        ((1797, 64), dtype('float32'), 10)

    Known limitation: tensorflow-datasets has its own order of rows, so the downloaded `"mnist"`
    and `"fashion_mnist"` have the images of the files in another order, and another SHA-256.
    """
    if name not in names():
        raise ValueError(f"`name` must be one of {sorted(names())}. Received: name={name!r}")
    check_scale(scale, sparse=name in _SPARSE)
    stored = _read(name, data_dir)
    x = rescale(stored.x, scale, stored.pixel_max)
    if flatten:
        x = x.reshape(x.shape[0], -1)
    return dataclasses.replace(stored, x=x, scale=scale)


def _read(name, data_dir):
    for source in (bundled, synthetic):
        if name in source.DESCRIPTIONS:
            return source.read(name)
    path = files.find(name, data_dir)
    if path is not None:
        return files.read(name, path)
    try:
        return downloads.fetch(name)
    except downloads.DownloadError as error:
        raise FileNotFoundError(
            f"No data for {name!r}. {files.describe_search(name, data_dir)} {error}"
        ) from error
