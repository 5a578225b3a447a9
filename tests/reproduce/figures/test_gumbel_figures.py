"""The figures of the Gumbel-Softmax model on tiny settings; what they draw, not how well."""

import types
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from reproduce.figures.gumbel import (
    feature_space,
    gaussian_weight,
    generated_images,
    trained_model,
)
from reproduce.figures.task import FigureTask
from tfclust.models import GumbelSoftmaxVAE

SETTINGS = {"dataset": "digits", "side": 8, "epochs": 2, "seed": 0}


@pytest.fixture
def digits(monkeypatch):
    x, y = load_digits(return_X_y=True)
    data = types.SimpleNamespace(
        x=(x / 16).astype("float32")[:100], y=y[:100], name="digits", n_train=70
    )
    monkeypatch.setattr(FigureTask, "load", lambda *arguments, **options: data)
    return data


def record(weight, accuracy, information):
    metrics = {"validation_acc": accuracy, "cluster_information": information}
    return {"weight": weight, "metrics": metrics}


def test_figure_3_draws_accuracy_and_the_criterion_that_needs_no_labels(monkeypatch):
    asked = []

    def run(task, experiments):
        asked.extend(experiments)
        weights = [dict(each.settings)["gaussian_weight"] for each in experiments]
        return [[record(w, 0.9 if w == 20 else 0.5, -abs(w - 3.0))] for w in weights]

    monkeypatch.setattr(FigureTask, "run", run)
    settings = {"datasets": ("usps",), "seed": 0, "epochs": 3}
    results = gaussian_weight.gather(FigureTask("f", None, None), settings)
    assert {(each.epochs, each.seeds) for each in asked} == {(3, (0,))}
    assert gaussian_weight.picked("usps", results["usps"]) == 3  # not 20, which labels would pick
    assert len(gaussian_weight.plot(results, settings).axes) == 2
    assert "the criterion picks 3" in gaussian_weight.caption(results, settings)


def test_figure_3_leaves_out_a_weight_whose_run_diverged(monkeypatch):
    def run(task, experiments):
        weights = [dict(each.settings)["gaussian_weight"] for each in experiments]
        return [[record(w, 0.5, -abs(w - 4.0))] if w != 3 else [] for w in weights]

    monkeypatch.setattr(FigureTask, "run", run)
    settings = {"datasets": ("usps",), "seed": 0, "epochs": 3}
    results = gaussian_weight.gather(FigureTask("f", None, None), settings)
    assert gaussian_weight.picked("usps", results["usps"]) == 5
    assert len(gaussian_weight.plot(results, settings).axes) == 2
    assert "none at 3, which diverged" in gaussian_weight.caption(results, settings)


def test_figure_4_draws_styles_and_every_cluster(digits, monkeypatch):
    def model(task, settings, n_clusters):
        made = GumbelSoftmaxVAE(n_clusters, 4, 2, (8,), seed=0)
        made.build((None, 64))
        return made, digits, f"digits, K = {n_clusters}"

    monkeypatch.setattr(generated_images, "trained_model", model)
    results = generated_images.gather(None, SETTINGS)
    assert results["styles"].shape == (10, 11, 64)
    tested = {row.tobytes() for row in digits.x[70:]}
    assert all(row[0].tobytes() in tested for row in results["styles"])
    assert [results[k].shape for k in (7, 10, 14)] == [(7, 8, 64), (10, 8, 64), (14, 8, 64)]
    assert len(generated_images.plot(results, SETTINGS).axes) == 4
    assert "K = 14" in generated_images.caption(results, SETTINGS)


def test_figure_5_keeps_the_features_of_test_rows_at_each_moment(
    digits, ledger, tmp_path, monkeypatch
):
    from tfclust import plots

    def small(settings):
        run = trained_model.figure_run(settings)
        return replace(run, settings={**dict(run.settings), "batch_size": 28})

    monkeypatch.setattr(feature_space, "figure_run", small)
    monkeypatch.setattr(plots, "project", lambda codes, method: (codes[:, :2], None))
    settings = {**SETTINGS, "moments": (1, 2), "points": 20}
    results = feature_space.gather(FigureTask("g", ledger, tmp_path), settings)
    assert results["points"].shape == (2, 20, 2)
    assert not np.allclose(*results["points"])
    assert len(feature_space.plot(results, settings).axes) == 2
    assert "20 random test rows" in feature_space.caption(results, settings)
