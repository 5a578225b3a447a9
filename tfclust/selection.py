"""Which of several runs to keep, where there are no labels.

Importing it imports no TensorFlow: a report that chooses among recorded runs does without.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfclust.inputs import dense

SILHOUETTE_ROWS = 1000  # the time that a silhouette takes grows with the square of their number
BATCH_ROWS = 2000


@dataclass(frozen=True)
class Criterion:
    """One criterion.

    Args:
        name: key in `Run.criteria`.
        words: what it measures.
        direction: "min" where lower is better, "max" where higher is.
        compares_settings: whether values of runs of different settings can be compared.

    Example:

    >>> from tfclust.selection import CRITERIA
    >>> CRITERIA["l_sp"].direction
    'min'
    """

    name: str
    words: str
    direction: str
    compares_settings: bool = True

    def badness(self, value):
        """The value as a number of which lower is better; infinite for None and NaN."""
        if value is None or math.isnan(value):
            return math.inf
        return value if self.direction == "min" else -value


CRITERIA = {
    criterion.name: criterion
    for criterion in (
        Criterion("l_sp", "spread of the centroids under the memberships, L_sp", "min"),
        Criterion("reconstruction", "squared error of a reconstruction, unweighted", "min"),
        Criterion("distortion", "L_sp and the reconstruction error, summed", "min"),
        Criterion("membership_entropy", "mean entropy of the memberships of a row", "min"),
        Criterion("stability", "mean ARI with the runs of other seeds", "max"),
        Criterion("silhouette", "silhouette of the codes", "max"),
        Criterion("calinski_harabasz", "Calinski-Harabasz index of the codes", "max"),
        Criterion("loss", "the objective itself, whose weights settings change", "min", False),
    )
}


def find_criterion(name):
    """The criterion of that name.

    Raises:
        ValueError: there is none; lists those there are.
    """
    if name not in CRITERIA:
        raise ValueError(
            f"`criterion` must be one of {', '.join(CRITERIA)}. Received: criterion={name!r}"
        )
    return CRITERIA[name]


@dataclass(frozen=True, eq=False)
class Run:
    """A finished training, as far as a choice among runs looks at it.

    Args:
        criteria: name of a criterion -> its value, None where it has none.
        sizes: rows in each cluster, `(K,)`.
        seed: of the training, or None.
        labels: cluster of each row, `(n,)`, or None.
        model: the trained model, or whatever else the run is to be recognized by.
    """

    criteria: Mapping[str, float | None]
    sizes: tuple[int, ...]
    seed: int | None = None
    labels: np.ndarray | None = None
    model: Any = None

    @property
    def empty_clusters(self):
        """Number of clusters without a row."""
        return sum(size == 0 for size in self.sizes)


def select(runs, criterion, allow_empty=False):
    """The run that a criterion picks, such as that of least reconstruction error.

    The AE-CM paper picks by L_sp (Sections 5.2.4 and 5.3.4), which beats the mean run hardly more
    often than by chance, and the reconstruction error oftener: `reproduce/results/details` counts.

    Args:
        runs: sequence of `Run`, such as `measure` makes.
        criterion: a name in `CRITERIA`.
        allow_empty: False puts runs that leave a cluster empty after all others: with all rows in
            one cluster L_sp, entropy and stability are the best there are. True is the paper's
            rule to the letter.

    Returns:
        A `Run`; of equal ones the first.

    Raises:
        ValueError: there is no run, no such criterion, or no run has a value of it.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust import CM, selection

    x = load_iris().data
    models = [CM(3, alpha=20.0, batch_size=30, seed=seed) for seed in range(3)]
    for model in models:
        model.compile(jit_compile=False)
        model.fit(x, epochs=30, verbose=0)
    best = selection.select(selection.measure(models, x), "reconstruction").model
    ```

    Reference: Boubekki, Kampffmeyer, Brefeld, Jenssen, Joint optimization of an autoencoder for
    clustering and embedding, Machine Learning 110, 2021.
    """
    rule = find_criterion(criterion)
    if not runs:
        raise ValueError("`runs` must hold one run at least. Received: no runs")
    if all(math.isinf(rule.badness(run.criteria.get(criterion))) for run in runs):
        raise ValueError(
            f"`criterion` must be one that the runs have a value of: {', '.join(_given(runs))}. "
            f"Received: criterion={criterion!r}"
        )

    def rank(run):
        last = run.empty_clusters > 0 and not allow_empty
        return last, rule.badness(run.criteria.get(criterion))

    return min(runs, key=rank)


def _given(runs):
    return dict.fromkeys(
        name
        for run in runs
        for name, value in run.criteria.items()
        if value is not None and not math.isnan(value)
    )


def measure(models, x):
    """Every criterion of trained models of one architecture, which differ in their seeds.

    Args:
        models: sequence of `ClusteringModel`.
        x: array `(n, ...)` or CSR matrix `(n, d)`, what they were trained on.

    Returns:
        A list of `Run`, one a model. `l_sp` and `distortion` are None for models without
        centroids, `stability` for a single model, `silhouette` and `calinski_harabasz` where all
        rows lie in one cluster, and `loss` for models that are not compiled.

    Known limits: the silhouette is that of 1000 rows, drawn by a fixed seed; reconstructions and
    codes of all rows are held at once.
    """
    return with_stability([_measured(model, x) for model in models])


def _measured(model, x):
    memberships = model.predict(x, batch_size=BATCH_ROWS, verbose=0)
    return run_of(
        memberships,
        codes=model.embed(x, batch_size=BATCH_ROWS),
        centroids=model.centroids() if hasattr(model, "centroids") else None,
        reconstruction=squared_error(x, model.reconstruct(x, batch_size=BATCH_ROWS)),
        loss=_loss(model, x),
        seed=model.seed,
        model=model,
    )


def _loss(model, x):
    if not model.compiled:
        return None
    return float(model.evaluate(x, verbose=0, return_dict=True)["loss"])


def run_of(memberships, codes, centroids, reconstruction, loss=None, seed=None, model=None):
    """The `Run` of what one training found; its stability is for `with_stability` to say.

    Args:
        memberships: `(n, K)`.
        codes: `(n, p)`, dense or CSR.
        centroids: `(K, p)`, or None.
        reconstruction, loss: values of these criteria.
        seed, model: see `Run`.
    """
    from tfclust.metrics import cluster_sizes, sample_entropy, sparsity_criterion

    labels = np.asarray(memberships).argmax(axis=1)
    l_sp = None if centroids is None else sparsity_criterion(memberships, centroids)
    criteria = {
        "l_sp": l_sp,
        "reconstruction": float(reconstruction),
        "distortion": None if l_sp is None else l_sp + float(reconstruction),
        "membership_entropy": sample_entropy(memberships),
        "stability": None,
        **_geometry(codes, labels),
        "loss": loss,
    }
    sizes = tuple(int(size) for size in cluster_sizes(labels, memberships.shape[1]))
    return Run(criteria, sizes, seed, labels, model)


def _geometry(codes, labels):
    from sklearn.metrics import calinski_harabasz_score, silhouette_score

    rows = _drawn_rows(len(labels))
    return {
        "silhouette": _score(silhouette_score, codes[rows], labels[rows]),
        "calinski_harabasz": _score(calinski_harabasz_score, dense(codes), labels),
    }


def _drawn_rows(n):
    drawn = np.random.default_rng(0).choice(n, min(n, SILHOUETTE_ROWS), replace=False)
    return np.sort(drawn)


def _score(score, codes, labels):
    # Neither is defined for a single cluster, nor where each row is one.
    return float(score(codes, labels)) if 1 < len(np.unique(labels)) < len(labels) else None


def with_stability(runs):
    """The runs with their stability: the mean ARI of each one's labels with the others'."""
    from tfclust.metrics import adjusted_rand

    if len(runs) < 2:
        return list(runs)
    agreement = np.array(
        [[adjusted_rand(one.labels, other.labels) for other in runs] for one in runs]
    )
    others = len(runs) - 1
    stability = (agreement.sum(axis=1) - np.diag(agreement)) / others
    return [
        replace(run, criteria={**run.criteria, "stability": float(value)})
        for run, value in zip(runs, stability, strict=True)
    ]


def squared_error(x, reconstructions):
    """Mean over the rows of the squared error summed over the features."""
    return float(np.mean(squared_errors(x, reconstructions)))


def squared_errors(x, reconstructions):
    """Squared error of each row, summed over its features, float64 `(n,)`."""
    difference = dense(x).reshape(x.shape[0], -1) - reconstructions.reshape(x.shape[0], -1)
    return np.sum(np.square(difference, dtype="float64"), axis=1)
