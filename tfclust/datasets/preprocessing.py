"""The named ways to scale a data set."""

import math

import numpy as np

SCALES = (
    *(None, "raw", "binary"),
    *("max", "rms", "fiftieths", "sqrt_dim", "minmax", "max_abs", "standard", "l2"),
)

_DENSE_ONLY = ("minmax", "standard")


def check_scale(scale, sparse=False):
    """Raises ValueError where `scale` is none of `SCALES`, or needs dense data and gets none."""
    if scale not in SCALES:
        raise ValueError(f"`scale` must be one of {SCALES}. Received: scale={scale!r}")
    if sparse and scale in _DENSE_ONLY:
        raise ValueError(
            f"`scale` must not be one of {_DENSE_ONLY} for sparse data, whose zeros they would "
            f"fill; take another, or make the data dense first. Received: scale={scale!r}"
        )


def rescale(x, scale, pixel_max=1.0):
    """Scales data in the way that `scale` names.

    - `None`: the usual form, `x / pixel_max` in float32; every way but "raw" starts from it.
    - `"raw"`: untouched, in the stored type.
    - `"binary"`: 1 where the usual form is above a half, else 0.
    - `"max"`: divided by the largest value of all, as AE-CM does with pendigits (100).
    - `"rms"`: divided by the root of the mean square of all values, which then is 1, as DEC's paper
      has `1/d ||x_i||^2` near 1.
    - `"fiftieths"`: pixels of 0 to 255 divided by 50, the usual form times 5.1, as the code of DEC,
      IDEC and DCN does with MNIST, whose mean square then is 2.9.
    - `"sqrt_dim"`: times `sqrt(d)`, `d` the number of features, as DEC does with REUTERS-10K: rows
      of unit length then have a mean square of 1.
    - `"minmax"`: each feature shifted and scaled to [0, 1]; a constant feature to 0.
    - `"max_abs"`: each feature divided by its largest magnitude, so that zeros stay; for features
      that start at 0, as counts and tf-idf do, the same as "minmax", and possible for sparse data.
    - `"standard"`: each feature to mean 0 and variance 1; a constant feature to 0.
    - `"l2"`: each row to unit length; a row of zeros stays.

    Args:
        x: Array `(n, ...)` or CSR matrix `(n, d)`; left as it is.
        scale: One of `SCALES`.
        pixel_max: Largest value that a pixel can take; 1 for data that are no pixels.

    Returns:
        The data in the shape of `x`; float32, CSR where `x` is. With `"raw"`, `x` itself.

    Raises:
        ValueError: If `scale` is unknown, or is `"minmax"` or `"standard"` and `x` is sparse.

    Example:
        >>> import numpy as np
        >>> from tfclust.datasets.preprocessing import rescale
        >>> rescale(np.array([[3.0, 4.0], [0.0, 2.0]]), "l2")
        array([[0.6, 0.8],
               [0. , 1. ]], dtype=float32)

    Reference:
        "max": Boubekki et al. 2021, Joint optimization of an autoencoder for clustering and
        embedding, the authors' code. "rms", "fiftieths" and "sqrt_dim": Xie et al. 2016,
        Unsupervised deep embedding for clustering analysis, the text and the authors' code.
    """
    check_scale(scale, sparse=hasattr(x, "tocsr"))
    if scale == "raw":
        return x
    x = x.astype(np.float32)  # a copy, so the steps below may work in place
    x /= np.float32(pixel_max)
    if scale is None:
        return x
    if scale == "binary":
        return (x > 0.5).astype(np.float32)
    if scale == "max":
        x /= x.max() or 1.0  # data of zeros stay
        return x
    if scale == "rms":
        x /= np.float32(root_mean_square(x)) or 1.0
        return x
    if scale == "fiftieths":
        x *= np.float32(255 / 50)
        return x
    if scale == "sqrt_dim":
        x *= np.float32(math.sqrt(math.prod(x.shape[1:])))
        return x
    rows = x.reshape(x.shape[0], -1)
    return _scaler(scale).fit_transform(rows).reshape(x.shape)


def root_mean_square(x):
    """Root of the mean square of all values of an array or a CSR matrix, in float64."""
    values = x.data if hasattr(x, "tocsr") else x
    return math.sqrt(np.square(values, dtype=np.float64).sum() / math.prod(x.shape))


def _scaler(scale):
    from sklearn import preprocessing

    scalers = {
        "minmax": preprocessing.MinMaxScaler,
        "max_abs": preprocessing.MaxAbsScaler,
        "standard": preprocessing.StandardScaler,
        "l2": preprocessing.Normalizer,
    }
    return scalers[scale](copy=False)
