import inspect

import keras_tuner
import numpy as np
import pytest
from tiny_models import SETTINGS

from tfclust.models import AECM, CM
from tfclust.recipes import RECIPES, read_settings
from tfclust.selection import measure
from tfclust.tuning import LABEL_FREE, Choice, HyperModel, Range, train, tune
from tfclust.tuning.training import Trainer

SEEDS = (0, 3)


def tiny(name, **changes):
    """The recipe of a model, with a tiny network and few epochs."""
    recipe = RECIPES[name]
    shorter = {"epochs": 2, "clustering_epochs": 2, "least_steps": 0}
    pretraining = recipe.pretraining
    if pretraining:
        taken = inspect.signature(recipe.model_class().pretrain).parameters
        pretraining = {**pretraining, **{n: v for n, v in shorter.items() if n in taken}}
    settings = {**SETTINGS[recipe.model], "batch_size": 8}
    short = {"epochs": 3, "pretraining": pretraining}
    return recipe.changed(settings, **{**short, **changes})


@pytest.fixture(scope="module")
def together(rows):
    return train(tiny("cm", n_clusters=3), rows, SEEDS)


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


def test_numbers_are_adjusted_in_one_program(rows):
    trainer = Trainer(keep_models=False)
    for alpha in (5.0, 9.0):
        recipe = tiny("cm", n_clusters=3).changed({"alpha": alpha, "batch_size": 64})  # > 37 rows
        [run] = trainer(recipe, rows, (3,))
        model = recipe.build(seed=3)
        recipe.fit(model, rows)
        [alone] = measure([model], rows)
        assert (run.seed, run.sizes, run.model) == (3, alone.sizes, None)
        for name in ("l_sp", "reconstruction", "membership_entropy"):
            assert run.criteria[name] == pytest.approx(alone.criteria[name], rel=1e-3), name
    assert len(trainer._ensembles) == 1


# Ranges that a tiny network can take, of what trains its seeds at once, by numbers of its own, and
# of what pretrains its layers one by one.
NARROW = {
    "cm": [Range("alpha", 2.0, 20.0), Range("learning_rate", 1e-3, 1e-2)],
    "damic": [Choice("hidden_units", ((8,), (6, 4))), Choice("gate_units", ((6,), (4, 4)))],
    "idec": [Range("gamma", 0.01, 1.0, log=True), Range("embedding_dim", 2, 4, whole=True)],
}


@pytest.mark.parametrize("name", NARROW)
def test_what_was_searched_is_what_is_fitted(name, rows, tmp_path):
    x = rows.clip(0.0, 1.0)
    asked = {"n_clusters": 3, "objective": "membership_entropy", "seeds_per_trial": 1}
    searched = {"space": NARROW[name], "max_trials": 1, "algorithm": "random", "seed": 1}
    found = tune(tiny(name), x, **asked, **searched, verbose=False)
    found.save_settings(tmp_path / "settings.json")
    recipe = read_settings(tmp_path / "settings.json")
    [run] = found.best.runs
    model = recipe.build(seed=run["seed"])
    recipe.fit(model, x)
    [fitted] = measure([model], x)
    if recipe.ensemble is None:
        assert run["criteria"]["loss"] is not None
        assert fitted.criteria == run["criteria"]
    else:  # many seeds as one program are those of single ones, up to rounding
        for criterion in ("l_sp", "reconstruction", "membership_entropy"):
            value = run["criteria"][criterion]
            assert fitted.criteria[criterion] == pytest.approx(value, rel=1e-3), criterion
    assert list(fitted.sizes) == run["sizes"]


def test_a_search_pretrains_trains_measures_and_chooses(rows, labels, monkeypatch):
    pretrained = []
    monkeypatch.setattr(AECM, "pretrain", lambda model, x, **how: pretrained.append(how))
    found = tune(
        RECIPES["aecm"].changed(pretraining={"epochs": 4}),
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
    [given] = pretrained
    assert given["epochs"] == 4
    [run] = found.best.runs
    l_sp, reconstruction = (run["criteria"][name] for name in ("l_sp", "reconstruction"))
    assert run["criteria"]["distortion"] == pytest.approx(l_sp + reconstruction)
    assert sum(run["sizes"]) == len(rows)
    assert 0 <= run["scores"]["acc"] <= 1
    assert found.best_settings["hidden_units"] == (8,)


def test_a_diverging_training_is_told_apart_from_a_mistake(rows):
    searched = {"space": [Range("learning_rate", 1e-4, 1e-2)], "max_trials": 1, "epochs": 1}
    runs = {"objective": "l_sp", "seeds_per_trial": 1}
    common = {"n_clusters": 3, "verbose": False, **runs, **searched}
    with pytest.raises(ValueError, match="rank 2"):
        tune("cm", np.zeros((9, 2, 2), "float32"), **common)
    random = RECIPES["cm"].changed(pretraining=None)
    found = tune(random, rows * 1e20, fixed={"batch_size": 8}, **common)
    assert found.best.diverged


def test_the_hypermodel_builds_compiled_models_for_any_tuner():
    hypermodel = HyperModel(RECIPES["aecm"], n_clusters=4)
    hyperparameters = keras_tuner.HyperParameters()
    model = hypermodel.build(hyperparameters)
    names = [parameter.name for parameter in hyperparameters.space]
    assert names == ["alpha", "beta", "lbd", "batch_size", "embedding_dim"]
    assert (model.n_clusters, model.alpha, model.compiled) == (4, 1.0, True)
    assert isinstance(HyperModel(RECIPES["cm"], 4).build(keras_tuner.HyperParameters()), CM)
