import sys

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import make_circles
from sklearn.metrics import adjusted_rand_score
from tiny_models import tiny_model

from tfclust import datasets
from tfclust.pretraining import (
    cluster_means,
    find_start,
    kmeans,
    labelled_mixture,
    manifold,
    manifold_start,
    mixture_start,
)

WITH_START = ("AECM", "DAMIC", "DCN", "DEC")


def test_a_mixture_finds_clusters_that_kmeans_cuts_across():
    stretched = datasets.load("aniso")
    x, known = stretched.x, stretched.y
    centroids, labels = mixture_start(x, 3, seed=0, n_init=1)
    assert adjusted_rand_score(known, labels) > 0.95
    assert adjusted_rand_score(known, kmeans(x, 3, seed=0, n_init=1)[1]) < 0.8
    np.testing.assert_allclose(centroids, cluster_means(x, labels, 3), atol=0.1)


def test_a_manifold_finds_clusters_of_any_shape_and_the_same_ones_for_a_seed():
    x, known = make_circles(300, factor=0.4, noise=0.03, random_state=0)
    centroids, labels = manifold_start(x, 2, seed=0, n_init=1)
    assert adjusted_rand_score(known, labels) > 0.95
    np.testing.assert_allclose(centroids, cluster_means(x, labels, 2))
    np.testing.assert_array_equal(manifold_start(x, 2, seed=0, n_init=1)[1], labels)


def test_a_manifold_has_at_most_15_dimensions_and_fewer_than_rows(rows):
    assert manifold(rows, 20, seed=0).shape == (37, 15)
    assert manifold(rows[:9], 20, seed=0).shape == (9, 7)


def test_a_manifold_start_names_the_extra_that_it_lacks(rows, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r'pip install "tfclust\[manifold\]"'):
        manifold_start(rows, 3, seed=0)
    with pytest.raises(ImportError, match="manifold"):  # before any training
        tiny_model("DEC").pretrain(rows, epochs=10**6, start="manifold", verbose=0)


def test_means_of_clusters_are_those_of_their_rows(rows, labels):
    expected = np.stack([rows[labels == k].mean(axis=0) for k in range(3)])
    for x in (rows, csr_matrix(rows)):
        means = cluster_means(x, labels, 4)
        np.testing.assert_allclose(means[:3], expected, rtol=1e-6)
        np.testing.assert_allclose(means[3], rows.mean(axis=0), rtol=1e-6)  # of an empty one


def test_a_mixture_of_labels_has_their_shares_and_the_variance_within(rows, labels):
    means, variance, shares = labelled_mixture(rows, labels, 3)
    expected = np.mean([np.square(rows[i] - means[labels[i]]).mean() for i in range(len(rows))])
    np.testing.assert_allclose(variance, expected, rtol=1e-6)
    np.testing.assert_allclose(shares, (np.bincount(labels) + 1) / 40)


@pytest.mark.parametrize("start", ["nonsense", [0, 1, 2], np.full(37, 3)])
@pytest.mark.parametrize("name", WITH_START)
def test_another_start_is_refused_before_any_training(name, start, rows):
    with pytest.raises(ValueError, match=r"`(start|labels)` must"):
        tiny_model(name).pretrain(rows.clip(0, 1), epochs=10**6, start=start, verbose=0)


@pytest.mark.parametrize("name", ["AECM", "DCN"])
def test_centroids_start_at_the_mean_codes_of_labels(name, rows, labels):
    model = tiny_model(name)
    lengths = {"clustering_epochs": 0} if name == "AECM" else {"layer_epochs": 0}
    model.pretrain(rows, epochs=1, start=labels, verbose=0, **lengths)
    expected = cluster_means(model.embed(rows), labels, 3)
    np.testing.assert_allclose(model.centroids(), expected, rtol=1e-4, atol=1e-6)


def test_the_gate_and_the_experts_of_damic_start_from_labels_alone(rows, labels):
    model = tiny_model("DAMIC")
    history = model.pretrain(rows.clip(0, 1), start=labels, least_steps=400, verbose=0)
    assert "autoencoder" not in history.history
    assert adjusted_rand_score(labels, model.assign(rows.clip(0, 1))) > 0.6


def test_a_start_by_name_is_that_of_the_codes(rows):
    found = find_start("mixture", rows, 3, seed=0, n_init=2)
    np.testing.assert_array_equal(found[1], mixture_start(rows, 3, seed=0, n_init=2)[1])
