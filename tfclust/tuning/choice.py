"""One of several values, as a setting to be searched."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    """A setting that takes one of some values, such as widths of layers.

    Args:
        name: of the argument of the model's constructor.
        values: what it may be; each is plain JSON.

    Raises:
        ValueError: fewer than two values, or one twice.

    Example:

    >>> from tfclust.tuning import Choice
    >>> Choice("hidden_units", ((64, 32), (256, 64))).position((256, 64))
    1.0
    """

    name: str
    values: tuple[Any, ...]

    def __post_init__(self):
        if len(set(self.values)) < max(2, len(self.values)):
            raise ValueError(
                f"`{self.name}` must have two or more distinct values to choose from. "
                f"Received: {self.name} of {self.values!r}"
            )

    def declare(self, hyperparameters):
        """Adds the setting to KerasTuner's `HyperParameters`."""
        # By number, as KerasTuner chooses among scalars alone.
        hyperparameters.Choice(self.name, list(range(len(self.values))), ordered=False)

    def read(self, values):
        """The setting's value among those that KerasTuner proposes."""
        return self.values[values[self.name]]

    def position(self, value):
        """Where a value lies in the order of them all, from 0 to 1."""
        return self.values.index(value) / (len(self.values) - 1)

    def ticks(self):
        """Some values to write at an axis."""
        return self.values

    def config(self) -> dict[str, Any]:
        """The setting as plain JSON."""
        return asdict(self)
