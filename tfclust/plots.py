"""Figures of clusterings, as `matplotlib.figure.Figure` objects.

No function touches `pyplot`, so figures need no display, leave no state behind and are freed when
the caller lets go of them; `figure.savefig("centroids.png")` writes one. Where a function takes
`ax`, it draws into that panel of a larger figure, and returns the figure that the panel belongs to.
"""

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

PROJECTIONS = ("pca", "tsne")
PANELS_IN_ROW = 3  # which a narrow screen still shows large enough
FEWEST_POINTS = 4  # three points lie in a plane: nothing is left to t-SNE


def images_grid(images, n_cols, titles=None, frames=None):
    """Draws images row by row in a grid, such as decoded centroids or interpolations.

    Args:
        images: array `(n, height, width)`, grey, or `(n, height, width, 3)`; 0 is black, 1 white,
            values outside are clipped.
        n_cols: images in a row.
        titles: None, or n texts to write above the images.
        frames: None, or the indices of images to draw a frame around.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: `images` has another rank, or `titles` another length.

    Example:

    ```python
    import numpy as np
    from tfclust.plots import images_grid

    images = np.random.default_rng(0).random((10, 8, 8))
    figure = images_grid(images, n_cols=5)
    ```
    """
    images = np.asarray(images)
    if images.ndim not in (3, 4) or not len(images):
        raise ValueError(
            "`images` must have shape (n, height, width) or (n, height, width, 3). "
            f"Received: images of shape {images.shape}"
        )
    if titles is not None and len(titles) != len(images):
        raise ValueError(
            f"`titles` must hold a text for each of the {len(images)} images. "
            f"Received: {len(titles)} titles"
        )
    n_rows = -(-len(images) // n_cols)
    figure = Figure(figsize=(n_cols, n_rows * (1.0 if titles is None else 1.3)))
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02)
    panels = figure.subplots(n_rows, n_cols, squeeze=False).ravel()
    for ax in panels:
        ax.set_axis_off()
    for i, (ax, image) in enumerate(zip(panels, images, strict=False)):
        ax.imshow(np.clip(image, 0.0, 1.0), cmap="gray", vmin=0.0, vmax=1.0)
        if titles is not None:
            ax.set_title(titles[i], fontsize=9)
        if frames is not None and i in frames:
            _frame(ax)
    return figure


def _frame(ax):
    ax.set_axis_on()
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set(color="tab:red", linewidth=2.5)


def scatter(points, labels, centroids=None, ax=None, title=None):
    """Draws points of the plane, coloured by label, and centroids as squares.

    Args:
        points: array `(n, 2)`.
        labels: integers `(n,)` from 0, or None for grey points.
        centroids: None or array `(K, 2)`; square k has the colour of label k, if there are labels.
        ax: axes to draw into; None makes a figure.
        title: text above.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: the points are not in the plane, or there is not one label for each.

    Example:

    ```python
    import numpy as np
    from tfclust.plots import scatter

    points = np.random.default_rng(0).random((100, 2))
    figure = scatter(points, labels=np.arange(100) % 3)
    ```
    """
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"`points` must have shape (n, 2). Received: points of shape {points.shape}"
        )
    if labels is not None and len(labels) != len(points):
        raise ValueError(
            f"`labels` must hold one label for each of the {len(points)} points. "
            f"Received: {len(labels)} labels"
        )
    ax = _axes(ax, (5, 5))
    n_labels = 0 if labels is None else int(np.max(labels)) + 1
    palette = colours(max(n_labels, 0 if centroids is None else len(centroids)))
    colour = "0.7" if labels is None else palette[np.asarray(labels)]
    ax.scatter(*points.T, s=8, c=colour, linewidths=0)
    if centroids is not None:
        fill = "white" if labels is None else palette[: len(centroids)]
        squares = {"marker": "s", "edgecolors": "black", "zorder": 3}  # above what is added later
        ax.scatter(*np.asarray(centroids).T, s=60, c=fill, **squares)
    ax.set(xticks=[], yticks=[], title=title or "")
    return ax.figure


def embedding(codes, labels, centroids=None, method="pca", seed=0, ax=None, title=None):
    """Draws codes in the plane, coloured by label, and centroids as squares.

    Args:
        codes: array `(n, p)`, p at least 2; projected where p is above 2.
        labels: integers `(n,)` from 0, or None.
        centroids: None or array `(K, p)`, projected with the codes.
        method: "pca", the two directions of most variance, or "tsne", which keeps neighbours
            together and no distances; three different points or fewer are left to "pca".
        seed: int that fixes the projection.
        ax, title: see `scatter`.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: another method, codes of fewer than two dimensions, or of NaN or infinite
            values.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust.plots import embedding

    iris = load_iris()
    figure = embedding(iris.data, iris.target, method="tsne")
    ```
    """
    flat, squares = project(codes, centroids, method, seed)
    return scatter(flat, labels, squares, ax=ax, title=title)


