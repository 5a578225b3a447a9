from collections import Counter
from dataclasses import replace

import pytest

from reproduce import bundles
from reproduce.cli import main
from reproduce.experiments import PAPERS
from reproduce.report.reached import Cell, count_reached, summary
from reproduce.report.row import Row, distinction

GOOD = {"acc": 0.9, "nmi": 0.9, "ari": 0.5}  # of CM on USPS: above, above, and below


def outcomes(records):
    """How many of the 113 cells have each outcome, but "not run"."""
    total = sum((count.outcomes for count in count_reached(records)), Counter())
    assert total.total() == 113
    del total["not run"]
    return dict(total)


UNKNOWN = {"not comparable": 12}  # breast cancer and glass, by two models and three metrics


def test_the_cells_of_the_papers_own_models_on_their_own_data_are_counted_by_table():
    counts = count_reached([])
    assert [(c.paper, c.table.number, len(c.cells)) for c in counts] == [
        ("aecm", "11", 30),
        ("aecm", "15", 30),
        ("aecm", "9", 36),
        ("mixae", "2", 1),
        ("damic", "2", 3),
        ("damic", "3", 3),
        ("damic", "4", 3),
        ("gumbel", "1", 4),
        ("gumbel", "2", 3),
    ]
    assert outcomes([]) == UNKNOWN


@pytest.mark.parametrize(("seeds", "outcome"), [(4, "too few seeds"), (5, "reached")])
def test_a_cell_is_reached_by_five_seeds_of_one_setting(record, seeds, outcome):
    records = [record(seed=seed, metrics=GOOD) for seed in range(seeds)]
    assert outcomes(records) == {**UNKNOWN, outcome: 2, "not reached": 1}


def test_seeds_of_two_settings_are_not_added_up(record, experiment):
    longer = experiment("usps", "aecm", table="table15", epochs=1000)
    shorter = experiment("usps", "aecm", table="table15")
    runs = [(longer, seed) for seed in range(3)] + [(shorter, seed) for seed in range(3)]
    records = [record(row, seed, metrics=GOOD) for row, seed in runs]
    assert outcomes(records) == {**UNKNOWN, "too few seeds": 2, "not reached": 1}


def test_it_is_the_mean_of_one_setting_that_counts(record, experiment):
    low = dict.fromkeys(GOOD, 0.0)
    runs = [record(seed=seed, metrics=GOOD if seed > 2 else low) for seed in range(5)]
    assert outcomes(runs) == {**UNKNOWN, "not reached": 3}
    longer = experiment("usps", "aecm", table="table15", epochs=1000)
    shorter = experiment("usps", "aecm", table="table15")
    runs = [record(longer, seed, metrics=GOOD) for seed in range(5)]
    runs += [record(shorter, seed, metrics=low) for seed in range(5)]
    assert outcomes(runs) == {**UNKNOWN, "reached": 2, "not reached": 1}


def test_runs_that_diverged_are_in_no_mean_and_no_count_of_seeds(record, diverged):
    runs = [record(seed=seed, metrics=GOOD) for seed in range(4)] + [diverged(seed=4)]
    assert outcomes(runs) == {**UNKNOWN, "too few seeds": 2, "not reached": 1}
    assert outcomes([diverged(seed=seed) for seed in range(5)]) == UNKNOWN


def test_the_authors_constants_count_and_better_ones_of_ours_do_not(record, paper, experiment):
    [code] = (
        row
        for row in paper.experiments
        if (row.dataset, row.init, row.profile) == ("usps", "random", "authors_code")
        and row.method == "aecm"
    )
    runs = [record(code, seed, metrics=GOOD) for seed in range(5)]
    assert outcomes(runs) == {**UNKNOWN, "reached": 2, "not reached": 1}
    tried = replace(code, settings={**dict(code.settings), "alpha": 1})
    practical = replace(experiment(), profile="practical")
    others = (tried, practical, experiment("rcv1_10k"))
    assert outcomes([record(row, s, metrics=GOOD) for row in others for s in range(5)]) == UNKNOWN


