"""All that is said of the rows and clusters of a training."""

from dataclasses import dataclass

from tfclust.auto.cluster_facts import ClusterFacts, describe_clusters
from tfclust.auto.row_facts import RowFacts, Yardstick, reconstruction_errors
from tfclust.selection import BATCH_ROWS


@dataclass(frozen=True, eq=False)
class Description:
    """What is said of the rows that a model was trained on, and of its clusters.

    Args:
        rows: `RowFacts`.
        clusters: `ClusterFacts` of each.
        yardstick: `Yardstick`, by which other rows are measured.
    """

    rows: RowFacts
    clusters: list[ClusterFacts]
    yardstick: Yardstick


def describe(model, x, columns=None, partitions=()):
    """The `Description` of what a model was trained on.

    Args:
        model: trained `ClusteringModel`.
        x: array `(n, ...)` or CSR matrix `(n, d)`, as the model takes it.
        columns: array or CSR matrix `(n, d)`, the same rows in the units that rules are to be in;
            None where the data are no columns, such as images.
        partitions: clusters of the same rows by other trainings or ways, ints `(n,)` from 0 each,
            by which confidence is calibrated and stability measured.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust import CM
    from tfclust.auto import describe

    x = load_iris().data
    model = CM(n_clusters=3, alpha=5.0, batch_size=50, seed=0)
    model.pretrain(x)
    found = describe(model, x, columns=x)
    found.clusters[0].rule.words(load_iris().feature_names)
    found.rows.confidence, found.rows.second_choice, found.rows.outlier_score
    ```
    """
    memberships = model.predict(x, batch_size=BATCH_ROWS, verbose=0)
    errors = reconstruction_errors(model, x)
    yardstick = Yardstick.of(memberships, errors, partitions)
    rows = yardstick.measure(memberships, errors)
    codes = model.embed(x, batch_size=BATCH_ROWS)
    clusters = describe_clusters(rows, model.n_clusters, codes, columns, partitions)
    return Description(rows, clusters, yardstick)
