"""What a careful colleague would point out."""

import numpy as np

from tfclust.checks import count_distinct_rows
from tfclust.cli.messages import counted, first_of, number

SPREAD = 10.0  # ratio of deviations from which the widest columns drown the others
DOMINANT = 0.9  # share of the rows
NARROW = 1e-5  # share of the largest value, above which float32 tells the values of a column apart
BLUR = 0.01  # share of the deviation of a column that rounding may change
MOST_CLASSES, NO_CLASSES = 20, 0.5  # different labels; their share of the rows
UNDECIDED = 0.6  # mean of the largest memberships


def of_data(samples, scaling):
    """Sentences on what was done to the data, or should be; `scaling` is their `Scaling`."""
    notes = []
    if samples.pixel_max > 1 and samples.files is None:
        notes.append(f"uint8 values are taken as pixels and divided by {samples.pixel_max}")
    if samples.image_shape or hasattr(samples.x, "tocsr"):
        return notes
    is_constant = np.ptp(samples.x, axis=0) == 0  # a deviation may be rounded to more
    deviations = np.std(samples.x, axis=0, dtype="float64")
    names = np.array(samples.columns or range(samples.x.shape[1])).astype(str)
    constant = names[is_constant].tolist()
    if constant and samples.pixel_max == 1:
        are = "is" if len(constant) == 1 else "are"
        notes.append(f"{counted(len(constant), 'column')} {are} constant, such as {constant[0]!r}")
    spread = deviations[~is_constant]
    if scaling.scale is None and samples.pixel_max == 1 and _ratio(spread) > SPREAD:
        notes.append(
            f"the standard deviations of the columns go from {number(spread.min())} to "
            f"{number(spread.max())}, so the widest decide alone; --standardize makes them alike"
        )
    blurred = names[_are_blurred(samples.x, deviations) & ~is_constant].tolist()
    if scaling.shift is None and blurred:
        notes.append(
            f"float32, in which models compute, blurs {counted(len(blurred), 'column')}, such as "
            f"{blurred[0]!r}, whose values differ little beside their size; --standardize takes "
            "their differences before"
        )
    return notes


def of_labels(labels):
    """A sentence where labels that the clusters are to be scored by tell most rows apart."""
    distinct = 0 if labels is None else len(np.unique(labels))
    if distinct <= MOST_CLASSES or distinct <= NO_CLASSES * len(labels):
        return []
    return [
        f"the labels have {distinct:,} different values in {len(labels):,} rows: scores say "
        "little unless they are classes"
    ]


def of_rows(x, n_clusters):
    """A sentence where there are fewer different rows in `x` than clusters to find."""
    distinct = count_distinct_rows(x, n_clusters)
    if distinct == n_clusters:
        return []
    return [f"only {counted(distinct, 'different row')} for {n_clusters} clusters"]


def of_clusters(sizes, memberships, is_scaled):
    """Sentences on clusters that may not be what was hoped for.

    Args:
        sizes: rows in each cluster, `(K,)`.
        memberships: `(n, K)`.
        is_scaled: whether the data were; clusters are often empty where values are large.
    """
    warnings = []
    empty = np.flatnonzero(sizes == 0)
    if len(empty):
        scale = "" if is_scaled else "a --scale, "
        warnings.append(
            f"{len(empty)} of {len(sizes)} clusters {'is' if len(empty) == 1 else 'are'} empty: "
            f"{', '.join(map(str, empty))}; try {scale}fewer --clusters, another --seed, or more "
            "--epochs"
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


def of_sizes(sizes, likelier):
    """A sentence where a prior pulls the clusters to one size against the data.

    Args:
        sizes: rows in each cluster, `(K,)`.
        likelier: what `tfclust.auto.evened_sizes` gives.
    """
    if likelier is None:
        return []
    own, others = (
        first_of([f"{size:,}" for size in sorted(found, reverse=True)])
        for found in (sizes, likelier)
    )
    return [
        f"the clusters may be too even: of {own} rows, where clusters of {others} rows are "
        "likelier in the embedding; try --set alpha=1 for cm or aecm, or --model dec"
    ]


def _are_blurred(x, deviations):
    """For each column, whether float32 is too coarse for the differences of its values."""
    blurred = np.zeros(x.shape[1], bool)
    # The others are too wide for it, which spares them the look at every value.
    largest = np.maximum(np.abs(x.max(axis=0)), np.abs(x.min(axis=0)))
    for i in np.flatnonzero(deviations < NARROW * largest):
        blurred[i] = np.abs(x[:, i] - x[:, i].astype("float32")).max() > BLUR * deviations[i]
    return blurred


def _ratio(values):
    """The largest of positive values over the smallest; 1 where there is none."""
    return values.max() / values.min() if len(values) else 1.0
