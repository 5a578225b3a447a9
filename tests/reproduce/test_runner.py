import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from reproduce import runner
from reproduce.errors import UserError
from reproduce.experiment import Experiment
from reproduce.known_settings import known_settings
from reproduce.ledger import Ledger
from reproduce.methods import Outcome, Task, aecm, training
from tfclust.pretraining import seconds_of_stages
from tfclust.processor import bfloat16_runs

ADAM = {"optimizer": "adam", "learning_rate": 1e-3, "epsilon": 1e-3}
DATA = {"n_clusters": 3, "scale": "minmax"}
CM = {**DATA, **ADAM, "alpha": 5, "batch_size": 20, "precision": "float32"}
# In bfloat16 nothing but a clustering module by itself is compiled by XLA, whose compiler takes
# longer than these trainings.
FASTEST = "mixed_bfloat16" if bfloat16_runs() else "float32"
DEEP = {
    **CM,
    "precision": FASTEST,
    "beta": 1,
    "lbd": 1,
    "embedding_dim": 4,
    "hidden_units": (8,),
}
PRETRAINED = {**DEEP, "pretrain_epochs": 2, "pretrain_cm_epochs": 2, "kmeans_n_init": 1}
GENERATIVE = {
    **{**DATA, **ADAM, "batch_size": 20, "precision": FASTEST},
    **{"feature_dim": 4, "latent_dim": 2, "gaussian_weight": 1},
    "reconstruction_loss": "squared_error",
}
TEMPERATURE = {
    **{"temperature": 1, "end_temperature": 0.5},
    **{"annealing_epochs": 2, "annealing": "linear"},
}
CODE = {
    **{**DATA, **ADAM, "batch_size": 20, "precision": FASTEST},
    **{"embedding_dim": 4, "hidden_units": (8,), "activation": "leaky_relu"},
}
WHOLE = {"pretrain_epochs": 1, "kmeans_n_init": 1}
LAYERS = {**WHOLE, "layer_epochs": 1, "dropout": 0.2}
BY_SGD = {
    **{name: value for name, value in CODE.items() if name != "epsilon"},
    **{"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
}
VADE = {
    **{**DATA, **ADAM, "batch_size": 20, "precision": FASTEST, "embedding_dim": 2},
    **{"hidden_units": (8,), "reconstruction_loss": "squared_error"},
    **{"rate_decay": 0.9, "rate_decay_every": 1, "least_rate": 0},
}
VADE_START = {
    **{"pretrain_epochs": 2, "layer_epochs": 1, "pretrain_batch_size": 30, "dropout": 0.2},
    "mixture_n_init": 2,
}
ANNEALED = {
    **{"divergence_weight": 0.01, "end_divergence_weight": 1},
    **{"annealing_epochs": 2, "annealing": "exponential"},
}
GMVAE = {
    **{**DATA, **ADAM, "batch_size": 20, "precision": FASTEST, "hidden_units": (8,)},
    **{"latent_dim": 2, "style_dim": 2, "prior_units": 4, "free_bits": 0.5},
    "reconstruction_loss": "squared_error",
}
CLUSTERGAN = {
    **{**DATA, **ADAM, "beta_1": 0.5, "beta_2": 0.9, "batch_size": 50, "precision": FASTEST},
    **{"latent_dim": 2, "hidden_units": (8,), "beta_n": 5, "kmeans_n_init": 1},
}
DLGMM = {
    **{**DATA, **ADAM, "batch_size": 20, "precision": FASTEST, "neighbours": (3,)},
    **{"latent_dim": 2, "hidden_units": (8,), "prior_means": (-1, 0, 1), "alpha": 1},
    "reconstruction_loss": "squared_error",
}
AUTOENCODER = {name: v for name, v in DEEP.items() if name not in ("alpha", "beta", "lbd")}


def iris(method, init, epochs=2, seeds=(0, 1), **settings):
    return Experiment("aecm", "table9", "iris", method, init, epochs, seeds, settings)


def run(experiment, tmp_path, name="ledger", seeds=None):
    ledger = Ledger(tmp_path / f"{name}.jsonl")
    selection = [(experiment, seeds or experiment.seeds)]
    failed = runner.run(selection, ledger, tmp_path / f"work_{name}")
    return failed, ledger.records()


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "experiment",
    [
        iris("cm", "random", **CM),
        iris("cm", "kmeans++", **CM, kmeans_n_init=1, kmeans_iterations=1),
        iris("aecm", "random", **DEEP),
        iris("aecm", "random", **{**DEEP, "precision": "float32"}),
        iris("aecm", "pretrained", **PRETRAINED),
        iris("aecm_kmeans", "random", **DEEP),
        iris("ae_kmeans", "", **AUTOENCODER, kmeans_n_init=2),
        iris("ae_gmm", "", **AUTOENCODER, covariance="full", uniform_weights=False),
        iris("dec", "random", **CODE, update_every=1, tol=0),
        iris("dec_da", "pretrained", **BY_SGD, **WHOLE, augment="images", update_interval=4, tol=0),
        iris("idec", "pretrained", **BY_SGD, **LAYERS, update_interval=4, gamma=0.1, tol=0),
        iris("dcn", "random", **CODE, beta=0.5),
        iris("dkm_kmeans", "random", **CODE, lbd=0.1, alpha=0.1, anneal_every=1),
        iris("clustergan", "random", **CLUSTERGAN),
        iris("dlgmm", "", **DLGMM),
        iris("kmeans", "kmeans++", **DATA, n_init=1),
        iris("gmm", "random", **DATA, covariance="full", uniform_weights=False),
        iris("igmm", "random", **DATA, covariance="isotropic", uniform_weights=True),
        iris("gumbel", "", **GENERATIVE, **TEMPERATURE, neighbours=(3,)),
        iris("vade", "pretrained", **VADE, **VADE_START),
        iris("vib_gmm", "random", **VADE, **ANNEALED),
        iris("gmvae", "", **GMVAE),
        iris("vae", "", **GENERATIVE, kmeans_n_init=1, neighbours=(3,)),
    ],
    ids=lambda experiment: f"{experiment.method}-{experiment.init}",
)
def test_every_method_reads_its_settings_and_leaves_one_sound_record_a_seed(
    experiment, tmp_path, read
):
    failed, records = run(experiment, tmp_path)
    assert failed == 0
    assert dict(experiment.settings).keys() <= read | {"scale"}  # which the runner reads
    assert read <= known_settings(experiment)
    assert [record["seed"] for record in records] == [0, 1]
    for record in records:
        assert sum(record["cluster_sizes"]) == 150
        assert 0 <= record["metrics"]["acc"] <= 1
        assert record["seconds"] > 0


