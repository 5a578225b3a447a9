from dataclasses import replace

import keras
import keras_tuner
import numpy as np
import pytest

from tfclust.models import AECM, CM
from tfclust.selection import measure
from tfclust.tuning import LABEL_FREE, SPACES, HyperModel, space_of, tune
from tfclust.tuning.training import TrainerAtOnce, train

SEEDS = (0, 3)


class Epochs(keras.callbacks.Callback):
    """Counts epochs, and keeps the learning rate of each."""

    def __init__(self):
        super().__init__()
        self.rates = []

    def on_epoch_begin(self, epoch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))


@pytest.fixture(scope="module")
def together(rows):
    settings = {"n_clusters": 3, "alpha": 5.0, "batch_size": 8, "learning_rate": 0.05}
    return train(space_of("cm"), settings, rows, SEEDS, epochs=4)


def test_runs_that_are_trained_together_have_the_criteria_of_their_models(together, rows):
    measured = measure([run.model for run in together], rows)
    for run, alone, seed in zip(together, measured, SEEDS, strict=True):
        assert (run.seed, run.sizes) == (seed, alone.sizes)
        assert run.criteria["loss"] is alone.criteria["loss"] is None
        for name in LABEL_FREE:
            value = alone.criteria[name]
            assert run.criteria[name] == pytest.approx(value, rel=1e-4, abs=1e-6), name


def test_runs_of_other_seeds_differ(together):
    one, other = (run.model.get_weights()[0] for run in together)
    assert not np.allclose(one, other)


def test_training_ends_when_the_clusters_are_stable(rows):
    epochs = Epochs()
    settings = {"n_clusters": 3, "alpha": 5.0, "batch_size": 8, "learning_rate": 0.0}
    train(space_of("cm"), settings, rows, SEEDS, epochs=50, callbacks=[epochs])
    assert epochs.rates == [0.0] * 6
    train(space_of("cm"), settings, rows, SEEDS, epochs=9, callbacks=[epochs], stop_early=False)
    assert len(epochs.rates) == 6 + 9


def test_at_once_settings_are_trained_as_epoch_by_epoch_and_share_a_program(rows):
    trainer, space = TrainerAtOnce(), space_of("aecm")
    small = {"n_clusters": 3, "hidden_units": (), "embedding_dim": 6, "batch_size": 8}
    for alpha in (5.0, 9.0):
        settings = {**small, "alpha": alpha, "beta": 0.5, "lbd": 0.1}
        by_epochs = train(space, settings, rows, SEEDS, 2, stop_early=False)
        for one, other in zip(trainer(space, settings, rows, SEEDS, 2), by_epochs, strict=True):
            assert (one.seed, one.sizes) == (other.seed, other.sizes)
            for name in ("l_sp", "reconstruction", "membership_entropy", "stability"):
                expected = pytest.approx(other.criteria[name], rel=1e-3, abs=1e-5)
                assert one.criteria[name] == expected, name
    assert len(trainer._ensembles) == 1


def test_a_model_without_centroids_is_trained_by_its_papers_schedules(rows):
    epochs = Epochs()
    small = {"n_clusters": 3, "hidden_units": (8,), "embedding_dim": 2, "batch_size": 8}
    weights = {"alpha": 0.5, "beta": 20.0, "learning_rate": 1e-2}
    [run] = train(space_of("mixae"), {**small, **weights}, rows, (0,), 11, [epochs])
    assert run.criteria["l_sp"] is run.criteria["stability"] is None
    assert run.criteria["reconstruction"] > 0
    np.testing.assert_allclose(epochs.rates, [1e-2] * 10 + [9e-3], rtol=1e-5)
    assert 0 <= float(run.model.alpha) <= 0.5
    assert 0 <= float(run.model.beta) <= 20.0


def test_a_search_pretrains_trains_measures_and_chooses(rows, labels, monkeypatch):
    pretrained = []
    monkeypatch.setattr(AECM, "pretrain", lambda model, x, **how: pretrained.append(how))
    monkeypatch.setitem(SPACES, "aecm", replace(SPACES["aecm"], pretraining={"epochs": 4}))
    found = tune(
        "aecm",
        rows,
        labels,
        n_clusters=3,
        objective="distortion",
        fixed={"hidden_units": (8,), "embedding_dim": 3, "batch_size": 8},
        max_trials=1,
        seeds_per_trial=1,
        epochs=2,
        verbose=False,
    )
    assert pretrained == [{"epochs": 4, "verbose": 0}]
    [run] = found.best.runs
    l_sp, reconstruction = (run["criteria"][name] for name in ("l_sp", "reconstruction"))
    assert run["criteria"]["distortion"] == pytest.approx(l_sp + reconstruction)
    assert sum(run["sizes"]) == len(rows)
    assert 0 <= run["scores"]["acc"] <= 1
    assert found.best_settings["hidden_units"] == (8,)


def test_a_diverging_training_is_told_apart_from_a_mistake(rows):
    searched = {"space": [space_of("mixae").parameters[2]], "max_trials": 1, "epochs": 1}
    runs = {"objective": "l_sp", "seeds_per_trial": 1}
    common = {"n_clusters": 3, "verbose": False, **runs, **searched}
    with pytest.raises(ValueError, match="rank 2"):
        tune("cm", np.zeros((9, 2, 2), "float32"), **common)
    found = tune("cm", rows * 1e20, fixed={"batch_size": 8}, **common)
    assert found.best.diverged


def test_the_hypermodel_builds_compiled_models_for_any_tuner():
    hypermodel = HyperModel(space_of(AECM), n_clusters=4)
    hyperparameters = keras_tuner.HyperParameters()
    model = hypermodel.build(hyperparameters)
    names = [parameter.name for parameter in hyperparameters.space]
    assert names == ["alpha", "beta", "lbd", "batch_size", "embedding_dim"]
    assert (model.n_clusters, model.alpha, model.compiled) == (4, 1.0, True)
    assert isinstance(HyperModel(space_of("cm"), 4).build(keras_tuner.HyperParameters()), CM)
