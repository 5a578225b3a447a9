"""How many clusters, where no one knows."""

import reprlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from tqdm import tqdm

from tfclust.checks import check_count, check_data, check_integer
from tfclust.inputs import dense
from tfclust.randomness import run_seeds
from tfclust.recipes import find_recipe
from tfclust.selection import CRITERIA, Criterion
from tfclust.tuning.objectives import LABEL_FREE, median, median_of_known
from tfclust.tuning.training import train
from tfclust.tuning.unimodality import merge_unimodal

AUTO = range(2, 13)
BIC = Criterion("bic", "Bayesian information criterion of a mixture, of a row", "min")
KNOWN = {**CRITERIA, BIC.name: BIC}
COMPARED = ("bic", "stability", "silhouette")  # what can be compared between K
ROWS_SEEN, DIMENSIONS_SEEN = 2000, 20
DRAWS, SHARE_DRAWN = 5, 0.7  # of the rows, whose clusters must agree
COVARIANCES = ("full", "tied", "diag", "spherical")
SMALLEST_VARIANCE = 1e-3  # of a mixture's cluster, as a share of that of a column
FALLING = ("reconstruction", "distortion")
SAME_PLACE = 0.1  # share of the largest distance of centroids below which two count as one


@dataclass(frozen=True)
class NumberOfClusters:
    """Fits over a range of K, and what each says of it.

    Args:
        candidates: the K, rising.
        criteria: name of a criterion -> its median over the runs of each K; NaN for none.
        merged: how many clusters are left of the largest K where those that are one are merged: see
            `choose_n_clusters` and `count_clusters`; None for a model without centroids.
    """

    candidates: tuple[int, ...]
    criteria: Mapping[str, Sequence[float]]
    merged: int | None

    @property
    def scores(self):
        """K -> the mean, over the criteria that can be compared between K, of how good it is.

        Of each criterion the best K has 1, the worst 0, and one without a value 0.
        """
        goodness = [
            -np.array([KNOWN[name].badness(value) for value in self.criteria[name]])
            for name in COMPARED
            if name in self.criteria
        ]
        means = np.mean([_scaled(values) for values in goodness], axis=0)
        return dict(zip(self.candidates, means.tolist(), strict=True))

    @property
    def pick(self):
        """The K of the best score."""
        return self._ranked[0]

    @property
    def runner_up(self):
        """The K of the second best score."""
        return self._ranked[1]

    @property
    def _ranked(self):
        scores = self.scores
        return sorted(scores, key=lambda k: -scores[k])

    def words(self):
        """The pick, the runner-up and what should make one doubt, in a sentence."""
        low, high = self.candidates[0], self.candidates[-1]
        scores = self.scores
        text = (
            f"{self.pick} clusters, of {low} to {high} that were looked at (score "
            f"{scores[self.pick]:.2f}); the runner-up is {self.runner_up} "
            f"({scores[self.runner_up]:.2f})"
        )
        if self.merged == 1:
            text += f"; merging from {high} leaves 1: the clusters overlap, or there are none"
        elif self.merged is not None:
            text += f"; merging from {high} leaves {self.merged}"
        if self.pick == high:
            text += f"; there may be more than {high}"
        return text

    def to_json(self):
        """Plain JSON; `NumberOfClusters(**...)` takes it. A criterion without a value is None."""
        criteria = {
            name: [None if value is None or np.isnan(value) else value for value in values]
            for name, values in self.criteria.items()
        }
        return {"candidates": list(self.candidates), "criteria": criteria, "merged": self.merged}

    @property
    def picks(self):
        """Name of a criterion -> its best K; without those errors that fall as K rises."""
        return {
            name: self.candidates[int(np.argmin([KNOWN[name].badness(value) for value in values]))]
            for name, values in self.criteria.items()
            if name not in FALLING
        }

    @property
    def elbow(self):
        """The K at which the reconstruction error bends: the farthest below the curve's chord.

        None where no errors are known.
        """
        if "reconstruction" not in self.criteria:
            return None
        errors = np.asarray(self.criteria["reconstruction"])
        known = np.isfinite(errors)
        candidates, errors = np.array(self.candidates)[known], errors[known]
        across = (candidates - candidates[0]) / max(1, np.ptp(candidates))
        chord = errors[0] + across * (errors[-1] - errors[0])
        return int(candidates[np.argmax(chord - errors)])

    @property
    def _marked(self):
        elbow = {} if self.elbow is None else {"reconstruction": self.elbow}
        return {**self.picks, **elbow}

    def table(self):
        """Every criterion over K, as text; a star marks what each picks."""
        picks = self._marked
        head = ("K", *self.criteria)
        lines = [
            (
                str(k),
                *(
                    f"{values[i]:.4g}{'*' if picks.get(name) == k else ' '}"
                    for name, values in self.criteria.items()
                ),
            )
            for i, k in enumerate(self.candidates)
        ]
        widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
        shown = (
            "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in (head, *lines)
        )
        merged = f"\nmerging from K = {self.candidates[-1]} leaves {self.merged}"
        return "\n".join(shown) + (merged if self.merged is not None else "")

    def plot(self):
        """Draws every criterion over K in a panel of its own, and what it picks as a dashed line.

        Returns:
            `matplotlib.figure.Figure`.
        """
        from matplotlib.figure import Figure

        from tfclust import plots

        picks = self._marked
        figure = Figure(figsize=(2.8 * len(self.criteria), 2.8), layout="constrained")
        panels = figure.subplots(1, len(self.criteria), squeeze=False)[0]
        for ax, (name, values) in zip(panels, self.criteria.items(), strict=True):
            words = name.replace("_", " ")
            plots.curves(self.candidates, {name: values}, "clusters", "", ax=ax)
            ax.get_legend().remove()
            title = words
            if name in picks:
                ax.axvline(picks[name], color="0.5", linestyle="--")
                title = f"{words}: {'elbow' if name == 'reconstruction' else 'pick'} {picks[name]}"
            ax.set_title(title, fontsize=9)
        return figure


