from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from battery import assert_same_weights
from numbered_rows_battery import NumberedRowsBattery
from sklearn.cluster import KMeans

from tfclust.callbacks import Checkpoint, UpdateClusters
from tfclust.models import CM, DCN
from tfclust.models.dcn import running_centroids


def nearest(codes, means):
    return ((codes[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)


def row_by_row(codes, clusters, means, counts):
    """Eq. 8, as a loop over the rows."""
    means, counts = means.copy(), counts.copy()
    for code, k in zip(codes, clusters, strict=True):
        counts[k] += 1
        means[k] = (1 - 1 / counts[k]) * means[k] + code / counts[k]
    return means, counts


class TestDCN(NumberedRowsBattery):
    model_class = DCN
    kwargs: ClassVar = {
        **{"n_clusters": 3, "embedding_dim": 2, "hidden_units": (8,), "seed": 0},
        "update_interval": 99,  # so that nothing moves but by gradients
    }
    set_by_rule = ("means", "counts")
    needs_weights: ClassVar = {"centroids": ("input",)}
    test_two_fits_go_on_as_one = None  # each begins with the nearest centroids

    def test_a_run_that_was_cut_off_goes_on_with_its_rows_and_counts(self, rows, tmp_path):
        def train(directory, stop_after=None):
            model = self.make(update_interval=None, kmeans_every=2)

            def stop(epoch, logs):
                if epoch + 1 == stop_after:
                    raise KeyboardInterrupt

            ends = keras.callbacks.LambdaCallback(on_epoch_end=stop)
            model.fit(rows, epochs=4, verbose=0, callbacks=[Checkpoint(directory, 0), ends])
            return model

        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "cut", stop_after=2)
        resumed, whole = train(tmp_path / "cut"), train(tmp_path / "whole")
        assert_same_weights(resumed, whole)
        kept = [model.row_values["clusters"].numpy() for model in (resumed, whole)]
        np.testing.assert_array_equal(*kept)

    def test_centroids_and_counts_survive_files_and_exports(self, rows, tmp_path):
        model = self.make(update_interval=None)
        model.fit(rows, epochs=2, verbose=0)
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again.counts, model.counts)
        np.testing.assert_array_equal(again.centroids(), model.centroids())
        assert np.sum(model.counts) == 3 * 100 + 2 * len(rows)

    def test_memberships_are_of_the_nearest_centroid(self, trained, rows):
        expected = np.eye(3)[nearest(trained.embed(rows), trained.centroids())]
        np.testing.assert_array_equal(trained.predict(rows, verbose=0), expected)


def small(**changes):
    sizes = {"n_clusters": 3, "embedding_dim": 2, "hidden_units": (8,), "batch_size": 8}
    return DCN(**{**sizes, "seed": 0, **changes})


def test_the_running_centroids_are_those_of_a_loop_over_the_rows():
    rng = np.random.default_rng(0)
    codes, means = rng.normal(size=(500, 4)), rng.normal(size=(6, 4))
    clusters = rng.integers(5, size=500)  # the last cluster gets no row
    counts = rng.integers(100, 1000, size=6).astype("float64")
    found, after = running_centroids(*map(tf.constant, (codes, clusters, means, counts)))
    expected, expected_counts = row_by_row(codes, clusters, means, counts)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(after, expected_counts)
    np.testing.assert_array_equal(found[5], means[5])


def test_objective_and_its_gradient_are_those_of_numpy(rows):
    model = small(beta=0.7, dtype="float64")
    model.build((None, 6))
    x = rows.astype("float64")
    clusters = np.arange(37) % 3  # not the nearest ones
    model.set_row_values("clusters", clusters)
    codes, means = model.embed(x), model.centroids()
    with tf.GradientTape() as tape:
        _, terms = model.objective(tf.constant(x), True, np.arange(37))
    bias = model.encoder.layers[-1].bias
    by_bias = tape.gradient(terms["distance"], bias.value)
    away = codes - means[clusters]
    error = ((x - model.reconstruct(x)) ** 2).sum() / 37
    assert float(terms["reconstruction"]) == pytest.approx(error, rel=1e-12)
    assert float(terms["distance"]) == pytest.approx(0.7 * (away**2).sum() / 37, rel=1e-12)
    np.testing.assert_allclose(by_bias, 2 * 0.7 * away.sum(axis=0) / 37, rtol=1e-9)
    closest = ((codes[:, None] - means) ** 2).sum(axis=2).min(axis=1).sum()
    of_nearest = model.loss_terms(x)["distance"]
    assert float(of_nearest) == pytest.approx(0.7 * closest / 37, rel=1e-12)


