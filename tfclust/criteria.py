"""What says, without labels, how good a clustering is: names, directions and words."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Criterion:
    """One criterion.

    Args:
        name: key in `Run.criteria`.
        words: what it measures.
        direction: "min" where lower is better, "max" where higher is.
        compares_settings: whether values of runs of different settings can be compared.

    Example:

    >>> from tfclust.criteria import CRITERIA
    >>> CRITERIA["l_sp"].direction
    'min'
    """

    name: str
    words: str
    direction: str
    compares_settings: bool = True

    def badness(self, value):
        """The value as a number of which lower is better; infinite for None and NaN."""
        if value is None or math.isnan(value):
            return math.inf
        return value if self.direction == "min" else -value


CRITERIA = {
    criterion.name: criterion
    for criterion in (
        Criterion("l_sp", "spread of the centroids under the memberships, L_sp", "min"),
        Criterion("reconstruction", "squared error of a reconstruction, unweighted", "min"),
        Criterion("distortion", "L_sp and the reconstruction error, summed", "min"),
        Criterion("membership_entropy", "mean entropy of the memberships of a row", "min"),
        Criterion("stability", "mean ARI with the runs of other seeds", "max"),
        Criterion("silhouette", "silhouette of the codes", "max"),
        Criterion("calinski_harabasz", "Calinski-Harabasz index of the codes", "max"),
        Criterion("loss", "the objective itself, whose weights settings change", "min", False),
    )
}


def criterion(name):
    """The criterion of that name.

    Raises:
        ValueError: there is none; lists those there are.
    """
    if name not in CRITERIA:
        raise ValueError(
            f"`criterion` must be one of {', '.join(CRITERIA)}. Received: criterion={name!r}"
        )
    return CRITERIA[name]
