import dataclasses
import json

import pytest

from reproduce.experiment import Experiment


def make(**changes):
    fields = {
        "paper": "aecm",
        "table": "table11",
        "dataset": "usps",
        "method": "cm",
        "init": "random",
        "epochs": 150,
        "seeds": (0, 1),
        "settings": {"alpha": 40, "batch_size": 150, "hidden_units": (500, 2000)},
    }
    return Experiment(**{**fields, **changes})


def test_config_is_plain_json_and_leads_back_to_the_experiment():
    experiment = make()
    config = json.loads(json.dumps(experiment.config()))
    assert config == experiment.config()
    assert Experiment.from_config(config, seeds=(0, 1)) == experiment


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 1000},
        {"profile": "practical"},
        {"init": "kmeans++"},
        {"method": "kmeans"},
        {"dataset": "mnist"},
        {"settings": {"alpha": 41, "batch_size": 150, "hidden_units": (500, 2000)}},
    ],
)
def test_whatever_can_change_a_result_changes_the_key(change):
    assert make(**change).key(0) != make().key(0)


def test_the_key_names_the_seed_and_not_the_table():
    assert make().key(0) != make().key(1)
    assert make(table="table1").key(0) == make().key(0)


def test_settings_given_in_another_order_or_as_floats_are_the_same():
    same = make(settings={"hidden_units": [500.0, 2000], "batch_size": 150, "alpha": 40.0})
    assert same == make()
    assert same.digest == make().digest


def test_experiments_are_frozen_and_hashable():
    experiment = make()
    with pytest.raises(dataclasses.FrozenInstanceError):
        experiment.epochs = 1
    assert len({experiment, make()}) == 1


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"profile": "fast"}, "`profile` must be one of"),
        ({"init": "kmeans"}, "`init` must be one of"),
        ({"epochs": 0}, "`epochs` must be a positive integer"),
        ({"epochs": 1.5}, "`epochs` must be a positive integer"),
        ({"epochs": True}, "`epochs` must be a positive integer"),
        ({"seeds": ()}, "`seeds` must be one or more distinct"),
        ({"seeds": (0, 0)}, "`seeds` must be one or more distinct"),
        ({"seeds": (-1,)}, "`seeds` must be one or more distinct"),
        ({"settings": {"alpha": float("nan")}}, "must be a finite number"),
        ({"settings": {"alpha": float("inf")}}, "must be a finite number"),
        ({"settings": {"encoder": object()}}, "must be a finite number"),
    ],
)
def test_a_wrong_declaration_is_refused_with_the_rule(change, rule):
    with pytest.raises(ValueError, match=f"{rule}.*Received: "):
        make(**change)


def test_a_config_without_a_field_or_with_flat_settings_is_refused():
    config = make().config()
    with pytest.raises(ValueError, match="must be a mapping"):
        Experiment.from_config({**config, "settings": 5}, seeds=(0,))
    del config["epochs"]
    with pytest.raises(ValueError, match="Missing: \\['epochs'\\]"):
        Experiment.from_config(config, seeds=(0,))
