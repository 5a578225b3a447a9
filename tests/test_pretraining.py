import time

import keras
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from tiny_models import tiny_model

from tfclust.callbacks import Checkpoint
from tfclust.models import AECM, aecm, objective_model
from tfclust.pretraining import isotropic_mixture, kmeans

EPOCHS = 24  # of a run that is to be killed
PAUSE = 0.1  # seconds after each of its epochs, so that it is not over too soon


@pytest.fixture(scope="module")
def rows(rows):
    return rows[:32]


@pytest.fixture(scope="module")
def sparse_rows(rows):
    return csr_matrix(rows)


def make(seed=0, jit_compile=False):
    model = AECM(3, embedding_dim=4, hidden_units=(8,), alpha=5.0, batch_size=8, seed=seed)
    model.compile(jit_compile=jit_compile)
    return model


def pretrain_with_checkpoints(directory, rows, pause=0.0):
    model = make()
    pauses = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: time.sleep(pause))
    callbacks = [Checkpoint(directory, every_seconds=0), pauses]
    history = model.pretrain_autoencoder(rows, EPOCHS, verbose=0, callbacks=callbacks)
    return model, history


def assert_same_weights(one, other):
    for weight, expected in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_pretraining_returns_the_history_of_a_falling_loss(rows):
    history = make().pretrain(rows, epochs=20, clustering_epochs=2, verbose=0)
    assert isinstance(history, keras.callbacks.History)
    assert len(history.history["loss"]) == 20
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_pretraining_loss_is_the_squared_error_per_row(rows):
    model = make()
    model.build((None, rows.shape[1]))
    expected = np.square(rows - model.reconstruct(rows)).sum() / len(rows)
    history = model.pretrain_autoencoder(rows, 1, batch_size=len(rows), verbose=0)
    np.testing.assert_allclose(history.history["loss"], [expected], rtol=1e-5)


def test_same_seed_pretrains_to_the_same_weights_whatever_the_rows_are_kept_in(rows, sparse_rows):
    dense, sparse, other = make(), make(), make(seed=1)
    dense.pretrain(rows, epochs=2, clustering_epochs=2, verbose=0)
    sparse.pretrain(sparse_rows, epochs=2, clustering_epochs=2, verbose=0)
    other.pretrain(rows, epochs=2, clustering_epochs=2, verbose=0)
    assert_same_weights(sparse, dense)
    assert not np.array_equal(other.get_weights()[0], dense.get_weights()[0])


def test_pretraining_does_not_count_as_training(rows):
    once, pretrained = make(), make()
    pretrained.pretrain(rows, epochs=2, clustering_epochs=2, verbose=0)
    once.build((None, rows.shape[1]))
    once.set_weights(pretrained.get_weights())
    for model in (once, pretrained):
        model.compile(jit_compile=False)
        model.fit(rows, epochs=2, verbose=0)
    assert_same_weights(pretrained, once)


def test_clustering_module_starts_from_kmeans_on_the_codes(rows):
    model = make()
    model.pretrain_autoencoder(rows, 2, verbose=0)
    codes = model.embed(rows)
    model.pretrain_clustering_module(rows, epochs=0)
    centroids, _ = kmeans(codes, 3, seed=0)
    np.testing.assert_allclose(model.centroids(), centroids, rtol=1e-5, atol=1e-6)


def test_clustering_module_is_trained_with_the_codes_fixed(rows):
    model = make()
    model.pretrain_autoencoder(rows, 2, verbose=0)
    codes = model.embed(rows)
    model.pretrain_clustering_module(rows, epochs=0)
    start = model.centroids()
    model.pretrain_clustering_module(rows, epochs=3)
    np.testing.assert_array_equal(model.embed(rows), codes)
    assert not np.allclose(model.centroids(), start)


@pytest.mark.slow
def test_pretraining_killed_at_a_random_moment_ends_as_one_that_was_not(
    rows, tmp_path, kill_while_training
):
    directory = tmp_path / "killed"
    kill_while_training(pretrain_with_checkpoints, directory, rows, PAUSE, directory=directory)
    resumed, history = pretrain_with_checkpoints(directory, rows)
    assert history.epoch[0] > 0
    whole, _ = pretrain_with_checkpoints(tmp_path / "whole", rows)
    assert_same_weights(resumed, whole)


def test_a_pretraining_loss_that_is_not_finite_names_the_epoch(rows):
    with pytest.raises(RuntimeError, match=r"stopped at epoch 1\b.*Received: loss=(inf|nan)"):
        make().pretrain(rows * 1e30, epochs=3, verbose=0)


