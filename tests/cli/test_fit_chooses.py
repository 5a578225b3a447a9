"""`tfclust fit` without a model: what to do is chosen for the data."""

import csv
import json

import numpy as np
import pytest
from short_runs import write_csv

from tfclust.auto import clustering
from tfclust.auto.effort import Effort
from tfclust.cli import main


@pytest.fixture
def blobs(tmp_path):
    """A table of 300 rows in three clusters, of columns in units of their own."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3)) + 6.0 * np.eye(3)[np.arange(300) % 3]
    rows = (x * [1.0, 10.0, 1000.0]).round(3).tolist()
    return write_csv(tmp_path / "blobs.csv", [("a", "b", "c"), *rows])


@pytest.fixture
def short_trainings(monkeypatch):
    monkeypatch.setattr(clustering, "EFFORTS", {"fast": Effort(2, 3)})
    monkeypatch.setattr("tfclust.auto.parametric.LEAST_STEPS", 200)


def clusters(path):
    with path.open(newline="", encoding="utf-8") as file:
        return [int(row["cluster"]) for row in csv.DictReader(file)]


def test_a_fit_without_a_model_chooses_and_says_how(blobs, tmp_path, short_trainings, capsys):
    out = tmp_path / "run"
    asked = ["fit", str(blobs), "-k", "3", "--out", str(out), "--effort", "fast"]
    assert main(asked) == 0
    said = capsys.readouterr().out
    assert "Kept a Gaussian mixture of the rows" in said
    assert "rows of columns in units of their own" in said
    assert "--standardize" not in said
    record = json.loads((out / "run.json").read_text())
    assert record["scaling"]["scale"] == "rows"
    assert record["choice"]["chosen"] == "mixture"
    assert sorted(record["cluster_sizes"]) == [100, 100, 100]
    assert "How it was clustered" in (out / "report.html").read_text()
    assert not (out / "choice").exists()  # which a run that is cut off goes on from
    assert main([*asked, "--resume"]) == 0
    assert main(["predict", str(out), str(blobs), "--out", str(tmp_path / "new")]) == 0
    assert clusters(tmp_path / "new" / "labels.csv") == clusters(out / "labels.csv")


def test_a_run_that_is_cut_off_goes_on_to_the_same_clusters(blobs, tmp_path, short_trainings):
    def asked(out):
        return ["fit", str(blobs), "-k", "3", "--out", str(tmp_path / out), "--effort", "fast"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering, "teach", _cut_off)
        assert main(asked("cut")) == 130
    assert main([*asked("cut"), "--resume"]) == 0
    assert main(asked("whole")) == 0
    labels = [clusters(tmp_path / out / "labels.csv") for out in ("cut", "whole")]
    assert labels[0] == labels[1]


def test_an_effort_for_a_model_that_is_named_is_refused(blobs, tmp_path, capsys):
    asked = ["fit", str(blobs), "-k", "3", "--out", str(tmp_path / "run"), "--effort", "fast"]
    assert main([*asked, "--model", "dec"]) == 2
    assert "--effort must come without a model" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def _cut_off(*_):
    raise KeyboardInterrupt
