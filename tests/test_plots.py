import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from tfclust import plots

RANDOM = np.random.default_rng(0)
CODES = RANDOM.random((40, 5)).astype("float32")
LABELS = np.arange(40) % 4


def drawn_points(ax, nth=0):
    return np.asarray(ax.collections[nth].get_offsets())


def drawn_colours(ax, nth=0):
    return ax.collections[nth].get_facecolors()[:, :3]


def test_images_grid_draws_every_image_clipped_with_its_title():
    images = np.linspace(-1.0, 2.0, 5 * 4 * 3).reshape(5, 4, 3)
    figure = plots.images_grid(images, n_cols=3, titles=list("abcde"))
    shown = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in shown] == list("abcde")
    for ax, image in zip(shown, images, strict=True):
        np.testing.assert_allclose(ax.images[0].get_array(), np.clip(image, 0, 1))


def test_images_grid_frames_only_the_images_asked_for():
    figure = plots.images_grid(np.zeros((4, 2, 2)), n_cols=2, frames=[1, 2])
    assert [ax.axison for ax in figure.axes] == [False, True, True, False]


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"images": np.zeros((4, 9)), "n_cols": 2}, "must have shape"),
        ({"images": np.zeros((0, 3, 3)), "n_cols": 2}, "must have shape"),
        ({"images": np.zeros((4, 3, 3)), "n_cols": 2, "titles": ["a"]}, "each of the 4 images"),
    ],
)
def test_images_grid_states_what_it_takes(arguments, rule):
    with pytest.raises(ValueError, match=rule):
        plots.images_grid(**arguments)


def test_scatter_gives_points_and_centroids_of_a_label_one_colour():
    ax = plots.scatter(CODES[:, :2], LABELS, CODES[:4, :2]).axes[0]
    palette = plots.colours(4)
    np.testing.assert_allclose(drawn_points(ax), CODES[:, :2])
    np.testing.assert_allclose(drawn_colours(ax), palette[LABELS])
    np.testing.assert_allclose(drawn_points(ax, 1), CODES[:4, :2])
    np.testing.assert_allclose(drawn_colours(ax, 1), palette)


def test_scatter_without_labels_is_grey():
    ax = plots.scatter(CODES[:, :2], None).axes[0]
    np.testing.assert_allclose(drawn_colours(ax), [to_rgb("0.7")])


def test_scatter_draws_into_the_panel_given():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plots.scatter(CODES[:, :2], LABELS, ax=right, title="here") is figure
    assert right.get_title() == "here"
    assert not left.collections


def test_scatter_states_what_it_takes():
    with pytest.raises(ValueError, match=r"shape \(n, 2\). Received: points of shape \(40, 5\)"):
        plots.scatter(CODES, LABELS)
    with pytest.raises(ValueError, match="each of the 40 points"):
        plots.scatter(CODES[:, :2], LABELS[:3])


def test_embedding_leaves_codes_of_the_plane_where_they_are():
    ax = plots.embedding(CODES[:, :2], LABELS, CODES[:4, :2]).axes[0]
    np.testing.assert_allclose(drawn_points(ax), CODES[:, :2])
    np.testing.assert_allclose(drawn_points(ax, 1), CODES[:4, :2])


def test_pca_keeps_the_distances_of_codes_that_lie_in_a_plane():
    basis = np.linalg.qr(RANDOM.standard_normal((5, 2)))[0]
    flat = RANDOM.standard_normal((40, 2))
    codes, _ = plots.project(flat @ basis.T + 3.0)
    distances = [np.linalg.norm(rows[:, None] - rows, axis=-1) for rows in (flat, codes)]
    np.testing.assert_allclose(*distances, atol=1e-4)


@pytest.mark.parametrize("method", plots.PROJECTIONS)
def test_centroids_are_projected_with_the_codes(method):
    codes, centroids = plots.project(CODES, CODES[:4], method=method)
    assert codes.shape == (40, 2)
    nearest = np.linalg.norm(centroids[:, None] - codes, axis=-1).argmin(axis=1)
    np.testing.assert_array_equal(nearest, np.arange(4))


NORMAL = RANDOM.standard_normal((30, 3))
DEGENERATE = {
    "constant": np.full((20, 16), 0.1),
    "constant and large": np.full((20, 3), 1e6),
    "one row": np.ones((1, 5)),
    "two points": np.repeat(np.eye(5)[:2], 10, axis=0),
    "four points of a line": np.repeat(np.outer(np.arange(4), np.ones(3)), 5, axis=0),
    "four rows": NORMAL[:4],
    "rounding": 1e6 + 1e-9 * NORMAL,
    "huge": 1e300 * NORMAL,
    "tiny": 1e-300 * NORMAL,
}


@pytest.mark.parametrize("method", plots.PROJECTIONS)
@pytest.mark.parametrize("codes", DEGENERATE.values(), ids=DEGENERATE)
def test_codes_with_hardly_any_spread_are_projected_all_the_same(codes, method):
    for centroids in (None, codes[:2], 3 * codes[:2] + 1):
        flat, squares = plots.project(codes, centroids, method)
        assert flat.shape == (len(codes), 2)
        assert np.isfinite(flat).all()
        assert centroids is None or np.isfinite(squares).all()


