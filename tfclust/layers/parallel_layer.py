"""What the layers that hold K networks share."""

import keras

from tfclust.checks import check_integer
from tfclust.processor import check_bfloat16
from tfclust.randomness import layer_seeds


@keras.saving.register_keras_serializable(package="tfclust")
class StackedInitializer(keras.initializers.Initializer):
    """Draws each network's slice of a weight `(K, ...)` as a single layer's weight is drawn.

    Called with the whole shape, an initializer such as Glorot's would take K for part of a fan, and
    each network's scale would depend on how many there are.

    Args:
        initializer: a Keras initializer, its name or its config. A seeded one gives every network
            values of its own that follow from the seed.

    Example:

    ```python
    from tfclust.layers.parallel_layer import StackedInitializer

    kernel = StackedInitializer("glorot_uniform")((10, 64, 32))
    ```
    """

    def __init__(self, initializer):
        self.initializer = keras.initializers.get(initializer)

    def __call__(self, shape, dtype=None):
        """Values of `shape`, `(K, ...)`."""
        slices = [draw(shape[1:], dtype=dtype) for draw in self._initializers(shape[0])]
        return keras.ops.stack(slices)

    def _initializers(self, count):
        config = self.initializer.get_config()
        if "seed" not in config:
            return [self.initializer] * count
        # Without a seed of its own an initializer draws one when it is made, then repeats itself.
        make = type(self.initializer).from_config
        seeds = layer_seeds(config["seed"], count)
        return [make({**config, "seed": seed}) for seed in seeds]

    def get_config(self):
        """Config that `from_config` takes."""
        return {"initializer": keras.initializers.serialize(self.initializer)}


class ParallelLayer(keras.layers.Layer):
    """K Keras layers of one shape, in one: weights stacked with K first, outputs too.

    A subclass names the Keras layer that it holds K of in `single`, and creates its weights with
    `add_stacked_weight`, in the order of that layer's.

    Args:
        n_networks: int of at least 1, the number of networks K.
        **kwargs: `name`, `dtype` and `trainable`, as in `keras.layers.Layer`.

    Raises:
        ValueError: `n_networks` is below 1, or the dtype is one that would crash here, see
            `tfclust.processor.check_bfloat16`.
    """

    single_shape = None  # of one network's input, with the batch; known once the layer is built
    SAMPLE_RANK = None  # axes of one network's input without the batch; None takes any

    def __init__(self, n_networks, **kwargs):
        super().__init__(**kwargs)
        check_bfloat16(self.compute_dtype)
        self.n_networks = check_integer("n_networks", n_networks, 1)

    def single(self, name=None):
        """One of the K as the Keras layer that it is, without weights."""
        raise NotImplementedError(f"{type(self).__name__} must define `single`")

    def network(self, k):
        """Network `k` as a Keras layer with weights of its own."""
        layer = self.single(name=f"{self.name}_{k}")
        layer.build(self.single_shape)
        layer.set_weights([weight[k] for weight in self.get_weights()])
        return layer

    def set_network(self, k, layer):
        """Copies the weights of a Keras layer, as `single` gives, into network `k`."""
        stacked = self.get_weights()
        for mine, theirs in zip(stacked, layer.get_weights(), strict=True):
            mine[k] = theirs
        self.set_weights(stacked)

    def columns(self, single_shape):
        """The `Columns` that compute the outputs for inputs of that shape; None: there are none."""
        return None

    def build(self, input_shape):
        """Notes the shape of one network's input; a subclass adds its weights."""
        self.single_shape = self._unstacked(input_shape)
        self.built = True

    def add_stacked_weight(self, shape, initializer, name, **kwargs):
        """A weight `(K, *shape)`, each network's slice drawn as a single layer's."""
        initializer = StackedInitializer(initializer)
        return self.add_weight(
            (self.n_networks, *shape), initializer=initializer, name=name, **kwargs
        )

    def is_shared(self, x):
        """Whether the input `x`, a tensor or a shape, is one for all networks."""
        return len(getattr(x, "shape", x)) - 1 == self.SAMPLE_RANK

    def compute_output_shape(self, input_shape):
        """Shape of the outputs, K first."""
        return (self.n_networks, *self._single_output_shape(self._unstacked(input_shape)))

    def _single_output_shape(self, single_shape):
        return self.single().compute_output_shape(single_shape)

    def _unstacked(self, input_shape):
        shape = tuple(input_shape)
        if self.is_shared(shape):
            return shape
        rank = len(shape) - 2
        if shape[0] != self.n_networks or self.SAMPLE_RANK not in (None, rank) or rank < 1:
            raise ValueError(self._shape_rule() + f" Received: input of shape {shape}")
        return shape[1:]

    def _shape_rule(self):
        rule = f"The input of `{self.name}` must have shape ({self.n_networks}, batch, ...)"
        if self.SAMPLE_RANK is None:
            return f"{rule}, one for each network."
        rank = self.SAMPLE_RANK + 1
        return f"{rule} and rank {rank + 1}, one for each network, or rank {rank}, one for all."

    def get_config(self):
        """Config that `from_config` takes."""
        return {**super().get_config(), "n_networks": self.n_networks}

    @classmethod
    def from_config(cls, config):
        """The layer of a config; of older files, too, which have `networks` for `n_networks`."""
        config = dict(config)
        if "networks" in config:
            config["n_networks"] = config.pop("networks")
        return super().from_config(config)
