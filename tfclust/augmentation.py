"""What a training is given in place of its rows: each of them changed a little, anew every step."""

import math

import keras
import tensorflow as tf

from tfclust.checks import check_positive, check_share, check_units, check_weight
from tfclust.randomness import dropout_sample, gaussian_sample, uniform_sample

DEGREE = math.pi / 180.0


class Augmentation:
    """Random changes of rows that leave them in their clusters.

    A subclass writes `change(x, seed)`, of operations that TensorFlow traces and whose draws follow
    from the seed alone, and `get_config`, with the arguments of its constructor; it may write
    `check_shape` and set `IS_NOISE`. Registered by `keras.saving.register_keras_serializable`, it
    is in the file of a model that has it.

    Example:

    ```python
    import keras
    import numpy as np
    import tensorflow as tf
    from tfclust.augmentation import Augmentation
    from tfclust.randomness import uniform_sample

    @keras.saving.register_keras_serializable(package="example")
    class Brightness(Augmentation):
        def change(self, x, seed):
            return x * (0.5 + uniform_sample((tf.shape(x)[0], 1), x.dtype, seed))

    x = np.ones((4, 6), dtype="float32")
    brighter = Brightness()(x, seed=(0, 0))  # (4, 6)
    ```
    """

    IS_NOISE = False  # whether a reconstruction is to be of the row without it

    def __call__(self, x, seed):
        """The rows changed, in the shape and the dtype of `x`.

        Args:
            x: float32 or float64 `(batch, ...)`.
            seed: `(2,)`, int32, see `tfclust.randomness.step_seed`.
        """
        x = tf.convert_to_tensor(x)
        return tf.ensure_shape(tf.reshape(self.change(x, seed), tf.shape(x)), x.shape)

    def change(self, x, seed):
        """The rows changed, as many values in any shape."""
        raise NotImplementedError(f"{type(self).__name__} must define `change`")

    def check_shape(self, sample_shape):
        """Raises ValueError where it does not fit rows of the shape `sample_shape`."""

    def pair(self, x, seed):
        """What an autoencoder is given for the rows `x`, and what it is to give back.

        An image that was moved is an image, to be given back as it is; noise is to be taken out.
        """
        changed = self(x, seed)
        return changed, x if self.IS_NOISE else changed

    def get_config(self):
        """Config that `from_config` takes."""
        return {}

    @classmethod
    def from_config(cls, config):
        """The augmentation that `config` describes."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="tfclust")
class ImageAugmentation(Augmentation):
    """Images, each shifted and turned about its centre by amounts of its own.

    The pixel at r = (row, column) becomes what the image has at

    `c + R(theta) (r - c + t)`,

    with c the centre, `R(theta) = [[cos theta, -sin theta], [sin theta, cos theta]]`, theta uniform
    within `rotation` on either side, and t uniform within `shift` of height and width. Between
    pixels values are interpolated (bilinear); beyond an edge they are those at the edge.

    Args:
        image_shape: `(height, width)` or `(height, width, channels)`, ints of at least 1, of flat
            rows; None, the default, takes `s * s` values for an image of s by s pixels, `3 s * s`
            for one of three channels, and rows that are no vectors as the images that they are.
        shift: float from 0 to 1, 0.1 by default: the largest shift, a share of height and width.
        rotation: float of at least 0, degrees, 10 by default: the largest angle.

    Raises:
        ValueError: an argument is out of its range, or rows are no images of that shape.

    Example:

    ```python
    import numpy as np
    from tfclust import DEC
    from tfclust.augmentation import ImageAugmentation

    x = np.random.default_rng(0).random((60, 8 * 6), dtype="float32")
    augment = ImageAugmentation((8, 6), shift=0.2, rotation=5.0)
    model = DEC(n_clusters=3, hidden_units=(8,), augment=augment, batch_size=20, seed=0)
    model.compile()
    model.pretrain(x, epochs=2, layer_epochs=0, verbose=0)
    model.fit(x, epochs=2, verbose=0)
    ```

    Reference: Guo, Zhu, Liu, Yin, Deep embedded clustering with data augmentation, 2018; amounts,
    interpolation and edges are those of the authors' code.
    """

    def __init__(self, image_shape=None, shift=0.1, rotation=10.0):
        self.image_shape = image_shape
        if image_shape is not None:
            self.image_shape = check_units("image_shape", image_shape)
            if len(self.image_shape) not in (2, 3):
                raise ValueError(
                    "`image_shape` must be (height, width) or (height, width, channels). "
                    f"Received: image_shape={image_shape!r}"
                )
        self.shift = check_share("shift", shift)
        self.rotation = check_weight("rotation", rotation)

    def check_shape(self, sample_shape):
        """Raises ValueError where rows of the shape `sample_shape` are no images."""
        self._shape_of(tuple(sample_shape))

    def _shape_of(self, sample_shape):
        """Height, width and channels of the images that rows of `sample_shape` are."""
        is_flat = len(sample_shape) == 1
        shape = self.image_shape
        if shape is None:
            shape = _square(*sample_shape) if is_flat else sample_shape
        whole = (*shape, 1)[:3]
        fits = math.prod(shape) == sample_shape[0] if is_flat else whole == (*sample_shape, 1)[:3]
        if len(shape) not in (2, 3) or not fits:
            raise ValueError(
                "`image_shape` must be the shape of images of as many values as a row has; without "
                "it rows are square, of one channel or of three. "
                f"Received: image_shape={self.image_shape}, rows of shape {sample_shape}"
            )
        return whole

    def change(self, x, seed):
        """The images moved, `(batch, height * width, channels)`."""
        height, width, channels = self._shape_of(tuple(x.shape[1:]))
        draws = 2.0 * uniform_sample((tf.shape(x)[0], 3), tf.float32, seed) - 1.0
        angles = self.rotation * DEGREE * draws[:, :1]
        shifts = self.shift * draws[:, 1:] * tf.constant((height, width), tf.float32)
        return _moved(tf.reshape(x, (-1, height, width, channels)), angles, shifts)

    def get_config(self):
        """Config that `from_config` takes."""
        shape = None if self.image_shape is None else list(self.image_shape)
        return {"image_shape": shape, "shift": self.shift, "rotation": self.rotation}


@keras.saving.register_keras_serializable(package="tfclust")
class RowNoise(Augmentation):
    """Rows with Gaussian noise added to each value, `x + deviation * e` with e from N(0, I).

    Reconstructions are to be of the rows without it.

    Args:
        deviation: float above 0, in the units of the data, 0.1 by default.

    Raises:
        ValueError: `deviation` is out of its range.

    Example:

    >>> import numpy as np
    >>> from tfclust.augmentation import RowNoise
    >>> RowNoise(deviation=0.05)(np.zeros((2, 4), "float32"), seed=(0, 0)).shape.as_list()
    [2, 4]
    """

    IS_NOISE = True

    def __init__(self, deviation=0.1):
        self.deviation = check_positive("deviation", deviation)

    def change(self, x, seed):
        """The rows with their noise, `(batch, values)`."""
        return gaussian_sample(_flat(x), 2.0 * math.log(self.deviation), seed)

    def get_config(self):
        """Config that `from_config` takes."""
        return {"deviation": self.deviation}


@keras.saving.register_keras_serializable(package="tfclust")
class RowDropout(Augmentation):
    """Rows with a share of their values, drawn anew for each, set to 0, the others scaled up.

    Reconstructions are to be of the whole rows.

    Args:
        rate: float above 0 and below 1, the share, 0.2 by default; what is kept is divided by
            `1 - rate`.

    Raises:
        ValueError: `rate` is out of its range.

    Example:

    >>> import numpy as np
    >>> from tfclust.augmentation import RowDropout
    >>> sorted(set(RowDropout(0.5)(np.ones((9, 9), "float32"), seed=(0, 0)).numpy().ravel()))
    [np.float32(0.0), np.float32(2.0)]
    """

    IS_NOISE = True

    def __init__(self, rate=0.2):
        if not 0.0 < check_share("rate", rate) < 1.0:
            raise ValueError(f"`rate` must be above 0 and below 1. Received: rate={rate!r}")
        self.rate = float(rate)

    def change(self, x, seed):
        """The rows with what is kept of them, `(batch, values)`."""
        return dropout_sample(_flat(x), self.rate, seed)

    def get_config(self):
        """Config that `from_config` takes."""
        return {"rate": self.rate}


AUGMENTATIONS = {"images": ImageAugmentation, "noise": RowNoise, "dropout": RowDropout}


def get_augmentation(augment):
    """An augmentation by its name, of its config, or as it is given.

    Args:
        augment: "images", "noise" or "dropout", each with its defaults; an `Augmentation`; a dict
            that `keras.saving.serialize_keras_object` has made of one; or None for none.

    Raises:
        ValueError: it is something else.

    Example:

    >>> from tfclust.augmentation import get_augmentation
    >>> get_augmentation("images").rotation
    10.0
    """
    found = augment
    if isinstance(augment, str) and augment in AUGMENTATIONS:
        found = AUGMENTATIONS[augment]()
    elif isinstance(augment, dict):
        found = keras.saving.deserialize_keras_object(augment)
    if found is None or isinstance(found, Augmentation):
        return found
    raise ValueError(
        f"`augment` must be one of {', '.join(AUGMENTATIONS)}, a `tfclust.augmentation."
        f"Augmentation`, or None. Received: augment={augment!r}"
    )


def _square(values):
    """The shape of a square image of so many values, of one channel or of three; () for none."""
    sides = ((math.isqrt(values // channels), channels) for channels in (1, 3))
    return next(((s, s, channels) for s, channels in sides if s * s * channels == values), ())


@tf.function(jit_compile=True, autograph=False)  # one kernel; one by one its operations take long
def _moved(images, angles, shifts):
    """Images `(batch, height, width, channels)` moved, their pixels in one axis.

    Args:
        angles: `(batch, 1)`, theta.
        shifts: `(batch, 2)`, t.
    """
    _, height, width, channels = images.shape
    pixels = tf.reshape(images, (-1, height * width, channels))
    place = tf.range(height * width)
    middle, centre = (height - 1) / 2, (width - 1) / 2
    row = tf.cast(place // width, tf.float32) - middle + shifts[:, :1]
    column = tf.cast(place % width, tf.float32) - centre + shifts[:, 1:]
    cos, sin = tf.cos(angles), tf.sin(angles)
    top, bottom, down = _between(cos * row - sin * column + middle, height)
    left, right, along = _between(sin * row + cos * column + centre, width)

    def values(row, column, weight):
        taken = tf.gather(pixels, row * width + column, batch_dims=1)
        return taken * tf.cast(weight, images.dtype)[..., tf.newaxis]

    return (
        values(top, left, (1.0 - down) * (1.0 - along))
        + values(top, right, (1.0 - down) * along)
        + values(bottom, left, down * (1.0 - along))
        + values(bottom, right, down * along)
    )


def _between(place, size):
    """The pixels on either side of places on an axis, and the share of the way to the second."""
    place = tf.clip_by_value(place, 0.0, size - 1.0)
    first = tf.floor(place)
    before = tf.cast(first, tf.int32)
    return before, tf.minimum(before + 1, size - 1), place - first


def _flat(x):
    return tf.reshape(x, (tf.shape(x)[0], math.prod(x.shape[1:])))
