import csv
from pathlib import Path

import pytest

from tfclust.models import AECM, CM, VaDE
from tfclust.presets import preset, preset_names

PUBLISHED = Path(__file__).parents[1] / "reproduce" / "published" / "hyperparameters.csv"
TABLES = {"table12": "cm", "table13": "aecm"}
ARGUMENTS = {
    "alpha": "alpha",
    "batch_size_B": "batch_size",
    "beta": "beta",
    "feature_dim_p": "embedding_dim",
    "lambda": "lbd",
}
TABLE_14 = {  # name -> argument, and the start that a preset's name ends in
    "update_interval_u": ("update_interval", ""),
    "gamma": ("gamma", ""),
    "lambda_random_init": ("lbd", ""),
    "lambda_pretrained": ("lbd", "_pretrained"),
    "batch_size_B": ("batch_size", ""),
}
CLUSTERS = {"reuters10k": 4, "20news": 20, "10x73k": 8}  # 10 elsewhere
CODE = {  # alpha, beta, batch size, embedding size
    "usps_code": (3.0, 0.04, 45, 30),
    "rcv1_10k_code": (1.7, 2.3, 250, 75),
    "pendigits_code": (13.0, 0.5, 80, 70),
    "10x73k_code": (7.0, 15.0, 40, 10),
}


def published():
    """(model, dataset, argument, value) of every cell of Tables 12 and 13."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return [
            (TABLES[row["table"]], row["dataset"], ARGUMENTS[row["name"]], float(row["value"]))
            for row in csv.DictReader(file)
            if row["paper"] == "aecm" and row["table"] in TABLES
        ]


def test_tables_12_and_13_are_read_whole():
    assert len(published()) == 8 * 2 + 8 * 5


@pytest.mark.parametrize(("model", "dataset", "argument", "value"), published())
def test_preset_holds_the_printed_value(model, dataset, argument, value):
    assert preset(model, dataset)[argument] == value


@pytest.mark.parametrize("model", TABLES.values())
def test_every_printed_column_is_a_preset_with_the_number_of_its_classes(model):
    datasets = {dataset for table, dataset, *_ in published() if table == model}
    assert len([name for name in preset_names(model) if not name.endswith("_code")]) == 8
    for dataset in datasets:
        assert preset(model, dataset)["n_clusters"] == CLUSTERS.get(dataset, 10)


@pytest.mark.parametrize("name", CODE)
def test_code_preset_holds_the_values_of_the_authors_code(name):
    values = preset("aecm", name)
    names = ("alpha", "beta", "batch_size", "embedding_dim")
    assert tuple(values[argument] for argument in names) == CODE[name]


@pytest.mark.parametrize(("paper", "dataset"), [("r10k", "rcv1_10k"), ("fmnist", "fashion_mnist")])
@pytest.mark.parametrize("model", TABLES.values())
def test_the_papers_name_of_a_dataset_is_known(model, paper, dataset):
    assert preset(model, paper) == preset(model, dataset)


@pytest.mark.parametrize("model", TABLES.values())
def test_unknown_name_lists_those_there_are(model):
    with pytest.raises(ValueError, match=r"Received: name='imagenet'") as error:
        preset(model, "imagenet")
    for name in preset_names(model):
        assert name in str(error.value)


def table_14():
    """(model, name of a preset, argument, value) of every cell of Table 14."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if (row["paper"], row["table"]) != ("aecm", "table14"):
                continue
            for method in row["method"].split("; "):
                if method == "idec":  # whose presets are those of DEC
                    continue
                argument, start = TABLE_14[row["name"]]
                argument = "beta" if (argument, method) == ("gamma", "dcn") else argument
                yield method, row["dataset"] + start, argument, float(row["value"])


def test_presets_of_the_baselines_hold_the_printed_values():
    cells = list(table_14())
    assert len(cells) == 8 * (2 + 1 + 2 + 3)  # intervals, gamma, lambda, batches
    for model, name, argument, value in cells:
        values = preset(model, name)
        assert values[argument] == value, (model, name, argument)
        twin = preset("aecm", name.removesuffix("_pretrained"))
        for size in ("n_clusters", "embedding_dim", "hidden_units"):
            assert values[size] == twin[size], (model, name, size)
        assert values["activation"] == ("relu" if model == "dkm" else "leaky_relu")


def test_a_preset_can_be_changed_without_changing_the_next():
    preset("cm", "mnist")["alpha"] = 0.0
    assert preset("cm", "mnist")["alpha"] == 177.0


def test_a_model_without_presets_offers_none():
    assert not hasattr(VaDE, "from_preset")


@pytest.mark.parametrize(("model_class", "model"), [(CM, "cm"), (AECM, "aecm")])
def test_models_from_presets_are_compiled_and_take_other_arguments(model_class, model):
    made = model_class.from_preset("pendigits", seed=3, alpha=2.0)
    assert made.compiled
    expected = {**preset(model, "pendigits"), "seed": 3, "alpha": 2.0}
    assert {name: getattr(made, name) for name in expected} == expected
    with pytest.raises(ValueError, match="Received: name='imagenet'"):
        model_class.from_preset("imagenet")
