import json

import pytest

from tfclust import tuning
from tfclust.cli import command, main

TRIALS = ("--trials", "2", "--runs", "2", "--epochs", "3")


@pytest.fixture(scope="module")
def search(table, tmp_path_factory):
    """A finished search on `table`, and what was asked."""
    folder = tmp_path_factory.mktemp("searches") / "search"
    asked = ["tune", str(table), "--clusters", "3", "--model", "cm", "--out", str(folder)]
    asked += ["--label-column", "kind", "--standardize", *TRIALS]
    assert main(asked) == 0
    return folder, asked


def test_a_search_writes_settings_trials_and_a_picture(search):
    folder, _ = search
    found = tuning.read_settings(folder / "settings.json")
    assert found["model"] == "CM"
    assert found["found_by"]["trials"] == 2
    assert len((folder / "trials.txt").read_text().splitlines()) == 1 + 2
    assert (folder / "trials.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_command_again_repeats_no_trial(search, capsys):
    folder, asked = search
    before = (folder / "settings.json").read_bytes()
    assert main(asked) == 0
    assert (folder / "settings.json").read_bytes() == before
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("Next: tfclust fit")
    assert "--label-column kind --scale standard --settings" in said


def test_fit_trains_with_the_settings_that_were_found(search, table, tmp_path, fast_report):
    folder, _ = search
    options = ["--label-column", "kind", "--settings", str(folder / "settings.json")]
    asked = ["fit", str(table), "--clusters", "3", "--out", str(tmp_path / "run"), *options]
    assert main([*asked, "--epochs", "2"]) == 0
    plan = json.loads((tmp_path / "run" / "run.json").read_text())["plan"]
    found = tuning.read_settings(folder / "settings.json")["settings"]
    assert plan["model"] == "cm"
    assert {name: plan["settings"][name] for name in found} == found


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--clusters", "4"], "as many clusters as --clusters, 4"),
        (["--clusters", "3", "--model", "aecm"], "of the model that is trained, AECM"),
    ],
)
def test_settings_of_another_search_are_bad_input(search, table, tmp_path, capsys, options, said):
    settings = str(search[0] / "settings.json")
    asked = ["fit", str(table), "--out", str(tmp_path / "run"), "--label-column", "kind"]
    assert main([*asked, "--settings", settings, *options]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_of_another_search_is_bad_input(search, capsys):
    asked = search[1]
    assert main([*asked, "--seed", "1"]) == 2
    assert "must be empty or hold this very search" in capsys.readouterr().err


def test_the_objectives_are_those_that_need_no_labels():
    assert set(command.OBJECTIVES) == set(tuning.LABEL_FREE)
