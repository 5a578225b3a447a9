"""A recipe is plain data: in a file, with settings that its model has, and no others."""

import json

import keras
import numpy as np
import pytest

from tfclust.recipes import RECIPES, Recipe, find_recipe, read_settings, write_settings


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_in_a_file_is_the_same_recipe(name, tmp_path):
    recipe = RECIPES[name].changed(
        {"batch_size": 40, "learning_rate": 0.01}, n_clusters=12, scaling="minmax", epochs=7
    )
    write_settings(tmp_path / "new" / "settings.json", recipe, found_by={"trials": 3})
    again = read_settings(tmp_path / "new" / "settings.json")
    assert again.config() == recipe.config() == json.loads(json.dumps(recipe.config()))
    assert (again.epochs, again.scaling) == (7, "minmax")
    assert again.optimizer == {"learning_rate": 0.01}
    assert again.constructor()["batch_size"] == 40


def test_all_that_shapes_a_training_is_in_the_config():
    whole = RECIPES["aecm"].changed(n_clusters=3)
    for changes in (
        {"settings": {"alpha": 7.0}},
        {"settings": {"learning_rate": 0.1}},
        {"n_clusters": 4},
        {"scaling": "l2"},
        {"pretraining": None},
        {"epochs": 9},
        {"callbacks": {}},
    ):
        assert whole.changed(**changes).config() != whole.config(), changes


def test_settings_may_follow_the_number_of_clusters():
    assert RECIPES["aecm"].constructor(12)["embedding_dim"] == 12
    assert RECIPES["aecm"].changed({"embedding_dim": 5}).constructor(12)["embedding_dim"] == 5


def test_a_batch_follows_the_rows_unless_it_is_given():
    recipe = RECIPES["cm"]
    assert recipe.constructor(3, n_rows=1000)["batch_size"] == 100
    assert recipe.changed({"batch_size": 7}).constructor(3, n_rows=1000)["batch_size"] == 7
    assert "batch_size" not in recipe.constructor(3)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"settings": {"n_clusters": 3, "alhpa": 2.0}}, "Received: alhpa. Did you mean 'alpha'"),
        ({"optimizer": {"momentum": 0.9}}, "Received: momentum"),
        ({"model": "kmeans"}, "`model` must be one of cm, aecm"),
        ({"settings": {"alpha": 2.0}}, "n_clusters"),
    ],
)
def test_what_is_no_recipe_is_refused(damage, said, tmp_path):
    content = {**RECIPES["cm"].config(3), **damage}
    (tmp_path / "settings.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=rf"`write_settings` wrote.*{said}"):
        read_settings(tmp_path / "settings.json")


def test_a_config_that_lacks_something_is_refused():
    content = RECIPES["cm"].config(3)
    del content["callbacks"]
    with pytest.raises(ValueError, match="settings without callbacks"):
        Recipe.of(content)


def test_a_callback_that_there_is_none_of_is_refused(rows):
    recipe = RECIPES["cm"].changed(callbacks={"AveragingEpocs": {}}, pretraining=None)
    with pytest.raises(
        ValueError, match=r"Received: AveragingEpocs\. Did you mean 'AveragingEpoch'"
    ):
        recipe.fit(recipe.build(3, seed=0, n_rows=len(rows)), rows)


def test_what_is_no_argument_of_a_start_is_refused_before_it(rows):
    recipe = RECIPES["cm"].changed(pretraining={"epochs": 3})
    with pytest.raises(ValueError, match=r"arguments of CM.pretrain must be among n_init, x"):
        recipe.fit(recipe.build(3, seed=0, n_rows=len(rows)), rows)


def test_a_model_that_was_compiled_keeps_its_rate_on_uneven_data():
    x = np.concatenate([np.zeros((95, 2)), np.ones((5, 2))]).astype("float32")
    recipe = RECIPES["aecm"].changed(
        {"hidden_units": (4,)}, pretraining={"epochs": 1, "clustering_epochs": 1}, epochs=1
    )
    assert recipe.optimizer["uneven_learning_rate"] != 0.125
    for compiles in (True, False):
        model = recipe.build(2, seed=0, n_rows=len(x))
        if compiles:
            model.compile(keras.optimizers.Adam(0.125), run_eagerly=True)
        recipe.fit(model, x)
        rate = recipe.optimizer["uneven_learning_rate"]
        assert float(model.optimizer.learning_rate) == np.float32(0.125 if compiles else rate)


def test_a_recipe_is_found_by_its_model():
    for name, recipe in RECIPES.items():
        assert find_recipe(name) is find_recipe(recipe.model) is find_recipe(recipe) is recipe
    with pytest.raises(ValueError, match="Received: model='kmeans'"):
        find_recipe("kmeans")
