"""A recipe and its parameters as KerasTuner knows them."""

import keras_tuner


class HyperModel(keras_tuner.HyperModel):
    """The model of a recipe and what is searched of its settings, for any tuner of KerasTuner.

    Args:
        recipe: `tfclust.recipes.Recipe`, whose `searched` parameters a tuner chooses.
        n_clusters: int, the number of clusters K; None where the recipe has one.
        n_rows: int, rows of the data: see `Recipe.build`; None.

    Example:

    ```python
    import keras_tuner
    from tfclust.recipes import RECIPES
    from tfclust.tuning import HyperModel

    hypermodel = HyperModel(RECIPES["aecm"], n_clusters=10)
    model = hypermodel.build(keras_tuner.HyperParameters())
    ```
    """

    def __init__(self, recipe, n_clusters=None, n_rows=None):
        super().__init__(name=recipe.name)
        self.recipe = recipe
        self.n_clusters = n_clusters
        self.n_rows = n_rows

    def declare_hyperparameters(self, hp):
        """Adds every parameter that is searched to `hp`."""
        for parameter in self.recipe.searched:
            parameter.declare(hp)

    def searched(self, hp):
        """The settings that the values of `hp` stand for, name -> value."""
        return {each.name: each.read(hp.values) for each in self.recipe.searched}

    def build(self, hp):
        """The compiled model of the values of `hp`; where they are absent, of their defaults."""
        self.declare_hyperparameters(hp)
        recipe = self.recipe.changed(self.searched(hp))
        model = recipe.build(self.n_clusters, n_rows=self.n_rows)
        recipe.compile(model, model.batch_size if self.n_rows is None else self.n_rows)
        return model
