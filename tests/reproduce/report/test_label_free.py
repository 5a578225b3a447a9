import pytest

from reproduce.experiments import PAPERS
from reproduce.report.label_free import (
    beaten,
    beaten_in_print,
    columns,
    label_free_choices,
    not_recorded,
)
from reproduce.report.row import Row


@pytest.fixture
def row(paper, record, experiment):
    """Return a function that makes a row of CM from one dict a run."""

    def make(runs, row=None, table="table4"):
        declared = row or experiment()
        records = [record(declared, seed=seed, **changes) for seed, changes in enumerate(runs)]
        return Row.of(paper.table(table), declared, records)

    return make


def run(ari, l_sp=1.0, reconstruction=1.0, sizes=(3, 3), **terms):
    return {
        "metrics": {"acc": 0.5, "nmi": 0.5, "ari": ari},
        "l_sp": l_sp,
        "loss_terms": {"reconstruction": reconstruction, **terms},
        "cluster_sizes": list(sizes),
    }


def test_each_criterion_picks_its_run(row):
    runs = [
        run(0.1, l_sp=1.0, reconstruction=9.0, prior=0.0),
        run(0.6, l_sp=2.0, reconstruction=3.0, prior=1.0),
        run(0.5, l_sp=4.0, reconstruction=2.0, prior=3.0),
    ]
    [choice] = label_free_choices([row(runs)])
    seeds = {name: pick.seed for name, pick in choice.picked.items() if pick}
    assert seeds == {
        "L_sp": 0,
        "L_sp, no empty cluster": 0,
        "reconstruction": 2,
        "distortion": 1,
        "loss": 1,
    }
    assert choice.mean == pytest.approx(0.4)
    assert choice.best == 0.6
    assert not choice.picked["L_sp"].beats_mean
    assert choice.picked["loss"].beats_mean


def test_the_second_column_looks_first_at_runs_that_use_their_clusters(row):
    runs = [run(0.1, l_sp=0.0, sizes=(6, 0)), run(0.6, l_sp=2.0)]
    [choice] = label_free_choices([row(runs)])
    assert choice.picked["L_sp"].seed == 0
    assert choice.picked["L_sp, no empty cluster"].seed == 1


def test_mixaes_loss_picks_nothing_as_its_terms_cancel(paper, record):
    mixae = PAPERS["mixae"].experiments
    [declared] = [row for row in mixae if (row.table, row.method) == ("table2", "mixae")][:1]
    runs = [run(0.6, reconstruction=9.0, batch_entropy=-8.0), run(0.1, reconstruction=9.5)]
    records = [record(declared, seed=seed, **changes) for seed, changes in enumerate(runs)]
    for each in records:
        each["metrics"]["sample_entropy"] = 0.1
    [choice] = label_free_choices([Row.of(paper.table("table4"), declared, records)])
    assert choice.picked["loss"] is None
    assert choice.picked["reconstruction"].seed == 0


def test_reconstructions_are_compared_without_their_weight(row, experiment):
    deep = experiment("mnist", "aecm", table="table15")
    assert dict(deep.settings)["beta"] == 5
    runs = [run(0.1, l_sp=1.0, reconstruction=10.0), run(0.6, l_sp=2.5, reconstruction=5.0)]
    [choice] = label_free_choices([row(runs, deep, "table7")])
    assert choice.picked["distortion"].seed == 0  # 1 + 2 against 2.5 + 1


def test_a_single_run_leaves_no_choice(row):
    assert label_free_choices([row([run(0.1)]), row([])]) == []


def test_cells_are_counted_once_whatever_tables_show_them(row):
    runs = [run(0.1, l_sp=2.0), run(0.6, l_sp=1.0)]
    twice = label_free_choices([row(runs), row(runs, table="table11")])
    assert len(twice) == 2
    assert beaten(twice)["L_sp"] == (1, 1)
    assert beaten(twice)["membership entropy"] == (0, 0)


def test_what_the_ledger_lacks_is_named(row):
    shown = columns(label_free_choices([row([run(0.1), run(0.2)])]))
    assert shown == ["L_sp", "L_sp, no empty cluster", "reconstruction", "distortion", "loss"]
    assert not_recorded(shown) == [
        "membership_entropy",
        "stability",
        "silhouette",
        "calinski_harabasz",
    ]


def test_the_papers_own_picks_are_counted_from_its_table(paper, row):
    rows = [row([], declared) for declared in paper.rows(paper.table("table4"))]
    # Table 4 without 10x73k, which has no data: 6 of 7 random starts, 4 of 7 by k-means++.
    assert beaten_in_print(rows) == (10, 14)
