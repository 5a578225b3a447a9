"""Points in the plane, drawn from fixed seeds."""

import numpy as np

from tfclust.checks import check_integer
from tfclust.datasets.checksums import array_sha256
from tfclust.datasets.dataset import Dataset
from tfclust.randomness import check_seed

DESCRIPTIONS = {
    "five_gaussians": "2,000 points in the plane from five Gaussians that overlap",
    "circles": "500 points on two noisy circles, one inside the other",
    "moons": "500 points on two noisy half circles, interleaved",
    "varied": "500 points from three round blobs of unequal spread",
    "aniso": "500 points from three blobs, sheared",
    "blobs": "500 points from three round blobs of equal spread",
    "no_structure": "500 points spread evenly over a square, without classes",
}

_MEANS = np.array([[0.0, 0.0], [4.0, 1.0], [1.0, 4.5], [-4.0, 2.0], [-2.0, -4.0]])
_COVARIANCES = np.array(
    [
        [[1.4, 0.0], [0.0, 1.4]],
        [[2.0, 0.4], [0.4, 1.0]],
        [[1.2, 0.0], [0.0, 1.2]],
        [[1.0, -0.4], [-0.4, 2.0]],
        [[1.7, 0.3], [0.3, 1.2]],
    ]
)
_WEIGHTS = np.array([0.25, 0.2, 0.2, 0.2, 0.15])
_SHEAR = np.array([[0.6, -0.6], [-0.4, 0.8]])


def five_gaussians(n_samples=2000, seed=0):
    """Draws points from a mixture of five bivariate Gaussians and standardises them.

    `p(x) = sum_k phi_k N(x; mu_k, Sigma_k)`, `K = 5`. The paper shows its mixture in a picture
    only, so weights, means and covariances are a choice made here: one component in the middle
    of four, weights from 0.15 to 0.25, round and tilted covariances, spread so that the middle
    overlaps its neighbours and no method can recover the labels exactly.

    Args:
        n_samples: Number of points, at least 2.
        seed: Seed of the draw, an integer from 0 to 2**32 - 1.

    Returns:
        The points, float32 `(n_samples, 2)` of mean 0 and variance 1 in each coordinate, and the
        component of each, int64 `(n_samples,)`.

    Raises:
        ValueError: If `n_samples` is not an integer of at least 2, or `seed` is no seed.

    Example:
        >>> from tfclust.datasets.synthetic import five_gaussians
        >>> x, y = five_gaussians()
        >>> x.shape, y.shape
        ((2000, 2), (2000,))

    Reference:
        Boubekki et al. 2021, Joint optimization of an autoencoder for clustering and embedding,
        Sect. 4.1 and Fig. 1. Known limitation: not the paper's points, so its figures on them
        can be compared in order, not in value.
    """
    n_samples = check_integer("n_samples", n_samples, minimum=2)
    # RandomState's stream is frozen: every NumPy version draws the same points.
    random = np.random.RandomState(check_seed(seed))
    y = random.choice(len(_WEIGHTS), size=n_samples, p=_WEIGHTS)
    factors = np.linalg.cholesky(_COVARIANCES)[y]
    x = _MEANS[y] + np.einsum("nij,nj->ni", factors, random.standard_normal((n_samples, 2)))
    return _standardised(x), y.astype(np.int64)


def cluster_comparison(name, n_samples=500):
    """Draws one of the six toy sets of scikit-learn's comparison of clusterings, standardised.

    Args:
        name: `"circles"`, `"moons"`, `"varied"`, `"aniso"`, `"blobs"` or `"no_structure"`.
        n_samples: Number of points, at least 2; the example draws 500.

    Returns:
        The points, float32 `(n_samples, 2)` of mean 0 and variance 1 in each coordinate, and the
        class of each, int64 `(n_samples,)`, or None for `"no_structure"`.

    Raises:
        ValueError: If `name` is not one of the six or `n_samples` not an integer of at least 2.

    Example:
        >>> from tfclust.datasets.synthetic import cluster_comparison
        >>> x, y = cluster_comparison("moons", n_samples=1500)
        >>> x.shape, y.shape
        ((1500, 2), (1500,))

    Reference:
        scikit-learn, example "Comparing different clustering algorithms on toy datasets"
        (`plot_cluster_comparison`), whose generators and seeds these are.
    """
    from sklearn.datasets import make_blobs, make_circles, make_moons

    n = check_integer("n_samples", n_samples, minimum=2)
    generators = {
        "circles": lambda: make_circles(n, factor=0.5, noise=0.05, random_state=30),
        "moons": lambda: make_moons(n, noise=0.05, random_state=30),
        "varied": lambda: make_blobs(n, cluster_std=[1.0, 2.5, 0.5], random_state=170),
        "aniso": lambda: make_blobs(n, random_state=170),
        "blobs": lambda: make_blobs(n, random_state=30),
        "no_structure": lambda: (np.random.RandomState(30).rand(n, 2), None),
    }
    if name not in generators:
        raise ValueError(f"`name` must be one of {list(generators)}. Received: name={name!r}")
    x, y = generators[name]()
    if name == "aniso":
        x = x @ _SHEAR
    return _standardised(x), None if y is None else y.astype(np.int64)


def read(name):
    """Returns a set of `DESCRIPTIONS` at its usual size."""
    x, y = five_gaussians() if name == "five_gaussians" else cluster_comparison(name)
    return Dataset(
        x=x,
        y=y,
        name=name,
        n_classes=1 if y is None else int(y.max()) + 1,
        sha256=array_sha256(x, y),
        scale="raw",
    )


def _standardised(x):
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(x).astype(np.float32)
