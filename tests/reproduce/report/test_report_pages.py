import dataclasses
import html.parser
import re
from pathlib import Path

import pytest

from reproduce.experiments import PAPERS
from reproduce.ledger import LedgerError
from reproduce.report import notes
from reproduce.report.overview import lines
from reproduce.report.pages import write as write_report
from reproduce.report.reached import Cell, Reached
from reproduce.report.row import Row


@pytest.fixture
def pages(ledger, tmp_path):
    """Return a function that writes the report and returns the texts of a page in both forms."""

    def write(name=""):
        paths = write_report(ledger, tmp_path / "out")
        named = [path for path in paths if path.stem == name] if name else paths[:2]
        return [path.read_text() for path in named]

    return write


def scores(ari, acc=0.67, nmi=0.628):
    return {"acc": acc, "nmi": nmi, "ari": ari}


def lines_with(text, *parts):
    return [line for line in text.splitlines() if all(part in line for part in parts)]


def table(markdown, number):
    return markdown.split(f"## Table {number}. ")[1].split("\n## ")[0]


def not_reached(markdown):
    return markdown.split("## Not reached")[1]


def test_the_first_page_tells_what_became_of_every_cell(ledger, record, pages):
    for seed in range(5):
        ledger.append(record(seed=seed, metrics=scores(0.53 + seed / 100), l_sp=9.0 - seed))
    markdown, page = pages()
    [line] = lines_with(markdown, "| usps | cm random |")
    assert line == (
        "| usps | cm random | **55.0 ± 1.6** (54.3 ± 2.1) | **62.8 ± 0.0** (62.8 ± 1.0) "
        "| **67.0 ± 0.0** (67.0 ± 2.5) | 5 | 57.0 / 62.8 / 67.0 | reached | 150 epochs |"
    )
    [line] = lines_with(markdown, "| mnist | aecm pretrained |")
    assert "| – (79.4 ± 0.4) |" in line
    assert line.endswith("| 0 | – | not run | 150 epochs |")
    assert "<strong>55.0\u00a0±\u00a01.6</strong> (54.3\u00a0±\u00a02.1)" in page


def test_the_first_page_fits_on_a_few_screens(pages):
    markdown, _ = pages()
    assert len(markdown) < 20_000


def test_few_seeds_are_not_in_bold_and_are_the_verdict(ledger, record, pages):
    ledger.append(record(metrics=scores(0.54)))
    [line] = lines_with(pages()[0], "| usps | cm random |")
    assert "| 54.0 (54.3 ± 2.1) |" in line
    assert "| too few seeds |" in line


def test_a_cell_that_another_setting_reaches_has_a_line_of_that_setting(
    ledger, record, paper, experiment, pages
):
    [code] = (
        row
        for row in paper.experiments
        if (row.dataset, row.method, row.init) == ("usps", "aecm", "random")
        and row.profile == "authors_code"
    )
    for seed in range(5):
        ledger.append(record(code, seed, metrics=scores(0.60, acc=0.0, nmi=0.0)))
        shorter = experiment("usps", "aecm", table="table15")
        ledger.append(record(shorter, seed, metrics=scores(0.0, acc=0.9, nmi=0.9)))
    reference, other = lines_with(pages()[0], "| usps | aecm random |")
    assert reference.endswith("| reached | 150 epochs, of 2 settings run |")
    assert other.endswith("| reached | 150 epochs, authors' code, of 2 settings run |")


def test_what_is_not_reached_comes_with_the_guess_declared_beside_the_table(
    ledger, record, paper, pages, monkeypatch
):
    ledger.append(record(metrics=scores(0.50)))
    monkeypatch.setitem(paper.table("table11").guesses, "usps cm *", "another start.")
    markdown, page = pages()
    assert "- usps, cm random (ari): another start.\n" in markdown
    assert "another start." in page


def test_of_settings_that_reach_as_much_the_one_without_labels_is_shown(paper, experiment, record):
    def row(objective):
        settings = {**dict(experiment().settings), "chosen_by": objective}
        tuned = dataclasses.replace(experiment(), profile="tuned", settings=settings)
        return Row.of(paper.table("11"), tuned, [record(tuned, seed) for seed in range(5)])

    rows = row("ari"), row("stability")
    reached = Reached("aecm", paper.table("11"), tuple(Cell(m, rows) for m in ("ari", "nmi")))
    [line] = lines(reached)
    assert line.settings == "150 epochs, tuned, chosen by stability, of 2 settings run"


def test_labels_that_a_search_saw_are_said(paper, experiment, record):
    settings = {**dict(experiment().settings), "chosen_by": "ari"}
    tuned = dataclasses.replace(experiment(), profile="tuned", settings=settings)
    row = Row.of(paper.table("11"), tuned, [record(tuned)])
    assert row.settings == "150 epochs, tuned, chosen by ari, labels seen"


