"""Starts of clusters: labels and centroids before the joint objective."""

import warnings

import numpy as np

from tfclust.checks import check_choice, check_cluster_ids, check_integer, value_range
from tfclust.inputs import dense
from tfclust.randomness import check_seed

SMALLEST_VARIANCE = 1e-7  # of data up to 1: rows on their centroids have rounding errors too
SMALLEST_SHARE = 0.1  # of an even one: a component of less is none of a start
COVARIANCE_FLOOR = 1e-4  # that a mixture adds to its variances, as a share of those of the data
FITTED_ROWS = 20_000  # of a mixture: more make its few numbers no surer
LARGEST_MAP = 15  # dimensions of a manifold's map: neighbours in more are no better kept


def kmeans(x, n_clusters, seed, n_init=20, max_iter=300):
    """Centroids `(n_clusters, d)` and labels `(n,)` of the best of `n_init` k-means++ starts.

    Args:
        x: array or CSR matrix `(n, d)`.
        n_clusters: how many.
        seed: int from 0 to 2**32 - 1.
        n_init: starts; 20 is what the AE-CM authors' code takes on codes.
        max_iter: iterations of each start; with `n_init=1`, 1 is the k-means++ start of CM in that
            code.
    """
    from sklearn.cluster import KMeans

    check_seed(seed)
    check_integer("n_init", n_init, 1)
    check_integer("max_iter", max_iter, 1)
    fitted = KMeans(n_clusters, n_init=n_init, max_iter=max_iter, random_state=seed).fit(x)
    return fitted.cluster_centers_, fitted.labels_


def isotropic_mixture(x, n_clusters, seed, n_init=20):
    """The mixture of Gaussians of one variance that k-means finds, the likeliest of `n_init`.

    K-means itself prefers clusters of one size: of its local optima, the one of least inertia may
    cut a large cluster in two and leave a small, distant one without a centroid. Here the starts
    are compared by how likely the rows are in their clusters, which have a share pi_k each and a
    variance v in common: by the least of `d / 2 log v - sum_k pi_k log pi_k`. Where fewer rows than
    clusters are distinct, centroids coincide.

    Args:
        x: array or CSR matrix `(n, d)`.
        n_clusters: K.
        seed: int from 0 to 2**32 - 1.
        n_init: starts, by k-means++, at least 1.

    Returns:
        Centroids `(K, d)`; the variance v of a feature within a cluster, above 0; and the shares
        `(K,)`, none of which is 0.

    Raises:
        ValueError: `n_init` is below 1, or `seed` is no seed.

    Example:

    >>> from tfclust.pretraining import isotropic_mixture
    >>> centroids, variance, shares = isotropic_mixture([[0.0], [0.1], [9.0]], 2, seed=0)
    >>> sorted(shares.round(1).tolist())
    [0.4, 0.6]

    Reference: Celeux, Govaert, Gaussian parsimonious clustering models, 1995, model [lambda I].
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    check_seed(seed)
    check_integer("n_init", n_init, 1)
    x = x if hasattr(x, "tocsr") else np.asarray(x)
    scale = max(map(abs, value_range(x))) or 1.0
    x = x / scale  # squares of what is very large have no place in float32
    best = None
    for start in np.random.RandomState(seed).randint(np.iinfo("int32").max, size=n_init):
        with warnings.catch_warnings():  # of rows that coincide: their clusters may, too
            warnings.simplefilter("ignore", ConvergenceWarning)
            found = KMeans(n_clusters, n_init=1, random_state=start).fit(x)
        sizes = np.bincount(found.labels_, minlength=n_clusters)
        shares = (sizes + 1) / (len(found.labels_) + n_clusters)
        variance = max(found.inertia_ / (x.shape[0] * x.shape[1]), SMALLEST_VARIANCE)
        badness = x.shape[1] / 2 * np.log(variance) - np.sum(shares * np.log(shares))
        if best is None or badness < best[0]:
            best = badness, found.cluster_centers_, variance, shares
    _, centroids, variance, shares = best
    return centroids.astype("float64") * scale, variance * scale**2, shares


def diagonal_mixture(x, n_clusters, seed, n_init=10):
    """The mixture of diagonal Gaussians that is the likeliest of `n_init` starts of EM.

    Each start is k-means with one k-means++ seeding. A start with a component of less than a tenth
    of a cluster's even share, `0.1 / n_clusters`, is refused: such a component stands on a few rows
    that lie together, and what is trained from there leaves it empty. Where all are refused, the
    one whose smallest component is largest is taken, with a warning.

    Args:
        x: array `(n, d)`.
        n_clusters: int, K.
        seed: int from 0 to 2**32 - 1.
        n_init: int of at least 1, starts; 10 by default.

    Returns:
        Means `(K, d)`; variances `(K, d)`, above 0; shares `(K,)`, above 0.

    Raises:
        ValueError: `n_init` is below 1, or `seed` is no seed.

    Example:

    >>> from tfclust.pretraining import diagonal_mixture
    >>> means, variances, shares = diagonal_mixture([[0.0], [0.2], [9.0], [9.2]], 2, seed=0)
    >>> sorted(means[:, 0].round(1).tolist())
    [0.1, 9.1]
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    check_seed(seed)
    check_integer("n_init", n_init, 1)
    x = np.asarray(x, dtype="float64")
    scale = max(map(abs, value_range(x))) or 1.0  # so that the least variance fits any data
    fitted = []
    for start in np.random.RandomState(seed).randint(np.iinfo("int32").max, size=n_init):
        with warnings.catch_warnings():  # of rows that coincide: their components may, too
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture = GaussianMixture(n_clusters, covariance_type="diag", random_state=start)
            fitted.append(mixture.fit(x / scale))
    least = SMALLEST_SHARE / n_clusters
    sound = [mixture for mixture in fitted if mixture.weights_.min() >= least]
    if sound:
        best = max(sound, key=lambda mixture: mixture.lower_bound_)
    else:
        best = max(fitted, key=lambda mixture: mixture.weights_.min())
        tiny = np.flatnonzero(best.weights_ < least)
        warnings.warn(
            f"Each of {n_init} mixtures has a component of less than {least:.2%} of the rows; "
            "training may leave it empty. That of the largest such is taken, where it is "
            f"{', '.join(map(str, tiny))} of {n_clusters}",
            stacklevel=2,
        )
    shares = np.maximum(best.weights_, SMALLEST_VARIANCE)
    return best.means_ * scale, best.covariances_ * scale**2, shares / shares.sum()


