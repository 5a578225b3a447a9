import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tfclust.auto import Preparation


def measures(rng):
    return rng.normal(size=(50, 3)) * [1.0, 10.0, 1000.0] + 5.0


def pixels(rng):
    return rng.integers(0, 256, size=(50, 4, 4))


def counts(rng):
    return rng.poisson(0.3, size=(50, 12)) * rng.integers(1, 9, size=(50, 1))


def text(rng):
    return csr_matrix(np.where(rng.random((50, 9)) < 0.3, rng.random((50, 9)), 0.0))


KINDS = [(measures, "rows"), (pixels, "images"), (counts, "counts"), (text, "text")]


@pytest.mark.parametrize(("make", "kind"), KINDS)
def test_kinds_are_told_apart_and_their_scaling_survives_a_file(make, kind):
    x = make(np.random.default_rng(0))
    preparation = Preparation.of(x)
    assert preparation.kind == kind
    again = Preparation(**json.loads(json.dumps(preparation.to_json())))
    one, other = (each.apply(x) for each in (preparation, again))
    assert one.dtype == "float32"
    assert one.shape[0] == 50
    assert abs(one - other).max() == 0


def test_columns_of_their_own_units_get_variance_1_and_constant_ones_stay_finite():
    x = np.hstack([measures(np.random.default_rng(0)), np.full((50, 1), 7.0)])
    rows = Preparation.of(x).apply(x)
    np.testing.assert_allclose(rows.std(axis=0), [1, 1, 1, 0], atol=1e-5)


def test_columns_of_one_unit_keep_their_different_extents():
    x = pixels(np.random.default_rng(0)).reshape(50, 16).astype("float32")
    x[:, 0] = 128.0  # as a pixel at the edge
    np.testing.assert_allclose(Preparation.of(x).apply(x), x / 255.0, rtol=1e-6)


def test_counts_are_the_same_whatever_the_depth_of_a_row_dense_or_sparse():
    x = counts(np.random.default_rng(0)).astype("float64")
    x[1] = 3 * x[0]
    preparation = Preparation.of(x)
    rows = preparation.apply(x)
    np.testing.assert_allclose(rows[0], rows[1], rtol=1e-6)
    assert Preparation.of(csr_matrix(x)) == preparation
    np.testing.assert_allclose(preparation.apply(csr_matrix(x)).toarray(), rows, rtol=1e-6)


def test_text_has_rows_of_mean_square_1_and_empty_rows_stay():
    x = text(np.random.default_rng(0)).tolil()
    x[:, 0] = 0.5
    x[3] = 0.0
    rows = Preparation.of(x.tocsr()).apply(x.tocsr())
    squares = np.asarray(rows.multiply(rows).mean(axis=1)).ravel()
    np.testing.assert_allclose(np.delete(squares, 3), 1.0, rtol=1e-6)
    assert squares[3] == 0.0


def test_one_negative_or_broken_value_anywhere_makes_counts_rows(monkeypatch):
    monkeypatch.setattr("tfclust.auto.preparation.AT_ONCE", 7)
    x = counts(np.random.default_rng(0)).astype("float64")
    assert Preparation.of(x).kind == "counts"
    for value in (-5.0, 0.5):
        other = x.copy()
        other[-1, 0] = value
        assert Preparation.of(other).kind == "rows"


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_new_counts_below_0_are_refused(form):
    x = counts(np.random.default_rng(0)).astype("float64")
    preparation = Preparation.of(x)
    x[3, 2] = -5.0
    with pytest.raises(ValueError, match=r"`X` must hold values of at least 0.*Received: .* -5"):
        preparation.apply(form(x))


def test_sparse_rows_with_negatives_are_divided_by_one_number_and_said_to_be():
    x = text(np.random.default_rng(0))
    x.data[::2] *= -4.0
    preparation = Preparation.of(x)
    assert preparation.words() == "rows, all divided by one number"
    np.testing.assert_allclose(np.mean(preparation.apply(x).data ** 2), 1.0, rtol=1e-5)
