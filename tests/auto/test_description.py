import numpy as np
import pytest
from tiny_models import SETTINGS, tiny_model

from tfclust.auto import describe

X = np.random.default_rng(0).random((60, 4)).astype("float32")


@pytest.mark.parametrize("name", SETTINGS)
def test_every_model_is_described(name):
    model = tiny_model(name)
    model.build((None, 4))
    partitions = [np.arange(60) % 3, np.arange(60) % 2]
    found = describe(model, X, columns=X, partitions=partitions)
    np.testing.assert_array_equal(found.rows.cluster, model.assign(X))
    assert np.all((found.rows.confidence >= 0) & (found.rows.confidence <= 1))
    assert np.isfinite(found.rows.outlier_score).all()
    assert np.all(found.rows.second_choice != found.rows.cluster)
    assert sum(cluster.size for cluster in found.clusters) == 60
    for k, cluster in enumerate(found.clusters):
        assert set(found.rows.cluster[list(cluster.typical)]) <= {k}
        assert cluster.size == 0 or 0 < cluster.stability <= 1
