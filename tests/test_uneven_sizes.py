"""Recipes that start from clusters keep those that are small."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import minmax_scale, scale

from tfclust.recipes import RECIPES

RECIPES_WITH_A_START = ("cm", "aecm", "dec", "idec", "damic")
SMALL_AECM = {"hidden_units": (32, 32)}
SMALL = {"hidden_units": (32, 32)}  # of what takes longest


def blobs(sizes):
    """Rows about well separated centers, mixed, and which each is about."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    angles = 2 * np.pi * labels / 3
    centers = 10 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return centers + rng.normal(size=centers.shape), labels


@pytest.mark.parametrize("sizes", [(900, 50, 50), (1000, 10)])
@pytest.mark.parametrize("name", RECIPES_WITH_A_START)
def test_small_clusters_survive_the_training(name, sizes):
    registered = RECIPES[name]
    x, labels = blobs(sizes)
    x = (minmax_scale if registered.unit_range else scale)(x).astype("float32")
    settings = {key: value for key, value in SMALL.items() if key in registered.arguments}
    recipe = registered.changed(settings, n_clusters=len(sizes), epochs=20)
    model = recipe.build(seed=0, n_rows=len(x))
    recipe.fit(model, x)
    assert adjusted_rand_score(labels, model.assign(x)) > 0.99


def test_the_rate_of_uneven_data_is_theirs_alone():
    recipe = RECIPES["aecm"].changed(
        SMALL_AECM, n_clusters=3, epochs=1, pretraining={"epochs": 5, "clustering_epochs": 5}
    )
    for sizes, rate in (((900, 50, 50), 1e-4), ((100, 100, 100), 1e-3)):
        x = scale(blobs(sizes)[0]).astype("float32")
        model = recipe.build(seed=0, n_rows=len(x))
        recipe.fit(model, x)
        assert float(model.optimizer.learning_rate) == pytest.approx(rate)
    given = recipe.changed({"learning_rate": 0.01})
    assert given.optimizer == {"learning_rate": 0.01}


def test_two_easy_blobs_come_out_right_from_thirty_epochs():
    x, labels = blobs((100, 100))
    recipe = RECIPES["cm"].changed(n_clusters=2, epochs=30)
    model = recipe.build(seed=0, n_rows=len(x))
    recipe.fit(model, x.astype("float32"))
    assert adjusted_rand_score(labels, model.assign(x)) == 1.0
