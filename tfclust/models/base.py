"""What every clustering model is and promises."""

import numpy as np

from tfclust.checks import check_integer
from tfclust.metrics.occupancy import Occupancy
from tfclust.models.objective_model import ObjectiveModel


class ClusteringModel(ObjectiveModel):
    """A Keras model whose outputs are cluster memberships and whose objective needs no labels.

    `call` and `predict` give memberships p(cluster | x), as a Keras classifier gives probabilities
    of classes; `assign` the clusters.

    This is the whole contract of a subclass. It overrides nothing else, and no name that begins
    with an underscore.

    It must write:

    - `build(input_shape)`: creates what `PARTS` names; `input_shape` is `(None, ...)`.
    - `call(x, training=False)`: the memberships of a batch, `(batch, K)`.
    - `objective(x, training=False)`: the memberships, and a dict of the terms, name -> scalar.
    - `embed_batch(x)`, `reconstruct_batch(x)`: codes `(batch, p)` and reconstructions of a batch.
    - `get_config()`: the arguments of the constructor, each also an attribute of its name.
    - `TERMS`: names of the terms of the objective, which are the logs; their sum is the loss.

    It may set:

    - `PARTS`: attributes that are there once the model is built.
    - `REDUCTION`: "sum" or "mean", of the terms over the batch, as the paper writes them. Under a
      distribution strategy a term is the replica's share of that of the global batch.
    - `GAINS_BY_XLA`: False where the graph's own kernels are faster than XLA's in float32.
    - `NUMBERS_ROWS`: True has `fit` call `objective(x, training, rows)` with the places of the
      batch's rows among all, int64 `(batch,)`; elsewhere, as in `evaluate`, `rows` is None. `fit`
      then takes no dataset.

    And it may write:

    - `cluster_batch(x)`: memberships and codes from one pass, where one gives both.
    - `term_names()`: where the terms depend on the constructor's arguments.
    - `default_optimizer()`: the optimizer of `compile` without one.
    - `check_values(x)`: raises ValueError for values that it cannot take, such as below 0.
    - `training_callbacks(x)`: callbacks that each `fit` has, which may call `set_row_values`, such
      as for targets of every row, and `predict`.
    - `fewest_rows`, `shuffle_seed`: properties, of `fit`.
    - `train_step(data)`: a step of another kind; `unpack_batch`, `objective_of`, `take_step` and
      `log_batch` are there for it. `optimizer` takes one step in it, for its count is that of the
      steps; a second optimizer is an attribute, which `build` builds.
    - `compute_metrics(x, y, y_pred)`: updates metrics of its own, then calls that of this class.
    - `pretrain(x, ...)`: its start. `prepare(x)` checks the data and builds the model.
    - `generate_batch(**inputs)`, which TensorFlow can trace, and `generator_inputs()`, a dict of
      its arguments' names and example arrays of batches, where the model makes new points;
      `tfclust.export` makes a signature of the two.

    Besides, it has `sample_shape`, `step_seed()` for what a step draws, `map_batches` for methods
    of its own that take data, and `row_values`.

    Args:
        n_clusters: int of at least 2, the number of clusters K.
        batch_size: int of at least 1, 256 by default: rows of a batch where `fit` is given none.
        seed: int from 0 to 2**32 - 1, or None, the default, which draws one; fixes the initial
            weights and the order of the batches.
        **kwargs: `name` and `dtype`, see `ObjectiveModel`.

    Raises:
        ValueError: `n_clusters` below 2, or another argument out of its range.
    """

    def __init__(self, n_clusters, **kwargs):
        super().__init__(**kwargs)
        self.n_clusters = check_integer("n_clusters", n_clusters, 2)
        self._occupancy = Occupancy(self.n_clusters)
        self._watches_occupancy = False

    def cluster_batch(self, x):
        """Memberships `(batch, K)` and latent codes `(batch, p)` of a batch.

        A model whose memberships follow from its codes computes the codes once.
        """
        return self(x, training=False), self.embed_batch(x)

    def assign(self, x, batch_size=None):
        """Cluster ids `(n,)`, int64: the largest membership of each row of `x`."""
        memberships = self.predict(x, batch_size=batch_size, verbose=0)
        return np.argmax(memberships, axis=-1).astype("int64")

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Memberships p(cluster | x), `(n, K)` of the model's dtype, rows sum to 1."""
        return super().predict(x, batch_size, verbose, steps, callbacks)

    def watch_occupancy(self):
        """Adds how the clusters are used to the logs; returns the `Occupancy` that counts."""
        if not self._watches_occupancy:
            self._watches_occupancy = True
            self.make_train_function(force=True)
            self.test_function = None
        return self._occupancy

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Counts how the clusters are used where that is watched; else as `ObjectiveModel`."""
        if self._watches_occupancy:
            self._occupancy.update_state(y_pred)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    @property
    def metrics(self):
        """The metrics, that of the clusters' use among them once it is watched."""
        hidden = None if self._watches_occupancy else self._occupancy
        return [metric for metric in super().metrics if metric is not hidden]

    @property
    def fewest_rows(self):
        """As many rows as there are clusters."""
        return self.n_clusters

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "n_clusters": self.n_clusters}