def project(codes, centroids=None, method="pca", seed=0):
    """The points of the plane that `embedding` draws.

    Args:
        codes, centroids, method, seed: see `embedding`.

    Returns:
        The codes `(n, 2)`, and the centroids `(K, 2)` or None.

    Raises:
        ValueError: see `embedding`.
    """
    if method not in PROJECTIONS:
        raise ValueError(f"`method` must be one of {PROJECTIONS}. Received: method={method!r}")
    codes = np.asarray(codes, dtype="float64")
    if codes.ndim != 2 or codes.shape[1] < 2:
        raise ValueError(
            f"`codes` must have shape (n, p), p at least 2. Received: codes of shape {codes.shape}"
        )
    if not np.isfinite(codes).all():
        raise ValueError("`codes` must not hold NaN or infinite values. Received: some of them")
    squares = codes[:0] if centroids is None else np.asarray(centroids, dtype="float64")
    rows = np.concatenate([codes, squares])
    if codes.shape[1] > 2:
        rows = _flat(rows, len(codes), method, seed)
    return rows[: len(codes)], None if centroids is None else rows[len(codes) :]


def _flat(rows, n_codes, method, seed):
    """The points of the plane for rows of more dimensions, the first `n_codes` of them codes."""
    # Far from 0, squares keep nothing of small differences; and of rows without any, t-SNE takes
    # the process down.
    rows = rows - rows[0]
    spread = np.abs(rows).max()
    if spread == 0:
        return np.zeros((len(rows), 2))
    rows = rows / spread
    if method == "tsne" and len(np.unique(rows, axis=0)) >= FEWEST_POINTS:
        return _neighbours(rows, seed)
    return spread * _principal(rows, n_codes, seed)


def _principal(rows, n_codes, seed):
    from sklearn.decomposition import PCA

    # Codes without spread have no direction but that of the centroids.
    varies = np.ptp(rows[:n_codes], axis=0).max() > np.finfo("float64").eps
    return PCA(2, random_state=seed).fit(rows[:n_codes] if varies else rows).transform(rows)