def test_the_clustering_module_of_a_pretrained_start_is_compiled_in_every_precision(tmp_path):
    model = Mock()
    task = Task(iris("aecm", "pretrained", **PRETRAINED), (0,), Mock(), tmp_path, print)
    aecm._pretrain(model, task, total_epochs=5)
    assert model.pretrain_clustering_module.call_args.kwargs == {"n_init": 1, "jit_compile": True}


def test_stacked_seeds_are_recorded_as_each_alone(tmp_path):
    experiment = iris("cm", "random", **CM)
    _, together = run(experiment, tmp_path, "together")
    _, alone = run(replace(experiment, seeds=(1,)), tmp_path, "alone")
    assert together[1]["cluster_sizes"] == alone[0]["cluster_sizes"]
    for name, value in alone[0]["loss_terms"].items():
        assert together[1]["loss_terms"][name] == pytest.approx(value, rel=1e-4)


@pytest.mark.usefixtures("eager")
def test_terms_left_out_have_no_weight(tmp_path, read):
    _, records = run(iris("cm_e0", "random", **CM, terms=("reconstruction",)), tmp_path)
    assert "terms" in read
    terms = records[0]["loss_terms"]
    assert terms["reconstruction"] > 0
    assert [terms[name] for name in ("sparsity", "cross", "dirichlet_prior")] == [0, 0, 0]


