from dataclasses import replace

import numpy as np
import pytest

from reproduce import runner
from reproduce.errors import UserError
from reproduce.experiments import PAPERS, practical
from reproduce.ledger import Ledger
from reproduce.methods import practical as methods
from reproduce.report.reached import count_reached
from tfclust import datasets
from tfclust.auto import Preparation
from tfclust.checks import in_unit_range
from tfclust.datasets import files
from tfclust.recipes import RECIPES, Recipe
from tfclust.sklearn import DeepClusterer

ROWS = {(row.dataset, row.method): row for row in PAPERS["practical"].experiments}


def run(row, tmp_path, seeds=(0,)):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    failed = runner.run([(row, seeds)], ledger, tmp_path / "work")
    return failed, ledger.records()


def changed(row, epochs=2, **settings):
    return replace(row, epochs=epochs, settings={**dict(row.settings), **settings})


def test_every_method_has_five_seeds_on_each_of_twelve_sets_and_never_counts():
    assert len({dataset for dataset, _ in ROWS}) == 12
    assert {method for _, method in ROWS} >= {"kmeans", "mixture", "hdbscan", "spectral", *RECIPES}
    assert len(ROWS) == 12 * len(practical.NAMES)
    assert {row.seeds for row in ROWS.values()} == {(0, 1, 2, 3, 4)}
    assert {row.profile for row in ROWS.values()} == {"practical"}
    assert not any(count.paper == "practical" for count in count_reached([]))


@pytest.mark.parametrize("name", practical.DATASETS)
def test_rows_and_classes_of_a_set_are_those_of_its_data(name):
    n_rows, n_classes, image_shape = practical.DATASETS[name]
    if name in files.manifest():
        entry = files.manifest()[name]
        shape, found = entry["shape"], entry["n_classes"]
    else:
        data = datasets.load(name)
        shape, found = data.x.shape, data.n_classes
    assert (n_rows, n_classes) == (shape[0], found)
    assert image_shape == ((*shape[1:], 1) if len(shape) == 3 else None)


@pytest.mark.parametrize("name", RECIPES)
def test_a_model_is_trained_by_its_recipe(name):
    row, recipe = ROWS["uci_yeast", name], RECIPES[name]
    assert methods.read_recipe(row).config() == recipe.config(n_clusters=10, n_rows=1484)


def test_a_recipe_that_changes_has_rows_of_its_own():
    row = ROWS["wine", "dec"]
    other = changed(row, row.epochs, pretraining=(("epochs", 51),))
    assert other.identity != row.identity


@pytest.mark.parametrize("method", ["kmeans", "mixture", "spectral"])
def test_what_has_no_network_sees_the_prepared_rows(method, tmp_path):
    failed, [record] = run(ROWS["wine", method], tmp_path)
    assert (failed, record["status"], record["profile"]) == (0, "ok", "practical")
    assert record["metrics"]["acc"] > 0.9  # of rows that are not scaled, 0.7
    assert sum(record["cluster_sizes"]) == 178
    assert len(record["cluster_sizes"]) == 3


def test_a_mixture_and_a_map_see_few_columns(tmp_path, monkeypatch):
    seen = []

    def fit_labels(mixture, x):
        seen.append(x.shape)
        return np.arange(len(x)) % 10

    monkeypatch.setattr(methods, "fit_labels", fit_labels)
    run(ROWS["digits", "mixture"], tmp_path)
    assert seen == [(1797, 50)]


def test_rows_that_hdbscan_calls_noise_are_one_cluster_more(tmp_path, monkeypatch):
    far = np.linspace(1e3, 1e6, 8)[:, None] * [1.0, -1.0]
    groups = [np.random.default_rng(k).normal(20 * k, 0.1, (34, 2)) for k in range(5)]
    places = np.concatenate([*groups, far])
    monkeypatch.setattr(methods, "manifold", lambda x, *arguments: places)
    _, [record] = run(ROWS["wine", "hdbscan"], tmp_path)
    assert record["cluster_sizes"] == [34, 34, 34, 34, 34, 8]


def test_a_package_that_is_missing_is_named_without_a_traceback(tmp_path, monkeypatch, capsys):
    def manifold(*arguments):
        raise ImportError('A manifold start needs umap-learn: pip install "tfclust[manifold]"')

    monkeypatch.setattr(methods, "manifold", manifold)
    failed, records = run(ROWS["wine", "hdbscan"], tmp_path)
    assert (failed, records) == (1, [])
    told = capsys.readouterr().err
    assert 'pip install "tfclust[manifold]"' in told
    assert "Traceback" not in told


def test_autoclusterer_gets_the_data_of_the_file_with_images_as_images(tmp_path, monkeypatch):
    given = {}

    class StandIn:
        def __init__(self, n_clusters, **options):
            given.update(options, n_clusters=n_clusters)
            self.model_ = type("", (), {"save": lambda _, path: path.touch()})()
            self.record_ = {"agreement": None, "assortativity": 0.75, "fidelity": 0.5}

        def fit_predict(self, x):
            given["x"] = x
            return np.arange(len(x)) % 10

    monkeypatch.setattr(methods, "AutoClusterer", StandIn)
    _, [record] = run(ROWS["digits", "autoclusterer"], tmp_path)
    assert given["x"].shape == (1797, 8, 8, 1)
    assert given["x"].max() == 16
    assert (given["n_clusters"], given["effort"], given["random_state"]) == (10, "good", 0)
    assert record["metrics"]["fidelity"] == 0.5
    assert record["metrics"]["assortativity"] == 0.75
    assert "agreement" not in record["metrics"]


def test_a_model_finds_what_the_estimator_finds_in_the_seconds_of_all_processes(tmp_path):
    row = changed(ROWS["wine", "cm"])
    folder = tmp_path / "work" / runner.run_folder(row, (0,)) / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "seconds").write_text("1000.0")  # of a process that was cut off
    _, [record] = run(row, tmp_path)
    x = datasets.load("wine", scale="raw").x.astype("float32")
    clusterer = DeepClusterer("cm", 3, epochs=2, random_state=0).fit(Preparation.of(x).apply(x))
    assert record["cluster_sizes"] == np.bincount(clusterer.labels_, minlength=3).tolist()
    assert record["loss_terms"].keys() == {"reconstruction", "sparsity", "cross", "dirichlet_prior"}
    assert record["seconds"] > 1000
    assert not folder.exists()


@pytest.mark.parametrize(("method", "is_cut"), [("damic", True), ("dec", False)])
def test_columns_are_in_0_and_1_where_a_model_takes_no_others(
    method, is_cut, tmp_path, monkeypatch, capsys
):
    def fit(recipe, model, x, **options):
        assert in_unit_range(x.min(), x.max()) == is_cut
        raise UserError("seen")

    monkeypatch.setattr(Recipe, "fit", fit)
    run(ROWS["wine", method], tmp_path)
    told = capsys.readouterr().err
    assert told.endswith("seen\n")  # and no traceback of an assertion


def test_a_run_that_diverges_is_recorded_with_its_status(tmp_path):
    row = changed(ROWS["wine", "cm"], optimizer=(("learning_rate", 1e30),), pretraining=None)
    failed, [record] = run(row, tmp_path)
    assert (failed, record["status"], record["profile"]) == (0, "diverged", "practical")
