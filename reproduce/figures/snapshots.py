"""The codes of some points at a few moments of a training, in the plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tfclust import plots


def snapshots(
    model,
    x,
    shown,
    epochs: int,
    moments: Sequence[int],
    callbacks: Sequence[Any],
    report: Callable[[int, int], None],
) -> np.ndarray:
    """Train a model and project what it embeds, at each moment, by t-SNE.

    Args:
        model: Compiled `ClusteringModel`.
        x: What it is trained on.
        shown: What is embedded, `(n, ...)`.
        epochs: Of the training.
        moments: Epochs done at which to look, 0 for before the first.
        callbacks: Of the training, besides.
        report: Called with the number of epochs done and their total.

    Returns:
        `(moments, n, 2)`.
    """
    from keras.callbacks import LambdaCallback

    from reproduce.methods.training import Progress

    codes = []

    def look(epoch):
        if epoch in moments:
            codes.append(model.embed(shown, batch_size=2000))

    looking = LambdaCallback(
        on_train_begin=lambda logs: look(0),
        on_epoch_end=lambda epoch, logs: look(epoch + 1),
    )
    model.fit(x, epochs=epochs, verbose=0, callbacks=[*callbacks, Progress(report), looking])
    return np.stack([plots.project(each, method="tsne")[0] for each in codes])


def draw(points, labels, moments: Sequence[int], title: str) -> Figure:
    """Draw what `snapshots` found, a panel a moment, coloured by `labels`, `(n,)`."""
    figure = Figure(figsize=(3.3 * len(moments), 3.6), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(1, len(moments), squeeze=False)[0]
    for ax, epoch, flat in zip(panels, moments, points, strict=True):
        plots.scatter(flat, labels, ax=ax, title=f"epoch {epoch}")
    return figure
