"""The figures of AE-CM on tiny settings; what they draw, not how well it was trained."""

import types

import keras
import numpy as np
import pytest

from reproduce.figures import finished_models
from reproduce.figures.aecm import (
    asymmetric_prior,
    batch_size_and_concentration,
    beta_and_lambda,
    centroid_dispersion,
    concentration_grid,
    decoded_centroids,
    interpolations,
    merging_term,
    number_of_clusters,
    toy_datasets,
    trained_model,
    training_curves,
)
from reproduce.figures.task import FigureTask
from reproduce.runner import run_folder

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture
def task(ledger, tmp_path):
    return FigureTask("aecm_figure99", ledger, tmp_path)


@pytest.fixture
def scored(monkeypatch):
    """Return a function that makes every run of a figure score what a function of it says."""

    def make(score):
        def run(task, experiments):
            return [[{"metrics": score(each)}] * len(each.seeds) for each in experiments]

        monkeypatch.setattr(FigureTask, "run", run)

    return make


def few_points(monkeypatch, n=60):
    from tfclust.datasets.synthetic import five_gaussians

    x, y = five_gaussians(n)
    data = types.SimpleNamespace(x=x, y=y, n_classes=5)
    monkeypatch.setattr(FigureTask, "load", lambda *arguments, **options: data)
    return data


def panels(figure):
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def test_the_averages_are_the_means_of_the_centroids_of_the_last_epoch(task, monkeypatch):
    few_points(monkeypatch)
    monkeypatch.setattr(
        FigureTask,
        "run",
        lambda task, rows: [
            [{"loss_terms": {"a": dict(row.settings)["learning_rate"], "b": 1.0}}] for row in rows
        ],
    )
    settings = {**centroid_dispersion.SETTINGS["paper"], "epochs": 1}
    results = centroid_dispersion.gather(task, settings)
    assert results["steps"].shape == (3, 5, 2)
    np.testing.assert_allclose(results["averages"], results["steps"].mean(axis=0), atol=1e-5)
    assert results["losses"] == pytest.approx([1 + rate for rate in settings["rates"]])
    assert len(panels(centroid_dispersion.plot(results, settings))) == 1
    assert "the lowest is at 0.0001" in centroid_dispersion.caption(results, settings)


def test_the_curves_have_a_value_an_epoch_and_the_terms_add_up_to_the_loss(task, monkeypatch):
    few_points(monkeypatch)
    settings = {**training_curves.SETTINGS["paper"], "epochs": 3}
    results = training_curves.gather(task, settings)
    total = sum(results[name] for name in training_curves._TERMS if name != "loss")
    assert results["loss"].shape == (3,)
    np.testing.assert_allclose(total, results["loss"], rtol=1e-5)
    assert len(panels(training_curves.plot(results, settings))) == 6
    assert "3 epochs" in training_curves.caption(results, settings)


def test_each_weight_of_the_merging_term_has_a_panel_with_ten_centroids(task, monkeypatch):
    few_points(monkeypatch)
    settings = {**merging_term.SETTINGS["paper"], "epochs": 1, "seeds": (0, 1)}
    results = merging_term.gather(task, settings)
    assert {results[f"centroids_{weight}"].shape for weight in (0.0, 1.0, 1.5)} == {(10, 2)}
    assert not np.allclose(results["centroids_0.0"], results["centroids_1.5"])
    assert len(panels(merging_term.plot(results, settings))) == 3
    assert "of 2 seeds" in merging_term.caption(results, settings)


def test_centroids_in_one_place_are_counted_once():
    assert merging_term._count_places(np.array([[0, 0], [0.1, 0], [2, 0], [2, 0.2]])) == 2


@pytest.mark.slow
def test_every_method_clusters_a_toy(task):
    tiny = {"n_samples": 40, "epochs": 1, "seeds": (0,)}
    settings = {**toy_datasets.SETTINGS["paper"], **tiny}
    settings["toys"] = {"circles": settings["toys"]["circles"]}
    results = toy_datasets.gather(task, settings)
    for method in ("iGMM", "CM", "AE-CM"):
        assert results[f"labels_circles_{method}"].shape == (1, 40)
    assert len(panels(toy_datasets.plot(results, settings))) == 3
    assert "| AE-CM |" in toy_datasets.caption(results, settings)


