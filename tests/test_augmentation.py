import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import affine_transform

from tfclust.augmentation import (
    AUGMENTATIONS,
    ImageAugmentation,
    RowDropout,
    RowNoise,
    get_augmentation,
)
from tfclust.models import DEC
from tfclust.randomness import uniform_sample

SEED = (3, 4)


@pytest.fixture(scope="module")
def images():
    """18 images of 4 by 4 pixels, as rows."""
    return np.random.default_rng(0).random((18, 16), dtype="float32")


def transformed(image, draws, shift, rotation):
    """The formula of `ImageAugmentation` by SciPy."""
    theta, shifts = np.deg2rad(rotation) * draws[0], shift * draws[1:] * image.shape[:2]
    turn = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    centre = (np.array(image.shape[:2]) - 1) / 2
    offset = centre + turn @ (shifts - centre)
    planes = [
        affine_transform(plane, turn, offset, order=1, mode="nearest")
        for plane in np.moveaxis(image, -1, 0)
    ]
    return np.stack(planes, axis=-1)


@pytest.mark.parametrize("shape", [(6, 9, 1), (8, 8, 3), (1, 5, 2)])
def test_images_are_moved_by_the_formula_and_each_by_draws_of_its_own(shape):
    x = np.random.default_rng(0).random((5, *shape))
    draws = 2.0 * uniform_sample((5, 3), "float32", SEED).numpy().astype("float64") - 1.0
    expected = np.stack([transformed(*pair, 0.3, 40.0) for pair in zip(x, draws, strict=True)])
    augment = ImageAugmentation(shape, shift=0.3, rotation=40.0)
    for given in (x, x.reshape(5, -1)):
        moved = augment(given, SEED)
        assert (moved.dtype, moved.shape) == (given.dtype, given.shape)
        np.testing.assert_allclose(moved, expected.reshape(given.shape), atol=1e-5)


def test_what_lies_inside_keeps_its_mass_and_its_mean_moves_as_far_as_was_drawn():
    images = np.zeros((30, 20, 20), dtype="float32")
    images[:, 8:12, 9:12] = np.random.default_rng(0).random((30, 4, 3))
    x = images.reshape(30, -1)
    moved = ImageAugmentation(shift=0.2, rotation=0.0)(x, SEED).numpy()
    np.testing.assert_allclose(moved.sum(axis=1), x.sum(axis=1), rtol=1e-5)
    masses = moved.reshape(images.shape), images
    after, before = (m.sum(axis=2) @ np.arange(20) / m.sum(axis=(1, 2)) for m in masses)
    draws = 2.0 * uniform_sample((30, 3), "float32", SEED).numpy() - 1.0
    np.testing.assert_allclose(after - before, -4.0 * draws[:, 1], atol=1e-4)
    assert np.ptp(after - before) > 4.0


def test_without_amounts_images_are_as_they_are_and_values_stay_within_their_range(images):
    still = ImageAugmentation(shift=0.0, rotation=0.0)
    np.testing.assert_array_equal(still(images, SEED), images)
    moved = ImageAugmentation(shift=1.0, rotation=180.0)(images, SEED).numpy()
    assert images.min() <= moved.min() < moved.max() <= images.max()


def test_noise_has_its_deviation_and_dropout_its_rate():
    x = np.full((200, 100), 2.0, dtype="float32")
    noise = RowNoise(0.3)(x, SEED).numpy() - x
    assert noise.mean() == pytest.approx(0.0, abs=0.01)
    assert noise.std() == pytest.approx(0.3, rel=0.02)
    kept = RowDropout(0.25)(x, SEED).numpy()
    np.testing.assert_allclose(np.unique(kept), [0.0, 2.0 / 0.75])
    assert (kept == 0).mean() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_a_seed_says_what_is_drawn_however_it_is_compiled(images, name):
    augment = get_augmentation(name)
    first, other = augment(images, SEED).numpy(), augment(images, (3, 5)).numpy()
    assert not np.array_equal(first, other)
    for jit_compile in (False, True):
        compiled = tf.function(augment, jit_compile=jit_compile, autograph=False)
        np.testing.assert_allclose(compiled(images, tf.constant(SEED)), first, atol=1e-6)
    again = get_augmentation(keras.saving.serialize_keras_object(augment))
    assert type(again) is type(augment)
    np.testing.assert_array_equal(again(images, SEED), first)


def test_an_image_is_given_back_as_it_was_moved_and_a_row_without_its_noise(images):
    given, target = ImageAugmentation().pair(images, SEED)
    assert target is given
    for augment in (RowNoise(), RowDropout()):
        given, target = augment.pair(images, SEED)
        assert target is images
        np.testing.assert_array_equal(given, augment(images, SEED))


@pytest.mark.parametrize(
    ("augment", "shape"),
    [
        (ImageAugmentation(), (10,)),
        (ImageAugmentation((4, 4)), (15,)),
        (ImageAugmentation((4, 6)), (6, 4)),
        (ImageAugmentation(), (2, 2, 2, 2)),
    ],
)
def test_rows_that_are_no_images_of_the_shape_are_refused(augment, shape):
    with pytest.raises(ValueError, match=r"`image_shape` must be the shape.*Received: image_shape"):
        augment.check_shape(shape)


def test_square_rows_of_one_channel_or_three_are_images_without_a_shape():
    for shape in ((16,), (48,), (5, 7), (5, 7, 2)):
        ImageAugmentation().check_shape(shape)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: ImageAugmentation((4,)),
        lambda: ImageAugmentation((4, 0)),
        lambda: ImageAugmentation(4),
        lambda: ImageAugmentation(shift=1.5),
        lambda: ImageAugmentation(rotation=-1.0),
        lambda: RowNoise(0.0),
        lambda: RowDropout(0.0),
        lambda: RowDropout(1.0),
        lambda: DEC(3, augment="image"),
        lambda: DEC(3, augment=0.1),
        lambda: DEC(3, augment=["images"]),
    ],
)
def test_arguments_out_of_their_range_are_refused(bad):
    with pytest.raises(ValueError, match=r"`[\w\[\]]+` must be .*Received: "):
        bad()
