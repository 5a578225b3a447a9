import math

import numpy as np
import pytest

from reproduce.experiments import PAPERS
from reproduce.report.comparison import Comparison


def cell(*values, metric="acc", **published):
    return Comparison(metric, values, None, **published)


def test_statistics_are_those_of_numpy_with_n_minus_one():
    values = (0.62, 0.71, 0.68, 0.55)
    assert math.isclose(cell(*values).mean, np.mean(values))
    assert math.isclose(cell(*values).std, np.std(values, ddof=1))
    assert cell(*values).best == 0.71


def test_one_run_has_a_mean_and_no_standard_deviation():
    assert cell(0.7).mean == 0.7
    assert cell(0.7).std is None


def test_no_run_has_no_statistics():
    assert (cell().mean, cell().std, cell().best) == (None, None, None)


@pytest.mark.parametrize(
    ("mean", "verdict"),
    [(0.9, "reached"), (0.861, "reached"), (0.829, "reached"), (0.8289, "not reached")],
)
def test_a_mean_within_one_published_standard_deviation_is_reached(mean, verdict):
    assert cell(mean, paper_mean=0.861, paper_std=0.032).verdict == verdict


def test_the_bar_itself_is_reached_whatever_the_rounding_of_binary_fractions():
    for mean in range(1, 1000):
        bar = mean / 1000 - 0.001
        exact = cell(round(bar, 3), paper_mean=mean / 1000, paper_std=0.001)
        assert exact.verdict == "reached"


def test_without_a_published_standard_deviation_the_mean_is_the_bar():
    assert cell(0.5, paper_mean=0.5).verdict == "reached"
    assert cell(0.499, paper_mean=0.5).verdict == "not reached"


def test_a_run_time_is_reached_from_above():
    assert cell(100.0, 120.0, metric="runtime_s", paper_mean=164.0).verdict == "reached"
    assert cell(170.0, metric="runtime_s", paper_mean=164.0).verdict == "not reached"
    assert cell(100.0, 120.0, metric="runtime_s").best == 100.0


def test_what_cannot_be_compared_says_why():
    assert cell(paper_mean=0.5).verdict == "no run yet"
    assert cell(0.5).verdict == "no published figure"
    assert cell().verdict == "no published figure"


def test_the_picked_run_is_the_one_of_lowest_lsp(paper, experiment, record):
    runs = [
        record(seed=0, l_sp=3.0, metrics={"acc": 0.9, "nmi": 0.5, "ari": 0.5}),
        record(seed=1, l_sp=-2.0, metrics={"acc": 0.6, "nmi": 0.5, "ari": 0.5}),
        record(seed=2, l_sp=None, metrics={"acc": 0.7, "nmi": 0.5, "ari": 0.5}),
    ]
    made = Comparison.of(paper.table("table11"), experiment(), runs, "acc")
    assert made.picked == 0.6
    assert Comparison.of(paper.table("table11"), experiment(), runs[2:], "acc").picked is None


def test_mixae_is_picked_by_its_error_and_gumbel_by_its_information(record):
    def picked(paper, method, runs):
        table = PAPERS[paper].tables[0]
        row = next(row for row in PAPERS[paper].rows(table) if row.method == method)
        records = [
            record(
                row, seed, l_sp=None, metrics={"acc": acc, "nmi": 0, "ari": 0, **metrics}, **more
            )
            for seed, (acc, metrics, more) in enumerate(runs)
        ]
        return Comparison.of(table, row, records, "acc").picked

    errors = [
        (acc, {}, {"loss_terms": {"reconstruction": error}}) for acc, error in ((0.9, 3), (0.6, 2))
    ]
    assert picked("mixae", "mixae", errors) == 0.6
    assert picked("mixae", "kmeans", errors) is None
    informed = [(acc, {"cluster_information": i}, {}) for acc, i in ((0.5, 1.0), (0.8, 2.0))]
    assert picked("gumbel", "gumbel", informed) == 0.8


def test_a_table_without_standard_deviations_takes_those_of_its_extended_table(paper, experiment):
    made = Comparison.of(paper.table("table1"), experiment(), [], "ari")
    assert (made.paper_mean, made.paper_std, made.paper_best) == (0.543, 0.021, 0.586)
    assert made.paper_picked is None
    picked = Comparison.of(paper.table("table4"), experiment(), [], "ari")
    assert (picked.paper_std, picked.paper_picked) == (0.021, 0.548)


def test_a_best_run_is_not_taken_from_a_table_whose_mean_is_another(paper, experiment):
    gmm = experiment("usps", "gmm")
    made = Comparison.of(paper.table("table1"), gmm, [], "ari")
    assert (made.paper_mean, made.paper_std, made.paper_best) == (0.351, 0.04, None)


def test_run_times_are_the_seconds_of_the_record(paper, experiment, record):
    timed = experiment("mnist", "cm", table="table2")
    made = Comparison.of(paper.table("table2"), timed, [record(timed, seconds=80)], "runtime_s")
    assert made.values == (80,)
    assert made.paper_mean == 164.0


def test_a_loss_term_is_read_from_the_terms_and_the_lowest_is_the_best(record):
    table, row = PAPERS["mixae"].table("schedule"), PAPERS["mixae"].experiments[-1]
    runs = [record(row, loss_terms={"reconstruction": error}) for error in (14.0, 12.0)]
    cell = Comparison.of(table, row, runs, "reconstruction")
    assert (cell.values, cell.best, cell.picked) == ((14.0, 12.0), 12.0, 12.0)
    assert cell.verdict == "no published figure"