def test_the_run_of_lowest_objective_is_shown():
    settings = {**toy_datasets.SETTINGS["paper"], "toys": {"blobs": {}, "no_structure": {}}}
    labels = np.array([[0, 0, 1, 1], [0, 1, 0, 1]])
    runs = {"labels": labels, "objectives": [2.0, 1.0], "seconds": [1.0, 3.0]}
    results = {
        f"{name}_{toy}_{method}": values
        for toy in settings["toys"]
        for name, values in runs.items()
        for method in ("iGMM", "CM", "AE-CM")
    }
    results |= {f"points_{toy}": np.zeros((4, 2)) for toy in settings["toys"]}
    results["classes_blobs"] = np.array([0, 0, 1, 1])
    figure = toy_datasets.plot(results, settings)
    assert [text.get_text() for ax in panels(figure) for text in ax.texts] == ["2 s"] * 6
    assert "| CM | 25.0 (-50.0) | 50.0 (50.0) |" in toy_datasets.caption(results, settings)


def test_scores_are_drawn_against_the_number_of_clusters(task, scored):
    scored(lambda each: {"ari": 1 / dict(each.settings)["n_clusters"], "homogeneity": 0.5})
    settings = number_of_clusters.SETTINGS["small"]
    results = number_of_clusters.gather(task, settings)
    np.testing.assert_allclose(results["ari_usps"], 1 / np.array(settings["n_clusters"]))
    left, right = panels(number_of_clusters.plot(results, settings))
    assert (left.get_ylabel(), right.get_ylabel()) == ("ARI", "homogeneity")
    assert "small scale" in number_of_clusters.caption(results, settings)


def test_rows_are_concentrations_and_columns_batch_sizes(task, scored):
    def score(each):
        settings = dict(each.settings)
        return {"ari": np.sum(settings["alpha"]) / 1e3 + settings["batch_size"] / 1e6}

    scored(score)
    settings = concentration_grid.SMALL
    values = concentration_grid.scores(task, settings, 9, "random")
    assert values.shape == (len(settings["concentrations"]), len(settings["batch_sizes"]))
    assert np.all(np.diff(values, axis=0) > 0)
    assert np.all(np.diff(values, axis=1) > 0)
    frequencies = concentration_grid.scores(task, settings, 10, "random", np.full(10, 0.1))
    np.testing.assert_allclose(frequencies, values)


def test_a_dot_is_the_mean_of_the_neighbours_it_has():
    values = np.arange(9.0).reshape(3, 3)
    values[0, 1] = np.nan
    smooth = concentration_grid.smoothed(values)
    assert smooth[1, 1] == pytest.approx((36 - 1) / 8)
    assert smooth[2, 2] == pytest.approx(np.mean([4, 5, 7, 8]))


@pytest.mark.parametrize(
    ("module", "n_panels"), [(batch_size_and_concentration, 2), (asymmetric_prior, 3)]
)
def test_small_grids_say_so(task, scored, monkeypatch, module, n_panels):
    scored(lambda each: {"ari": 0.5})
    data = types.SimpleNamespace(y=np.repeat(np.arange(10), 3))
    monkeypatch.setattr(FigureTask, "load", lambda *arguments: data)
    settings = module.SETTINGS["small"]
    results = module.gather(task, settings)
    figure = module.plot(results, settings)
    assert len(panels(figure)) == n_panels
    assert "small scale" in figure.get_suptitle()
    assert "small scale" in module.caption(results, settings)


