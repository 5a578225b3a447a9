import importlib
import json
import re
import types
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from reproduce import search_record, searches, tune
from reproduce.cli import main
from reproduce.errors import UserError
from reproduce.experiments import aecm, gumbel
from reproduce.figures.declared import variant
from reproduce.report.reached import count_reached
from reproduce.report.row import Row
from reproduce.report.search_view import SearchView, trust
from reproduce.search_record import SearchRecord, records
from reproduce.selection import select
from reproduce.tuned import FRESH_SEEDS, tuned

SCORES = ((0.2, 3.0), (0.5, 1.0), (0.4, 2.0))  # ARI and L_sp of three trials


def trial(number, ari, l_sp, diverged=False):
    criteria = dict.fromkeys(("reconstruction", "distortion", "membership_entropy"), 1.0)
    criteria.update(dict.fromkeys(("stability", "silhouette", "calinski_harabasz")), l_sp=l_sp)
    runs = [
        {"seed": seed, "criteria": criteria, "sizes": [3, 3], "scores": {"ari": ari}}
        for seed in (0, 1)
    ]
    settings = {"n_clusters": 10, "alpha": 10.0 * number, "batch_size": 64}
    return {
        "number": number,
        "settings": settings,
        "score": None if diverged else l_sp,
        "runs": [] if diverged else runs,
        "epochs": 9,
        "seconds": 30.0,
    }


@pytest.fixture
def search():
    """The record of a search of four trials, one of which diverged."""
    trials = [trial(i, *scores) for i, scores in enumerate(SCORES, start=1)]
    return SearchRecord(
        paper="aecm",
        method="cm",
        dataset="pendigits",
        dataset_sha256="0" * 64,
        rows=2000,
        objective="l_sp",
        supervised=False,
        algorithm="bayesian",
        seed=0,
        epochs=9,
        fixed={},
        searched=["alpha", "batch_size"],
        chosen={"alpha": 20.0, "batch_size": 64},
        trials=[*trials, trial(4, 0.0, 0.0, diverged=True)],
        versions={},
        commit="0" * 40,
        cpu="A processor",
        cores=2,
    )


def test_a_record_is_read_as_it_was_written(search, tmp_path):
    path = search.write(tmp_path / "searches")
    assert path.name == "cm_pendigits_l_sp.json"
    assert records(tmp_path / "searches") == [search]


@pytest.fixture
def committed(search, tmp_path, monkeypatch):
    """The folder of the committed searches: the one above alone."""
    folder = tmp_path / "committed"
    search.write(folder)
    monkeypatch.setattr(search_record, "FOLDER", folder)
    return folder


def damaged(search, **changes):
    return json.dumps({**asdict(search), **changes})


