"""Settings that a search may choose: numbers between bounds, and one of several values."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from tfclust.checks import check_range

__all__ = ["Choice", "Range"]


@dataclass(frozen=True)
class Range:
    """A setting that takes any number between two bounds.

    Args:
        name: of the argument of the model's constructor, or "learning_rate".
        low, high: the bounds, both allowed.
        log: True spreads the trials evenly over the logarithm: for what spans decades.
        whole: True takes integers alone.

    Raises:
        ValueError: bounds that are negative, in the wrong order, or 0 under `log`.

    Example:

    >>> from tfclust.tuning import Range
    >>> round(Range("alpha", 1, 1000, log=True).position(10.0), 3)
    0.333
    """

    name: str
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self):
        check_range(self.name, (self.low, self.high))
        if self.low == self.high or (self.log and self.low == 0):
            raise ValueError(
                f"The bounds of `{self.name}` must differ, and be above 0 where `log` is True. "
                f"Received: low={self.low}, high={self.high}, log={self.log}"
            )

    def declare(self, hyperparameters):
        """Adds the setting to KerasTuner's `HyperParameters`."""
        add = hyperparameters.Int if self.whole else hyperparameters.Float
        add(self.name, self.low, self.high, sampling="log" if self.log else "linear")

    def read(self, values):
        """The setting's value among those that KerasTuner proposes."""
        # At the upper end KerasTuner's integers in log scale are one too large.
        return min(max(values[self.name], self.low), self.high)

    def position(self, value):
        """Where a value lies between the bounds, from 0 to 1."""
        low, high, value = (
            (math.log(number) if self.log else number) for number in (self.low, self.high, value)
        )
        return (value - low) / (high - low)

    def ticks(self):
        """Some values to write at an axis."""
        if not self.log:
            return (self.low, self.high)
        decades = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
        return tuple(sorted({self.low, *(10.0**decade for decade in decades), self.high}))

    def config(self) -> dict[str, Any]:
        """The setting as plain JSON."""
        return asdict(self)


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