def test_an_empty_ledger_gives_every_cell_without_a_run(pages):
    markdown, _ = pages("aecm")
    assert lines_with(markdown, "| 11. ", "| 0 | 0 | 168 | 0 |")
    assert "No published mean that was run is missed" in not_reached(markdown)
    assert lines_with(table(markdown, "11"), "- usps: ", "cm random (150 epochs)")


def test_a_row_shows_both_sides_the_best_run_and_the_one_picked_without_labels(
    ledger, record, pages
):
    ledger.append(record(seed=0, metrics=scores(0.52), l_sp=5.0))
    ledger.append(record(seed=1, metrics=scores(0.54), l_sp=9.0))
    markdown, page = pages("aecm")
    [line] = lines_with(table(markdown, "11"), "| cm random |")
    assert line == (
        "| cm random | 150 epochs | **53.0 ± 1.4** (54.3 ± 2.1) | **62.8 ± 0.0** (62.8 ± 1.0) "
        "| **67.0 ± 0.0** (67.0 ± 2.5) | 2 of 20 | 54.0 / 62.8 / 67.0 (58.6 / 65.1 / 75.0) "
        "| 52.0 / 62.8 / 67.0 | 1.0 | A processor, 2 cores |"
    )
    assert "<strong>53.0\u00a0±\u00a01.4</strong>" in page


def test_tables_that_share_runs_all_show_them(ledger, record, pages):
    ledger.append(record(metrics=scores(0.52)))
    markdown, _ = pages("aecm")
    for number in ("1", "4", "11"):
        assert lines_with(table(markdown, number), "| 52.0 (54.3 ± 2.1) |", "| 1 of 20 |")
    assert lines_with(table(markdown, "4"), "| 52.0 (54.8) |")


def test_a_row_not_reached_gets_one_line_with_all_its_numbers_and_the_words(
    ledger, record, pages, monkeypatch
):
    monkeypatch.setattr(notes, "tried", lambda experiment: "twice as many epochs.")
    ledger.append(record(metrics=scores(0.50)))
    markdown, page = pages("aecm")
    [line] = not_reached(markdown).strip().splitlines()
    assert line == (
        "- **usps**, cm random, 150 epochs, 1 of 20 runs: ari 50.0 (54.3 ± 2.1), bar 52.2 "
        "(table 1, 4, 11). Tried: twice as many epochs."
    )
    assert "twice as many epochs." in page


def test_a_row_not_reached_without_words_has_the_guess(ledger, record, paper, pages, monkeypatch):
    monkeypatch.setattr(notes, "tried", lambda experiment: "")
    ledger.append(record(metrics=scores(0.50)))
    assert "A guess: none yet." in not_reached(pages("aecm")[0])
    monkeypatch.setitem(paper.table("table1").guesses, "usps cm *", "another start.")
    assert "A guess: another start." in not_reached(pages("aecm")[0])


def test_reference_and_practical_runs_never_share_a_row(ledger, record, experiment, pages):
    settings = {**dict(experiment().settings), "batch_size": 256}
    practical = dataclasses.replace(
        experiment(), profile="practical", seeds=(0, 1), settings=settings
    )
    ledger.append(record(metrics=scores(0.40)))
    ledger.append(record(practical, metrics=scores(0.60)))
    markdown, page = pages("aecm")
    shown = table(markdown, "11")
    assert lines_with(shown, "| 150 epochs | 40.0 (", "| 1 of 20 |")
    assert lines_with(shown, "| 150 epochs, practical, batch_size=256 | **60.0** (", "| 1 of 1 |")
    assert "batch_size=256" in page


def test_runs_of_another_length_get_a_row_of_their_own(ledger, record, experiment, pages):
    longer = dataclasses.replace(experiment("mnist", "aecm", "random", table="table15"), epochs=300)
    ledger.append(record(longer, metrics=scores(0.70)))
    shown = table(pages("aecm")[0], "5")
    assert lines_with(shown, "| aecm random | 300 epochs | 70.0 (")
    assert lines_with(shown, "- mnist: ", "aecm random (150 epochs)")


def test_rows_that_differ_in_a_setting_alone_name_it(pages):
    markdown, page = pages("gumbel")
    [line] = lines_with(table(markdown, "figure3"), "- rcv1_10k: ")
    weights = [f"gumbel (300 epochs, gaussian_weight={weight})" for weight in (1, 5, 20, 200)]
    assert all(weight in line for weight in weights)
    assert "gaussian_weight=200" in page


