"""What there is to search for a model, and how a trial of it is trained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from tfclust.checks import check_count
from tfclust.tuning.choice import Choice
from tfclust.tuning.range import Range

# Settings of a training that no constructor takes.
OF_TRAINING = ("learning_rate",)
# Arguments of every constructor that a search gives itself.
_GIVEN = ("n_clusters", "seed")


def split(settings):
    """Settings of the constructor, and of the training."""
    of_training = {name: settings[name] for name in OF_TRAINING if name in settings}
    return {n: v for n, v in settings.items() if n not in OF_TRAINING}, of_training


def _no_callbacks(settings):
    return ()


@dataclass(frozen=True)
class SearchSpace:
    """A model's search space.

    Args:
        model: name of the class in `tfclust`.
        parameters: what is searched, `Range` and `Choice`.
        epochs: of a trial, at most.
        fixed: arguments of the constructor that all trials share.
        averages: whether an averaging epoch follows, as CM and AE-CM have it.
        pretraining: arguments of the model's `pretrain`, or None for a random start.
        callbacks: makes from the settings what changes a training from epoch to epoch.
        ensemble: name of a class in `tfclust.models` that trains many seeds as one program, where
            it says that it pays.

    Example:

    ```python
    from tfclust.tuning import Range, SearchSpace

    space = SearchSpace("CM", (Range("alpha", 1, 1000, log=True),), epochs=150)
    ```
    """

    model: str
    parameters: tuple[Range | Choice, ...]
    epochs: int
    fixed: Mapping[str, Any] = field(default_factory=dict)
    averages: bool = False
    pretraining: Mapping[str, Any] | None = None
    callbacks: Callable[[Mapping[str, Any]], Sequence[Any]] = _no_callbacks
    ensemble: str | None = None

    def narrowed(self, parameters=None, fixed=None, epochs=None):
        """The space with other parameters, further fixed settings, or another length.

        What is fixed is searched no more.

        Raises:
            ValueError: nothing is left to search, a setting is no argument of the model, or
                `epochs` is below 1.
        """
        fixed = {**self.fixed, **(fixed or {})}
        parameters = tuple(self.parameters if parameters is None else parameters)
        searched = tuple(each for each in parameters if each.name not in fixed)
        if not searched:
            raise ValueError(
                "`space` must leave one setting at least to search. "
                f"Received: an empty space, fixed={fixed}"
            )
        names = [*(each.name for each in searched), *fixed]
        self.check_names(names)
        if len(set(names)) < len(names):
            raise ValueError(f"`space` must name each setting once. Received: {names}")
        epochs = check_count("epochs", epochs, self.epochs)
        return replace(self, parameters=searched, fixed=fixed, epochs=epochs)

    def config(self):
        """All that decides how a trial of the space comes out, as plain JSON.

        Of the callbacks, the name of the function that makes them.
        """
        return {
            **{each.name: getattr(self, each.name) for each in fields(self)},
            "parameters": [parameter.config() for parameter in self.parameters],
            "fixed": dict(self.fixed),
            "pretraining": None if self.pretraining is None else dict(self.pretraining),
            "callbacks": f"{self.callbacks.__module__}.{self.callbacks.__qualname__}",
        }

    def check_names(self, names):
        """Raises a ValueError where a name is no setting of the model."""
        known = set(self.model_class()(2, seed=0).get_config()) - {"name", "trainable", *_GIVEN}
        known |= set(OF_TRAINING)
        unknown = sorted(set(names) - known)
        if unknown:
            raise ValueError(
                f"Settings of {self.model} must be among {', '.join(sorted(known))}. "
                f"Received: {', '.join(unknown)}"
            )

    def model_class(self):
        """The model's class."""
        import tfclust

        return getattr(tfclust, self.model)

    def ensemble_class(self, settings):
        """The class that trains many seeds of a model of `settings` together; None for none."""
        if self.ensemble is None or self.pretraining is not None:
            return None
        from tfclust import models

        ensemble = getattr(models, self.ensemble)
        return ensemble if ensemble.pays(settings) else None
