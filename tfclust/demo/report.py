"""The demo's page: one HTML file with its pictures inside."""

import numpy as np
from matplotlib.figure import Figure

import tfclust
from tfclust import pages, plots
from tfclust.demo.results import CRITERION, HOW_CHOSEN, Result
from tfclust.metrics import match_clusters

POINTS_SHOWN = 1000  # in the plane; the time that t-SNE takes grows faster than their number


def write(results, data, path):
    """Writes the page of `results`, a list of `Result` on `data`, and returns its path.

    Raises:
        OSError: the folder cannot be written.
    """
    return pages.write(
        path,
        "tfclust.demo",
        "report.html.j2",
        results=[(result, _pictures(result, data)) for result in results],
        data=data,
        criterion=CRITERION,
        how_chosen=HOW_CHOSEN,
        version=tfclust.__version__,
    )


def _pictures(result: Result, data) -> dict[str, str]:
    """Caption -> picture, as the `data:` address of a PNG."""
    run = result.best
    numbers = _numbers_after_classes(run.labels, data)
    order = np.argsort(numbers)
    of_clusters, images = _images(run, data)
    images = images[order].reshape(-1, 8, 8)
    grid = plots.images_grid(images, n_cols=len(images), titles=range(len(images)))
    sizes = plots.bars(np.array(run.sizes)[order], "cluster", "points")
    has_centroids = hasattr(run.model, "centroids")
    squares = "; squares are centroids" if has_centroids else ""
    figures = {
        of_clusters: grid,
        f"Codes in the plane, by t-SNE{squares}": _codes(run, numbers, data),
        "Terms of the loss, per sample": plots.loss_terms(result.histories[run.seed]),
        "Points in each cluster": sizes,
    }
    return {caption: pages.picture(figure) for caption, figure in figures.items()}


def _images(run, data):
    """What the images of the clusters are, and one of each, `(K, d)`."""
    model = run.model
    if hasattr(model, "centroids"):
        return "Centroids, decoded", model.centroids("input")
    if hasattr(model, "generate_batch"):
        drawn = model.generate_batch(**model.generator_inputs())
        return "The middle of each cluster, generated", np.asarray(drawn)
    drawn = model.reconstruct(data.x, "chosen")
    means = [drawn[run.labels == k].sum(axis=0) / max(n, 1) for k, n in enumerate(run.sizes)]
    return "Mean reconstruction by cluster", np.stack(means)


def _numbers_after_classes(labels, data):
    """Number that each cluster has in the pictures, `(K,)`: of the class that it matches best."""
    matched = match_clusters(data.y, labels)
    spare = iter(sorted(set(range(data.n_classes)) - set(matched.values())))
    return np.array([matched[k] if k in matched else next(spare) for k in range(data.n_classes)])


def _codes(run, numbers, data):
    codes = run.model.embed(data.x[:POINTS_SHOWN])
    has_centroids = hasattr(run.model, "centroids")
    centroids = run.model.centroids()[np.argsort(numbers)] if has_centroids else None
    points, squares = plots.project(codes, centroids, "tsne")
    clusters, classes = numbers[run.labels[:POINTS_SHOWN]], data.y[:POINTS_SHOWN]
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    by_cluster, by_class = figure.subplots(1, 2)
    plots.scatter(points, clusters, squares, ax=by_cluster, title="by cluster")
    plots.scatter(points, classes, ax=by_class, title="by class")
    return figure
