import pytest

from reproduce.experiments import PAPERS
from reproduce.report.leaderboard import leaderboard
from reproduce.report.pages import write as write_report

ROWS = {(row.dataset, row.method): row for row in PAPERS["practical"].experiments}


@pytest.fixture
def scored(record):
    """Return a function that makes the records of a method's runs on a set."""

    def make(dataset, method, *accuracies, seconds=10.0, **more):
        return [
            record(ROWS[dataset, method], seed, seconds=seconds, metrics=scores(accuracy), **more)
            for seed, accuracy in enumerate(accuracies)
        ]

    return make


def scores(acc):
    return {"acc": acc, "nmi": 0.5, "ari": 0.5}


def ranks(records):
    return {standing.method: standing.rank for standing in leaderboard(records).standings}


def test_the_mean_rank_is_by_mean_accuracy_set_by_set(scored):
    records = [
        *scored("wine", "kmeans", 0.9, 0.7),  # mean 0.8, though one run is the best of all
        *scored("wine", "cm", 0.85, 0.85),
        *scored("wine", "autoclusterer", 0.6),
        *scored("digits", "kmeans", 0.5),
        *scored("digits", "cm", 0.7),
        *scored("digits", "autoclusterer", 0.8),
    ]
    assert ranks(records) == {"cm": 1.5, "autoclusterer": 2.0, "kmeans": 2.5}
    standings = leaderboard(records).standings
    assert [standing.method for standing in standings] == ["cm", "autoclusterer", "kmeans"]
    assert standings[0].seconds == 20.0


def test_methods_of_one_mean_share_the_mean_of_their_ranks(scored):
    runs = [("kmeans", 0.9), ("mixture", 0.9), ("cm", 0.8)]
    records = [run for method, acc in runs for run in scored("wine", method, acc)]
    assert ranks(records) == {"kmeans": 1.5, "mixture": 1.5, "cm": 3.0}


def test_a_method_whose_runs_all_diverged_comes_last_and_has_no_score(scored, diverged):
    records = [*scored("wine", "kmeans", 0.1), diverged(ROWS["wine", "cm"])]
    assert ranks(records) == {"kmeans": 1.0, "cm": 2.0}
    last = leaderboard(records).standings[1]
    assert (last.cell("wine", "acc"), last.seconds) == (None, None)


def test_seconds_are_those_of_runs_without_a_device(scored):
    card = {"device": {"kind": "a card"}}
    fast, slow = scored("wine", "cm", 0.9, 0.8, seconds=1.0, **card)
    others = [slow | {"seed": 2, "seconds": 7.0}, *scored("wine", "kmeans", 0.5, seconds=1, **card)]
    del others[0]["device"]
    by_cm, by_kmeans = leaderboard([fast, slow, *others]).standings
    assert (by_cm.seconds, by_kmeans.seconds) == (7.0, None)
    assert (by_cm.rank, by_kmeans.rank) == (1.0, 2.0)


def test_sets_count_where_all_have_runs_that_have_them_on_half_of_the_sets(scored):
    records = [
        run
        for dataset in ("digits", "wine", "breast_cancer", "uci_ecoli")
        for run in scored(dataset, "kmeans", 0.5)
    ]
    records += scored("wine", "cm", 0.6) + scored("uci_ecoli", "cm", 0.6)
    records += scored("digits", "dec", 0.9)  # on a quarter of the sets
    board = leaderboard(records)
    assert board.datasets == ("digits", "wine", "breast_cancer", "uci_ecoli")
    assert board.counted == ("wine", "uci_ecoli")
    assert ranks(records) == {"cm": 1.0, "kmeans": 2.0, "dec": None}


def test_runs_of_settings_that_are_not_declared_are_left_out(record):
    row = ROWS["wine", "autoclusterer"]
    other = type(row).from_config({**row.config(), "epochs": 1}, seeds=(0,))
    assert leaderboard([record(other)]).standings == ()


def test_the_pages_show_it_with_the_best_in_bold_and_the_seeds_where_they_are_few(
    ledger, scored, diverged, tmp_path
):
    runs = scored("wine", "kmeans", *5 * [0.9]) + scored("wine", "cm", 0.95, 0.93, seconds=2.5)
    for run in [*runs, diverged(ROWS["wine", "cm"], seed=2), diverged(ROWS["wine", "dec"])]:
        ledger.append(run)
    paths = {path.relative_to(tmp_path).as_posix(): path for path in write_report(ledger, tmp_path)}
    first, details = (paths[f"{name}.md"].read_text() for name in ("RESULTS", "details/practical"))
    for text in first, details:
        assert "| CM | 1.0 | 2.5 | **94.0 ± 1.4** (2, 1 diverged) |\n" in text
        assert "| k-means | 2.0 | 10.0 | 90.0 ± 0.0 |\n" in text
        assert "| DEC | 3.0 | – | diverged |\n" in text
        assert "counted sets: wine (1\n  of 12)" in text
    assert "| CM | 1.0 | **2.5 ± 0.0** (2, 1 diverged) |\n" in details  # seconds: the least
    assert "reached by 5 seeds" in first
    page = paths["details/practical.html"].read_text()
    assert "<strong>94.0\u00a0±\u00a01.4</strong> (2, 1 diverged)" in page


def test_without_runs_the_page_says_how_it_is_made(ledger, tmp_path):
    paths = write_report(ledger, tmp_path)
    [page] = [path.read_text() for path in paths if path.name == "practical.md"]
    assert "Nothing was run yet." in page
    assert "tfclust.auto.Preparation" in page
