import importlib
import sys
import types

import numpy as np
import pytest
from matplotlib.figure import Figure

from reproduce import figures
from reproduce.experiments import PAPERS
from reproduce.figures.task import FigureTask

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


def test_a_picture_and_its_caption_lie_side_by_side(ledger, tmp_path, monkeypatch):
    asked = []

    def gather(task, settings):
        asked.append((task.name, task.work_dir, task.data_dir, settings))
        return {"width": 3}

    stand_in = types.SimpleNamespace(
        SETTINGS={"small": {"epochs": 1}, "paper": {"epochs": 50}},
        gather=gather,
        plot=lambda results, settings: Figure(figsize=(results["width"], 1)),
        caption=lambda results, settings: f"{settings['epochs']} epochs",
    )
    monkeypatch.setitem(sys.modules, "reproduce.figures.aecm.toy_datasets", stand_in)
    places = {"ledger": ledger, "out_dir": tmp_path / "out", "work_dir": tmp_path, "data_dir": "d"}
    path = figures.draw("aecm", 8, **places, scale="paper")
    assert path == tmp_path / "out" / "aecm_figure08_toy_datasets.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert figures.caption(path) == "50 epochs"
    assert asked == [("aecm_figure08", tmp_path, "d", {"epochs": 50})]


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

    def run(selection, ledger, work_dir, data_dir=None):
        work_dir.mkdir(parents=True)
        for experiment, seeds in selection:
            made.append(seeds)
            for seed in seeds:
                ledger.append(record(experiment, seed=seed))
        return 0

    monkeypatch.setattr("reproduce.runner.run", run)
    return made


def test_only_what_the_ledger_lacks_is_run(task, trained, experiment, ledger, record):
    row, other = experiment(), experiment(init="kmeans++")
    ledger.append(record(row, seed=row.seeds[0]))
    first, second = task.run([row, other])
    assert trained == [row.seeds[1:], other.seeds]
    assert [each["seed"] for each in first] == list(row.seeds)
    assert {each["init"] for each in second} == {"kmeans++"}
    task.run([row, other])
    assert len(trained) == 2
    assert not (task.folder / "runs").exists()


def test_a_run_that_diverged_has_no_record(task, experiment, monkeypatch):
    monkeypatch.setattr("reproduce.runner.run", lambda *arguments, **options: 1)
    (task.folder / "runs").mkdir(parents=True)
    assert task.run([experiment()]) == [[]]
