import json
import subprocess
import sys
import time

import pytest

pytest.importorskip("jax", reason='needs the extra "accelerator"')

from reproduce import bundles, runner
from reproduce.cli import main
from reproduce.errors import UserError
from reproduce.experiment import Experiment
from reproduce.ledger import Ledger

DATA = {"n_clusters": 2, "scale": "minmax", "precision": "float32", "batch_size": 599}
ADAM = {"optimizer": "adam", "learning_rate": 1e-3, "epsilon": 1e-3}
DEEP = {**DATA, **ADAM, "embedding_dim": 2, "hidden_units": (4,)}
START = {"pretrain_epochs": 1, "kmeans_n_init": 1}


def row(paper, method, init, epochs=2, seeds=(0,), dataset="digits", **settings):
    return Experiment(paper, "table2", dataset, method, init, epochs, seeds, settings)


CM = row("aecm", "cm", "random", seeds=(0, 1), **DATA, **ADAM, alpha=5)
MODELS = {
    "CM": CM,
    "AE-CM": row(
        *("aecm", "aecm", "pretrained"),
        **{**DEEP, **START, "alpha": 5, "beta": 1, "lbd": 1, "pretrain_cm_epochs": 1},
    ),
    "MIXAE": row(
        *("mixae", "mixae", "random"),
        **{**DEEP, "alpha": 1, "beta": 10, "alpha_bounds": (0, 1), "beta_bounds": (0, 100)},
        **{"rate_decay": 0.9, "rate_decay_every": 1, "starts": 2, "start_epochs": 1},
    ),
    "DAMIC": row(
        *("damic", "damic", "pretrained"),
        **{**DATA, **ADAM, **START, "batch_size": 1797, "hidden_units": (), "gate_units": (4,)},
        **{"layer_epochs": 0, "gate_epochs": 1, "expert_epochs": 1, "least_steps": 1},
        patience=5,
    ),
}
DIVERGES = row(
    *("aecm", "cm", "random"),
    **{**DATA, "seeds": (0, 1), "alpha": 5, "optimizer": "sgd", "learning_rate": 1e30},
)
# A machine that has neither TensorFlow nor anything of ours.
ELSEWHERE = """
import runpy, sys
sys.modules.update(dict.fromkeys(("tensorflow", "keras", "tfclust", "reproduce")))
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def command(folder, *options):
    return [sys.executable, "-c", ELSEWHERE, folder / "runner.py", folder, *options]


def train(folder, *options):
    subprocess.run(command(folder, *options), check=True, stderr=subprocess.DEVNULL)


class Place:
    """A folder of bundles, and the ledger and the work that belong to it."""

    def __init__(self, path):
        self.folder, self.work = path / "bundles", path / "work"
        self.ledger = Ledger(path / "ledger.jsonl")

    def write(self, *rows, **options):
        selection = [(each, each.seeds) for each in rows]
        return bundles.write(selection, self.folder, self.ledger, work_dir=self.work, **options)

    def collect(self):
        return bundles.collect(self.folder, self.ledger, work_dir=self.work)

    def written(self):
        return sorted((self.folder / "written").glob("*.json"))

    def records(self, experiment):
        config = experiment.config()
        return [record for record in self.ledger.records() if record["config"] == config]

    def waiting(self):
        runs = (self.folder / "runs").glob("*/")
        return [run.name for run in runs if not (run / "result.json").exists()]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """Every model, trained elsewhere and collected as often as it takes."""
    place = Place(tmp_path_factory.mktemp("bundles"))
    assert place.write(*MODELS.values(), DIVERGES, with_data=True) == 0
    place.rounds = 0
    while place.waiting():
        train(place.folder)
        assert place.collect() == 0
        place.rounds += 1
    return place


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_trained_where_there_is_no_tensorflow(collected, name):
    experiment = MODELS[name]
    records = collected.records(experiment)
    assert [record["seed"] for record in records] == list(experiment.seeds)
    for record in records:
        assert record["status"] == "ok"
        assert record["config"] == experiment.config()
        assert sum(record["cluster_sizes"]) == 1797
        assert record["seconds"] > 0
        [device] = record["bundle"]["devices"]
        assert device["kind"] == "cpu"
        assert record["bundle"]["commits"][0] == record["commit"]
        assert "curve" not in record


@pytest.mark.slow
@pytest.mark.parametrize("name", ["CM", "AE-CM"])
def test_what_is_collected_is_what_a_run_here_comes_to(collected, place, name):
    experiment = MODELS[name]
    assert runner.run([(experiment, experiment.seeds)], place.ledger, place.work) == 0
    pairs = zip(place.ledger.records(), collected.records(experiment), strict=True)
    for here, there in pairs:
        assert there["loss_terms"] == pytest.approx(here["loss_terms"], rel=1e-3)
        assert there["metrics"].keys() == here["metrics"].keys()
        assert there["metrics"]["acc"] == pytest.approx(here["metrics"]["acc"], abs=0.01)


@pytest.mark.slow
def test_seeds_that_diverge_together_go_on_one_by_one(collected):
    records = collected.records(DIVERGES)
    assert [(record["seed"], record["status"]) for record in records] == [
        (0, "diverged"),
        (1, "diverged"),
    ]
    assert all(record["bundle"]["devices"] for record in records)
    assert not any(collected.folder.rglob(f"*{DIVERGES.digest}-0_1*"))


@pytest.mark.slow
def test_what_is_collected_is_not_collected_twice_and_stays_known(collected, capsys):
    before = collected.ledger.path.read_bytes()
    assert collected.collect() == 0
    assert collected.ledger.path.read_bytes() == before
    assert capsys.readouterr().out == f"Runs recorded in {collected.ledger.path}: 0\n"
    rows = (*MODELS.values(), DIVERGES)
    assert bundles.ready(collected.folder) == {each.key(s) for each in rows for s in each.seeds}


@pytest.mark.slow
def test_trainings_that_wait_for_no_other_are_written_together(collected):
    assert collected.rounds == 3  # an autoencoder; a gate and autoencoders; all of them together
    runs = [run.name for run in (collected.folder / "runs").iterdir() if "mixae" in run.name]
    assert len(runs) == 3  # two starts, and the training from the better one
    kept = collected.work / runs[0].rpartition("-")[0]
    assert [path.name for path in kept.iterdir()] == ["model.keras"]


@pytest.mark.slow
def test_a_run_killed_and_taken_up_again_is_collected_with_the_data_it_began_with(place, capsys):
    iris = row(
        *("aecm", "cm", "random"),
        **{**DATA, **ADAM, "alpha": 5, "epochs": 400, "dataset": "iris", "batch_size": 150},
    )
    assert place.write(iris) == 0
    arrays = place.work / "arrays"
    assert f"--data ARRAYS\nCopy {place.folder}/runs back" in capsys.readouterr().out
    [run] = (place.folder / "runs").iterdir()
    options = ("--data", arrays, "--checkpoint-seconds", "0")
    with subprocess.Popen(command(place.folder, *options), stderr=subprocess.DEVNULL) as process:
        while not (run / "checkpoint.npz").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    assert not (run / "result.json").exists()
    assert place.collect() == 0
    assert "Waits for training: table2 iris cm random 400 epochs reference, seeds 0" in (
        capsys.readouterr().out
    )
    train(place.folder, *options)
    assert len(json.loads((run / "result.json").read_text())["logs"]["loss"]) == 400 + 1

    [written] = place.written()
    about = written.read_text()
    written.write_text(about.replace(json.loads(about)["dataset_sha256"], "0" * 64))
    assert place.collect() == 1
    assert f"must be those of the bundle, of checksum {'0' * 64}" in capsys.readouterr().err
    written.write_text(about)
    assert place.collect() == 0
    [record] = place.ledger.records()
    assert record["status"] == "ok"


def test_what_trains_no_network_or_is_timed_is_told_by_name_and_left_out(place, capsys):
    settings = {"n_clusters": 3, "scale": "minmax"}
    kmeans = row("aecm", "kmeans", "random", dataset="iris", n_init=1, **settings)
    timed = row("aecm", "cm", "random", **{**DATA, **ADAM, "alpha": 5, "timed": True})
    rule = r"must have a run that trains .* Received: method=kmeans, cm"
    with pytest.raises(UserError, match=rule):
        place.write(kmeans, timed)
    left = "Left out, to be run here: table2 iris kmeans random 2 epochs reference, seeds 0"
    assert left in capsys.readouterr().out
    assert not place.folder.exists()


def test_a_folder_without_bundles_is_no_place_to_collect_from(place, capsys):
    places = ["--ledger", str(place.ledger.path), "--work", str(place.work)]
    assert main(["collect", str(place.folder), *places]) == 2
    assert "must be one that `run --to-bundle` wrote. Received:" in capsys.readouterr().err
    assert bundles.ready(place.folder) == set()
    (place.folder / "written").mkdir(parents=True)
    (place.folder / "written" / "cut.json").write_text('{"config"')
    for ask in (place.collect, lambda: bundles.ready(place.folder)):
        with pytest.raises(UserError, match=r"cut\.json: is no file of a bundle"):
            ask()


def test_data_travel_with_a_bundle_alone(capsys):
    assert main(["run", "4", "--with-data"]) == 2
    assert "give `--to-bundle` too" in capsys.readouterr().err
