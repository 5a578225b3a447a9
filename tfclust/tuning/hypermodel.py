"""A search space as KerasTuner knows it."""

import keras_tuner

from tfclust.recipes import compile_with
from tfclust.tuning.search_space import split


class HyperModel(keras_tuner.HyperModel):
    """A model and its search space, for any tuner of KerasTuner.

    Args:
        space: `SearchSpace`.
        n_clusters: number of clusters K.

    Example:

    ```python
    import keras_tuner
    from tfclust.tuning import space_of
    from tfclust.tuning.hypermodel import HyperModel

    hypermodel = HyperModel(space_of("aecm"), n_clusters=10)
    model = hypermodel.build(keras_tuner.HyperParameters())
    ```
    """

    def __init__(self, space, n_clusters):
        super().__init__(name=space.model)
        self.space = space
        self.n_clusters = n_clusters

    def declare_hyperparameters(self, hp):
        """Adds every parameter of the space to `hp`."""
        for parameter in self.space.parameters:
            parameter.declare(hp)

    def settings(self, hp):
        """The settings that the values of `hp` stand for, those that all trials share included."""
        searched = {each.name: each.read(hp.values) for each in self.space.parameters}
        return {"n_clusters": self.n_clusters, **self.space.fixed, **searched}

    def build(self, hp):
        """The compiled model of the values of `hp`; where they are absent, of their defaults."""
        self.declare_hyperparameters(hp)
        of_model, of_training = split(self.settings(hp))
        model = self.space.model_class()(**of_model)
        compile_with(model, of_training)
        return model