def test_rows_whose_constants_were_chosen_with_labels_are_counted_apart(record, experiment):
    def reached(chosen_by):
        settings = {**dict(experiment().settings), "chosen_by": chosen_by}
        row = replace(experiment(), profile="tuned", settings=settings)
        table = PAPERS["aecm"].table("11")
        runs = [record(row, seed, metrics=GOOD) for seed in range(5)]
        return Cell("acc", (Row.of(table, row, runs),))

    assert reached("ari").outcome == reached("stability").outcome == "reached"
    assert reached("stability").is_reached_without_labels
    assert not reached("ari").is_reached_without_labels


def test_an_error_is_reached_from_above(record):
    table = PAPERS["gumbel"].table("2")
    row = next(row for row in PAPERS["gumbel"].rows(table) if row.method == "gumbel")
    for error, outcome in ((0.001, "reached"), (0.9, "not reached")):
        errors = {f"knn_error_k{k}": error for k in (3, 5, 10)}
        metrics = {"acc": 0.0, "nmi": 0.0, "ari": 0.0, "cluster_information": 1.0, **errors}
        runs = [record(row, seed, metrics=metrics) for seed in range(5)]
        assert outcomes(runs)[outcome] == (3 if outcome == "reached" else 5)


def test_data_that_are_not_the_papers_are_no_failure(record, experiment):
    row = experiment("breast_cancer", "aecm", epochs=1000, table="table9")
    runs = [record(row, seed, metrics=GOOD) for seed in range(5)]
    assert outcomes(runs) == {"not comparable": 10, "reached": 2}


def test_the_list_ends_with_the_sum(ledger, record, capsys):
    ledger.append(record(metrics=GOOD))
    assert main(["list", "--ledger", str(ledger.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == summary(count_reached(ledger.records()))
    assert lines[-1].startswith("0 of 113 published cells are reached by 5 seeds or more; 0 with")
    [line] = [line for line in lines if line.split()[:2] == ["aecm", "table11"]]
    assert line.split()[2:8] == ["1", "of", "1120", "30", "0", "1"]


def test_the_first_guess_that_fits_a_row_is_taken(experiment):
    guesses = {"usps cm *": "another start.", "usps *": "other data.", "* aecm": "no."}
    table = replace(PAPERS["aecm"].table("11"), guesses=guesses)
    assert table.guess(experiment("usps", "cm")) == "another start."
    assert table.guess(experiment("usps", "gmm")) == "other data."
    assert table.guess(experiment("mnist", "cm")) == ""


def test_settings_of_one_name_are_told_apart_by_what_differs(paper):
    table = paper.table("11")
    first = paper.rows(table)[0]
    second = replace(first, settings={**dict(first.settings), "n_init": 7})
    longer = replace(second, epochs=300)
    together = [first, second, longer]
    assert distinction(second, together) == "n_init=7"
    assert distinction(longer, together) == ""


def test_a_cell_whose_runs_lie_in_a_bundle_is_ready_until_the_ledger_has_them(record, experiment):
    row = experiment()
    bundled = {row.key(seed) for seed in range(5)}

    def outcomes(seeds):
        runs = [record(seed=seed, metrics=GOOD) for seed in range(seeds)]
        total = sum((count.outcomes for count in count_reached(runs, bundled)), Counter())
        return {name: total[name] for name in ("reached", "bundle ready", "not reached")}

    assert outcomes(0) == {"reached": 0, "bundle ready": 3, "not reached": 0}
    assert outcomes(4) == {"reached": 0, "bundle ready": 3, "not reached": 0}
    assert outcomes(5) == {"reached": 2, "bundle ready": 0, "not reached": 1}


def test_list_and_report_look_into_the_folder_of_bundles(
    ledger, experiment, tmp_path, monkeypatch, capsys
):
    folders = []
    ready = {experiment().key(0)}
    monkeypatch.setattr(bundles, "ready", lambda folder: folders.append(str(folder)) or ready)
    for command in (["list"], ["report", "--out", str(tmp_path)]):
        assert main([*command, "--ledger", str(ledger.path), "--bundles", "there"]) == 0
    assert folders == ["there"] * 2
    assert "3 bundle ready" in capsys.readouterr().out
    assert "3 bundle ready" in (tmp_path / "RESULTS.md").read_text()