@pytest.mark.parametrize("method", plots.PROJECTIONS)
def test_a_large_constant_coordinate_hides_nothing(method):
    codes = RANDOM.normal(np.repeat([[0.0], [9.0]], 20, axis=0), 0.3, (40, 2))
    flat, _ = plots.project(np.hstack([np.full((40, 1), 1e6), codes]), method=method)
    nearest = np.linalg.norm(flat[:, None] - flat, axis=-1).argsort(axis=1)[:, 1]
    np.testing.assert_array_equal(nearest // 20, np.arange(40) // 20)


def test_project_states_what_it_takes():
    with pytest.raises(ValueError, match="must not hold NaN"):
        plots.project(np.full((5, 3), np.nan))
    with pytest.raises(ValueError, match="Received: method='umap'"):
        plots.project(CODES, method="umap")
    with pytest.raises(ValueError, match=r"Received: codes of shape \(40, 1\)"):
        plots.project(CODES[:, :1])


def test_loss_terms_fit_a_narrow_screen():
    one, six = (plots.loss_terms({name: [1.0] for name in "abcdef"[:n]}) for n in (1, 6))
    assert one.get_size_inches() == pytest.approx([2.6, 2.4])
    assert six.get_size_inches() == pytest.approx([7.8, 4.8])
    assert len(six.axes) == 6


def test_loss_terms_has_a_panel_for_every_series():
    history = {"loss": [3.0, 2.0], "dirichlet_prior": [-1.0, -2.0]}
    figure = plots.loss_terms(history)
    assert [ax.get_title() for ax in figure.axes] == ["loss", "dirichlet prior"]
    for ax, values in zip(figure.axes, history.values(), strict=True):
        np.testing.assert_allclose(ax.lines[0].get_xydata(), list(enumerate(values, start=1)))
    with pytest.raises(ValueError, match="an empty history"):
        plots.loss_terms({})


def test_curves_names_every_series_in_the_legend():
    ax = plots.curves([5, 10], {"usps": [0.1, 0.2], "mnist": [0.3, 0.4]}, "K", "ARI").axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["usps", "mnist"]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [0.3, 0.4])


def test_heat_map_has_its_first_row_at_the_bottom():
    ax = plots.heat_map([[1, 2], [3, 4]], ["a", "b"], ["c", "d"], "x", "y").axes[0]
    assert ax.get_ylim()[0] < ax.get_ylim()[1]
    np.testing.assert_allclose(ax.images[0].get_array(), [[1, 2], [3, 4]])
    with pytest.raises(ValueError, match=r"Received: values of shape \(1, 2\)"):
        plots.heat_map([[1, 2]], ["a", "b"], ["c", "d"], "x", "y")


def test_bars_are_as_high_as_told():
    ax = plots.bars([3, 0, 5], "cluster", "points").axes[0]
    assert [bar.get_height() for bar in ax.patches] == [3, 0, 5]
    assert [text.get_text() for text in ax.texts] == ["3", "0", "5"]


@pytest.mark.parametrize("n", [1, 10, 11, 20, 21, 40])
def test_colours_are_distinct(n):
    assert len(np.unique(plots.colours(n), axis=0)) == n


def test_plots_need_no_display_and_no_tensorflow():
    code = "import sys, tfclust.plots; print({'tensorflow', 'matplotlib.pyplot'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


ALPHA = ([0.0, 0.5, 1.0], {"1": 0.0, "1000": 1.0})


def test_parallel_coordinates_draw_a_line_a_trial_from_the_settings_to_the_score():
    axes = {"alpha": ALPHA, "batch_size": ([1.0, 0.2, 0.3], {"512": 1.0})}
    [ax] = plots.parallel_coordinates(axes, [3.0, 1.0, np.nan], "l_sp", thick=1).axes
    first, second, third = (line for line in ax.lines if len(line.get_xdata()) == 3)
    np.testing.assert_allclose(first.get_ydata(), [0.0, 1.0, 1.0])
    np.testing.assert_allclose(second.get_ydata(), [0.5, 0.2, 0.0])
    assert np.isnan(third.get_ydata()[-1])
    assert third.get_color() == "0.8"
    assert second.get_linewidth() > first.get_linewidth()
    assert {"1", "1000", "512", "3"} <= {text.get_text() for text in ax.texts}


@pytest.mark.parametrize("values", [[np.nan] * 3, [2.0] * 3])
def test_parallel_coordinates_take_scores_that_do_not_differ(values):
    [ax] = plots.parallel_coordinates({"alpha": ALPHA}, values, "l_sp").axes
    assert len([line for line in ax.lines if len(line.get_xdata()) == 2]) >= 3


@pytest.mark.parametrize(("axes", "values"), [({}, [1.0]), ({"alpha": ALPHA}, [1.0])])
def test_parallel_coordinates_need_a_position_for_every_score(axes, values):
    with pytest.raises(ValueError, match=r"`axes` must hold a position for each.*Received: "):
        plots.parallel_coordinates(axes, values, "l_sp")
