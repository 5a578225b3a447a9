"""Trains a recipe from several seeds and measures the runs."""

import contextlib
import logging

from tfclust.selection import BATCH_ROWS, measure, run_of, squared_error, with_stability


def train(recipe, x, seeds, progress=None):
    """Trains a recipe from each seed, just as `Recipe.fit` does, and measures what it found.

    Args:
        recipe: `tfclust.recipes.Recipe` whose number of clusters is settled.
        x: array `(n, ...)` or CSR matrix `(n, d)`.
        seeds: ints.
        progress: see `Recipe.fit`; None.

    Returns:
        A list of `tfclust.selection.Run`, one a seed.

    Raises:
        LossNotFinite: a loss is NaN or infinite.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust.recipes import RECIPES
    from tfclust.tuning import train

    recipe = RECIPES["cm"].changed(n_clusters=3, epochs=20)
    runs = train(recipe, load_iris().data, seeds=range(2))
    runs[0].criteria["stability"]
    ```
    """
    return Trainer()(recipe, x, seeds, progress)


class Trainer:
    """Trains as `train` does, one recipe after the other.

    Many seeds of a small model are one program. It is compiled once for all recipes that differ in
    nothing but numbers that an ensemble can adjust, such as alpha.

    Args:
        keep_models: bool, whether each run holds its model. To make those of an ensemble takes
            longer than a short training.
    """

    def __init__(self, keep_models=True):
        self._keep_models = keep_models
        self._ensembles = {}

    def __call__(self, recipe, x, seeds, progress=None):
        """See `train`."""
        with _many_models():
            if recipe.ensemble_class() is not None:
                ensemble = self._ensemble(recipe, x, tuple(seeds), progress)
                members = ensemble.members() if self._keep_models else None
                return measure_members(ensemble, x, members)
            models = [recipe.build(seed=seed, n_rows=x.shape[0]) for seed in seeds]
            for model in models:
                recipe.fit(model, x, progress=progress)
            return measure(models, x)

    def _ensemble(self, recipe, x, seeds, progress):
        """A trained ensemble, whose members are, up to rounding, what each seed alone gives.

        Save where the start of a seed is uneven and the recipe has a rate for that: all members
        train at one rate, that of other data.
        """
        ensemble_class = recipe.ensemble_class()
        settings = {**recipe.arguments, **recipe.constructor(n_rows=x.shape[0])}
        if not recipe.is_at_once(x):
            ensemble = ensemble_class(seeds, **settings)
            recipe.fit(ensemble, x, progress=progress)
            return ensemble
        adjusted = {name: settings.pop(name) for name in ensemble_class.ADJUSTABLE}
        key = repr((seeds, sorted(settings.items()), recipe.optimizer, recipe.pretraining))
        if key in self._ensembles:
            self._ensembles[key].restart(**adjusted)  # where its start was over
            recipe = recipe.changed(pretraining=None)
        else:
            self._ensembles[key] = ensemble_class(seeds, **settings, **adjusted)
        recipe.fit_at_once(self._ensembles[key], x)
        return self._ensembles[key]


@contextlib.contextmanager
def _many_models():
    """Keeps TensorFlow from warning of functions that are traced often: each model's are."""

    def is_other(record):
        return "triggered tf.function retracing" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def measure_members(ensemble, x, models=None):
    """What `tfclust.selection.measure` gives for the members, from the stacks of all.

    Args:
        ensemble: a trained `tfclust.models.ensemble.Ensemble`.
        x: what it was trained on.
        models: its members, for the runs to keep; None keeps none.
    """
    memberships = ensemble.predict(x, batch_size=BATCH_ROWS, verbose=0)
    reconstructions = ensemble.reconstruct(x, batch_size=BATCH_ROWS)
    codes = ensemble.embed(x, batch_size=BATCH_ROWS)
    runs = []
    for s, (seed, centroids) in enumerate(zip(ensemble.seeds, ensemble.centroids(), strict=True)):
        of_member = codes[:, s] if codes.ndim == 3 else codes
        error = squared_error(x, reconstructions[:, s])
        model = None if models is None else models[s]
        runs.append(run_of(memberships[:, s], of_member, centroids, error, seed=seed, model=model))
    return with_stability(runs)