DAMAGES = {
    "cut off": lambda search: damaged(search)[:-40],
    "no object": lambda search: "[]",
    "lacking fields": lambda search: "{}",
    "chosen is no mapping": lambda search: damaged(search, chosen=5),
    "trials are no list": lambda search: damaged(search, trials=5),
    "a trial without runs": lambda search: damaged(search, trials=[{"score": 1.0}]),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_file_that_is_no_record_is_a_mistake(search, tmp_path, damage):
    (tmp_path / "bad.json").write_text(damage(search))
    with pytest.raises(UserError, match=r"bad.json: not the record of a search"):
        records(tmp_path)


@pytest.mark.parametrize(
    ("name", "command", "status"),
    [
        ("cm_pendigits_l_sp", "list", 0),
        ("cm_pendigits_l_sp", "list 9", 0),
        ("cm_pendigits_l_sp", "list tuning", 2),
        ("cm_pendigits_l_sp", "report", 2),
        ("cm_iris_ari", "list", 0),
        ("cm_iris_ari", "list 11", 0),
        ("cm_iris_ari", "list 9", 2),
    ],
)
def test_a_damaged_search_is_named_and_stops_only_what_shows_it(
    committed, ledger, tmp_path, capsys, name, command, status
):
    path = committed / f"{name}.json"
    path.write_text("damaged")
    places = ["--ledger", str(ledger.path)]
    places += ["--out", str(tmp_path / "out")] if command == "report" else []
    assert main([*command.split(), *places]) == status
    printed = capsys.readouterr()
    if command in ("list 9", "list 11") and status == 0:
        assert printed.err == ""
    else:
        [line] = printed.err.splitlines()
        assert line.startswith(f"reproduce: {path}: not the record of a search")
    assert bool(printed.out) == (status == 0)


def test_searches_are_read_when_they_are_asked_for_and_not_at_import(committed, paper):
    (committed / "cm_pendigits_l_sp.json").write_text("damaged")
    importlib.reload(aecm)
    assert select(paper, "9")
    assert count_reached([])
    assert searches.experiment("cm", "pendigits")
    assert variant("aecm", "table11", "pendigits", "cm", "random", figure=9, epochs=1, seeds=(0,))
    with pytest.raises(UserError, match=r"cm_pendigits_l_sp.json"):
        select(paper, "tuning")


def test_what_a_search_chose_must_be_settings_of_its_method(search, paper):
    chosen = replace(search, chosen={"alfa": 20.0})
    with pytest.raises(UserError, match=r"cm_pendigits_l_sp.json: .*Received: alfa=20"):
        tuned(paper.experiments, [chosen])


def test_a_chosen_setting_makes_a_row_that_differs_in_what_was_searched_alone(search, paper):
    [row] = tuned(paper.experiments, [search])
    reference = searches.experiment("cm", "pendigits")
    changed = {"alpha": 20.0, "batch_size": 64, "chosen_by": "l_sp"}
    expected = replace(
        reference,
        table="tuning",
        profile="practical",
        seeds=FRESH_SEEDS,
        settings={**dict(reference.settings), **changed},
    )
    assert row == expected
    assert not set(FRESH_SEEDS) & set(reference.seeds)
    assert tuned(paper.experiments, [replace(search, paper="mixae")]) == []


def test_what_the_paper_searched_and_did_not_print_stands_in_its_own_table(search, paper):
    chosen = {"alpha": 20.0, "batch_size": 40}
    [row] = tuned(paper.experiments, [replace(search, dataset="iris", chosen=chosen)])
    reference = searches.experiment("cm", "iris")
    assert (row.table, row.profile, row.epochs) == ("table9", "tuned", reference.epochs)
    assert dict(row.settings) == {**dict(reference.settings), **chosen, "chosen_by": "l_sp"}
    assert paper.table("table9").shows(row)


@pytest.mark.parametrize(
    ("method", "good"),
    [("aecm", {"alpha": 42, "beta": 0.12, "lbd": 0.0015}), ("cm", {"alpha": 5, "batch_size": 20})],
)
def test_a_search_of_a_small_set_fixes_all_that_it_does_not_search(method, good):
    row, search = searches.experiment(method, "iris"), searches.declared(method, "iris")
    fixed = searches.fixed_settings(row, search)
    searched = {parameter.name: parameter for parameter in search.parameters}
    assert set(searched) == set(good)
    assert not set(searched) & set(fixed)
    assert all(0 <= searched[name].position(value) <= 1 for name, value in good.items())
    assert fixed == (
        {"hidden_units": (), "embedding_dim": 6, "batch_size": 20} if method == "aecm" else {}
    )


def test_a_search_without_random_starts_replaces_the_row_that_it_searched(search):
    chosen = {"gaussian_weight": 2.0}
    found = replace(search, paper="gumbel", method="gumbel", dataset="usps", chosen=chosen)
    reference = searches.experiment("gumbel", "usps")
    [row] = tuned(gumbel.PAPER.experiments, [found])
    assert (row.epochs, row.init) == (reference.epochs, reference.init)
    settings = {**dict(reference.settings), **chosen, "chosen_by": "l_sp"}
    assert dict(row.settings) == settings


def test_chosen_settings_stand_beside_the_papers_in_a_table_of_their_own(committed, paper):
    rows = paper.rows(paper.table("tuning"))
    assert {row.dataset for row in rows} == {"pendigits"}
    assert [(row.method, row.profile, row.epochs) for row in rows] == [
        ("cm", "reference", 150),
        ("aecm", "reference", 150),
        ("aecm", "reference", 1000),
        ("aecm", "authors_code", 150),
        ("cm", "practical", 150),
    ]
    assert not any(other.shows(rows[-1]) for other in paper.tables if other.name != "tuning")


def test_trust_is_the_rank_correlation_of_the_better_with_the_better():
    down, up = [3.0, 1.0, 2.0], [1.0, 3.0, 2.0]
    scores = [0.2, 0.5, 0.4]
    assert trust("l_sp", down, scores).correlation == pytest.approx(1.0)
    assert trust("silhouette", down, scores).correlation == pytest.approx(-1.0)
    assert trust("silhouette", up, scores).picked == 0.5
    without = trust("l_sp", [None, 1.0, 2.0], scores)
    assert (without.trials, without.correlation, without.picked) == (2, None, 0.5)
    assert trust("l_sp", [1.0] * 3, scores).correlation is None
    assert trust("l_sp", [None] * 3, scores).picked is None


def test_a_search_is_seen_beside_the_runs_of_its_settings(search, paper, record):
    [chosen] = tuned(paper.experiments, [search])
    reference = searches.experiment("cm", "pendigits")
    table = paper.table("table11")
    rows = [Row.of(table, each, [record(each, seed=each.seeds[0])]) for each in (reference, chosen)]
    view = SearchView.of(search, rows)
    assert (view.paper.experiment, view.chosen.experiment) == (reference, chosen)
    assert (view.best, view.infinite, view.minutes) == (0.5, 1, 2.0)
    assert view.mean == pytest.approx(np.mean([0.2, 0.5, 0.4]))
    trusts = {trust.criterion: trust for trust in view.trusts}
    assert trusts["l_sp"].correlation == pytest.approx(1.0)
    assert trusts["reconstruction"].correlation is None
    assert trusts["stability"].trials == 0


def test_the_report_shows_every_search(search, ledger, tmp_path):
    search.write(tmp_path / "searches")
    assert main(["report", "--ledger", str(ledger.path), "--out", str(tmp_path)]) == 0
    page = (tmp_path / "details" / "aecm.html").read_text()
    markdown = (tmp_path / "details" / "aecm.md").read_text()
    shown = markdown.split("## Search: cm on pendigits by l_sp")[1].split("\n##")[0]
    assert "| l sp | +1.00 | 3 | 50.0 |" in shown
    assert "mean 36.7, best 50.0" in shown
    assert "Chosen: alpha 20, batch_size 64." in shown
    assert "Search: cm on pendigits by l_sp" in page


def test_a_search_takes_the_papers_network_unless_it_has_its_own():
    deep = searches.experiment("aecm", "usps")
    common = searches.declared("aecm", "usps")
    assert searches.fixed_settings(deep, common) == {"hidden_units": (500, 500, 2000)}
    small = searches.declared("aecm", "pendigits")
    assert searches.fixed_settings(deep, small) == {"hidden_units": (200, 200, 500)}
    assert (small.max_trials, small.rows) == (25, 2000)
    assert searches.declared("cm", "pendigits").max_trials == 40


@pytest.mark.parametrize(
    ("method", "dataset", "fixed"),
    [
        ("damic", "mnist", {}),
        ("gumbel", "usps", {"reconstruction_loss": "cross_entropy"}),
        (
            "mixae",
            "mnist",
            {"filters": (16, 32), "kernel_size": 3, "assignment_units": (128,)},
        ),
    ],
)
def test_every_model_can_be_searched_with_all_of_its_space_free(method, dataset, fixed):
    row = searches.experiment(method, dataset)
    assert (row.method, row.dataset, row.profile) == (method, dataset, "reference")
    assert searches.fixed_settings(row, searches.declared(method, dataset)) == fixed


def test_a_dataset_that_a_method_does_not_run_on_is_refused_with_those_it_does():
    with pytest.raises(UserError, match=r"one of mnist, rcv1_10k, usps. Received: dataset='iris'"):
        searches.experiment("gumbel", "iris")


@pytest.fixture
def tuned_by(monkeypatch):
    """Stand in for the search; the list holds what it was given."""
    asked = []

    def search(recipe, x, y, **options):
        asked.append((recipe, x, y, options))
        return types.SimpleNamespace(
            recipe=recipe.changed(searched=[types.SimpleNamespace(name="alpha")], epochs=9),
            fixed={},
            objective=types.SimpleNamespace(name=options["objective"]),
            best_settings={"n_clusters": 3, "alpha": 20.0},
            trials=(types.SimpleNamespace(config=lambda: trial(1, 0.5, 1.0)),),
            table=lambda: "a table",
            plot=Figure,
            save_settings=lambda path: (
                path.parent.mkdir(parents=True),
                path.write_text(json.dumps({"alpha": 20.0})),
            ),
        )

    monkeypatch.setattr(tune, "tune", search)
    return asked


def test_tune_searches_and_leaves_record_settings_and_plot(tuned_by, tmp_path, capsys):
    command = (
        "tune cm iris --objective stability --trials 7 --seeds-per-trial 2 --rows 100 --seed 4"
    )
    places = ["--seed", "4", "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    assert main([*command.split(), *places]) == 0
    [(recipe, x, y, options)] = tuned_by
    assert (recipe.name, x.shape, y.shape) == ("cm", (100, 4), (100,))
    assert recipe.pretraining is None  # as the row, from random weights
    asked = {name: options[name] for name in ("max_trials", "seeds_per_trial", "seed", "epochs")}
    assert asked == {"max_trials": 7, "seeds_per_trial": 2, "seed": 4, "epochs": 1000}
    assert options["directory"] == tmp_path / "work" / "searches" / "cm_iris_stability"
    assert not options["supervised"]
    assert options["n_clusters"] == 3
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "a table"
    assert all(tmp_path / "out" in Path(p).parents for p in printed[1:])
    [written] = records(tmp_path / "out" / "searches")
    assert (written.dataset, written.rows, written.chosen) == ("iris", 100, {"alpha": 20.0})
    caption = (tmp_path / "out" / "figures" / "search_cm_iris_stability.md").read_text()
    assert "alpha 20" in caption


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("tune cm iriss", "`dataset` of cm must be one of breast_cancer, .*'iriss'"),
        ("tune cm iris --objective ari", "`y` must be given and `supervised=True` be said"),
    ],
)
def test_a_mistake_is_answered_without_a_traceback(command, message, tmp_path, capsys):
    assert main([*command.split(), "--work", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not any(tmp_path.iterdir())
