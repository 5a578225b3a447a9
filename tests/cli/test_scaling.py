import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tfclust.cli.command import SCALES
from tfclust.cli.errors import UserError
from tfclust.cli.scaling import Scaling
from tfclust.datasets import preprocessing


def test_every_scale_of_the_library_can_be_asked_for():
    assert set(SCALES) == set(preprocessing.SCALES) - {None, "raw"}


@pytest.mark.parametrize("scale", [None, *SCALES])
def test_data_are_scaled_as_the_library_scales_them(rows, scale):
    x = np.hstack([rows, np.ones((len(rows), 1), "float32")])  # with a constant column
    scaling = Scaling.of(x, scale)
    np.testing.assert_allclose(scaling.apply(x), preprocessing.rescale(x, scale), atol=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_new_rows_get_the_scaling_of_the_old_ones_after_a_round_trip(rows, scale):
    scaling = Scaling.of(rows, scale)
    again = Scaling(**json.loads(json.dumps(scaling.to_json())))
    np.testing.assert_array_equal(again.apply(rows[5:7]), scaling.apply(rows)[5:7])


@pytest.mark.parametrize("scale", ["max", "max_abs", "l2", "sqrt_dim"])
def test_sparse_data_are_scaled_and_stay_sparse(sparse_rows, scale):
    scaled = Scaling.of(sparse_rows, scale).apply(sparse_rows)
    assert scaled.format == "csr"
    expected = preprocessing.rescale(sparse_rows, scale).toarray()
    np.testing.assert_allclose(scaled.toarray(), expected, rtol=1e-6)


@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_scales_that_fill_zeros_are_a_mistake_for_sparse_data(scale):
    with pytest.raises(UserError, match="whose zeros they would fill"):
        Scaling.of(csr_matrix(np.eye(3)), scale)
