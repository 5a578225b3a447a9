"""The report of a fit: one HTML file that says what is in each cluster."""

import sys

import numpy as np
from matplotlib.colors import to_hex

from tfclust import pages, plots
from tfclust.auto.record import summary
from tfclust.auto.row_facts import NO_CHOICE, UNLIKE
from tfclust.auto.rules import differences, moments
from tfclust.cli.evaluate import scores
from tfclust.cli.messages import number
from tfclust.cli.run_folder import whole
from tfclust.tuning import NumberOfClusters

POINTS_SHOWN = 1000  # in the plane; the time that t-SNE takes grows faster than their number
PROJECTION = "tsne"
ROWS_SEEN = 5000  # from which the means of columns are taken
COLUMNS_TOLD = 5  # of each cluster
ROWS_SHOWN, COLUMNS_SHOWN = 4, 3  # of a cluster, where rows are no images
UNLIKE_SHOWN = 10


def write(model, samples, x, facts, record, path):
    """Writes the page of a run.

    Args:
        model: trained.
        samples: `Samples` as they were read.
        x: the same, as the model takes them.
        facts: `RowFacts` of each row.
        record: what `run.json` holds.
        path: of the page.

    A picture that cannot be drawn is left out; the page says why.

    Raises:
        OSError: the page cannot be written.
    """
    labels = facts.cluster
    seen = _spread(len(labels), ROWS_SEEN)
    with whole(path) as part:
        pages.write(
            part,
            "tfclust.cli",
            "report.html.j2",
            record=record,
            description=samples.describe(),
            clusters=_clusters(model, samples, facts, record["clusters"], seen),
            n=len(labels),
            n_seen=len(seen),
            name_of_rows=next(iter(samples.index)),
            columns_shown=COLUMNS_SHOWN,
            unlike=_unlike(samples, facts),
            n_unlike=int(np.sum(facts.outlier_score > UNLIKE)),
            unlike_from=UNLIKE,
            number=number,
            share=_share,
            has_images=samples.image_shape is not None,
            scores=None if samples.labels is None else scores(samples.labels, labels),
            choice=summary(record["choice"]) if "choice" in record else None,
            pictures=_pictures(model, x, labels, record),
        )


def _pictures(model, x, labels, record):
    """Caption -> what `_drawn` gives."""
    pictures = {
        **_of_number_of_clusters(record),
        _caption(len(labels)): _drawn(lambda: _plane(model, x, labels)),
    }
    if record["history"]:
        caption = "Terms of the loss, per sample, epoch by epoch"
        pictures[caption] = _drawn(lambda: plots.loss_terms(record["history"]))
    return pictures


def _of_number_of_clusters(record):
    """The picture of the search for the number of clusters, where there was one."""
    found = record.get("number_of_clusters")
    if found is None:
        return {}
    caption = "What the rows say of the number of clusters: "
    return {caption + NumberOfClusters(**found).words(): _drawn(NumberOfClusters(**found).plot)}


def _share(value):
    """A share between 0 and 1 as text; "none" where there is none."""
    return "none" if value is None else f"{value:.2f}"


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


def _clusters(model, samples, facts, clusters, seen):
    """What the page tells of each cluster."""
    palette = plots.colours(model.n_clusters)
    differing = _differing(samples, facts.cluster, seen, model.n_clusters)
    centroids = _centroids(model, samples)
    largest = max(cluster["size"] for cluster in clusters)
    shown = None if samples.image_shape else ROWS_SHOWN
    return [
        {
            **cluster,
            "colour": to_hex(palette[k]),
            "largest": cluster["size"] / largest,
            "differing": differing[k],
            "centroid": centroids[k],
            "typical": _rows(samples, facts, cluster["typical"][:shown], differing[k]),
            "doubtful": _rows(samples, facts, cluster["doubtful"][:shown], differing[k]),
        }
        for k, cluster in enumerate(clusters)
    ]


def _rows(samples, facts, places, differing=()):
    """What the page shows of some rows: images, or values of the columns that differ most."""
    names = next(iter(samples.index.values()))
    columns = [column for column, *_ in differing[:COLUMNS_SHOWN]]
    return [
        {
            "name": names[place],
            "cluster": facts.cluster[place],
            "confidence": facts.confidence[place],
            "second": None if second == NO_CHOICE else second,
            "outlier_score": facts.outlier_score[place],
            "image": pages.image(_pixels(samples.x[place])) if samples.image_shape else None,
            "values": [samples.x[place, column] for column in columns],
        }
        for place, second in zip(places, facts.second_choice[list(places)], strict=True)
    ]


def _unlike(samples, facts):
    """The rows that are least like their clusters."""
    places = np.argsort(-facts.outlier_score, kind="stable")[:UNLIKE_SHOWN]
    return _rows(samples, facts, places[facts.outlier_score[places] > UNLIKE].tolist())


def _centroids(model, samples):
    """Address of each cluster's decoded centroid; None where there is none, or it is no image."""
    if not samples.image_shape or not hasattr(model, "centroids"):
        return [None] * model.n_clusters
    centroids = model.centroids("input").reshape(-1, *samples.image_shape)
    return [pages.image(_pixels(centroid)) for centroid in centroids]


def _pixels(image):
    return image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image


def _differing(samples, labels, seen, n_clusters):
    """The columns in which each cluster differs most from all rows.

    For each, its place and name, its mean in the cluster and of all rows, and their difference in
    deviations of the column. Empty for images, and for clusters without rows.
    """
    if samples.image_shape:
        return [[]] * n_clusters
    x, labels = samples.x[seen], labels[seen]
    means, _ = moments(x)
    found = []
    for k in range(n_clusters):
        members = labels == k
        if not members.any():
            found.append([])
            continue
        inside, _ = moments(x[np.flatnonzero(members)])
        by = differences(x, members)
        top = np.argsort(-np.abs(by))[:COLUMNS_TOLD]
        found.append([(i, samples.names[i], inside[i], means[i], by[i]) for i in top])
    return found
