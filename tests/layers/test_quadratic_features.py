import keras
import numpy as np
import pytest

from tfclust.layers import QuadraticFeatures


def test_two_inputs_give_the_seven_features_in_the_papers_order():
    features = QuadraticFeatures()(np.array([[2.0, 3.0], [-1.0, 0.5]]))
    np.testing.assert_allclose(
        features, [[1, 2, 3, 4, 6, 9, 6], [1, -1, 0.5, 1, -0.5, 0.25, -0.5]], rtol=1e-6
    )


@pytest.mark.parametrize("d", [1, 2, 5])
def test_products_hold_every_ordered_pair_once(d):
    x = np.random.default_rng(0).normal(size=(4, d)).astype("float32")
    features = np.asarray(QuadraticFeatures()(x))
    assert features.shape == (4, 1 + d + d**2)
    pairs = (x[:, :, None] * x[:, None, :]).reshape(4, -1)
    np.testing.assert_allclose(np.sort(features[:, 1 + d :]), np.sort(pairs), rtol=1e-6, atol=1e-7)


def test_inner_products_of_features_are_a_quadratic_kernel():
    x = np.random.default_rng(1).normal(size=(6, 3)).astype("float32")
    features = np.asarray(QuadraticFeatures()(x))
    gram = x @ x.T
    np.testing.assert_allclose(features @ features.T, 1 + gram + gram**2, rtol=1e-4)


def test_leading_axes_are_kept():
    layer = QuadraticFeatures()
    assert layer(np.zeros((2, 5, 3), "float32")).shape == (2, 5, 13)
    assert layer.compute_output_shape((None, 5, 3)) == (None, 5, 13)


# Raised within Keras as it writes the weights.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_saved_model_gives_the_same_features(tmp_path):
    model = keras.Sequential([keras.Input((2,)), QuadraticFeatures(), keras.layers.Dense(3)])
    x = np.random.default_rng(2).normal(size=(5, 2)).astype("float32")
    model.save(tmp_path / "model.keras")
    restored = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(restored(x), model(x))


def test_an_unknown_number_of_inputs_is_refused():
    with pytest.raises(ValueError, match=r"must have a known size. Received: .*\(None, None\)"):
        QuadraticFeatures()(keras.Input((None,)))