@pytest.mark.usefixtures("eager")
def test_diverged_runs_are_recorded_with_their_end_and_without_scores(tmp_path, capsys):
    settings = {**CM, "optimizer": "sgd", "learning_rate": 1e30}
    del settings["epsilon"]
    experiment = iris("cm", "random", **settings)
    failed, records = run(experiment, tmp_path)
    assert failed == 0
    assert [record["seed"] for record in records] == [0, 1]
    for record in records:
        assert (record["status"], record["metrics"], record["cluster_sizes"]) == (
            "diverged",
            {},
            [],
        )
        assert record["divergence"]["epoch"] == 1
        assert record["divergence"]["message"].startswith("The loss must stay finite")
        assert record["config"] == experiment.config()
        assert record["seconds"] > 0
    assert capsys.readouterr().err.count("diverged: table9 iris cm random seed") == 2
    assert not any((tmp_path / "work_ledger").iterdir())  # nothing to go on from


def test_a_seed_that_diverges_does_not_take_those_with_it_that_are_trained_beside_it(
    tmp_path, monkeypatch
):
    from reproduce import methods
    from tfclust.callbacks import LossNotFinite

    def run_method(task):
        if 1 in task.seeds:
            raise LossNotFinite("the loss is nan", epoch=7)
        labels = np.repeat(np.arange(3), 50)
        return [Outcome(seed, labels, 1.0) for seed in task.seeds]

    monkeypatch.setattr(methods, "run", run_method)
    failed, records = run(iris("cm", "random", seeds=(0, 1, 2), **CM), tmp_path)
    assert failed == 0
    ends = [(record["seed"], record["status"]) for record in records]
    assert ends == [(0, "ok"), (1, "diverged"), (2, "ok")]


@pytest.mark.parametrize("error", [RuntimeError, ValueError, MemoryError])
def test_any_other_error_is_told_with_its_traceback_and_is_no_result(
    tmp_path, monkeypatch, capsys, error
):
    from reproduce import methods

    def run_method(task):
        if task.seeds == (0,):
            raise error("no room on the device")
        return [Outcome(seed, np.repeat(np.arange(3), 50), 1.0) for seed in task.seeds]

    monkeypatch.setattr(methods, "run", run_method)
    failed, records = run(iris("kmeans", "random", **DATA, n_init=1), tmp_path)
    assert failed == 1
    assert [record["seed"] for record in records] == [1]
    told = capsys.readouterr().err
    assert "failed: table9 iris kmeans random seed 0" in told
    assert f"{error.__name__}: no room on the device" in told
    assert "Traceback" in told


def test_what_is_wrong_with_a_row_is_told_before_its_data_are_loaded(ledger, monkeypatch):
    monkeypatch.setattr(runner, "load", None)
    row = iris("kmeans", "random", **DATA, n_init=1, n_inits=2)
    with pytest.raises(ValueError, match="Received: n_inits=2"):
        runner.run([(row, (0,))], ledger, "nowhere")
    row = replace(row, dataset="pendigits", settings={**DATA, "n_init": 1})
    monkeypatch.delenv("TFCLUST_DATA_DIR", raising=False)
    with pytest.raises(UserError, match="No data for 'pendigits'"):
        runner.run([(row, (0,))], ledger, "nowhere")
    assert not Path("nowhere").exists()


class Recorded(dict):
    """Settings that note which of them are read."""

    def __init__(self, settings, read):
        super().__init__(settings)
        self.read = read

    def __getitem__(self, name):
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.read.add(name)
        return super().get(name, default)


@pytest.fixture
def reported(monkeypatch):
    """The epochs done and their total, as runs report them."""
    reports = []

    @contextlib.contextmanager
    def epoch_bar(description):
        yield lambda done, total: reports.append((done, total))

    monkeypatch.setattr(runner, "epoch_bar", epoch_bar)
    return reports


@pytest.fixture
def read(monkeypatch):
    """The names of the settings that methods read."""
    names = set()
    settings = Task.settings.fget
    monkeypatch.setattr(Task, "settings", property(lambda task: Recorded(settings(task), names)))
    return names


def test_jobs_run_beside_each_other_to_the_same_records(tmp_path):
    experiment = iris("kmeans", "random", seeds=(0, 1, 2), **DATA, n_init=1)
    _, one = run(experiment, tmp_path, "one")
    ledger = Ledger(tmp_path / "two.jsonl")
    assert runner.run([(experiment, experiment.seeds)], ledger, tmp_path / "work_two", jobs=2) == 0
    two = sorted(ledger.records(), key=lambda record: record["seed"])
    assert [r["cluster_sizes"] for r in two] == [r["cluster_sizes"] for r in one]


