"""Whether rows make one heap or several, and clusters that are pieces of one heap."""

import numpy as np

# The dip of n uniform draws lies below these in 99 of 100 cases (Hartigan and Hartigan, 1985; R's
# package `diptest` tabulates them from a million draws each).
SIZES = np.array([10, 15, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000, 10000])
DIPS = np.array([0.159684, 0.135984, 0.120624, 0.101479, 0.0811998, 0.0590241])
DIPS = np.r_[DIPS, [0.0426865, 0.0274518, 0.0196080, 0.0139655, 0.00886358, 0.00628035]]
VALUES_SEEN = 1000
UNEVEN = 2  # times the rows of the smaller cluster that are looked at of the larger


def dip(values):
    """Hartigan's dip: the largest distance of a distribution from the closest unimodal one.

    The distance is that of the empirical distribution function from a function that is convex up
    to a mode and concave from there. The interval in which the mode must lie is made smaller until
    the greatest convex minorant and the least concave majorant differ in it by no more than they
    differ from the data outside of it.

    Args:
        values: numbers `(n,)`, n at least 1.

    Returns:
        float from 1 / 2n to 1 / 4: the larger, the less unimodal.

    Example:

    >>> from tfclust.tuning.unimodality import dip
    >>> dip([0, 0, 0, 1, 1, 1]), dip([1, 2, 3, 4])
    (0.25, 0.125)

    Reference: Hartigan, Hartigan, The dip test of unimodality, Annals of Statistics 13, 1985.
    """
    points, counts = np.unique(values, return_counts=True)
    above = np.cumsum(counts) / counts.sum()
    below = above - counts / counts.sum()
    first, last, distance = 0, len(points), 1 / counts.sum()
    while True:
        x, low, high = points[first:last], below[first:last], above[first:last]
        convex, concave = _hull(x, low), _hull(x, -high)
        minorant = np.interp(x, x[convex], low[convex])
        majorant = np.interp(x, x[concave], high[concave])
        gap = majorant - minorant
        if gap[concave].max() > gap[convex].max():
            end = concave[gap[concave].argmax()]
            start = convex[np.searchsorted(convex, end, side="right") - 1]
        else:
            start = convex[gap[convex].argmax()]
            end = concave[np.searchsorted(concave, start)]
        if gap[[start, end]].max() <= distance:
            return float(distance / 2)
        outside = (high - minorant)[: start + 1].max(), (majorant - low)[end:].max()
        distance = max(distance, *outside)
        if (start, end) == (0, len(x) - 1):
            return float(distance / 2)
        first, last = first + start, first + end + 1


def _hull(x, y):
    """Places of the corners of the greatest convex function below the points."""
    corners = []
    for i in range(len(x)):
        while len(corners) > 1 and _is_above(x, y, *corners[-2:], i):
            corners.pop()
        corners.append(i)
    return np.array(corners)


def _is_above(x, y, left, middle, right):
    rise = (y[right] - y[middle]) * (x[middle] - x[left])
    return rise <= (y[middle] - y[left]) * (x[right] - x[middle])


def is_unimodal(values):
    """Whether the dip of values is one that uniform draws have, in 99 of 100 cases, or less."""
    return _excess(np.asarray(values)) <= 1.0


def _excess(values):
    """The dip of the values over that which divides unimodal ones from others."""
    n = len(values)
    threshold = np.interp(np.log(n), np.log(SIZES), np.sqrt(SIZES) * DIPS) / np.sqrt(n)
    return dip(values) / threshold


def merge_unimodal(points, labels):
    """Joins clusters whose union is one heap, the most unimodal first.

    Two clusters are one heap where their points, projected to the line through their means, pass
    the dip test. Of a cluster of more than twice the points of the other those are taken that lie
    next to it.

    Args:
        points: array `(n, d)`.
        labels: clusters, ints `(n,)` from 0.

    Returns:
        Labels `(n,)` from 0, of as many clusters or fewer.

    Example:

    >>> import numpy as np
    >>> from tfclust.tuning.unimodality import merge_unimodal
    >>> points = np.r_[np.linspace(0, 1, 100), np.linspace(8, 9, 50)][:, np.newaxis]
    >>> merge_unimodal(points, np.arange(150) // 50)[[0, 50, 100]].tolist()
    [0, 0, 1]

    Reference: Leiber et al., Dip-based deep embedded clustering with k-estimation, KDD 2021, whose
    rule for clusters of unlike sizes it takes.
    """
    members = {int(k): np.flatnonzero(labels == k) for k in np.unique(labels)}
    names = list(members)
    excess = {
        (one, other): _excess_of(points, members[one], members[other])
        for i, one in enumerate(names)
        for other in names[i + 1 :]
    }
    while excess and min(excess.values()) <= 1.0:
        kept, gone = min(excess, key=excess.get)
        members[kept] = np.r_[members[kept], members.pop(gone)]
        excess = {pair: v for pair, v in excess.items() if not {kept, gone} & set(pair)}
        for other in members.keys() - {kept}:
            excess[kept, other] = _excess_of(points, members[kept], members[other])
    merged = np.empty(len(labels), int)
    for k, rows in enumerate(members.values()):
        merged[rows] = k
    return merged


def _excess_of(points, one, other):
    small, large = sorted((points[one], points[other]), key=len)
    line = small.mean(axis=0) - large.mean(axis=0)
    nearest = np.sort(large @ line)[::-1][: UNEVEN * len(small)]
    values = np.sort(np.r_[small @ line, nearest])
    return _excess(values[np.unique(np.linspace(0, len(values) - 1, VALUES_SEEN).astype(int))])