def test_a_table_of_variants_tells_each_by_what_it_changes(ledger, record, pages):
    searched = PAPERS["mixae"].rows(PAPERS["mixae"].table("schedule"))[:2]
    entropies = {"sample_entropy": 0.05, "batch_entropy": 2.25}
    for row, error in zip(searched, (13.25, 12.5), strict=True):
        run = record(row, metrics={**scores(0.5), **entropies}, cluster_sizes=[7, 0, 0, 3])
        ledger.append({**run, "loss_terms": {"reconstruction": error}})
    markdown, page = pages("mixae")
    shown = table(markdown, "schedule")
    cells = "0.050 nats | 2.250 nats | 67.0 | 62.8 | 2 | 1 of 1 |"
    assert lines_with(shown, f"| the first | 12 | 13.25 | {cells}")
    assert lines_with(shown, f"| alpha=0, alpha_bounds=(0, 0) | 12 | 12.5 | {cells}")
    assert "alpha_bounds=(0, 0)" in page


def test_diverged_runs_are_counted_and_not_averaged(ledger, record, diverged, pages):
    ledger.append(record(seed=0, metrics=scores(0.52)))
    for seed in (1, 2, 2, 3):  # the second was tried twice, the third went well at last
        ledger.append(diverged(seed=seed))
    ledger.append(record(seed=3, metrics=scores(0.54)))
    for text in pages("aecm"):
        assert "2 of 20, 2 diverged" in text
        assert "53.0 ± 1.4" in text.replace("\u00a0", " ")
    for text in pages():
        assert "2, 2 diverged" in text
        assert "2 runs are finished; 2 others diverged" in text


def test_minutes_and_machines_are_those_of_all_runs(ledger, record, pages):
    ledger.append(record(seed=0, seconds=90))
    ledger.append(record(seed=1, seconds=60.0, cpu="Another", cores=8))
    [line] = lines_with(table(pages("aecm")[0], "4"), "| cm random |", "2 of 20")
    assert line.endswith("| 2.5 | A processor, 2 cores; Another, 8 cores |")


def test_run_times_are_in_seconds(ledger, record, experiment, pages):
    ledger.append(record(experiment("mnist", "cm", table="table2"), seconds=80))
    assert lines_with(table(pages("aecm")[0], "2"), "| **80.0 s** (164.0 s) |")


def test_data_that_is_not_the_papers_is_marked(ledger, record, experiment, pages):
    ledger.append(record(experiment("rcv1_10k"), metrics=scores(0.1)))
    markdown, page = pages("aecm")
    assert lines_with(markdown, "**rcv1_10k** (10,000 documents, others than the papers'")
    assert lines_with(not_reached(markdown), "rcv1_10k", "comparable only roughly")
    assert "10,000 documents, others than the papers'" in page


def test_what_is_left_out_is_said(pages):
    markdown, _ = pages("aecm")
    assert lines_with(markdown, "no data: 10x73k")
    assert lines_with(markdown, "no runs of these methods are declared: dec_kmeans")


def test_the_same_ledger_gives_the_same_pages(ledger, record, pages):
    ledger.append(record())
    assert pages() == pages()
    assert pages("aecm") == pages("aecm")


def test_figures_stand_on_a_page_of_their_own_with_their_captions(tmp_path, pages):
    folder = tmp_path / "out" / "figures"
    folder.mkdir(parents=True)
    (folder / "aecm_8.png").write_bytes(b"")
    (folder / "aecm_8.md").write_text("**Figure 8.** Toys.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    markdown, page = pages("figures")
    assert "![figures/aecm_8.png](../figures/aecm_8.png)" in markdown
    assert "**Figure 8.** Toys." in markdown
    assert '<img src="../figures/aecm_8.png"' in page
    assert "<strong>Figure 8.</strong> Toys." in page
    assert "<td>1</td>" in page
    assert "**" not in page
    assert "|---" not in page
    assert "details/figures.md" in pages()[0]


def test_links_lead_to_pages_of_the_same_kind_that_are_there(ledger, tmp_path):
    for path in write_report(ledger, tmp_path):
        text = path.read_text()
        found = re.findall(r"\]\(([^)]+)\)" if path.suffix == ".md" else r'href="([^"]+)"', text)
        assert found
        for link in found:
            assert (path.parent / link).is_file()
            assert Path(link).suffix == path.suffix


def test_both_pages_begin_with_the_cells_that_are_reached(ledger, record, pages):
    ledger.append(record(metrics=scores(0.54)))
    for text in pages():
        head = text.split("are percent")[0]
        assert "0 of 113 published cells are reached by 5 seeds or more; 0 without rows" in head
        assert "cifar10 (comes in no file" in head


def test_the_page_closes_every_tag_and_escapes_text(ledger, record, pages):
    ledger.append(record(cpu="<script>"))
    for name in ("", "aecm"):
        _, page = pages(name)
        assert "<script>" not in page
        assert Balance.of(page) == []


def test_a_damaged_ledger_writes_nothing(ledger, damage, tmp_path):
    damage(b"{")
    with pytest.raises(LedgerError, match=":3: "):
        write_report(ledger, tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Balance(html.parser.HTMLParser):
    """Collects the tags that are opened and not closed."""

    VOID = ("meta", "br", "img")

    @classmethod
    def of(cls, page):
        parser = cls()
        parser.open = []
        parser.feed(page)
        return parser.open

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