def mixture_start(x, n_clusters, seed, n_init=5):
    """Means and labels of the likeliest of several mixtures of Gaussians, each with its covariance.

    Clusters may differ in size, extent and direction, which k-means does not allow for. Each start
    is that of k-means.

    Args:
        x: array `(n, d)`, such as codes; a start takes time and memory of K d**2.
        n_clusters: K.
        seed: int from 0 to 2**32 - 1.
        n_init: starts, at least 1, of which the likeliest is kept.

    Returns:
        Means `(K, d)` and labels `(n,)`.

    Raises:
        ValueError: `n_init` is below 1, or `seed` is no seed.

    Example:

    >>> from tfclust.pretraining import mixture_start
    >>> x = [[0.0, 0.0], [0.1, 0.0], [0.0, 0.1], [9.0, 9.0], [9.1, 9.0], [9.0, 9.1]]
    >>> _, labels = mixture_start(x, 2, seed=0)
    >>> bool(labels[0] == labels[2] != labels[3] == labels[5])
    True
    """
    fitted = gaussian_mixture(x, n_clusters, seed, n_init)
    return fitted.means_, fitted.predict(x)


def gaussian_mixture(x, n_clusters, seed, n_init=5, covariance="full", ridge=COVARIANCE_FLOOR):
    """scikit-learn's mixture of Gaussians, the likeliest of several starts by k-means.

    Of more than 20,000 rows it is fitted to as many, which the seed draws.

    Args:
        x: array `(n, d)`.
        n_clusters, seed, n_init: see `mixture_start`.
        covariance: "full", "tied", "diag" or "spherical".
        ridge: float above 0, what is added to the variances, as a share of the mean variance of a
            column: 1e-4 by default, which keeps covariances regular.

    Returns:
        A fitted `sklearn.mixture.GaussianMixture`.

    Raises:
        ValueError: see `mixture_start`.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    check_seed(seed)
    check_integer("n_init", n_init, 1)
    x = np.asarray(x, "float64")
    if len(x) > FITTED_ROWS:
        x = x[np.random.RandomState(seed).choice(len(x), FITTED_ROWS, replace=False)]
    mixture = GaussianMixture(
        n_clusters,
        covariance_type=covariance,
        n_init=n_init,
        reg_covar=max(ridge * x.var(axis=0).mean(), SMALLEST_VARIANCE),
        max_iter=200,
        random_state=seed,
    )
    with warnings.catch_warnings():  # a start that goes on after 200 iterations is a start, too
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(x)


def manifold_start(x, n_clusters, seed, n_neighbors=20, n_init=5, metric="euclidean"):
    """Means and labels by a mixture of Gaussians on a UMAP of the rows.

    The map keeps who is whose neighbour and lets go of the distances: clusters of any shape become
    compact. See `manifold` and `mixture_start`.

    Args:
        x: array `(n, d)`, such as codes.
        n_clusters, seed, n_init: see `mixture_start`.
        n_neighbors, metric: see `manifold`.

    Returns:
        Means of the rows of each cluster, `(K, d)`, and labels `(n,)`.

    Raises:
        ImportError: umap-learn is not installed.
        ValueError: see `mixture_start`.

    Reference: McConville, Santos-Rodriguez, Piechocki, Craddock, N2D: (not too) deep clustering via
    clustering the local manifold of an autoencoded embedding, 2019.
    """
    places = manifold(x, n_clusters, seed, n_neighbors, metric)
    _, labels = mixture_start(places, n_clusters, seed, n_init)
    return cluster_means(x, labels, n_clusters), labels


def manifold(x, n_components, seed, n_neighbors=20, metric="euclidean"):
    """UMAP of the rows, with neighbours drawn close together (a least distance of 0).

    Args:
        x: array `(n, d)`.
        n_components: int, dimensions of the map; at most 15 of them, and fewer than the rows.
        seed: int from 0 to 2**32 - 1: the map is the same again, and computed on one thread.
        n_neighbors: int of at least 2, neighbours of a row that its place is drawn to.
        metric: how far rows are from one another, "euclidean", or "cosine" for text.

    Returns:
        Array `(n, n_components)`, float32.

    Raises:
        ImportError: umap-learn is not installed.
        ValueError: an argument is out of its range.

    Reference: McInnes, Healy, Melville, UMAP: uniform manifold approximation and projection for
    dimension reduction, 2018.
    """
    check_seed(seed)
    check_integer("n_components", n_components, 1)
    check_integer("n_neighbors", n_neighbors, 2)
    n_rows = x.shape[0]
    map_ = umap_class()(
        n_neighbors=min(n_neighbors, n_rows - 1),
        min_dist=0.0,
        n_components=max(1, min(n_components, LARGEST_MAP, n_rows - 2)),
        metric=metric,
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():  # of rows that are nobody's neighbour, and of its own making
        warnings.simplefilter("ignore")
        return np.asarray(map_.fit_transform(x), "float32")


def umap_class():
    """`umap.UMAP`.

    Raises:
        ImportError: umap-learn is not installed; names the extra.
    """
    try:
        from umap import UMAP
    except ImportError as error:
        raise ImportError(
            'A manifold start needs umap-learn: pip install "tfclust[manifold]"'
        ) from error
    return UMAP


def cluster_means(x, labels, n_clusters):
    """Mean of the rows of each cluster, `(K, d)`, float64; of an empty one, that of all rows.

    Args:
        x: array or CSR matrix `(n, d)`.
        labels: integers `(n,)` from 0 to K - 1.
        n_clusters: K.
    """
    from scipy.sparse import csr_matrix

    n = x.shape[0]
    members = csr_matrix((np.ones(n), (labels, np.arange(n))), shape=(n_clusters, n))
    sizes = np.asarray(members.sum(axis=1))
    sums = members @ x
    sums = dense(sums).astype("float64")
    return np.where(sizes > 0, sums / np.maximum(sizes, 1), np.asarray(x.mean(axis=0)))


def labelled_mixture(x, labels, n_clusters):
    """What `isotropic_mixture` gives, of clusters that are known.

    Args:
        x: array `(n, d)`, such as codes.
        labels: integers `(n,)` from 0 to K - 1.
        n_clusters: K.
    """
    centroids = cluster_means(x, labels, n_clusters)
    errors = np.square(np.asarray(x, "float64") - centroids[labels])
    shares = (np.bincount(labels, minlength=n_clusters) + 1) / (len(labels) + n_clusters)
    return centroids, max(errors.mean(), SMALLEST_VARIANCE), shares


STARTS = {"kmeans": kmeans, "mixture": mixture_start, "manifold": manifold_start}


def check_start(start, x, n_clusters):
    """Returns a start that `find_start` takes, before anything is trained for it.

    Raises:
        ImportError: "manifold", and umap-learn is not installed.
        ValueError: another name, or labels that are none of the rows'.
    """
    if not isinstance(start, str):
        return check_cluster_ids(start, x, n_clusters)
    if check_choice("start", start, STARTS) == "manifold":
        umap_class()
    return start


def find_start(start, codes, n_clusters, seed, n_init=20):
    """Centroids and labels of codes, by a start of that name, or of labels that are given.

    Args:
        start: "kmeans", "mixture" or "manifold", or labels `(n,)`, integers from 0 to K - 1.
        codes: array `(n, p)`.
        n_clusters: K.
        seed: int from 0 to 2**32 - 1.
        n_init: starts of k-means or of the mixture.

    Returns:
        Centroids `(K, p)` and labels `(n,)`.

    Raises:
        ImportError, ValueError: see `check_start`.
    """
    start = check_start(start, codes, n_clusters)
    if isinstance(start, str):
        return STARTS[start](codes, n_clusters, seed, n_init=n_init)
    return cluster_means(codes, start, n_clusters), start
