"""The clusterer that a user meets first: it chooses without labels how to cluster."""

from tfclust.auto.clustering import cluster_rows, kept_seed
from tfclust.auto.effort import EFFORT, EFFORTS
from tfclust.auto.preparation import Preparation
from tfclust.auto.record import summary
from tfclust.checks import check_choice, check_data
from tfclust.pretraining import cluster_means
from tfclust.sklearn.model_estimator import ModelEstimator, warned_of_few_distinct


class AutoClusterer(ModelEstimator):
    """Clusters rows, images, text or counts, and chooses without labels how.

    It finds out what kind of data there are and scales them; trains autoencoders of several seeds,
    where there are rows enough; cuts rows and codes into clusters by k-means, by Gaussian mixtures
    and on maps of neighbours; of what the seeds agree on, keeps what holds neighbouring rows
    together best; and trains a model that gives a new row its cluster in one forward pass.
    `summary()` says what was tried, and how sure it is.

    Args:
        n_clusters: "auto", the default, or ints such as `range(2, 13)`, of which the number K is
            taken that the rows speak for, see `tfclust.tuning.count_clusters`; or K, an int of at
            least 2.
        effort: "fast", "good", the default, or "best": how many seeds are trained, and for how
            long. "fast" makes no map of neighbours of more than 5000 rows.
        random_state: an int from 0 to 2**32 - 1 is the seed; None, a `RandomState` or a `Generator`
            draws one, but that None takes the seed of what `directory` keeps.
        verbose: 0 shows nothing; "auto", the default, and any other a bar with the time that is
            left.
        directory: folder that keeps what is done, so that the same `fit`, after a kill, goes on
            from there; None, the default, keeps nothing.

    Attributes:
        labels_: `(n,)` int64, the clusters of the training data.
        model_: `tfclust.AECM`, of rows as `preparation_` makes them.
        preparation_: `tfclust.auto.Preparation`, the scaling of the data.
        n_clusters_: int, K.
        number_of_clusters_: see `DeepClusterer`.
        record_: dict of plain JSON, what was tried, chosen, why and how sure; see `summary`.
        row_facts_, cluster_facts_: see `DeepClusterer`; confidence is calibrated by what the seeds
            agree on.
        cluster_centers_: `(K, n_features)`, the mean row of each cluster, in the space of the data.
        image_shape_, n_features_in_, feature_names_in_: see `DeepClusterer`.

    Raises:
        ImportError: at `fit`: a map of neighbours is called for, and umap-learn, of the extra
            `manifold`, is not installed.
        ValueError: at `fit`: an argument out of its range, bad data, or a `directory` of another
            call.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust import AutoClusterer

    clusterer = AutoClusterer(n_clusters=3, random_state=0, verbose=0)
    labels = clusterer.fit_predict(load_iris().data)
    print(clusterer.summary())
    ```

    Known limits: the model is float32; autoencoders train in bfloat16 where the processor is fast
    at it. A partition that parts no neighbours need not be the one that somebody has in mind. Of
    fewer than 1000 rows no autoencoder is asked: a Gaussian mixture decides. Of text, k-means alone
    is tried, on the directions of singular components and of codes, and the autoencoders' seeds
    decide by how well they agree.
    """

    def __init__(
        self, n_clusters="auto", *, effort=EFFORT, random_state=None, verbose="auto", directory=None
    ):
        self.n_clusters = n_clusters
        self.effort = effort
        self.random_state = random_state
        self.verbose = verbose
        self.directory = directory

    def fit(self, X, y=None):
        """Clusters the data; `y` is not used.

        Args:
            X: array, data frame or CSR matrix `(n, d)`, or images `(n, height, width)` or
                `(n, height, width, channels)`.
        """
        rows = self._validated(X, reset=True, ensure_min_samples=2)
        self._check_n_clusters()
        check_choice("effort", self.effort, EFFORTS)
        shape = self.image_shape_
        self.preparation_ = Preparation.of(rows if shape is None else rows.reshape(-1, *shape))
        x = self.preparation_.apply(rows)
        self._count_clusters(x)
        check_data(rows, min_rows=self.n_clusters_)
        seed = kept_seed(self.directory) if self.random_state is None else None
        seed = self._seed() if seed is None else seed
        with warned_of_few_distinct(rows, self.n_clusters_):
            found = cluster_rows(
                *(x, self.preparation_.kind, self.n_clusters_, self.effort, seed),
                *(self.directory, self.verbose),
            )
        self.model_, self.record_ = found.model, found.record
        self.record_["preparation"] = self.preparation_.words()
        self._describe(x, rows, found.chosen.partitions)
        centers = cluster_means(rows, self.labels_, self.n_clusters_)
        self.cluster_centers_ = centers.reshape(self.n_clusters_, *(shape or (-1,)))
        return self

    def summary(self):
        """What was tried, what was kept, why, and how sure that is, in plain words."""
        self._fitted()
        return summary(self.record_)

    def _model_input(self, rows):
        return self.preparation_.apply(rows)
