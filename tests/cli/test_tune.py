import json

import numpy as np
import pytest

from tfclust.cli import main

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
    found = json.loads((folder / "settings.json").read_text())
    assert (found["model"], found["scaling"], found["epochs"]) == ("cm", "standard", 4)
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


def test_fit_trains_as_the_best_trial_was_trained(search, table, tmp_path, fast_report):
    folder, _ = search
    settings = folder / "settings.json"
    asked = ["fit", str(table), "--clusters", "3", "--label-column", "kind"]
    assert main([*asked, "--settings", str(settings), "--out", str(tmp_path / "run")]) == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    plan, found = record["plan"], json.loads(settings.read_text())
    found["settings"]["seed"] = 0
    assert {name: plan[name] for name in plan if name not in ("sample_shape", "rows")} == {
        name: found[name] for name in found if name != "found_by"
    }
    assert record["scaling"]["scale"] == "standard"
    kept = json.loads((folder / "search" / "search.json").read_text())["state"]["trials"].values()
    chosen = found["settings"]["alpha"]
    [trial] = [trial for trial in kept if trial["settings"]["alpha"] == chosen]
    [run] = [run for run in trial["runs"] if run["seed"] == 0]
    memberships = np.load(tmp_path / "run" / "memberships.npy")
    entropy = -np.sum(memberships * np.log(memberships.clip(1e-30)), axis=1).mean()
    assert entropy == pytest.approx(run["criteria"]["membership_entropy"], rel=1e-3, abs=1e-7)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--clusters", "4"], "as many clusters as --clusters, 4"),
        (["--clusters", "3", "--model", "aecm"], "of the model that is trained, aecm"),
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
