"""What a served model does to a request before it clusters it."""

import numpy as np
import tensorflow as tf

from tfclust.checks import check_choice, check_units

DTYPES = ("uint8", "int32", "int64", "float32", "float64")
FINITE = "`x` must not hold NaN or infinite values, in float32"
EXACT = ("int32", "int64", "float64")


class Preprocessing:
    """From the samples that clients have to those that a model was trained on.

    A sample v becomes `(v - offset) * scale`, float32, in the shape that the model takes. It is
    computed in float64 where requests hold int32, int64 or float64, whose differences float32 may
    lose, such as of seconds since 1970; else in float32.

    Args:
        shape: of a sample in a request, e.g. `(28, 28)`; it has as many values as a sample of the
            model. None takes the model's shape.
        dtype: of the values in a request: "uint8", "int32", "int64", "float32" or "float64".
        offset, scale: numbers, or arrays that broadcast to `shape`. The defaults change nothing;
            1 / 255 scales pixels; mean and 1 / deviation standardize.
        clip: None, or the least and the largest value that the model gets, such as `(0, 1)`: what
            exceeds them is cut to them, as `tfclust predict` does for models of such data.

    Raises:
        ValueError: an argument is out of its range.

    Example:

    ```python
    import numpy as np
    from tfclust import CM
    from tfclust.export import Preprocessing, export_for_serving

    images = np.random.default_rng(0).integers(0, 256, (50, 8, 8), dtype="uint8")
    model = CM(n_clusters=3, batch_size=25, seed=0)
    model.compile(jit_compile=False)
    model.fit(images.reshape(50, 64) / 255)
    pixels = Preprocessing(shape=(8, 8), dtype="uint8", scale=1 / 255)
    export_for_serving(model, "serving/digits", preprocess=pixels)
    ```
    """

    def __init__(self, shape=None, dtype="float32", offset=0.0, scale=1.0, clip=None):
        self.shape = None if shape is None else check_units("shape", shape)
        self.dtype = check_choice("dtype", dtype, DTYPES)
        self.offset = _finite("offset", offset)
        self.scale = _finite("scale", scale)
        self.clip = None if clip is None else _bounds(clip)

    def spec(self, sample_shape):
        """`tf.TensorSpec` of requests to a model of samples of `sample_shape`.

        Raises:
            ValueError: samples of a request have another number of values than the model's.
        """
        shape = sample_shape if self.shape is None else self.shape
        if None not in sample_shape and np.prod(shape) != np.prod(sample_shape):
            raise ValueError(
                f"`shape` must have as many values as a sample of the model, {sample_shape}. "
                f"Received: shape={shape}"
            )
        return tf.TensorSpec((None, *shape), self.dtype, name="x")

    def describe(self):
        """What a client must know of requests, plain JSON: `v` is a value of a request."""
        return {
            "dtype": self.dtype,
            "scaling": "(v - offset) * scale" + (", then cut to clip" if self.clip else ""),
            "offset": self.offset.tolist(),
            "scale": self.scale.tolist(),
            "clip": self.clip,
        }

    def apply(self, x, sample_shape):
        """The batch `x` of a request as a batch of the model; `sample_shape` as in `spec`.

        A value that is not finite, as it is or scaled, is an error of the request.
        """
        precision = tf.float64 if x.dtype in EXACT else tf.float32
        offset, scale = tf.constant(self.offset, precision), tf.constant(self.scale, precision)
        x = tf.cast((tf.cast(x, precision) - offset) * scale, tf.float32)
        x = tf.debugging.check_numerics(x, FINITE)
        if self.clip is not None:
            x = tf.clip_by_value(x, *self.clip)
        if self.shape is None or None in sample_shape:
            return x
        return tf.reshape(x, (-1, *sample_shape))


def _finite(name, value):
    array = np.asarray(value, dtype="float64")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"`{name}` must be finite. Received: {name}={value}")
    return array


def _bounds(clip):
    bounds = _finite("clip", clip)
    if bounds.shape != (2,) or bounds[0] >= bounds[1]:
        raise ValueError(
            f"`clip` must be two numbers in order, low and high. Received: clip={clip}"
        )
    return tuple(bounds.tolist())