def test_the_cells_hold_the_mean_over_the_runs_and_stay_empty_where_all_diverged(task, monkeypatch):
    def run(task, experiments):
        return [
            []
            if each.init == "random" and dict(each.settings)["beta"] == 0
            else [{"metrics": {"ari": 0.2}}, {"metrics": {"ari": 0.4}}]
            for each in experiments
        ]

    monkeypatch.setattr(FigureTask, "run", run)
    settings = beta_and_lambda.SETTINGS["small"]
    results = beta_and_lambda.gather(task, settings)
    assert np.isnan(results["random"][:, 0]).all()
    np.testing.assert_allclose(results["random"][:, 1:], 0.3)
    np.testing.assert_allclose(results["pretrained"], 0.3)
    assert len(panels(beta_and_lambda.plot(results, settings))) == 2
    assert "narrow layers" in beta_and_lambda.caption(results, settings)


@pytest.fixture(scope="module")
def tiny_model():
    from tfclust.datasets import load
    from tfclust.models import AECM

    data = load("digits", flatten=True)
    model = AECM(n_clusters=10, hidden_units=(8,), seed=0)
    model.build((None, 64))
    labels = model.assign(data.x)
    return trained_model.TrainedModel(model, data, labels, "AE-CM on digits")


def test_each_row_of_decoded_centroids_has_an_image_a_class(task, tiny_model, monkeypatch):
    monkeypatch.setattr(decoded_centroids, "trained_model", lambda *arguments: tiny_model)
    settings = {**decoded_centroids.SETTINGS["small"], "autoencoder_epochs": 1}
    results = decoded_centroids.gather(task, settings)
    assert results["images"].shape == (30, 8, 8)
    zeros = tiny_model.data.x[tiny_model.data.y == 0].mean(axis=0)
    np.testing.assert_allclose(results["images"][0].ravel(), zeros)
    assert len(panels(decoded_centroids.plot(results, settings))) == 30
    assert "for 1 epochs" in decoded_centroids.caption(results, settings)


def test_a_path_leads_from_centroid_to_centroid_and_frames_them(task, tiny_model, monkeypatch):
    monkeypatch.setattr(interpolations, "trained_model", lambda *arguments: tiny_model)
    settings = {**interpolations.SETTINGS["small"], "steps": 4}
    images = interpolations.gather(task, settings)["images"]
    assert images.shape == (9 * 4, 8, 8)
    np.testing.assert_allclose(images[3], images[4], atol=1e-5)
    results = {"images": images, "description": "AE-CM on digits"}
    framed = [ax.axison for ax in panels(interpolations.plot(results, settings))]
    assert framed == [True, False, False, True] * 9
    assert "4 images each" in interpolations.caption(results, settings)


def test_clusters_come_in_the_order_of_the_classes_and_surplus_ones_last(tiny_model):
    labels = (tiny_model.data.y + 3) % 10
    assert tiny_model.clusters_by_class(labels) == [3, 4, 5, 6, 7, 8, 9, 0, 1, 2]
    merged = np.where(labels == 9, 8, labels)
    assert tiny_model.clusters_by_class(merged)[-1] == 9


def test_the_best_finished_run_on_mnist_with_a_model_is_shown(
    task, ledger, record, experiment, monkeypatch
):
    row = experiment("mnist", "aecm", table="table15")
    for seed, ari in enumerate((0.5, 0.8, 0.9)):
        ledger.append(record(row, seed=seed, metrics={"acc": 0.5, "nmi": 0.5, "ari": ari}))
    for seed in (0, 1):
        folder = task.work_dir / run_folder(row, (seed,))
        folder.mkdir()
        (folder / "model.keras").touch()
    data = types.SimpleNamespace(x=np.zeros((3, 4)), y=np.array([0, 1, 1]))
    monkeypatch.setattr(finished_models, "load_data", lambda task, experiment: data)
    model, paths = types.SimpleNamespace(assign=lambda x: data.y), []
    monkeypatch.setattr(keras.saving, "load_model", lambda path: paths.append(path) or model)
    shown = trained_model.trained_model(task, trained_model.FALLBACK["small"])
    assert shown.model is model
    assert shown.description.endswith("on mnist, 150 epochs, seed 1, ARI 100.0")
    assert [path.parent.name for path in paths] == [run_folder(row, (1,))]