def test_bad_data_are_refused_before_pretraining(rows):
    with pytest.raises(ValueError, match=r"NaN or infinite values.*Received: 192 of them"):
        make().pretrain(rows * np.nan, verbose=0)
    with pytest.raises(ValueError, match="as many rows as there are clusters, 3"):
        make().pretrain(rows[:2], verbose=0)


def test_both_parts_are_compiled_as_the_model_is(rows, monkeypatch):
    compiled = []
    parts = {"autoencoder": keras.Sequential, "module": aecm.CM}
    for name, part in parts.items():

        def record(self, *args, _name=name, _compile=part.compile, **kwargs):
            compiled.append((_name, kwargs["jit_compile"]))
            _compile(self, *args, **{**kwargs, "jit_compile": False})

        monkeypatch.setattr(part, "compile", record)
    for jit_compile, worth, expected in (
        (False, 1, (False, False)),
        (True, 100, (True, True)),
        ("auto", 100, (False, "auto")),
        ("auto", 1, (True, "auto")),
    ):
        monkeypatch.setattr(objective_model, "STEPS_WORTH_COMPILING", worth)
        model = make(jit_compile=jit_compile)
        compiled.clear()
        model.pretrain(rows, epochs=1, clustering_epochs=1, verbose=0)
        assert compiled == list(zip(parts, expected, strict=True))
    compiled.clear()
    make(jit_compile=False).pretrain_clustering_module(rows, epochs=1, jit_compile=True)
    assert compiled == [("module", True)]


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_one_iteration_of_kmeans_gives_means_by_its_seed(rows, sparse_rows, kind):
    x = rows if kind == "dense" else sparse_rows
    centroids, _ = kmeans(x, 3, seed=0, n_init=1, max_iter=1)
    assert centroids.shape == (3, 6)
    assert not all((rows == centroid).all(axis=1).any() for centroid in centroids)
    np.testing.assert_array_equal(kmeans(x, 3, 0, n_init=1, max_iter=1)[0], centroids)
    assert not np.array_equal(kmeans(x, 3, 1, n_init=1, max_iter=1)[0], centroids)


def test_kmeans_gives_the_best_of_its_starts(rows):
    centroids, labels = kmeans(rows, 3, seed=0)
    means = [rows[labels == k].mean(axis=0) for k in range(3)]
    np.testing.assert_allclose(centroids, means, atol=1e-6)
    inertia = np.square(rows - centroids[labels]).sum()
    single = [KMeans(3, n_init=1, random_state=seed).fit(rows).inertia_ for seed in range(5)]
    assert inertia <= min(single) * (1 + 1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e30])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_mixture_has_the_centroids_the_variance_and_the_shares_of_its_clusters(scale, sparse):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [90, 10])
    x = rng.normal(size=(100, 3)) + 20.0 * y[:, np.newaxis]
    given = (csr_matrix(x) if sparse else x) * scale
    centroids, variance, shares = isotropic_mixture(given.astype("float32"), 2, seed=0, n_init=3)
    means = np.stack([x[y == k].mean(axis=0) for k in (0, 1)])
    order = np.argsort(-shares)
    np.testing.assert_allclose(centroids[order] / scale, means, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(variance / scale**2, np.mean((x - means[y]) ** 2), rtol=1e-3)
    np.testing.assert_allclose(shares[order], [91 / 102, 11 / 102])


def test_a_mixture_of_identical_rows_has_a_variance_and_shares_above_0():
    _, variance, shares = isotropic_mixture(np.ones((5, 2)), 3, seed=0, n_init=1)
    assert variance > 0
    assert shares.min() > 0
    assert shares.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["AECM", "DAMIC"])
def test_a_start_from_data_with_fewer_distinct_rows_than_clusters_warns_and_is_finite(rows, name):
    two = np.repeat(rows.clip(0.0, 1.0)[:2], [30, 2], axis=0)
    model = tiny_model(name)
    with pytest.warns(ConvergenceWarning, match="distinct clusters"):
        model.pretrain(two, epochs=1, verbose=0)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.parametrize("change", [{"n_init": 0}, {"max_iter": 0}, {"n_init": 2.5}])
def test_kmeans_refuses_numbers_of_starts_that_are_none(rows, change):
    with pytest.raises(ValueError, match=r"must be an integer of at least 1.*Received"):
        kmeans(rows, 3, 0, **change)


@pytest.mark.parametrize(
    "change",
    [{"epochs": -1}, {"epochs": 1.5}, {"batch_size": 0}, {"clustering_epochs": -1}],
)
def test_numbers_of_epochs_and_rows_that_are_none_are_refused_before_any_training(rows, change):
    model, seen = make(), []
    note = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: seen.append(1))
    with pytest.raises(ValueError, match=r"must be an integer of at least .*Received"):
        model.pretrain(rows, **{"epochs": 1, **change}, verbose=0, callbacks=[note])
    assert not seen
