from dataclasses import replace

import pytest

from reproduce.cli import RESULTS, main
from reproduce.experiments import PAPERS
from reproduce.ledger import Ledger
from reproduce.report.reached import count_reached, summary

GOOD = {"acc": 0.9, "nmi": 0.9, "ari": 0.5}  # of CM on USPS: above, above, and below


def totals(records):
    counts = count_reached(records)
    return tuple(sum(getattr(c, name) for c in counts) for name in ("cells", "by_many", "by_any"))


def test_the_cells_of_the_papers_own_models_on_their_own_data_are_counted_by_table():
    counts = count_reached([])
    assert [(c.paper, c.table.number, c.cells) for c in counts] == [
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
    assert totals([]) == (113, 0, 0)


def test_the_runs_that_are_recorded_reach_as_many_cells_as_they_did():
    assert totals(Ledger(RESULTS / "ledger.jsonl").records()[:989]) == (113, 28, 39)


@pytest.mark.parametrize(("seeds", "reached"), [(4, (113, 0, 2)), (5, (113, 2, 2))])
def test_a_cell_counts_by_the_seeds_of_the_setting_that_reaches_it(record, seeds, reached):
    assert totals([record(seed=seed, metrics=GOOD) for seed in range(seeds)]) == reached


def test_it_is_the_mean_of_one_setting_that_counts(record, experiment):
    low = {name: 0.0 for name in GOOD}
    assert totals([record(seed=0, metrics=GOOD), record(seed=1, metrics=low)])[2] == 0
    longer = replace(experiment("usps", "aecm", table="table15"), epochs=1000)
    shorter = replace(longer, epochs=150)
    records = [record(longer, metrics=GOOD), record(shorter, metrics=low)]
    assert totals(records)[2] == 2


def test_better_settings_of_ours_chosen_ones_and_diverged_runs_never_count(
    record, diverged, experiment
):
    row = experiment()
    tried = replace(row, settings={**dict(row.settings), "alpha": 1})
    practical = replace(row, profile="practical")
    others = [record(each, metrics=GOOD) for each in (tried, practical, experiment("rcv1_10k"))]
    assert totals([*others, diverged()]) == (113, 0, 0)


def test_an_error_is_reached_from_above(record):
    table = PAPERS["gumbel"].table("2")
    [row] = (row for row in PAPERS["gumbel"].rows(table) if row.method == "gumbel")
    for error, reached in ((0.001, 3), (0.9, 0)):
        errors = {f"knn_error_k{k}": error for k in (3, 5, 10)}
        metrics = {"acc": 0.0, "nmi": 0.0, "ari": 0.0, **errors}
        assert totals([record(row, metrics=metrics)])[2] == reached


def test_the_list_ends_with_the_sum(ledger, record, capsys):
    ledger.append(record(metrics=GOOD))
    assert main(["list", "--ledger", str(ledger.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == summary(count_reached(ledger.records()))
    assert lines[-1].startswith("0 of 113 published cells are reached by 5 seeds or more, 2 by any")
    [line] = [line for line in lines if line.startswith("aecm    table11 ")]
    assert line.split()[2:8] == ["1", "of", "1120", "30", "0", "2"]
