"""Data sets that scikit-learn ships."""

import numpy as np

from tfclust.datasets.checksums import array_sha256
from tfclust.datasets.dataset import Dataset

DESCRIPTIONS = {
    "digits": "1,797 handwritten digits, 8 x 8 grey images of 17 levels, 10 classes",
    "iris": "150 irises, 4 measures of the flower, 3 species",
    "wine": "178 Italian wines, 13 chemical measures, 3 cultivars",
    "breast_cancer": "569 breast masses (Wisconsin, diagnostic), 30 measures, 2 classes",
}


def read(name):
    """Returns a set of `DESCRIPTIONS` as scikit-learn stores it."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    x, y = bunch.get("images", bunch.data), bunch.target.astype(np.int64)
    return Dataset(
        x=x,
        y=y,
        name=name,
        n_classes=len(bunch.target_names),
        sha256=array_sha256(x, y),
        scale="raw",
        pixel_max=16.0 if name == "digits" else 1.0,
    )
