import csv
import hashlib
import math
from collections import defaultdict
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from reproduce import published
from reproduce.cli import RESULTS
from reproduce.experiments import PAPERS, baselines, gumbel
from reproduce.ledger import Ledger, run_key
from reproduce.report.reached import count_reached
from tfclust.presets import preset

PAPER = PAPERS["aecm"]
HYPERPARAMETERS = published.RESULTS.with_name("hyperparameters.csv")
OURS = {
    "kmeans",
    "gmm",
    "igmm",
    "cm",
    "ae_kmeans",
    "dec",
    "idec",
    "vib_gmm",
    "dcn",
    "dkm",
    "clustergan",
    "aecm",
    *(f"{method}_kmeans" for method in ("idec", "dcn", "dkm", "aecm")),
    *(f"cm_{terms}" for terms in ("e0", "e0e1", "e0e2", "e0e3")),
    *(f"cm_{terms}" for terms in ("e0e1e2", "e0e1e3", "e0e2e3", "e1e2e3")),
}
LOST = {"15": {("mnist", "dcn", "pretrained", "nmi")}}  # printed, and lost where it was read out
TABLES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "11", "15")


def declared_cells(table):
    return {
        (published.published_name(row.paper, row.dataset), row.method, row.init, metric)
        for row in PAPER.rows(table)
        for metric in table.metrics
    }


@pytest.mark.parametrize("number", TABLES)
def test_every_published_cell_is_declared_or_its_dataset_listed_as_unavailable(number):
    table = PAPER.table(number)
    printed = {
        key[2:6]
        for key in published.load()
        if key[:2] == ("aecm", table.name) and key[3] in OURS and key[2] not in PAPER.unavailable
    }
    assert printed
    assert printed | LOST.get(number, set()) == declared_cells(table)


def test_the_only_dataset_that_is_not_declared_is_10x73k():
    assert set(PAPER.unavailable) == {"10x73k"}
    assert "cifar10" in {row.dataset for row in PAPER.rows(PAPER.table("table11"))}
    assert "cifar10" in {row.dataset for row in PAPER.rows(PAPER.table("table15"))}


def test_every_run_is_declared_once():
    keys = [row.key(seed) for row in PAPER.experiments for seed in row.seeds]
    assert len(keys) == len(set(keys))


def test_the_keys_of_the_recorded_runs_are_those_that_they_were_recorded_by():
    keys = [run_key(record) for record in Ledger(RESULTS / "ledger.jsonl").records()[:989]]
    assert hashlib.sha256(repr(keys).encode()).hexdigest()[:16] == "45ee4ea8b05c532e"
    declared = {
        row.key(seed)
        for paper in PAPERS.values()
        for table in paper.tables
        for row in paper.rows(table)
        for seed in row.seeds
    }
    assert sum(key not in declared for key in keys) == 318  # of rows that were declared otherwise


def test_a_declared_setting_that_its_method_does_not_know_is_refused():
    row = replace(PAPER.experiments[0], settings={"n_clusters": 10, "n_inits": 3})
    with pytest.raises(ValueError, match=r"must be among chosen_by.*Received: n_inits=3"):
        replace(PAPER, experiments=(row,))


@pytest.mark.parametrize(("view", "source"), [("1", "11"), ("4", "11"), ("5", "15"), ("7", "15")])
def test_tables_that_report_the_same_runs_share_them(view, source):
    rows = PAPER.rows(PAPER.table(view))
    assert rows
    assert set(rows) <= set(PAPER.rows(PAPER.table(source)))


def test_deep_models_are_declared_at_both_lengths_that_the_paper_states():
    for row in PAPER.experiments:
        if row.table == "table9":
            assert row.epochs == 1000
        elif row.table in ("table8", "table15") and row.profile == "reference":
            twins = {
                other.epochs
                for other in PAPER.experiments
                if (other.dataset, other.method, other.init) == (row.dataset, row.method, row.init)
                and (other.table, other.profile) == (row.table, row.profile)
            }
            assert twins == {150, 1000}
        elif row.profile == "authors_code":
            assert row.epochs == (100 if row.method == "ae_kmeans" else 150)
        else:
            assert row.epochs == (50 if row.table == "table3" else 150)


