import importlib
import json
import os
import shutil
import subprocess
import sys

import pytest

from tfclust.cli import command, main
from tfclust.recipes import RECIPES, write_settings


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--clusters", "1"], "must be an integer of at least 2. Received: '1'"),
        (["--clusters", "12-2"], "must rise, as in 2-12"),
        (["-k", "1-3"], "must be an integer of at least 2. Received: '1'"),
        (["--clusters", "2", "--epochs", "0"], "at least 1"),
        (["--clusters", "2", "--seed", "x"], "from 0 to 4294967295. Received: 'x'"),
        (["--clusters", "2", "--seed", "4294967296"], "from 0 to 4294967295"),
        (["--clusters", "2", "--model", "kmeans"], "must be one of cm, aecm,"),
        (["--clusters", "2", "--model", "aemc"], "Received: 'aemc'. Did you mean 'aecm'?"),
        (["--clusters", "2", "--scale", "min_max"], "Did you mean 'minmax'?"),
        (["--clusters", "2", "--colums", "a"], "arguments: --colums a. Did you mean '--columns'?"),
        (["--clusters", "2", "--standardize", "--scale", "max"], "not allowed"),
        ([], "--clusters"),
    ],
)
def test_options_out_of_their_range_are_bad_input(options, said, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["fit", "data.csv", "--out", "run", *options])
    message = capsys.readouterr().err
    assert said in message
    assert message.startswith("usage: tfclust fit ")


@pytest.mark.parametrize(
    "words",
    [
        ["FILE", "--columns", "a", "b"],
        ["--columns", "a", "b", "FILE"],
        ["--columns", "a,b", "FILE"],
        ["--columns", "a", "FILE", "--seed", "1"],
        ["--seed", "1", "FILE", "--columns", "a,b"],
    ],
)
def test_the_file_may_stand_after_the_columns(words, table):
    given = [str(table) if word == "FILE" else word for word in words]
    arguments = command._parse(["fit", "--clusters", "2", "--out", "run", *given])
    assert arguments.data == table
    assert ",".join(arguments.columns) in ("a", "a,b")


@pytest.mark.parametrize(
    "words", [["--columns", "a"], ["--set", "alpha=1", "--set", "hidden_units=8"]]
)
def test_options_alone_are_no_file(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["fit", "--clusters", "2", "--out", "run", *words])
    assert "required: DATA" in capsys.readouterr().err


# Run in a process of its own, as this one has TensorFlow.
EARLY = """
import contextlib, io, json, sys
from tfclust.cli import main

for words in json.loads(sys.argv[1]):
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        status = main(words)
    print(json.dumps([status, said.getvalue(), "tensorflow" in sys.modules]))
"""


