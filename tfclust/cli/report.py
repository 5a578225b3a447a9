"""The report of a fit: one HTML file that says what is in each cluster."""

import sys

import numpy as np
from matplotlib.colors import to_hex

from tfclust import pages, plots
from tfclust.cli.evaluate import scores
from tfclust.cli.messages import number
from tfclust.cli.run_folder import whole

POINTS_SHOWN = 1000  # in the plane; the time that t-SNE takes grows faster than their number
PROJECTION = "tsne"
ROWS_SEEN = 5000  # from which exemplars and features are taken
EXEMPLARS = 8
FEATURES = 5


def write(model, samples, x, labels, record, path):
    """Writes the page of a run.

    Args:
        model: trained.
        samples: `Samples` as they were read.
        x: the same, as the model takes them.
        labels: cluster of each row, `(n,)`.
        record: what `run.json` holds.
        path: of the page.

    A picture that cannot be drawn is left out; the page says why.

    Raises:
        OSError: the page cannot be written.
    """
    seen = _spread(len(labels), ROWS_SEEN)
    with whole(path) as part:
        pages.write(
            part,
            "tfclust.cli",
            "report.html.j2",
            record=record,
            description=samples.describe(),
            clusters=_clusters(model, samples, x, labels, record["cluster_sizes"], seen),
            n_seen=len(seen),
            number=number,
            has_images=samples.image_shape is not None,
            scores=None if samples.labels is None else scores(samples.labels, labels),
            pictures={
                _caption(len(labels)): _drawn(lambda: _plane(model, x, labels)),
                "Terms of the loss, per sample, epoch by epoch": _drawn(
                    lambda: plots.loss_terms(record["history"])
                ),
            },
        )


def _drawn(draw):
    """Address of the picture of `draw()`, and None; or None, and why it cannot be drawn.

    A run is not lost for a picture, whatever it fails on.
    """
    try:
        return pages.picture(draw()), None
    except Exception as error:
        reason = f"this picture cannot be drawn: {type(error).__name__}: {error}"
        print(f"Warning: the report lacks a picture: {reason}", file=sys.stderr)
        return None, reason


def _spread(n, count):
    """At most `count` of the row numbers below n, evenly spread."""
    return np.unique(np.linspace(0, n - 1, min(n, count)).astype(int))


def _caption(n):
    some = f", {POINTS_SHOWN:,} of {n:,}" if n > POINTS_SHOWN else ""
    return (
        f"The rows in the plane, by t-SNE of the embedding{some}: neighbours stay neighbours, "
        "distances mean little (by PCA where the embedding has three points or fewer)"
    )


def _plane(model, x, labels):
    rows = _spread(len(labels), POINTS_SHOWN)
    codes = model.embed(x[rows])
    if codes.shape[1] == 1:
        codes = np.hstack([codes, np.zeros_like(codes)])
    figure = plots.embedding(codes, labels[rows], method=PROJECTION)
    figure.set_size_inches(8, 6)
    ax = figure.axes[0]
    for k in np.unique(labels[rows]):
        ax.scatter([], [], color=plots.colours(model.n_clusters)[k], label=str(k))
    ax.legend(title="cluster", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _clusters(model, samples, x, labels, sizes, seen):
    """What the page tells of each cluster."""
    palette = plots.colours(model.n_clusters)
    if samples.image_shape:
        shown = _images(model, samples, x, labels, seen)
    else:
        shown = _features(samples, labels, seen, model.n_clusters)
    return [
        {
            "colour": to_hex(palette[k]),
            "size": size,
            "share": size / len(labels),
            "largest": size / max(sizes),
            "shown": shown[k],
        }
        for k, size in enumerate(sizes)
    ]


def _images(model, samples, x, labels, seen):
    """Addresses of each cluster's most typical images, after its decoded centroid if it has one."""
    codes = model.embed(x[seen])
    centroids = None
    if hasattr(model, "centroids"):
        centroids = model.centroids("input").reshape(-1, *samples.image_shape)
    shown = []
    for k in range(model.n_clusters):
        typical = samples.x[seen[_closest(codes, np.flatnonzero(labels[seen] == k))]]
        shown.append(
            {
                "centroid": None if centroids is None else pages.image(_pixels(centroids[k])),
                "typical": [pages.image(_pixels(image)) for image in typical],
            }
        )
    return shown


def _closest(codes, members):
    """The members that are closest to their mean."""
    if not len(members):
        return members
    distances = np.linalg.norm(codes[members] - codes[members].mean(axis=0), axis=1)
    return members[np.argsort(distances)[:EXEMPLARS]]


def _pixels(image):
    return image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image


def _features(samples, labels, seen, n_clusters):
    """The columns in which each cluster differs most from all rows, in deviations of a column."""
    x = samples.x[seen]
    names = samples.columns or [f"column {i}" for i in range(x.shape[1])]
    means, deviations = _moments(x)
    shown = []
    for k in range(n_clusters):
        members = np.flatnonzero(labels[seen] == k)
        if not len(members):
            shown.append([])
            continue
        inside, _ = _moments(x[members])
        difference = np.divide(
            inside - means, deviations, out=np.zeros_like(means), where=deviations > 0
        )
        top = np.argsort(-np.abs(difference))[:FEATURES]
        shown.append([(names[i], inside[i], means[i], difference[i]) for i in top])
    return shown


def _moments(x):
    """Mean and standard deviation of each column, float64."""
    if not hasattr(x, "tocsr"):
        return np.mean(x, axis=0, dtype="float64"), np.std(x, axis=0, dtype="float64")
    x = x.astype("float64")
    means = np.asarray(x.mean(axis=0)).ravel()
    squares = np.asarray(x.multiply(x).mean(axis=0)).ravel()
    return means, np.sqrt(np.maximum(squares - means**2, 0.0))