def test_rows_have_as_many_seeds_as_the_paper_has_runs():
    runs = {"table2": 10, "table6": 10, "table9": 10, "precision": 10}
    for row in PAPER.experiments:
        assert len(row.seeds) == runs.get(row.table, 20)


def test_no_declared_row_is_better_than_the_paper():
    assert {row.profile for row in PAPER.experiments} == {"reference", "authors_code"}


def test_uci_rows_have_the_classes_for_k_and_those_of_the_authors_code_the_largest_label():
    clusters = {
        (row.dataset, row.profile): dict(row.settings)["n_clusters"]
        for row in PAPER.experiments
        if row.table == "table9"
    }
    assert clusters["wine", "reference"] == 3
    assert clusters["wine", "authors_code"] == 4
    assert clusters["uci_yeast", "authors_code"] == 11
    assert ("iris", "authors_code") not in clusters
    for row in PAPER.experiments:
        if row.table == "table9" and row.method == "aecm":
            settings = dict(row.settings)
            assert settings["embedding_dim"] == 2 * settings["n_clusters"]


def test_settings_are_those_of_tables_12_and_13():
    names = {"batch_size_B": "batch_size", "feature_dim_p": "embedding_dim", "lambda": "lbd"}
    with HYPERPARAMETERS.open(newline="") as file:
        printed = [row for row in csv.DictReader(file) if row["table"] in ("table12", "table13")]
    compared = 0
    for row in PAPER.experiments:
        if row.table not in ("table11", "table15") or row.method not in ("cm", "aecm"):
            continue
        if row.profile != "reference":
            continue
        dataset = published.published_name(row.paper, row.dataset)
        for line in printed:
            if (line["dataset"], line["method"]) == (dataset, row.method):
                name = names.get(line["name"], line["name"])
                assert dict(row.settings)[name] == float(line["value"]), (row, name)
                compared += 1
    assert compared == 7 * 2 * 2 + 7 * 4 * 5


def test_settings_of_the_baselines_are_those_of_table_14():
    def setting(line, row):
        if line["name"].startswith("lambda"):
            return "lbd" if line["name"].split("_")[1] in row.init else None
        by_name = {"update_interval_u": "update_interval", "batch_size_B": "batch_size"}
        by_name["gamma"] = "beta" if row.method == "dcn" else "gamma"
        return by_name[line["name"]]

    with HYPERPARAMETERS.open(newline="") as file:
        printed = [row for row in csv.DictReader(file) if row["table"] == "table14"]
    compared = 0
    for row in PAPER.experiments:
        if row.table != "table15" or row.method not in ("dec", "idec", "dcn", "dkm"):
            continue
        if row.profile != "reference":
            continue
        dataset, settings = published.published_name(row.paper, row.dataset), dict(row.settings)
        for line in printed:
            if line["dataset"] != dataset or row.method not in line["method"].split("; "):
                continue
            name = setting(line, row)
            if name is not None:
                assert settings[name] == float(line["value"]), (row, name)
                compared += 1
        twin = preset("aecm", row.dataset)
        assert all(settings[name] == twin[name] for name in ("n_clusters", "embedding_dim"))
        pretrained = row.init == "pretrained"
        assert ("pretrain_epochs" in settings) == ("kmeans_n_init" in settings) == pretrained
    assert compared == 7 * 2 * 2 * (2 + 3 + 3 + 2)


def test_random_starts_that_fail_in_the_paper_are_declared_as_rows():
    table = PAPER.table("5")
    printed = {"dec": 0.289, "idec": 0.425, "dcn": 0.254}
    for method, accuracy in printed.items():
        rows = [
            row
            for row in PAPER.rows(table)
            if (row.dataset, row.method, row.init) == ("mnist", method, "random")
        ]
        assert {row.epochs for row in rows} == {150, 1000}
        assert {table.published(row, "acc", "mean") for row in rows} == {accuracy}


