"""Figure 6: centroids mapped back to images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from reproduce.figures.aecm.trained_model import FALLBACK, needs_of_model, trained_model
from reproduce.figures.task import Needs
from reproduce.progress import epoch_bar
from tfclust import plots

SETTINGS = {
    "small": {**FALLBACK["small"], "autoencoder_epochs": 20},
    "paper": {**FALLBACK["paper"], "autoencoder_epochs": 1000},
}
_ROWS = ("class means", "AE+KM", "AE-CM")


def needs(task, settings) -> Needs:
    """The trained model, and the autoencoder beside it."""
    return replace(needs_of_model(task, settings), parts=2)


def gather(task, settings):
    """Decode the centroids of AE-CM, and of k-means on the codes of an autoencoder."""
    trained = trained_model(task, settings)
    kept = {**settings, "run": trained.description}
    baseline = task.keep(kept, lambda: _autoencoder_kmeans(trained, settings))
    x, y = trained.data.x, trained.data.y
    means = np.array([x[y == k].mean(axis=0) for k in range(trained.data.n_classes)])
    centroids = trained.model.centroids("input")[trained.clusters_by_class(trained.labels)]
    rows = (means, baseline["centroids"], centroids)
    return {
        "images": np.concatenate([trained.images(row) for row in rows]),
        "description": trained.description,
        "baseline_ari": float(baseline["ari"]),
    }


def _autoencoder_kmeans(trained, settings):
    """Images of the k-means centroids on the codes of a fresh autoencoder, by class."""
    import keras

    from reproduce.experiments.aecm import AE_KMEANS_SETTINGS
    from reproduce.methods.training import Progress
    from tfclust.metrics import adjusted_rand
    from tfclust.models import AECM
    from tfclust.pretraining import kmeans

    model = AECM.from_config({**trained.model.get_config(), "seed": settings["seed"]})
    with epoch_bar(f"autoencoder on {trained.data.name}") as report:
        model.pretrain_autoencoder(
            trained.data.x,
            settings["autoencoder_epochs"],
            AE_KMEANS_SETTINGS["batch_size"],
            verbose=0,
            callbacks=[Progress(report)],
        )
    codes = model.embed(trained.data.x)
    n_init = AE_KMEANS_SETTINGS["kmeans_n_init"]
    centroids, labels = kmeans(codes, model.n_clusters, settings["seed"], n_init)
    decoded = keras.ops.cast(model.decoder(centroids), "float32")
    return {
        "centroids": np.asarray(decoded)[trained.clusters_by_class(labels)],
        "ari": adjusted_rand(trained.data.y, labels),
    }


def plot(results, settings) -> Figure:
    """Draw a row of images for the class means and for each model."""
    images = results["images"]
    n_cols = len(images) // len(_ROWS)
    titles = [""] * len(images)
    for row, name in enumerate(_ROWS):
        titles[row * n_cols] = name
    figure = plots.images_grid(images, n_cols, titles=titles)
    figure.suptitle(f"Decoded centroids (Figure 6)\n{results['description']}", fontsize=10)
    return figure


def caption(results, settings) -> str:
    """Tell what was run, and which rows of the paper's figure are not here."""
    return (
        "**Figure 6. Centroids mapped back to images.** First row: mean image of each class. "
        "Second: k-means on the codes of an autoencoder trained alone for "
        f"{settings['autoencoder_epochs']} epochs, seed {settings['seed']}, ARI "
        f"{100 * results['baseline_ari']:.1f}. Third: {results['description']}. Clusters are "
        "matched to classes by the accuracy's matching.\n\n"
        "The paper shows mnist, the best of 20 runs of each method, and rows for IDEC and DKM, "
        "which this package does not have. Of the finished runs on mnist the one of highest ARI "
        "is taken; where there is none, a model is trained for the figure."
    )