SCRIPT = """
import sys
from reproduce import runner
from reproduce.ledger import Ledger
from tests.reproduce.test_runner import KILLED
from tfclust.callbacks import Checkpoint
Checkpoint.__init__.__defaults__ = (0.0, None)  # a checkpoint at every epoch
runner.run([(KILLED, (0,))], Ledger(sys.argv[1]), sys.argv[2])
"""
KILLED = iris("aecm", "pretrained", epochs=30, seeds=(0,), **{**PRETRAINED, "pretrain_epochs": 20})


def start(tmp_path):
    command = [sys.executable, "-c", SCRIPT, tmp_path / "cut.jsonl", tmp_path / "work_cut"]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)})


def wait_for(pattern, folder, process):
    while not list(folder.glob(pattern)):
        assert process.poll() is None, f"ended before {pattern} was there"
        time.sleep(0.02)


def mixae(**settings):
    small = {
        **{**DATA, **ADAM, "batch_size": 20, "precision": FASTEST},
        **{"embedding_dim": 2, "hidden_units": (4,), "alpha": 1, "beta": 10},
        **{"alpha_bounds": (0, 1), "beta_bounds": (0, 100)},
        **{"rate_decay": 0.9, "rate_decay_every": 10},
    }
    settings = {**small, **settings}
    return Experiment("mixae", "table2", "iris", "mixae", "random", 1, (0,), settings)


@pytest.mark.parametrize("emptied", [(), (0, 1)])
def test_of_several_starts_without_empty_clusters_the_one_of_lowest_error_goes_on(
    tmp_path, monkeypatch, read, reported, emptied
):
    from reproduce.methods import mixae as method
    from tfclust.models import MIXAE

    trained, fit = [], MIXAE.fit
    counted = iter(range(3))

    def sizes(labels, n_clusters):
        return np.array([0, 75, 75] if next(counted) in emptied else [50, 50, 50])

    monkeypatch.setattr(method, "cluster_sizes", sizes)

    def recorded(model, *arguments, **options):
        before = model.get_weights()
        history = fit(model, *arguments, **options)
        trained.append((before, model.get_weights(), history.history["reconstruction"]))
        return history

    monkeypatch.setattr(MIXAE, "fit", recorded)
    experiment = mixae(starts=3, start_epochs=2)
    _, [record] = run(experiment, tmp_path)
    assert dict(experiment.settings).keys() <= read | {"scale"}
    assert read <= known_settings(experiment)
    assert reported == [(done, 7) for done in range(1, 8)]  # three starts of two, and one more
    *starts, (before, _, errors) = trained
    assert [len(losses) for _, _, losses in starts] == [2, 2, 2]
    assert len({losses[-1] for _, _, losses in starts}) == 3  # other seeds, other starts
    candidates = [start for i, start in enumerate(starts) if i not in emptied]
    best = min(candidates, key=lambda start: start[2][-1])
    for weight, expected in zip(before, best[1], strict=True):
        np.testing.assert_array_equal(weight, expected)
    assert len(errors) == 1
    assert record["loss_terms"]["reconstruction"] > 0
    assert not list((tmp_path / "work_ledger").rglob("pretrained.weights.h5"))


SMALL_DAMIC = {
    **DATA,
    **{"hidden_units": (), "batch_size": 20, "patience": 5, "precision": "float32"},
}
GATED = {**ADAM, "gate_units": (4,)}
START = {"kmeans_n_init": 1}


def damic(method, init, **settings):
    return Experiment("damic", "table2", "iris", method, init, 2, (0,), {**SMALL_DAMIC, **settings})


