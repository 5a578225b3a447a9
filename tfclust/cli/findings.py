"""What a careful colleague would point out."""

import numpy as np

from tfclust.cli.words import counted

SPREAD = 10.0  # ratio of deviations from which the widest columns drown the others
DOMINANT = 0.9  # share of the rows
UNDECIDED = 0.6  # mean of the largest memberships


def of_data(samples, scale):
    """Sentences on what was done to the data, or should be."""
    notes = []
    if samples.pixel_max > 1 and samples.files is None:
        notes.append(f"uint8 values are taken as pixels and divided by {samples.pixel_max}")
    if samples.image_shape or hasattr(samples.x, "tocsr"):
        return notes
    deviations = np.std(samples.x, axis=0, dtype="float64")
    names = samples.columns or list(map(str, range(samples.x.shape[1])))
    constant = [name for name, deviation in zip(names, deviations, strict=True) if deviation == 0]
    if constant and samples.pixel_max == 1:
        are = "is" if len(constant) == 1 else "are"
        notes.append(f"{counted(len(constant), 'column')} {are} constant, such as {constant[0]!r}")
    spread = deviations[deviations > 0]
    if scale is None and samples.pixel_max == 1 and _ratio(spread) > SPREAD:
        notes.append(
            f"the standard deviations of the columns go from {spread.min():.3g} to "
            f"{spread.max():.3g}, so the widest decide alone; --standardize makes them alike"
        )
    return notes


def of_clusters(sizes, memberships):
    """Sentences on clusters that may not be what was hoped for.

    Args:
        sizes: rows in each cluster, `(K,)`.
        memberships: `(n, K)`.
    """
    warnings = []
    empty = np.flatnonzero(sizes == 0)
    if len(empty):
        warnings.append(
            f"{len(empty)} of {len(sizes)} clusters {'is' if len(empty) == 1 else 'are'} empty: "
            f"{', '.join(map(str, empty))}; try fewer --clusters, another --seed, or more --epochs"
        )
    if sizes.max() > DOMINANT * sizes.sum():
        warnings.append(
            f"cluster {sizes.argmax()} holds {sizes.max() / sizes.sum():.0%} of the rows"
        )
    certainty = float(np.mean(np.max(memberships, axis=1), dtype="float64"))
    if certainty < UNDECIDED:
        warnings.append(
            f"the rows are undecided: their largest membership is {certainty:.2f} on average"
        )
    return warnings


def _ratio(values):
    """The largest of positive values over the smallest; 1 where there is none."""
    return values.max() / values.min() if len(values) else 1.0