def test_a_step_holds_rows_and_centroids_and_then_moves_those_of_its_batch(rows):
    model, seen = small(), []
    model.compile(keras.optimizers.SGD(0.01), run_eagerly=True)
    objective, follow = model.objective, model._follow

    def state():
        kept = model.row_values["clusters"].numpy().copy()
        return kept, model.centroids().copy(), np.array(model.counts)

    def recorded(x, training=False, rows=None):
        if training:
            seen.append(state())
        return objective(x, training=training, rows=rows)

    def followed(codes, numbers):
        kept, means, counts = state()
        before = seen[-1]
        for now, then in zip((kept, means, counts), before, strict=True):
            np.testing.assert_array_equal(now, then)  # the optimizer moves none of them
        follow(codes, numbers)
        clusters = nearest(codes.numpy(), means)
        expected, expected_counts = row_by_row(codes.numpy(), clusters, means, counts)
        kept[numbers] = clusters
        np.testing.assert_allclose(model.centroids(), expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(model.counts, expected_counts)
        np.testing.assert_array_equal(model.row_values["clusters"], kept)

    model.objective, model._follow = recorded, followed
    model.fit(rows, epochs=2, verbose=0)
    assert len(seen) == 10


def test_with_an_interval_all_rows_and_their_means_move_together(rows):
    model = small(update_interval=5)
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    model.build((None, 6))
    first = nearest(model.embed(rows), model.centroids())
    before = model.centroids()
    model.fit(rows, epochs=1, verbose=0)
    codes = model.embed(rows)
    for k in range(3):
        expected = codes[first == k].mean(axis=0) if (first == k).any() else before[k]
        np.testing.assert_allclose(model.centroids()[k], expected, rtol=1e-5)
    np.testing.assert_array_equal(model.counts, [100] * 3)


def test_kmeans_goes_on_from_the_centroids_every_so_many_epochs(rows):
    model, plain = small(kmeans_every=2), small()
    for each in (model, plain):
        each.compile(keras.optimizers.SGD(0.01), jit_compile=False)
        each.fit(rows, epochs=2, verbose=0)
    codes = model.embed(rows)
    np.testing.assert_array_equal(codes, plain.embed(rows))
    expected = KMeans(3, init=plain.centroids(), n_init=1).fit(codes)
    np.testing.assert_allclose(model.centroids(), expected.cluster_centers_, rtol=1e-5)
    np.testing.assert_array_equal(model.row_values["clusters"], model.assign(rows))
    np.testing.assert_array_equal(model.counts, plain.counts)
    assert not np.allclose(model.centroids(), plain.centroids(), rtol=1e-3)


def test_the_start_is_kmeans_and_counts_begin_anew(rows):
    model = small()
    model.compile(jit_compile=False)
    model.fit(rows, verbose=0)
    model.pretrain(rows, epochs=1, layer_epochs=0, verbose=0)
    best = KMeans(3, n_init=20, random_state=0).fit(model.embed(rows))
    np.testing.assert_allclose(model.centroids(), best.cluster_centers_, rtol=1e-5)
    np.testing.assert_array_equal(model.counts, [100] * 3)


@pytest.mark.parametrize(
    "changes", [{"beta": -1.0}, {"beta": np.nan}, {"update_interval": 0}, {"kmeans_every": 0}]
)
def test_arguments_out_of_their_range_are_refused(changes):
    with pytest.raises(ValueError, match=r"`\w+` must be .*Received: "):
        small(**changes)


def test_a_model_that_keeps_no_clusters_is_refused(rows):
    model = CM(3, batch_size=8, seed=0)
    model.compile(jit_compile=False)
    with pytest.raises(ValueError, match=r"`UpdateClusters` needs a model that keeps.*Received"):
        model.fit(rows, verbose=0, callbacks=[UpdateClusters(rows)])