def test_damic_and_its_baseline_share_the_autoencoder_of_their_seed(
    tmp_path, monkeypatch, read, reported
):
    from tfclust.pretraining import Stages

    trained, train = [], Stages._keep

    def keep(self, name, network, record):
        trained.append(name)
        train(self, name, network, record)

    monkeypatch.setattr(Stages, "_keep", keep)
    _, [baseline] = run(damic("ae_kmeans", "", **START), tmp_path)
    assert trained == ["layer_1", "autoencoder"]
    assert reported == [(done, 4) for done in range(1, 5)]
    reported.clear()
    assert baseline["seconds"] > 0
    trained.clear()
    lengths = {"pretrain_epochs": 2, "gate_epochs": 1, "expert_epochs": 3, "least_steps": 0}
    whole = damic("damic", "pretrained", **GATED, **START, **lengths)
    _, [_, record] = run(whole, tmp_path)
    assert dict(whole.settings).keys() <= read <= known_settings(whole)
    # Two trainings of two epochs are shared; then come the gate, the experts and the joint one.
    assert reported == [(done, 10) for done in range(5, 11)]
    assert "autoencoder" not in trained
    assert trained == ["gate", "experts"]
    assert record["seconds"] > baseline["seconds"]
    assert 0 <= record["metrics"]["agreement"] <= 1
    for name in ("acc", "reconstruction_rule_acc", "start_acc", "start_reconstruction_rule_acc"):
        assert 0 <= record["metrics"][name] <= 1
    for name in ("gate_log_odds", "error_margin"):
        for when in (name, f"start_{name}"):
            percentiles = [record["metrics"][f"{when}_{percent}"] for percent in (10, 50, 90)]
            assert percentiles == sorted(percentiles)
    assert set(record["loss_terms"]) == {"mixture_nll"}
    folders = sorted(path.name for path in (tmp_path / "work_ledger").iterdir())
    assert len(folders) == 2  # the shared autoencoder, and the trained model


def test_the_ablation_runs_each_half_of_damic_alone(tmp_path):
    _, [baseline] = run(damic("ae_kmeans", "", **START), tmp_path)
    _, [_, start] = run(damic("pretraining", "pretrained", **START), tmp_path)
    assert start["metrics"]["nmi"] == baseline["metrics"]["nmi"]  # the paper's reading of it
    [shared] = (tmp_path / "work_ledger").iterdir()
    _, [*_, joint] = run(damic("joint_training", "random", **GATED), tmp_path)
    assert set(joint["loss_terms"]) == {"mixture_nll"}
    assert sum(joint["cluster_sizes"]) == 150
    [model] = (path for path in (tmp_path / "work_ledger").iterdir() if path != shared)
    assert [path.name for path in model.iterdir()] == ["model.keras"]  # nothing was pretrained


@pytest.mark.slow
def test_a_run_killed_twice_ends_as_one_that_was_not(tmp_path):
    _, [whole] = run(KILLED, tmp_path, "whole")
    for phase in ("pretraining", "checkpoints"):
        process = start(tmp_path)
        wait_for(f"*/{phase}/epoch-*[0-9]", tmp_path / "work_cut", process)
        time.sleep(np.random.default_rng().uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "cut.jsonl").exists()
    _, [cut] = run(KILLED, tmp_path, "cut")
    for field in ("metrics", "loss_terms", "l_sp", "cluster_sizes", "curve"):
        assert cut[field] == whole[field]


def test_rows_of_one_autoencoder_train_it_once_and_each_tells_its_seconds(tmp_path):
    start = {"pretrain_epochs": 2, "kmeans_n_init": 1}
    settings = {name: value for name, value in CODE.items() if name not in ADAM}
    _, [first] = run(
        iris("ae_kmeans", "", 2, (0,), **settings, kmeans_n_init=1), tmp_path, "shared"
    )
    [folder] = (tmp_path / "work_shared").glob("iris-autoencoder-*-0")
    [weights] = folder.glob("*.h5")
    trained = weights.stat().st_mtime_ns
    _, [_, second] = run(
        iris("dkm", "pretrained", 1, (0,), **CODE, **start, lbd=1, alpha=1000), tmp_path, "shared"
    )
    assert [folder] == list((tmp_path / "work_shared").glob("iris-autoencoder-*-0"))
    assert weights.stat().st_mtime_ns == trained
    assert (
        second["seconds"] > first["seconds"] == pytest.approx(seconds_of_stages(folder), abs=1e-4)
    )


def test_one_process_at_a_time_trains_an_autoencoder(tmp_path):
    entered = []

    def enter():
        with training.alone_in(tmp_path / "shared"):
            entered.append(True)

    with training.alone_in(tmp_path / "shared"):
        other = threading.Thread(target=enter)
        other.start()
        other.join(0.2)
        assert not entered
    other.join(10)
    assert entered
