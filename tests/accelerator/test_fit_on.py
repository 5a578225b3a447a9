import pytest

pytest.importorskip("jax", reason='needs the extra "accelerator"')

import numpy as np
from kinds import DRAWING, KINDS, assert_same_training, data_of, make

from tfclust.accelerator import fit_on


def both(kind, x, epochs=3, callbacks=list, changes=None, **kwargs):
    """A training by `fit` and one by `fit_on`, each a model and its history."""
    trained = []
    for fit in ("fit", "fit_on"):
        model = make(kind, **(changes or {}))
        how = {"epochs": epochs, "verbose": 0, "callbacks": callbacks(), **kwargs}
        if fit == "fit":
            trained.append((model, model.fit(x, **how)))
        else:
            trained.append((model, fit_on(model, x, device="cpu", **how)))
    return trained


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in DRAWING])
def test_a_model_is_trained_as_by_fit(kind, rows):
    assert_same_training(*reversed(both(kind, data_of(kind, rows[:24]))))


def test_the_last_batch_may_be_smaller(rows):
    assert_same_training(*reversed(both("CM", rows)))


def test_a_last_batch_of_one_row_joins_the_one_before_where_batches_are_normalized(rows):
    assert_same_training(*reversed(both("DAMIC", rows[:17].clip(0.0, 1.0), epochs=1)))


def test_fewer_rows_than_a_batch_are_one_batch(rows):
    assert_same_training(*reversed(both("CM", rows[:5], epochs=2)))


def test_rows_may_keep_their_order(rows):
    assert_same_training(*reversed(both("CM", rows[:16], shuffle=False)))


def test_sparse_rows_are_those_of_the_dense_ones(rows, sparse_rows):
    for x in (sparse_rows, sparse_rows.multiply(np.arange(37)[:, np.newaxis] % 6 == 0).tocsr()):
        dense, sparse = make("CM"), make("CM")
        fit_on(dense, x.toarray(), verbose=0)
        fit_on(sparse, x, verbose=0)
        for weight, expected in zip(sparse.weights, dense.weights, strict=True):
            np.testing.assert_allclose(weight, expected, rtol=1e-6, atol=1e-7)


def test_two_trainings_go_on_as_one(rows):
    once, twice = make("CM"), make("CM")
    fit_on(once, rows[:16], epochs=3, verbose=0)
    fit_on(twice, rows[:16], epochs=1, verbose=0)
    fit_on(twice, rows[:16], epochs=3, initial_epoch=1, verbose=0)
    for weight, expected in zip(twice.weights, once.weights, strict=True):
        np.testing.assert_array_equal(weight, expected)
