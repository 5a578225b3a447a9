from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf
from battery import ClusteringModelBattery
from scipy.special import softmax

from tfclust.callbacks import AnnealInverseTemperature
from tfclust.losses import distance_memberships
from tfclust.models import CM, DKM


class TestDKM(ClusteringModelBattery):
    model_class = DKM
    needs_weights: ClassVar = {"centroids": ("input",)}

    def test_the_inverse_temperature_of_a_training_is_saved(self, rows, tmp_path):
        model = self.make()
        model.fit(rows, verbose=0)
        model.alpha.assign(7.0)
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        assert float(again.alpha) == 7.0
        assert again.get_config()["alpha"] == 2.0  # what it was made with


def small(**changes):
    sizes = {"n_clusters": 3, "embedding_dim": 2, "hidden_units": (8,), "batch_size": 8}
    return DKM(**{**sizes, "seed": 0, **changes})


@pytest.mark.parametrize("alpha", [0.1, 3.0, 1000.0])
def test_objective_and_its_gradient_are_those_of_numpy(rows, alpha):
    model = small(lbd=0.7, alpha=alpha, dtype="float64")
    model.build((None, 6))
    x, alpha = rows.astype("float64"), float(model.alpha)
    with tf.GradientTape() as tape:
        memberships, terms = model.objective(tf.constant(x), training=True)
    by_means = tape.gradient(terms["distance"], model.means.value)
    away = model.embed(x)[:, None] - model.centroids()
    d = (away**2).sum(axis=2)
    p = softmax(-alpha * d, axis=1)
    np.testing.assert_allclose(memberships, p, rtol=1e-9, atol=1e-12)
    error = ((x - model.reconstruct(x)) ** 2).sum() / 37
    assert float(terms["reconstruction"]) == pytest.approx(error, rel=1e-12)
    assert float(terms["distance"]) == pytest.approx(0.7 * (p * d).sum() / 37, rel=1e-10)
    # d sum_k p_k d_k / d d_k = p_k (1 - alpha (d_k - sum_j p_j d_j)), d d_k / d r_k = -2 (z - r_k)
    slope = p * (1 - alpha * (d - (p * d).sum(axis=1, keepdims=True)))
    expected = -2 * 0.7 * (slope[..., None] * away).sum(axis=0) / 37
    np.testing.assert_allclose(by_means, expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("alpha", [0.1, 1000.0])
def test_memberships_of_distances_in_the_thousands_keep_what_sets_them_apart(alpha):
    gaps = np.array([[0.0, 0.5, 2.0], [1e-3, 0.0, 0.25]]) / alpha
    distances = tf.constant(4096.0 + gaps * (alpha < 1), "float32")  # float32 has no more digits
    d = distances.numpy().astype("float64")
    expected = softmax(-alpha * d, axis=1)
    with tf.GradientTape() as tape:
        tape.watch(distances)
        memberships = distance_memberships(distances, alpha)
        total = tf.reduce_sum(memberships * distances)
    np.testing.assert_allclose(memberships, expected, rtol=1e-5)
    assert np.isfinite(tape.gradient(total, distances)).all()


def test_distances_of_any_size_give_finite_memberships_and_gradients():
    distances = tf.constant([[0.0, 9e3, 1e30], [7e3, 7e3, 8e3], [1e38, 0.0, 3e3]])
    with tf.GradientTape() as tape:
        tape.watch(distances)
        memberships = distance_memberships(distances, 1000.0)
        total = tf.reduce_sum(memberships * distances)
    expected = [[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0]]
    np.testing.assert_allclose(memberships, expected, atol=1e-6)
    assert np.isfinite(tape.gradient(total, distances)).all()


def test_centroids_begin_between_minus_one_and_one():
    model = small(n_clusters=400)
    model.build((None, 6))
    assert np.abs(model.centroids()).max() <= 1.0
    assert model.centroids().std() == pytest.approx(3**-0.5, rel=0.1)


def test_the_inverse_temperature_rises_every_so_many_epochs_as_in_the_authors_code(rows):
    model = small()
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    annealing = AnnealInverseTemperature(epochs=2)
    logs = model.fit(rows, epochs=7, verbose=0, callbacks=[annealing]).history
    values = [0.1]
    for i in range(1, 40):  # the loop of the code, whose i counts from 0
        values.append(2 ** (1 / np.log(i + 1) ** 2) * values[-1])
    np.testing.assert_allclose(logs["alpha"], np.repeat(values[:4], 2)[:7], rtol=1e-6)
    assert annealing.value(79) == pytest.approx(values[-1])
    assert AnnealInverseTemperature().value(199) == pytest.approx(values[-1])


@pytest.mark.parametrize("changes", [{"lbd": -1.0}, {"alpha": 0.0}, {"alpha": np.inf}])
def test_arguments_out_of_their_range_are_refused(changes):
    with pytest.raises(ValueError, match=r"`\w+` must be .*Received: "):
        small(**changes)


@pytest.mark.parametrize("changes", [{"start": 0.0}, {"epochs": 0}])
def test_an_annealing_out_of_its_range_is_refused(changes):
    with pytest.raises(ValueError, match=r"`\w+` must be .*Received: "):
        AnnealInverseTemperature(**changes)


def test_a_model_without_an_inverse_temperature_is_refused(rows):
    model = CM(3, batch_size=8, seed=0)  # its alpha is another, and no variable
    model.compile(jit_compile=False)
    with pytest.raises(ValueError, match=r"needs a model with a variable `alpha`.*Received: .*CM"):
        model.fit(rows, verbose=0, callbacks=[AnnealInverseTemperature()])