def test_vib_gmm_has_a_cross_entropy_on_images_alone_and_the_batches_of_table_6():
    with HYPERPARAMETERS.open(newline="") as file:
        printed = {
            (row["dataset"], row["name"]): row["value"]
            for row in csv.DictReader(file)
            if "vib_gmm" in row["method"].split("; ")
        }
    assert printed["images", "reconstruction_loss"] == "cross-entropy"
    rows = [row for row in PAPER.experiments if row.method == "vib_gmm"]
    assert {row.init for row in rows} == {"random"}
    for row in rows:
        settings = dict(row.settings)
        of_images = row.dataset in ("mnist", "fashion_mnist", "usps", "cifar10")
        assert (settings["reconstruction_loss"] == "cross_entropy") == of_images
        assert settings["batch_size"] == int(printed["mnist", "batch_size_runtime"])


def test_vade_has_the_constants_of_its_authors_code():
    names = ("n_clusters", "learning_rate", "rate_decay_every", "rate_decay", "epsilon")
    wanted = {"mnist": (10, 2e-3, 10, 0.9, 1e-4), "rcv1_10k": (4, 2e-3, 5, 0.5, 1e-4)}
    papers = ("baselines", "mixae", "gumbel")
    rows = [row for paper in papers for row in PAPERS[paper].experiments if row.method == "vade"]
    for row in rows:
        settings = dict(row.settings)
        assert settings["batch_size"] == 100
        assert settings["hidden_units"] == (500, 500, 2000)
        if row.dataset in wanted:
            assert tuple(settings[name] for name in names) == wanted[row.dataset]
    assert {row.paper for row in rows} == set(papers)


def test_the_rows_of_the_authors_code_hold_its_constants_and_train_in_float32():
    rows = [
        row
        for row in PAPER.experiments
        if (row.table, row.profile, row.method) == ("table15", "authors_code", "aecm")
    ]
    assert {(row.dataset, row.init) for row in rows} == set(
        product(("usps", "pendigits", "rcv1_10k"), ("random", "pretrained"))
    )
    for row in rows:
        settings = dict(row.settings)
        assert preset("aecm", f"{row.dataset}_code").items() <= settings.items()
        assert settings["precision"] == "float32"


def test_figures_are_those_that_show_runs():
    assert PAPER.figures == (1, 3, 4, 6, 7, 8, 9, 10, 11, 12)


def test_published_files_are_shipped_beside_the_code():
    assert published.RESULTS.is_file()
    assert Path(HYPERPARAMETERS).is_file()


MIXAE, DAMIC = PAPERS["mixae"], PAPERS["damic"]
MIXTURES = [(MIXAE, number) for number in "23"] + [(DAMIC, number) for number in "2345"]


@pytest.mark.parametrize(
    ("paper", "number"), MIXTURES, ids=lambda value: getattr(value, "name", value)
)
def test_every_published_cell_of_the_mixtures_is_declared(paper, number):
    table = paper.table(number)
    printed = {key[2:6] for key in published.load() if key[:2] == (paper.name, table.name)}
    methods = {row.method for row in paper.experiments}
    declared = {
        (published.published_name(paper.name, row.dataset), row.method, row.init, metric)
        for row in paper.rows(table)
        for metric in table.metrics
    }
    assert printed
    assert {cell for cell in printed if cell[1] in methods} == declared


def test_nothing_is_left_out_of_damics_tables():
    printed = {key[3] for key in published.load() if key[0] == "damic"}
    assert printed == {row.method for row in DAMIC.experiments}


def test_rows_of_mixae_say_which_data_stands_in_for_the_papers():
    assert {row.dataset for row in MIXAE.rows(MIXAE.table("2"))} == {
        "mnist",
        "rcv1",
        "rcv1_10k",
        "har_recomputed",
    }
    assert {"rcv1_10k", "har_recomputed"} <= set(published.CAVEATS)


def test_mixaes_tables_run_what_its_search_tried():
    # No run comes near beta's bound, and the search came before the start of biases was a setting.
    untried = ("beta_bounds", "beta_factor", "beta_decay", "assignment_bias")
    untried += ("starts", "start_epochs")

    def tried(row):
        return {name: value for name, value in row.settings if name not in untried}

    searched = [(row.dataset, tried(row)) for row in MIXAE.rows(MIXAE.table("schedule"))]
    for row in MIXAE.rows(MIXAE.table("2")):
        if row.method == "mixae" and row.dataset != "rcv1":  # whose start is that of rcv1_10k
            assert (row.dataset, tried(row)) in searched


def test_every_variant_of_mixaes_search_is_another():
    keys = [row.key(0) for row in MIXAE.rows(MIXAE.table("schedule"))]
    assert len(keys) == len(set(keys)) > 20


