import shutil

import pytest

from tfclust.cli import command, main
from tfclust.recipes import RECIPES


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--clusters", "1"], "must be an integer of at least 2. Received: '1'"),
        (["--clusters", "2", "--epochs", "0"], "at least 1"),
        (["--clusters", "2", "--seed", "x"], "at least 0"),
        (["--clusters", "2", "--model", "kmeans"], "invalid choice"),
        (["--clusters", "2", "--scale", "log"], "invalid choice"),
        (["--clusters", "2", "--standardize", "--scale", "max"], "not allowed"),
        ([], "--clusters"),
    ],
)
def test_options_out_of_their_range_are_bad_input(options, said, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["fit", "data.csv", "--out", "run", *options])
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["predict", "export", "evaluate"])
def test_a_folder_that_is_no_run_is_bad_input(name, tmp_path, capsys):
    options = {"predict": ["x.csv"], "export": ["--to", "s"], "evaluate": ["--labels", "y.csv"]}
    assert main([name, str(tmp_path), *options[name]]) == 2
    assert "must be one that `tfclust fit --out` made" in capsys.readouterr().err


def test_a_run_that_was_cut_off_is_bad_input(run, tmp_path, capsys):
    folder = shutil.copytree(run, tmp_path / "run")
    record = (folder / "run.json").read_text().replace('"finished"', '"trained"')
    (folder / "run.json").write_text(record)
    assert main(["evaluate", str(folder), "--labels", "y.csv"]) == 2
    assert "must be finished" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (RuntimeError("the loss must stay finite"), 1, "tfclust: the loss must stay finite"),
        (ImportError("install X"), 1, "tfclust: install X"),
        (KeyboardInterrupt(), 130, "tfclust: stopped"),
    ],
)
def test_failures_have_a_message_and_a_status(error, status, said, monkeypatch, capsys):
    def fail(arguments):
        raise error

    monkeypatch.setattr("tfclust.cli.models.run", fail)
    assert main(["models"]) == status
    assert said in capsys.readouterr().err


def test_a_defect_keeps_its_traceback(monkeypatch):
    def fail(arguments):
        raise ZeroDivisionError

    monkeypatch.setattr("tfclust.cli.models.run", fail)
    with pytest.raises(ZeroDivisionError):
        main(["models"])


def test_models_lists_every_model_with_its_settings(capsys):
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    for name, recipe in RECIPES.items():
        assert f"\n{name}\n" in f"\n{printed}"
        assert f"epochs: {recipe.epochs}" in printed


def test_every_command_has_a_module(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    printed = capsys.readouterr().out
    for name in ("fit", "predict", "export", "evaluate", "models"):
        assert name in printed
        assert callable(command.importlib.import_module(f"tfclust.cli.{name}").run)
