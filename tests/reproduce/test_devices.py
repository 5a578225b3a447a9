import pytest

pytest.importorskip("jax", reason='needs the extra "accelerator"')

from reproduce import devices, runner
from reproduce.cli import main
from reproduce.errors import UserError
from reproduce.experiment import Experiment
from reproduce.ledger import Ledger
from tfclust.recipes import RECIPES

CODE = {
    **{"n_clusters": 2, "scale": "minmax", "precision": "float32", "batch_size": 599},
    **{"optimizer": "adam", "learning_rate": 1e-3, "epsilon": 1e-7},
    **{"embedding_dim": 2, "hidden_units": (4,), "activation": "relu"},
    **{"pretrain_epochs": 1, "kmeans_n_init": 1, "layer_epochs": 0, "dropout": 0.0},
}
DKM = {**CODE, "alpha": 10.0, "lbd": 1.0}
DEC = {**CODE, "update_interval": 2, "tol": 0.0}


def row(method, paper="baselines", init="pretrained", **settings):
    return Experiment(paper, "own", "digits", method, init, 2, (0,), settings)


def run(rows, path, **options):
    ledger = Ledger(path / "ledger.jsonl")
    selection = [(each, each.seeds) for each in rows]
    assert devices.run(selection, ledger, "cpu", work_dir=path / "work", **options) == 0
    return ledger.records()


@pytest.mark.slow
def test_a_run_on_a_device_comes_to_what_one_here_comes_to(tmp_path):
    rows = row("dkm", **DKM), row("dec", **DEC)
    there = run(rows, tmp_path / "there")
    here = Ledger(tmp_path / "here.jsonl")
    assert runner.run([(each, (0,)) for each in rows], here, tmp_path / "work") == 0
    for one, other in zip(there, here.records(), strict=True):
        assert one["device"]["kind"] == "cpu"
        assert "curve" not in one
        assert "device" not in other
        assert one["config"] == other["config"]
        assert one["loss_terms"] == pytest.approx(other["loss_terms"], rel=1e-3)
        assert one["metrics"]["acc"] == pytest.approx(other["metrics"]["acc"], abs=0.01)


def test_what_cannot_run_on_a_device_is_told(tmp_path, capsys, monkeypatch):
    went = []
    monkeypatch.setattr(runner, "run", lambda selection, *_, **__: went.append(selection) or 0)
    stay = (
        row("dkm", **DKM, timed=True),
        row("dec", "practical"),
        row("kmeans", "practical"),
        row("kmeans", init="random", n_clusters=2, scale="minmax", n_init=1),
        row("dec", init="random", **DEC),
    )
    rows = [(each, (0,)) for each in (*stay, row("dkm", **DKM))]
    assert devices.run(rows, Ledger(tmp_path / "ledger"), "cpu") == 0
    assert went == [rows[-1:]]
    assert capsys.readouterr().out.count("Left out, to be run without --device: own digits") == 5
    with pytest.raises(UserError, match="Received: method=dkm, dec"):
        devices.run(rows[:2], Ledger(tmp_path / "ledger"), "cpu")
    with pytest.raises(UserError, match="must name one that JAX finds: cpu:0"):
        devices.run(rows[-1:], Ledger(tmp_path / "ledger"), "cpu:7")


def test_models_that_keep_values_for_their_rows_are_known():
    keep = {name for name, recipe in RECIPES.items() if recipe.model_class().NUMBERS_ROWS}
    assert keep == set(devices.OF_ROWS)


def test_the_command_takes_a_device_or_a_bundle(monkeypatch, tmp_path, capsys):
    given = []
    monkeypatch.setattr(devices, "run", lambda *_, device, **__: given.append(device) or 0)
    places = ["--ledger", str(tmp_path / "ledger.jsonl")]
    commands = (
        ["run", "own", "--paper", "baselines", "--profile", "practical", *places],
        ["practical", "--dataset", "wine", *places],
    )
    for command in commands:
        assert main([*command, "--device", "gpu:1"]) == 0
    assert given == ["gpu:1", "gpu:1"]
    assert main([*commands[0], "--device", "gpu", "--to-bundle"]) == 2
    assert "a run is trained here or elsewhere" in capsys.readouterr().err