def test_mixae_decays_its_rate_as_the_paper_says():
    for row in MIXAE.experiments:
        if row.method == "mixae":
            settings = dict(row.settings)
            assert settings["learning_rate"] == 1e-3
            assert (settings["rate_decay"], settings["rate_decay_every"]) == (0.9, 10)


def test_damic_has_five_seeds_and_the_papers_layers():
    for row in DAMIC.experiments:
        if row.table == "start":  # short runs of our own
            continue
        assert row.seeds == (0, 1, 2, 3, 4)
        settings = dict(row.settings)
        if row.method not in ("kmeans", "dcn", "dec"):
            assert settings["hidden_units"] == (1024, 256)
            assert settings["batch_size"] == 256
        if row.method in ("damic", "joint_training"):
            assert settings["gate_units"] == (512, 512)


def test_damics_tables_normalize_where_its_search_began():
    searched = DAMIC.rows(DAMIC.table("start"))
    orders = [(row.dataset, dict(row.settings)["normalize_first"]) for row in searched]
    assert orders == [
        (dataset, first) for dataset in ("mnist", "twenty_newsgroups") for first in (False, True)
    ]
    tables = [dict(row.settings) for row in DAMIC.experiments if row.table != "start"]
    assert {settings.get("normalize_first", False) for settings in tables} == {False}


def test_damics_letter_normalizes_all_and_the_authors_code_nothing():
    for row in DAMIC.experiments:
        settings = dict(row.settings)
        if row.method in ("kmeans", "dcn", "dec"):
            continue
        if row.profile == "reference":  # names nothing: the method reads it as the paper has it
            assert not {"normalized", "linear_code"} & settings.keys()
        else:
            assert (settings["normalized"], settings["linear_code"]) == ((), True)


@pytest.mark.parametrize("profile", ["reference", "authors_code"])
def test_damic_and_its_baseline_share_a_start_under_each_profile(profile):
    for number in "234":
        rows = DAMIC.rows(DAMIC.table(number))
        rows = {row.method: row for row in rows if row.profile == profile}
        whole, baseline = dict(rows["damic"].settings), dict(rows["ae_kmeans"].settings)
        assert baseline.items() <= whole.items()
        assert whole["pretrain_epochs"] == rows["ae_kmeans"].epochs


def test_every_run_of_damic_is_declared_once():
    keys = [row.key(seed) for row in DAMIC.experiments for seed in row.seeds]
    assert len(keys) == len(set(keys))


GUMBEL = PAPERS["gumbel"]
GUMBEL_METHODS = {
    *("kmeans", "gmm", "ae_kmeans", "ae_gmm", "gumbel", "vae", "dec", "idec", "dcn", "dlgmm"),
}


@pytest.mark.parametrize("number", ["1", "2"])
def test_every_published_cell_of_the_gumbel_paper_is_declared(number):
    table = GUMBEL.table(number)
    printed = {key[2:6] for key in published.load() if key[:2] == ("gumbel", table.name)}
    ours = {cell for cell in printed if cell[1] in GUMBEL_METHODS}
    declared = {
        (published.published_name("gumbel", row.dataset), row.method, row.init, metric)
        for row in GUMBEL.rows(table)
        for metric in table.metrics
    }
    assert ours
    assert ours <= declared


def test_reference_rows_of_the_gumbel_paper_have_its_settings():
    for row in GUMBEL.rows(GUMBEL.table("1")):
        if row.method != "gumbel" or row.profile != "reference":
            continue
        settings = dict(row.settings)
        assert (row.epochs, settings["batch_size"], settings["feature_dim"]) == (300, 300, 100)
        assert settings["latent_dim"] == (150 if row.dataset == "mnist" else 50)
        assert (settings["temperature"], settings["end_temperature"]) == (1, 0.5)
        assert settings["annealing_epochs"] == 100


@pytest.mark.parametrize("dataset", ["mnist", "usps", "rcv1_10k"])
def test_the_first_row_of_the_gumbel_paper_has_the_printed_weight_and_others_change_one_thing(
    dataset,
):
    first, *others = (
        dict(row.settings).items()
        for row in GUMBEL.rows(GUMBEL.table("1"))
        if (row.dataset, row.method) == (dataset, "gumbel")
    )
    assert ("gaussian_weight", 5) in first
    assert others
    for settings in others:
        assert len(settings - first) == 1


