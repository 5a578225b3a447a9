import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tfclust.metrics import adjusted_rand, sample_entropy, sparsity_criterion
from tfclust.selection import Run, measure, select

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3)).astype("float32")


def run(sizes=(5, 5), **criteria):
    return Run(criteria, sizes)


class Model(SimpleNamespace):
    """What `measure` asks of a model, computed from given memberships."""

    def predict(self, x, batch_size, verbose):
        return self.memberships

    def embed(self, x, batch_size):
        return 2.0 * x

    def reconstruct(self, x, batch_size):
        return x + 1.0

    def evaluate(self, x, verbose, return_dict):
        return {"loss": 7.0}


def model(seed, n=60, **changes):
    memberships = np.random.default_rng(seed).dirichlet([0.3] * 3, size=n)
    centroids = {"centroids": lambda: np.eye(3)}
    return Model(
        **{"memberships": memberships, "seed": seed, "compiled": True, **centroids, **changes}
    )


@pytest.mark.parametrize(("criterion", "expected"), [("l_sp", 1), ("stability", 2)])
def test_the_run_of_best_value_is_selected(criterion, expected):
    runs = [run(l_sp=v, stability=s) for v, s in ((3.0, 0.1), (1.0, 0.2), (2.0, 0.9))]
    assert select(runs, criterion) is runs[expected]


def test_runs_that_leave_a_cluster_empty_come_last_unless_allowed():
    collapsed, sound = run(sizes=(10, 0), l_sp=0.0), run(l_sp=5.0)
    assert select([collapsed, sound], "l_sp") is sound
    assert select([collapsed, sound], "l_sp", allow_empty=True) is collapsed
    assert select([collapsed], "l_sp") is collapsed


def test_a_run_without_a_value_is_not_selected():
    runs = [run(silhouette=None), run(silhouette=math.nan), run(silhouette=-0.5)]
    assert select(runs, "silhouette") is runs[2]


@pytest.mark.parametrize(
    ("runs", "criterion", "message"),
    [
        ([], "l_sp", "one run at least. Received: no runs"),
        ([run(l_sp=1.0)], "lsp", "`criterion` must be one of l_sp, .*Received: criterion='lsp'"),
        ([run(l_sp=1.0, loss=math.nan)], "loss", "a value of: l_sp. Received: criterion='loss'"),
        ([run(l_sp=1.0, loss=None)], "loss", "a value of: l_sp. Received: criterion='loss'"),
    ],
)
def test_what_cannot_be_selected_is_said(runs, criterion, message):
    with pytest.raises(ValueError, match=message):
        select(runs, criterion)


def test_criteria_are_what_their_names_say():
    from sklearn.metrics import calinski_harabasz_score, silhouette_score

    models = [model(seed) for seed in range(3)]
    runs = measure(models, X)
    labels = [m.memberships.argmax(axis=1) for m in models]
    first = runs[0].criteria
    l_sp = sparsity_criterion(models[0].memberships, np.eye(3))
    assert first["l_sp"] == pytest.approx(l_sp)
    assert first["reconstruction"] == pytest.approx(3.0, rel=1e-6)
    assert first["distortion"] == pytest.approx(l_sp + 3.0)
    assert first["membership_entropy"] == pytest.approx(sample_entropy(models[0].memberships))
    assert first["silhouette"] == pytest.approx(silhouette_score(2 * X, labels[0]))
    assert first["calinski_harabasz"] == pytest.approx(calinski_harabasz_score(2 * X, labels[0]))
    assert first["loss"] == 7.0
    others = [adjusted_rand(labels[0], labels[i]) for i in (1, 2)]
    assert first["stability"] == pytest.approx(np.mean(others))
    assert runs[0].sizes == tuple(np.bincount(labels[0], minlength=3))
    assert [r.seed for r in runs] == [0, 1, 2]
    assert runs[1].model is models[1]


def test_what_a_run_cannot_have_is_none():
    one = np.eye(3)[np.zeros(60, int)]
    without = model(0, memberships=one, compiled=False)
    del without.centroids
    [alone] = measure([without], X)
    for name in ("l_sp", "distortion", "stability", "silhouette", "calinski_harabasz", "loss"):
        assert alone.criteria[name] is None
    assert alone.empty_clusters == 2


def test_sparse_rows_have_the_criteria_of_dense_ones():
    from scipy.sparse import csr_matrix

    answers = {"embed": lambda x, batch_size: X, "reconstruct": lambda x, batch_size: X + 1.0}
    [dense], [sparse] = (measure([model(0, **answers)], x) for x in (X, csr_matrix(X)))
    assert sparse.criteria == dense.criteria


def test_selection_needs_no_tensorflow():
    program = "import sys, tfclust.selection, tfclust.tuning; from tfclust.recipes import RECIPES\n"
    program += "print(*sorted({'tensorflow', 'keras_tuner', 'sklearn'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not done.stdout.strip()