def test_what_can_be_checked_is_checked_before_tensorflow_starts(run, table, tmp_path):
    served = tmp_path / "served"
    (served / "1").mkdir(parents=True)
    settings = tmp_path / "settings.json"
    write_settings(settings, RECIPES["cm"].changed(n_clusters=3, scaling="standard"))
    scaled = ["--settings", str(settings), "--scale", "minmax"]
    mistyped = tmp_path / "mistyped.json"
    mistyped.write_text(settings.read_text().replace('"alpha"', '"alfa"'))
    fit = ["fit", str(table), "--clusters", "3", "--out", str(tmp_path / "run")]
    tune = ["tune", str(table), "--clusters", "3", "--out", str(tmp_path / "search")]
    label = ["--label-column", "kind"]
    like_run = ["fit", str(table), "--out", str(run), "--clusters", "3", "--model", "cm"]
    early = [
        ([*fit, "--set", "alfa=3"], "Received: 'alfa'. Did you mean 'alpha'?"),
        ([*fit, "--set", "alpha=x"], "`alpha` must be a number, such as 20.0"),
        ([*fit, "--model", "mixae", "--pretrain"], "must come with a model that pretrains"),
        ([*fit, "--settings", str(mistyped)], "Received: alfa. Did you mean 'alpha'?"),
        ([*fit, "--settings", str(settings), "--model", "aecm"], "is trained, aecm"),
        ([*fit, *scaled], "--scale must be that of --settings, standard"),
        ([*fit, "--settings", str(tmp_path / "none")], "must be a file that tfclust tune"),
        (
            [*fit, *label, "--clusters", "61"],
            "the number of rows, 60. Received: --clusters 61",
        ),
        ([*fit, *label, "--model", "damic"], "within 0 and 1, such as by --scale minmax"),
        ([*fit, *label, "--columns", "widht"], "must have the column 'widht'"),
        ([*fit[:3], "3", "--out", str(run)], "--out must be a new or empty folder"),
        ([*like_run, *label, "--resume"], "Received: other"),
        ([*tune, *label, "--runs", "1"], "must have --runs of at least 2"),
        ([*tune, *label, "--seed", "4294967295"], "`seed` must be an integer from 0 to 1431655764"),
        ([*tune[:-1], str(run)], "--out must be a new or empty folder, or that of this very"),
        ([*tune, *label, "--model", "damic"], "--model damic must have data within 0 and 1"),
        (["predict", str(run), str(tmp_path / "none.csv")], "must be an existing file"),
        (["predict", str(run), str(table), "--out", str(run)], "new or empty folder. Received"),
        (["export", str(run), "--to", str(served), "--version", "1"], "does not hold yet"),
        (["export", str(run), "--to", str(tmp_path / "a b")], "Received: directory='a b'"),
        (["evaluate", str(run), "--labels", str(table)], "must have one column"),
    ]
    asked = json.dumps([words for words, _ in early])
    done = subprocess.run(
        [sys.executable, "-c", EARLY, asked], capture_output=True, text=True, check=True
    )
    for (words, expected), line in zip(early, done.stdout.splitlines(), strict=True):
        status, said, started = json.loads(line)
        assert (status, started) == (2, False), (words, said)
        assert expected in said


def test_a_command_in_a_process_of_its_own_writes_nothing_to_stderr(run, table):
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-m", "tfclust", "predict", str(run), str(table)],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (run / "labels.csv").read_text()


@pytest.mark.parametrize("name", ["predict", "export", "evaluate"])
def test_a_folder_that_is_no_run_is_bad_input(name, tmp_path, capsys):
    options = {"predict": ["x.csv"], "export": ["--to", "s"], "evaluate": ["--labels", "y.csv"]}
    assert main([name, str(tmp_path), *options[name]]) == 2
    assert "must be one that `tfclust fit --out` made" in capsys.readouterr().err


def test_a_run_of_an_earlier_version_is_bad_input(run, tmp_path, capsys):
    record = json.loads((run / "run.json").read_text())
    del record["data"]["known"]
    (tmp_path / "run.json").write_text(json.dumps(record))
    assert main(["evaluate", str(tmp_path), "--labels", "y.csv"]) == 2
    assert "must be of this version of tfclust" in capsys.readouterr().err


def test_a_run_that_was_cut_off_is_bad_input(run, tmp_path, capsys):
    folder = shutil.copytree(run, tmp_path / "run")
    record = (folder / "run.json").read_text().replace('"finished"', '"trained"')
    (folder / "run.json").write_text(record)
    assert main(["evaluate", str(folder), "--labels", "y.csv"]) == 2
    assert "must be finished" in capsys.readouterr().err


def test_a_run_that_lacks_a_newer_option_is_read_without_it(run, table, tmp_path, capsys):
    folder = shutil.copytree(run, tmp_path / "run")
    record = json.loads((folder / "run.json").read_text())
    del record["data"]["options"]["one_hot"]
    (folder / "run.json").write_text(json.dumps(record))
    assert main(["predict", str(folder), str(table)]) == 0
    assert capsys.readouterr().out == (run / "labels.csv").read_text()


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


def test_help_keeps_the_names_that_have_capitals(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["export", "--help"])
    assert "Write the model for TensorFlow Serving." in capsys.readouterr().out


def test_every_command_has_a_module(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    printed = capsys.readouterr().out
    for name in ("fit", "tune", "predict", "export", "evaluate", "models"):
        assert f"\n    {name} " in printed
        assert callable(importlib.import_module(f"tfclust.cli.{name}").run)