def test_figure_3_of_the_gumbel_paper_shows_every_weight_of_its_grids_once():
    rows = GUMBEL.rows(GUMBEL.table("figure3"))
    for dataset, grid in gumbel.WEIGHT_GRIDS.items():
        runs = [gumbel.at_weight(dataset, weight).identity for weight in grid]
        assert all([row.identity for row in rows].count(run) == 1 for run in runs)


def test_every_run_of_the_gumbel_paper_is_declared_once():
    keys = [row.key(seed) for row in GUMBEL.experiments for seed in row.seeds]
    assert len(keys) == len(set(keys))


BASELINES = PAPERS["baselines"]
BY_THE_LETTER = ("ae_kmeans", "dec", "idec")
ON_ONE_AUTOENCODER = ("ae_kmeans", "dec", "idec", "dcn", "dkm")


def test_baselines_are_declared_for_every_figure_of_their_papers_and_begin_with_one_autoencoder():
    table = BASELINES.table("own")
    rows = BASELINES.rows(table)
    declared = {
        (published.published_name("baselines", row.dataset), row.method, row.init) for row in rows
    }
    assert {key[2:5] for key in published.load() if key[0] == "baselines"} <= declared
    start = ("hidden_units", "embedding_dim", "activation", "batch_size", "scale", "precision")
    start += ("layer_epochs", "pretrain_epochs", "dropout")
    by_start = defaultdict(list)
    for row in rows:
        by_dkm = (row.method, row.profile) == ("dkm", "authors_code")
        if row.method in ON_ONE_AUTOENCODER and row.init != "random" and not by_dkm:
            settings = {"pretrain_epochs": row.epochs, **dict(row.settings)}
            by_sgd = settings.get("pretrain_optimizer"), settings.get("drop_ends")
            by_start[row.dataset, by_sgd].append([settings[name] for name in start])
    assert len(by_start) == len(baselines.OWN) + 4
    for (_, (optimizer, _)), settings in by_start.items():
        assert settings == [settings[0]] * len(
            baselines.OF_LETTERS if optimizer else ON_ONE_AUTOENCODER
        )


def test_dec_and_idec_by_the_letter_take_the_steps_of_their_papers():
    rows = [row for row in BASELINES.experiments if row.method in BY_THE_LETTER]
    rows = [row for row in rows if row.profile != "practical"]
    assert {row.profile for row in rows} == {"reference", "authors_code"}
    for row in rows:
        settings = {"pretrain_epochs": row.epochs, **dict(row.settings)}
        batches = math.ceil(baselines.DATASETS[row.dataset][0] / 256)
        assert settings["layer_epochs"] * batches == pytest.approx(50_000, rel=0.01)
        assert settings["pretrain_epochs"] * batches == pytest.approx(100_000, rel=0.01)
        assert settings["pretrain_optimizer"] == "stepwise_sgd"


def test_clustergan_has_the_generators_steps_of_its_code_and_fewer_where_it_is_practical():
    for row in BASELINES.experiments:
        if row.method == "clustergan":
            settings, rows = dict(row.settings), baselines.DATASETS[row.dataset][0]
            assert settings["batch_size"] == 5 * 64
            steps = row.epochs * math.ceil(rows / settings["batch_size"])
            expected = {"authors_code": 500_000, "practical": 20_000}[row.profile]
            assert steps == pytest.approx(expected, rel=0.01)
            assert ("hidden_units" in settings) == (row.profile == "practical")


def test_run_times_are_those_of_150_epochs_and_batches_of_256():
    rows = PAPER.rows(PAPER.table("6"))
    printed = {key[3] for key in published.load() if key[:2] == ("aecm", "table6")}
    assert {row.method for row in rows} == printed
    for row in rows:
        settings = dict(row.settings)
        assert (row.epochs, settings["timed"]) == (150, True)
        assert settings["batch_size"] == 256 * (5 if row.method == "clustergan" else 1)


def test_baselines_of_our_own_table_are_no_cells_of_a_paper():
    assert not any(count.paper == "baselines" for count in count_reached([]))