def choose_n_clusters(
    model, x, candidates, *, settings=None, seeds_per_candidate=3, seed=0, epochs=None, verbose=True
):
    """Fits a model over a range of K and shows every criterion over K.

    L_sp, entropy and loss fall or rise with K by themselves, so read their curves; silhouette,
    Calinski-Harabasz and stability can be compared between K. One more estimate is the model's own
    merging (the term E_3 of CM and AE-CM, Fig. 11): of the runs with the largest K, the median
    number of places that centroids of clusters with rows take, two within a tenth of the largest
    distance between centroids being one.

    Args:
        model: name of a recipe, such as "cm", a model's class, or a `tfclust.recipes.Recipe`.
        x: array `(n, ...)` or CSR matrix `(n, d)`.
        candidates: two or more numbers of clusters.
        settings: dict of arguments of the constructor, and `learning_rate`, in place of the
            recipe's or besides; `n_clusters`, as a search settles it, is not used. None.
        seeds_per_candidate: runs of each K.
        seed: int from which the seeds of the runs follow.
        epochs: of each training; None takes the recipe's.
        verbose: whether to show a progress bar.

    Returns:
        `NumberOfClusters`.

    Raises:
        ValueError: fewer than two candidates, or bad data or settings.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust.tuning import choose_n_clusters

    x = load_iris().data

    settings = {"alpha": 20.0, "batch_size": 30}
    found = choose_n_clusters("cm", x, range(2, 5), settings=settings, epochs=20)
    print(found.table())
    found.picks["silhouette"]
    ```

    Reference: Boubekki, Kampffmeyer, Brefeld, Jenssen, Joint optimization of an autoencoder for
    clustering and embedding, Machine Learning 110, 2021, Fig. 4 and Fig. 11.

    Known limits: the settings are those of one K; alpha is relative to the batch, not to K. The
    Dirichlet prior works against merging, the more so the larger alpha.
    """
    candidates = check_candidates(candidates, x.shape[0])
    check_integer("seeds_per_candidate", seeds_per_candidate, 1)
    check_count("epochs", epochs)
    seeds = run_seeds(seed, seeds_per_candidate)
    fixed = {name: value for name, value in (settings or {}).items() if name != "n_clusters"}
    recipe = find_recipe(model).changed(fixed, epochs=epochs)
    x = check_data(x, min_rows=candidates[-1])
    values = {name: [] for name in LABEL_FREE}
    for k in tqdm(candidates, desc="numbers of clusters", unit="K", disable=not verbose):
        runs = train(recipe.changed(n_clusters=k), x, seeds)
        for name, column in values.items():
            value = median_of_known([run.criteria[name] for run in runs])
            column.append(np.nan if value is None else value)
    known = {name: column for name, column in values.items() if np.isfinite(column).any()}
    return NumberOfClusters(tuple(candidates), known, _merged(runs))


