"""The demo's page: one HTML file with its pictures inside."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np
from matplotlib.figure import Figure

import tfclust
from tfclust import plots
from tfclust.demo.contenders import HOW_CHOSEN
from tfclust.demo.runs import Result
from tfclust.metrics import match_clusters

POINTS_SHOWN = 1000  # in the plane; the time that t-SNE takes grows faster than their number


@dataclass(frozen=True)
class Picture:
    """A figure as the page takes it.

    Args:
        caption: Text below.
        source: `data:` address of its PNG.
    """

    caption: str
    source: str


def write(results, data, path):
    """Writes the page of `results`, a list of `Result` on `data`, and returns its path.

    Raises:
        OSError: the folder cannot be written.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tfclust.demo"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(
        results=[(result, _pictures(result, data)) for result in results],
        data=data,
        how_chosen=HOW_CHOSEN,
        version=tfclust.__version__,
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def _pictures(result: Result, data):
    run = result.best
    names = _class_of_cluster(run.labels, data)
    return [
        Picture(
            "Centroids decoded, in the order of the classes that they match best",
            _centroids(run, names),
        ),
        Picture("Codes in the plane, by t-SNE; squares are centroids", _codes(run, names, data)),
        Picture("Terms of the loss, per sample", _png(plots.loss_terms(run.history))),
        Picture("Points in each cluster", _png(plots.bars(run.sizes, "cluster", "points"))),
    ]


def _class_of_cluster(labels, data):
    """Class that gives each cluster its name and colour, `(K,)`: one-to-one, for pictures alone."""
    matched = match_clusters(data.y, labels)
    spare = iter(sorted(set(range(data.n_classes)) - set(matched.values())))
    return np.array([matched[k] if k in matched else next(spare) for k in range(data.n_classes)])


def _centroids(run, names):
    order = np.argsort(names)
    images = run.model.centroids("input")[order].reshape(-1, 8, 8)
    titles = [f"cluster {k}" for k in order]
    return _png(plots.images_grid(images, n_cols=len(images), titles=titles))


def _codes(run, names, data):
    codes = run.model.embed(data.x[:POINTS_SHOWN])
    points, squares = plots.project(codes, run.model.centroids(), "tsne")
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    by_cluster, by_class = figure.subplots(1, 2)
    squares = squares[np.argsort(names)]
    clusters, classes = names[run.labels[:POINTS_SHOWN]], data.y[:POINTS_SHOWN]
    plots.scatter(points, clusters, squares, ax=by_cluster, title="by cluster")
    plots.scatter(points, classes, ax=by_class, title="by class")
    return _png(figure)


def _png(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
