"""Initial values for K networks held in one weight."""

import keras

from tfclust.seeds import layer_seeds


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
    from tfclust.layers.stacked_initializer import StackedInitializer

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