def count_clusters(x, candidates="auto", seed=0, verbose=False):
    """How many clusters rows have, before a model is trained on them.

    For each K a Gaussian mixture says how likely the rows are for its number of parameters (BIC;
    of clusters that are spheres, or ellipsoids alike, along the axes or any, the best), k-means on
    five draws of seven tenths of the rows how stable the clusters are, and k-means on all of them
    how far apart (silhouette). The pick has the best mean of the three. Besides, clusters of the
    largest K are merged while their union is one heap by the dip test.

    Args:
        x: array `(n, ...)` or CSR matrix `(n, d)`: rows as a model is to see them, or codes. Of
            more than 2000 rows, 2000 are looked at, and of more than 20 columns the first 20
            principal components.
        candidates: two or more numbers of clusters, or "auto", 2 to 12, and at most a tenth of the
            rows.
        seed: int from 0 to 2**32 - 1.
        verbose: whether to show a progress bar.

    Returns:
        `NumberOfClusters`.

    Raises:
        ValueError: fewer than two candidates, or bad data.

    Example:

    >>> import numpy as np
    >>> from tfclust.tuning import count_clusters
    >>> labels = np.arange(150) % 3
    >>> x = np.array([[0, 0], [9, 0], [0, 9]])[labels]
    >>> found = count_clusters(x + np.random.default_rng(0).normal(size=x.shape), range(2, 6))
    >>> found.pick, found.merged
    (3, 3)

    Reference: Fraley, Raftery, Model-based clustering, discriminant analysis, and density
    estimation, JASA 97, 2002 (BIC). Ben-Hur, Elisseeff, Guyon, A stability based method for
    discovering structure in clustered data, PSB 2002.

    Known limits: clusters that overlap count as one, and long or bent ones as several. K = 1 is no
    candidate: `merged` says where it is likely.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    x = check_data(x, min_rows=2)
    candidates = check_candidates(candidates, x.shape[0])
    points = _points(x, seed)
    values = {name: [] for name in COMPARED}
    # Of rows that are alike, or EM that goes on; and threads that would wait for each other.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        for k in tqdm(candidates, desc="numbers of clusters", unit="K", disable=not verbose):
            labels = _kmeans(points, k, seed).labels_
            values["bic"].append(_bic(points, k, seed))
            values["stability"].append(_stability(points, k, seed))
            values["silhouette"].append(_silhouette(points, labels))
    merged = len(np.unique(merge_unimodal(points, labels)))
    return NumberOfClusters(candidates, values, merged)


def check_candidates(candidates, n_rows):
    """Candidates as a tuple of rising ints of at least 2; see `count_clusters`.

    Raises:
        ValueError: there are fewer than two, or more clusters than rows.
    """
    if isinstance(candidates, str) and candidates == "auto":
        if n_rows < AUTO[1]:
            raise ValueError(
                f"`x` must have at least {AUTO[1]} rows, whose number of clusters is to be found. "
                f"Received: {n_rows} rows"
            )
        candidates = [k for k in AUTO if k <= max(3, n_rows // 10)]
    if isinstance(candidates, (str, Integral)) or not hasattr(candidates, "__iter__"):
        candidates = [candidates]
    found = sorted({check_integer("candidates", k, 2) for k in candidates})
    if len(found) < 2:
        raise ValueError(
            "`candidates` must hold two or more numbers of clusters. "
            f"Received: candidates={reprlib.repr(candidates)}"
        )
    if found[-1] > n_rows:
        raise ValueError(
            f"`candidates` must be at most the number of rows, {n_rows}. "
            f"Received: candidates={reprlib.repr(found)}"
        )
    return tuple(found)


def _scaled(goodness):
    """The values between 0, the worst, and 1, the best; 0 for those that are not finite."""
    known = np.isfinite(goodness)
    low, high = goodness[known].min(), goodness[known].max()
    return np.where(known, 1.0 - (high - goodness) / ((high - low) or 1.0), 0.0)


def _points(x, seed):
    """Rows of `x` that are looked at, in few dimensions, float64."""
    from sklearn.decomposition import PCA

    rows = np.unique(np.linspace(0, x.shape[0] - 1, ROWS_SEEN).astype(int))
    seen = x[rows]
    seen = dense(seen).reshape(len(rows), -1)
    seen = seen.astype("float64")
    if seen.shape[1] <= DIMENSIONS_SEEN:
        return seen
    return PCA(min(DIMENSIONS_SEEN, len(rows)), random_state=seed).fit_transform(seen)


def _kmeans(points, k, seed):
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=5, random_state=seed).fit(points)


def _bic(points, k, seed):
    from sklearn.mixture import GaussianMixture

    least = SMALLEST_VARIANCE * points.var(axis=0).mean() or 1.0
    found = [
        GaussianMixture(k, covariance_type=name, reg_covar=least, random_state=seed).fit(points)
        for name in COVARIANCES
    ]
    return float(min(mixture.bic(points) for mixture in found) / len(points))


def _stability(points, k, seed):
    """Mean ARI of the clusters that k-means finds in different draws of the rows."""
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    n_drawn = max(k, int(SHARE_DRAWN * len(points)))
    drawn = [rng.choice(len(points), n_drawn, replace=False) for _ in range(DRAWS)]
    found = [_kmeans(points[rows], k, seed).predict(points) for rows in drawn]
    pairs = [(one, other) for i, one in enumerate(found) for other in found[:i]]
    return float(np.mean([adjusted_rand_score(*pair) for pair in pairs]))


def _silhouette(points, labels):
    from sklearn.metrics import silhouette_score

    if not 1 < len(np.unique(labels)) < len(labels):
        return np.nan
    return float(silhouette_score(points, labels))


def _merged(runs):
    """The median number of places that centroids of clusters with rows take."""
    if not hasattr(runs[0].model, "centroids"):
        return None
    return round(median([_places(run.model.centroids(), run.sizes) for run in runs]))


def _places(centroids, sizes):
    used = centroids[np.array(sizes) > 0]
    if len(used) < 2:
        return len(used)
    distances = np.linalg.norm(centroids[:, np.newaxis] - centroids, axis=-1)
    groups = fcluster(linkage(used, "single"), SAME_PLACE * distances.max(), "distance")
    return len(set(groups))
