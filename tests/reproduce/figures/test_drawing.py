import importlib
import os
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from reproduce import figures
from reproduce.errors import UserError
from reproduce.experiments import PAPERS
from reproduce.figures.task import FigureTask, Needs
from reproduce.ledger import Ledger
from reproduce.progress import PartBar
from tfclust import datasets

DECLARED = [(paper.name, number) for paper in PAPERS.values() for number in paper.figures]


@pytest.fixture
def task(ledger, tmp_path):
    return FigureTask("aecm_figure99", ledger, tmp_path)


@pytest.mark.parametrize(("paper", "number"), DECLARED)
def test_every_declared_figure_can_be_drawn_at_every_scale(paper, number):
    package = f"reproduce.figures.{paper}"
    module = importlib.import_module(
        f"{package}.{importlib.import_module(package).FIGURES[number]}"
    )
    assert set(module.SETTINGS) == set(figures.SCALES)
    assert all(map(callable, (module.gather, module.plot, module.caption)))
    task = FigureTask("any", Ledger("no_such_ledger.jsonl"), Path("no_such_folder"))
    for settings in module.SETTINGS.values():
        needs = module.needs(task, settings)
        assert set(needs.datasets) <= set(datasets.names())
        assert needs.parts >= 1


def test_a_picture_and_its_caption_lie_side_by_side(ledger, tmp_path, monkeypatch):
    asked = []

    def gather(task, settings):
        asked.append((task.name, task.work_dir, task.data_dir, settings))
        task.bar.done()
        return {"width": 3}

    stand_in = types.SimpleNamespace(
        SETTINGS={"small": {"epochs": 1}, "paper": {"epochs": 50}},
        needs=lambda task, settings: Needs(("iris",), 2),
        gather=gather,
        plot=lambda results, settings: Figure(figsize=(results["width"], 1)),
        caption=lambda results, settings: f"{settings['epochs']} epochs",
    )
    monkeypatch.setitem(sys.modules, "reproduce.figures.aecm.toy_datasets", stand_in)
    places = {"ledger": ledger, "out_dir": tmp_path / "out", "work_dir": tmp_path, "data_dir": None}
    path = figures.draw("aecm", 8, **places, scale="paper")
    assert path == tmp_path / "out" / "aecm_figure08_toy_datasets.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert figures.caption(path) == "50 epochs"
    assert asked == [("aecm_figure08", tmp_path, None, {"epochs": 50})]


def test_a_figure_whose_own_training_diverges_ends_with_a_sentence(tmp_path, ledger, monkeypatch):
    from tfclust.callbacks import LossNotFinite

    def gather(task, settings):
        raise LossNotFinite("The loss must stay finite; training stopped at epoch 3.", epoch=3)

    monkeypatch.setattr("reproduce.figures.aecm.training_curves.gather", gather)
    places = {"ledger": ledger, "out_dir": tmp_path / "out", "work_dir": tmp_path}
    with pytest.raises(UserError, match="The loss must stay finite"):
        figures.draw("aecm", 3, **places)


def test_a_picture_without_words_has_an_empty_caption(tmp_path):
    assert figures.caption(tmp_path / "none.png") == ""


def test_arrays_are_computed_once_for_equal_settings(task):
    calls = []

    def compute():
        calls.append(1)
        return {"x": np.arange(3.0), "score": 0.5}

    first = task.keep({"a": 1, "b": (1, 2)}, compute)
    again = task.keep({"b": (1, 2), "a": 1}, compute)
    task.keep({"a": 2, "b": (1, 2)}, compute)
    assert len(calls) == 2
    np.testing.assert_array_equal(first["x"], again["x"])
    assert float(again["score"]) == 0.5


def test_a_computation_that_was_cut_off_is_done_again(task):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        task.keep({"a": 1}, interrupted)
    assert task.keep({"a": 1}, lambda: {"x": np.ones(1)})["x"] == 1


@pytest.fixture
def trained(ledger, record, monkeypatch):
    """Stand in for the runner; the list holds the seeds that it was given, row by row."""
    made = []

    def run(selection, ledger, work_dir, data_dir=None, bar=None):
        work_dir.mkdir(parents=True)
        for experiment, seeds in selection:
            made.append(seeds)
            for seed in seeds:
                ledger.append(record(experiment, seed=seed))
                bar.done()
        return 0

    monkeypatch.setattr("reproduce.runner.run", run)
    return made


def test_only_what_the_ledger_lacks_is_run(task, trained, experiment, ledger, record, diverged):
    row, other = experiment(), experiment(init="kmeans++")
    ledger.append(record(row, seed=row.seeds[0]))
    ledger.append(diverged(row, seed=row.seeds[1]))
    first, second = task.run([row, other])
    assert trained == [row.seeds[2:], other.seeds]
    assert [each["seed"] for each in first] == [row.seeds[0], *row.seeds[2:]]
    assert {each["init"] for each in second} == {"kmeans++"}
    task.run([row, other])
    assert len(trained) == 2
    assert not (task.folder / "runs").exists()


def test_a_figure_ends_where_one_of_its_runs_failed(task, experiment, monkeypatch):
    monkeypatch.setattr("reproduce.runner.run", lambda *arguments, **options: 1)
    with pytest.raises(UserError, match="Received: 1 failed"):
        task.run([experiment()])


def test_a_figure_whose_runs_all_diverged_ends_with_a_sentence(task, experiment, ledger, diverged):
    row = replace(experiment(), seeds=(0, 1))
    for seed in row.seeds:
        ledger.append(diverged(row, seed=seed))
    with pytest.raises(UserError, match="Received: 2 runs that diverged"):
        task.run([row])


def test_the_bar_counts_every_part_once_and_takes_the_time_of_those_that_were_made(
    task, trained, experiment, ledger, record, monkeypatch, capsys
):
    row, clock = experiment(), iter(range(0, 1000, 10))
    for seed in row.seeds[:10]:
        ledger.append(record(row, seed=seed))
    monkeypatch.setattr("tqdm.std.time", lambda: next(clock))
    needs = Needs.of_runs([row])
    assert needs == Needs(("usps",), 20)
    with PartBar(needs.parts + 2, "a figure", "part") as bar:
        task = replace(task, bar=bar)
        for _ in range(2):
            task.keep({"a": 1}, lambda: {"x": np.ones(1)})
        task.run([row])
    assert "22/22" in capsys.readouterr().err


def test_data_are_looked_for_before_anything_is_trained_and_without_tensorflow(tmp_path):
    script = (
        "import sys\n"
        "from reproduce.cli import main\n"
        "assert main(['figure', 'gumbel', '4']) == 2\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    environment = {**os.environ, "TFCLUST_DATA_DIR": str(tmp_path)}
    finished = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    [line] = finished.stderr.splitlines()
    assert line.startswith("reproduce: No data for 'usps'. The file usps.npz is not in ")
