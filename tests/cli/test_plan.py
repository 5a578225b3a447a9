import argparse
import inspect
import json

import pytest

from tfclust import models
from tfclust.cli import plan as plans
from tfclust.cli.messages import UserError
from tfclust.recipes import RECIPES, Recipe, batch_size


def plan(model="cm", shape=(3,), n_rows=60, **changes):
    """The plan of a command line with these options."""
    options = {
        "clusters": 3,
        "set": [],
        "settings": None,
        "batch_size": None,
        "seed": 0,
        "epochs": None,
        "scale": None,
    }
    options |= {"pretrain": None, "pretrain_epochs": None, "model": model, **changes}
    arguments = argparse.Namespace(**options)
    made = plans.make_plan(plans.read_recipe(arguments), arguments.seed, shape, n_rows)
    plans.build(made["model"], made["settings"], made["sample_shape"])
    return made


def mistake(**changes):
    with pytest.raises(UserError) as error:
        plan(**changes)
    return str(error.value)


@pytest.mark.parametrize("name", RECIPES)
def test_every_plan_is_json_and_builds_its_model_again(name):
    made = plan(name)
    assert json.loads(json.dumps(made)) == made
    model = plans.build(name, made["settings"], made["sample_shape"])
    assert isinstance(model, getattr(models, RECIPES[name].model))
    assert model.built
    assert made["epochs"] == RECIPES[name].epochs + ("AveragingEpoch" in made["callbacks"])
    assert Recipe.of(made).epochs == RECIPES[name].epochs


def test_options_reach_the_model():
    settings = ["alpha=2.5", "hidden_units=8,4", "embedding_dim=5", "dtype=mixed_float16"]
    made = plan("aecm", set=settings, seed=7, batch_size=9, epochs=2)
    model = plans.build("aecm", made["settings"], made["sample_shape"])
    assert (model.alpha, model.hidden_units, model.embedding_dim) == (2.5, (8, 4), 5)
    assert (model.seed, model.batch_size, made["epochs"]) == (7, 9, 3)
    assert model.compute_dtype == "float16"


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("False", False), ("none", None), ("a b", "a b"), ("1,2", (1, 2))],
)
def test_values_are_words_or_literals(text, value):
    assert plans._value("name", text, None) == value


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_knows_the_arguments_and_defaults_of_its_class(name):
    found = {}
    for each in reversed(getattr(models, RECIPES[name].model).__mro__):
        if issubclass(each, models.ObjectiveModel):
            found |= inspect.signature(each.__init__).parameters
    defaults = {key: parameter.default for key, parameter in found.items()}
    for key in ("self", "kwargs", "encoder", "decoder", *plans.OWN_OPTIONS):
        defaults.pop(key, None)
    assert defaults == RECIPES[name].arguments


def test_one_number_is_a_sequence_where_there_must_be_one():
    settings = plan("aecm", set=["hidden_units=8", "alpha=8"])["settings"]
    assert (settings["hidden_units"], settings["alpha"]) == ([8], 8.0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("alhpa=2", "--set must name one of alpha, dtype, term_weights. Received: 'alhpa'. Did"),
        ("alpha", "--set must be given name=value. Received: 'alpha'"),
        ("alpha=-2", "`alpha` must be positive"),
        ("alpha=x", "`alpha` must be a number, such as 20.0"),
        ("alpha=true", "`alpha` must be a number"),
        ("seed=2", "--seed must set `seed`"),
        ("dtype=float7", "cm: "),
    ],
)
def test_settings_are_checked_before_any_work(settings, said):
    assert said in mistake(set=[settings])


def test_pretraining_can_be_chosen_where_there_is_one():
    assert plan("aecm")["pretraining"] == RECIPES["aecm"].pretraining
    assert plan("aecm", pretrain=False)["pretraining"] is None
    assert plan("aecm", pretrain_epochs=3)["pretraining"]["epochs"] == 3
    assert plan("cm")["pretraining"] == {}
    assert "must come with a model that pretrains" in mistake(model="mixae", pretrain=True)
    assert mistake(pretrain_epochs=3).endswith("a pretraining of epochs. Received: --model cm")
    said = mistake(model="aecm", pretrain=False, pretrain_epochs=3)
    assert said.endswith("Received: --model aecm --no-pretrain")


def test_images_that_a_model_cannot_give_back_are_a_mistake():
    assert mistake(model="mixae", shape=(9, 9, 1)).startswith("mixae: ")


def test_batches_grow_with_the_rows_and_hold_every_cluster():
    assert [batch_size(n, 3) for n in (50, 1000, 10**6)] == [16, 100, 256]
    assert batch_size(100, 10) == 50


def test_codes_are_large_enough_for_orthonormal_centroids():
    assert plan("aecm", clusters=12)["settings"]["embedding_dim"] == 12
