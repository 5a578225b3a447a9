"""The figures of DAMIC on tiny settings; what they draw, not how well it was trained."""

import types

import numpy as np
import pytest
from sklearn.datasets import load_digits

from reproduce.figures import finished_models
from reproduce.figures.damic import all_ones, gate_space, trained_mixture
from reproduce.figures.task import FigureTask
from tfclust.models import DAMIC

SETTINGS = {"dataset": "digits", "epochs": 1, "pretrain_epochs": 1, "seed": 0, "points": 40}


@pytest.fixture
def shown(monkeypatch):
    """An untrained mixture, and labels by which digit 9 is cluster 0, and each other its next."""
    x, y = load_digits(return_X_y=True)
    data = types.SimpleNamespace(x=(x / 16).astype("float32")[:60], y=y[:60], n_classes=10)
    model = DAMIC(10, hidden_units=(), gate_units=(4,), seed=0)
    model.build((None, 64))
    mixture = trained_mixture.TrainedMixture(model, data, (data.y + 1) % 10, "DAMIC on digits")
    for module in (all_ones, gate_space):
        monkeypatch.setattr(module, "trained_mixture", lambda task, settings: mixture)
    return mixture


def test_clusters_come_in_the_order_of_their_classes_and_empty_ones_last(shown):
    np.testing.assert_array_equal(shown.order(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 0])
    shown.labels[shown.labels == 1] = 5
    assert shown.order()[-1] == 1


def test_figure_2_draws_the_input_and_every_autoencoder(shown):
    results = all_ones.gather(None, SETTINGS)
    assert results["images"].shape == (11, 8, 8)
    assert results["images"][0].min() == 1.0
    ones = np.ones((1, 64), dtype="float32")
    expected = shown.model.autoencoder(1).predict(ones, verbose=0).reshape(8, 8)
    np.testing.assert_allclose(results["images"][1], expected, atol=1e-6)
    assert len(all_ones.plot(results, SETTINGS).axes) == 12  # two rows of six
    assert "DAMIC on digits" in all_ones.caption(results, SETTINGS)


def test_gate_space_is_drawn_by_cluster_and_by_class(shown, monkeypatch):
    from tfclust import plots

    monkeypatch.setattr(plots, "project", lambda codes, method: (codes[:, :2], None))
    results = gate_space.gather(None, SETTINGS)
    assert results["points"].shape == (40, 2)
    np.testing.assert_array_equal(results["clusters"], results["classes"])
    assert len(gate_space.plot(results, SETTINGS).axes) == 2
    assert "40 random images" in gate_space.caption(results, SETTINGS)


def test_where_no_run_is_finished_one_is_declared_to_train():
    run = trained_mixture.figure_run(SETTINGS)
    assert (run.dataset, run.epochs, run.seeds) == ("digits", 1, (0,))
    assert dict(run.settings)["pretrain_epochs"] == 1


def test_the_trained_model_is_loaded_with_its_data(ledger, tmp_path, monkeypatch, shown):
    path = tmp_path / "model.keras"
    shown.model.save(path)
    monkeypatch.setattr(finished_models, "train_for_figure", lambda task, experiment: path)
    monkeypatch.setattr(FigureTask, "load", lambda *arguments, **options: shown.data)
    task = FigureTask("damic_figure99", ledger, tmp_path)
    loaded = trained_mixture.trained_mixture(task, SETTINGS)
    np.testing.assert_array_equal(loaded.labels, shown.model.assign(shown.data.x))
    assert "DAMIC on digits, K = 10, at most 1 epochs, seed 0" in loaded.description