def _neighbours(rows, seed):
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(30.0, (len(rows) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed)
    # Its threads wait for each other a thousand times: on a busy machine they do little else.
    with threadpool_limits(1):
        return tsne.fit_transform(rows)


def loss_terms(history):
    """Draws every series of a training history in a panel of its own, as Fig. 3 of AE-CM does.

    The terms of an objective differ in size and sign, so they share the epochs and nothing else.

    Args:
        history: `keras.callbacks.History`, or a dict, name -> values, one an epoch.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: the history is empty.

    Example:

    ```python
    from tfclust.plots import loss_terms

    figure = loss_terms({"loss": [3.0, 2.0, 1.5], "sparsity": [0.3, 0.2, 0.1]})
    ```
    """
    series = getattr(history, "history", history)
    if not series:
        raise ValueError("`history` must hold one series at least. Received: an empty history")
    n_cols = min(len(series), PANELS_IN_ROW)
    n_rows = -(-len(series) // n_cols)
    figure = Figure(figsize=(2.6 * n_cols, 2.4 * n_rows), layout="constrained")
    for i, (name, values) in enumerate(series.items(), 1):
        ax = figure.add_subplot(n_rows, n_cols, i)
        curves(np.arange(1, len(values) + 1), {name: values}, "epoch", "", ax=ax)
        ax.get_legend().remove()
        ax.set_title(name.replace("_", " "), fontsize=10)
    return figure


def curves(x, series, x_name, y_name, ax=None, title=None):
    """Draws curves over a common axis, with a legend.

    Args:
        x: numbers `(n,)`.
        series: dict, name -> numbers `(n,)`; NaN leaves a gap.
        x_name, y_name: texts at the axes.
        ax, title: see `scatter`.

    Returns:
        `matplotlib.figure.Figure`.

    Example:

    ```python
    from tfclust.plots import curves

    figure = curves([5, 10, 15], {"usps": [0.4, 0.6, 0.5]}, "clusters", "ARI")
    ```
    """
    ax = _axes(ax, (5, 3.5))
    for (name, values), colour in zip(series.items(), colours(len(series)), strict=True):
        ax.plot(x, values, label=name, color=colour)
    ax.set(xlabel=x_name, ylabel=y_name, title=title or "")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    return ax.figure


def heat_map(values, x_labels, y_labels, x_name, y_name, title=None, ax=None):
    """Draws a table of scores as coloured cells with a colour bar.

    Args:
        values: array `(rows, columns)`; NaN leaves a cell empty.
        x_labels: texts or numbers under the columns.
        y_labels: texts or numbers beside the rows, the first at the bottom.
        x_name, y_name: texts at the axes.
        title, ax: see `scatter`.

    Returns:
        `matplotlib.figure.Figure`; column j, row i of the table lies at (j, i) of its axes.

    Raises:
        ValueError: the labels do not fit the table.

    Example:

    ```python
    from tfclust.plots import heat_map

    figure = heat_map([[0.2, 0.4], [0.6, 0.8]], [0, 1], [0, 1], "lambda", "beta", "ARI")
    ```
    """
    values = np.asarray(values, dtype="float64")
    if values.shape != (len(y_labels), len(x_labels)):
        raise ValueError(
            f"`values` must have a row for each of the {len(y_labels)} `y_labels` and a column for "
            f"each of the {len(x_labels)} `x_labels`. Received: values of shape {values.shape}"
        )
    ax = _axes(ax, (5, 4))
    image = ax.imshow(values, origin="lower", aspect="auto", cmap="viridis")
    ax.set_xticks(range(len(x_labels)), x_labels)
    ax.set_yticks(range(len(y_labels)), y_labels)
    ax.set(xlabel=x_name, ylabel=y_name, title=title or "")
    ax.figure.colorbar(image, ax=ax)
    return ax.figure


def bars(heights, x_name, y_name, ax=None, title=None):
    """Draws one bar for each cluster, in the cluster's colour, its height written above.

    Args:
        heights: numbers `(K,)`, such as the sizes of the clusters.
        x_name, y_name: texts at the axes.
        ax, title: see `scatter`.

    Returns:
        `matplotlib.figure.Figure`.

    Example:

    ```python
    from tfclust.metrics import cluster_sizes
    from tfclust.plots import bars

    figure = bars(cluster_sizes([0, 2, 2, 1], 3), "cluster", "points")
    ```
    """
    ax = _axes(ax, (5, 3))
    positions = np.arange(len(heights))
    drawn = ax.bar(positions, heights, color=colours(len(heights)))
    ax.bar_label(drawn, fontsize=8)
    ax.margins(y=0.1)  # room for the numbers
    ax.set_xticks(positions)
    ax.set(xlabel=x_name, ylabel=y_name, title=title or "")
    return ax.figure


def parallel_coordinates(axes, values, name, thick=None, title=None):
    """Draws each trial of a search as a line through its settings, coloured by its score.

    Args:
        axes: dict, name of a setting -> its positions `(n,)` in [0, 1] and its ticks, a dict text
            -> position.
        values: scores `(n,)`, the last axis; NaN for trials without one, which are drawn grey and
            end before that axis.
        name: of the score.
        thick: None or the index of a trial to draw thick and dashed.
        title: text above.

    Returns:
        `matplotlib.figure.Figure`.

    Raises:
        ValueError: there is no setting, or another number of positions than of scores.

    Example:

    ```python
    from tfclust.plots import parallel_coordinates

    alpha = ([0.0, 0.5, 1.0], {"1": 0.0, "1000": 1.0})
    figure = parallel_coordinates({"alpha": alpha}, [0.3, 0.1, 0.2], "l_sp", thick=1)
    ```
    """
    values = np.asarray(values, dtype="float64")
    positions = np.array([column for column, _ in axes.values()], dtype="float64")
    if not axes or positions.shape[1:] != values.shape:
        raise ValueError(
            f"`axes` must hold a position for each of the {values.size} `values`. "
            f"Received: positions of shape {positions.shape}"
        )
    scored = np.isfinite(values)
    low, high = (values[scored].min(), values[scored].max()) if scored.any() else (0.0, 1.0)
    heights = np.where(scored, (values - low) / ((high - low) or 1.0), np.nan)
    ticks = [*(ticks for _, ticks in axes.values()), _score_ticks(low, high)]
    figure = Figure(figsize=(1.8 * len(ticks), 4), layout="constrained")
    ax = figure.subplots()
    palette = matplotlib.colormaps["viridis"]
    for i, line in enumerate(np.vstack([positions, heights]).T):
        ax.plot(
            line,
            color=palette(heights[i]) if scored[i] else "0.8",
            linewidth=3.0 if i == thick else 1.0,
            linestyle="--" if i == thick else "-",
            zorder=2 + scored[i] + (i == thick),
        )
    _draw_axes(ax, ticks)
    ax.set(xlim=(-0.2, len(ticks) - 0.5), ylim=(-0.05, 1.05), yticks=[], title=title or "")
    ax.set_xticks(range(len(ticks)), [*(label.replace("_", " ") for label in axes), name])
    return figure


def _score_ticks(low, high):
    return {f"{low + share * (high - low):.3g}": share for share in (0.0, 0.25, 0.5, 0.75, 1.0)}


def _draw_axes(ax, ticks):
    for spine in ax.spines.values():
        spine.set_visible(False)
    for place, of_axis in enumerate(ticks):
        ax.axvline(place, color="0.3", linewidth=1.0, zorder=1)
        for text, position in of_axis.items():
            ax.text(place + 0.03, position, text, fontsize=8, va="center", zorder=5)


def colours(n):
    """RGB colours `(n, 3)` of labels 0 to n - 1: matplotlib's ten, its twenty, or a spectrum."""
    if n <= 20:
        palette = matplotlib.colormaps["tab10" if n <= 10 else "tab20"].colors
        return np.array([to_rgb(colour) for colour in palette[:n]]).reshape(n, 3)
    return matplotlib.colormaps["turbo"](np.linspace(0.0, 1.0, n))[:, :3]


def _axes(ax, size):
    return Figure(figsize=size, layout="constrained").subplots() if ax is None else ax
