import dataclasses
import html.parser

import pytest

from reproduce.experiments import PAPERS
from reproduce.ledger import LedgerError
from reproduce.report import notes
from reproduce.report.pages import write as write_report


@pytest.fixture
def pages(ledger, tmp_path):
    """Return a function that writes the report and returns both texts."""

    def write():
        markdown, page = write_report(ledger, tmp_path / "out")
        return markdown.read_text(), page.read_text()

    return write


def scores(ari, acc=0.67, nmi=0.628):
    return {"acc": acc, "nmi": nmi, "ari": ari}


def lines_with(text, *parts):
    return [line for line in text.splitlines() if all(part in line for part in parts)]


def table(markdown, number):
    return markdown.split(f"### Table {number}. ")[1].split("\n### ")[0]


def not_reached(markdown):
    return markdown.split("### Not reached")[1].split("\n#")[0]


def test_an_empty_ledger_gives_every_cell_without_a_run(pages):
    markdown, page = pages()
    assert lines_with(markdown, "| 11. ", "| 0 | 0 | 168 | 0 |")
    assert "No published mean that was run is missed" in not_reached(markdown)
    assert page.count("no run yet") > 168


def test_a_cell_shows_both_sides_and_the_verdict(ledger, record, pages):
    ledger.append(record(seed=0, metrics=scores(0.52), l_sp=5.0))
    ledger.append(record(seed=1, metrics=scores(0.54), l_sp=9.0))
    markdown, page = pages()
    [line] = lines_with(table(markdown, "11"), "| cm | random |", "| ari |", "54.3 ± 2.1")
    assert line == (
        "| cm | random | 150 | reference | ari | 53.0 ± 1.4 | 2 of 20 | 54.0 | 52.0 "
        "| 54.3 ± 2.1 | 58.6 | – | reached | 1.0 | A processor, 2 cores |"
    )
    assert "53.0 ± 1.4" in page


def test_tables_that_share_runs_all_show_them(ledger, record, pages):
    ledger.append(record(metrics=scores(0.52)))
    markdown, _ = pages()
    for number in ("1", "4", "11"):
        assert lines_with(table(markdown, number), "| ari | 52.0 ± – | 1 of 20 |")
    assert lines_with(table(markdown, "4"), "| 54.3 ± 2.1 | 58.6 | 54.8 |")


def test_a_mean_not_reached_gets_one_line_with_both_numbers_and_the_words(
    ledger, record, pages, monkeypatch
):
    monkeypatch.setattr(notes, "tried", lambda experiment: "twice as many epochs.")
    ledger.append(record(metrics=scores(0.50)))
    markdown, page = pages()
    [line] = not_reached(markdown).strip().splitlines()
    assert line == (
        "- usps, cm random, 150 epochs, reference, ari (table 1, 4, 11): 50.0 ± – over 1 of 20 "
        "runs, against 54.3 ± 2.1 published; the bar is 52.2. Tried: twice as many epochs."
    )
    assert "twice as many epochs." in page


def test_a_mean_not_reached_without_words_says_so(ledger, record, pages, monkeypatch):
    monkeypatch.setattr(notes, "tried", lambda experiment: "")
    ledger.append(record(metrics=scores(0.50)))
    assert "Tried: nothing is noted yet." in not_reached(pages()[0])


def test_reference_and_practical_runs_never_share_a_row(ledger, record, experiment, pages):
    settings = {**dict(experiment().settings), "batch_size": 256}
    practical = dataclasses.replace(
        experiment(), profile="practical", seeds=(0, 1), settings=settings
    )
    ledger.append(record(metrics=scores(0.40)))
    ledger.append(record(practical, metrics=scores(0.60)))
    markdown, page = pages()
    shown = table(markdown, "11")
    assert lines_with(shown, "| reference | ari | 40.0 ± – | 1 of 20 |")
    assert lines_with(shown, "| practical (batch_size=256) | ari | 60.0 ± – | 1 of 1 |")
    assert "batch_size=256" in page


def test_runs_of_another_length_get_a_row_of_their_own(ledger, record, experiment, pages):
    longer = dataclasses.replace(experiment("mnist", "aecm", "random", table="table15"), epochs=300)
    ledger.append(record(longer, metrics=scores(0.70)))
    shown = table(pages()[0], "5")
    assert lines_with(shown, "| aecm | random | 300 | reference | ari | 70.0 ± – |")
    assert lines_with(shown, "| aecm | random | 150 | reference | ari | – | 0 of 20 |")


def test_rows_that_differ_in_a_setting_alone_name_it(pages):
    markdown, page = pages()
    lines = lines_with(table(markdown, "figure3"), "| cluster_information |")
    weights = [f"reference (gaussian_weight={weight})" for weight in (1, 5, 20, 200)]
    assert all(lines_with("\n".join(lines), weight) for weight in weights)
    assert "gaussian_weight=200" in page


def test_a_table_of_variants_tells_each_by_what_it_changes(ledger, record, pages):
    searched = PAPERS["mixae"].rows(PAPERS["mixae"].table("schedule"))[:2]
    entropies = {"sample_entropy": 0.05, "batch_entropy": 2.25}
    for row, error in zip(searched, (13.25, 12.5), strict=True):
        run = record(row, metrics={**scores(0.5), **entropies}, cluster_sizes=[7, 0, 0, 3])
        ledger.append({**run, "loss_terms": {"reconstruction": error}})
    markdown, page = pages()
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
    markdown, page = pages()
    assert lines_with(table(markdown, "11"), "| ari | 53.0 ± 1.4 | 2 of 20, 2 diverged |")
    assert "2 of 20, 2 diverged" in page


def test_minutes_and_machines_are_those_of_all_runs(ledger, record, pages):
    ledger.append(record(seed=0, seconds=90))
    ledger.append(record(seed=1, seconds=60.0, cpu="Another", cores=8))
    [line] = lines_with(table(pages()[0], "4"), "| cm | random |", "2 of 20")
    assert line.endswith("| 2.5 | A processor, 2 cores; Another, 8 cores |")


def test_run_times_are_in_seconds(ledger, record, experiment, pages):
    ledger.append(record(experiment("mnist", "cm", table="table2"), seconds=80))
    assert lines_with(table(pages()[0], "2"), "| 80.0 s ± – |", "| 164.0 s ± – |", "| reached |")


def test_data_that_is_not_the_papers_is_marked(ledger, record, experiment, pages):
    ledger.append(record(experiment("rcv1_10k"), metrics=scores(0.1)))
    markdown, page = pages()
    assert lines_with(markdown, "**rcv1_10k** (10,000 documents, others than the papers'")
    assert lines_with(not_reached(markdown), "rcv1_10k", "comparable only roughly")
    assert "10,000 documents, others than the papers&#39;" in page


def test_what_is_left_out_is_said(pages):
    markdown, _ = pages()
    assert lines_with(markdown, "no data: 10x73k")
    assert lines_with(markdown, "does not have these methods: clustergan, dcn,")


def test_the_same_ledger_gives_the_same_pages(ledger, record, pages):
    ledger.append(record())
    assert pages() == pages()


def test_figures_beside_the_pages_are_shown_by_relative_link(tmp_path, pages):
    folder = tmp_path / "out" / "figures"
    folder.mkdir(parents=True)
    (folder / "aecm_8.png").write_bytes(b"")
    markdown, page = pages()
    assert "![figures/aecm_8.png](figures/aecm_8.png)" in markdown
    assert '<img src="figures/aecm_8.png"' in page


def test_captions_are_markdown_in_the_one_and_html_in_the_other(tmp_path, pages):
    folder = tmp_path / "out" / "figures"
    folder.mkdir(parents=True)
    (folder / "aecm_8.png").write_bytes(b"")
    (folder / "aecm_8.md").write_text("**Figure 8.** Toys.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    markdown, page = pages()
    assert "**Figure 8.** Toys." in markdown
    assert "| 1 | 2 |" in markdown
    assert "<p><strong>Figure 8.</strong> Toys.</p>" in page
    assert "<tr><td>1</td><td>2</td></tr>" in page
    assert "**" not in page
    assert "|---" not in page


def test_wide_tables_scroll_and_do_not_widen_the_page(ledger, record, pages):
    ledger.append(record())
    ledger.append(record(seed=1))
    _, page = pages()
    assert page.count("<table>") == page.count('<div class="scroll"><table>') > 20


def test_both_pages_begin_with_the_cells_that_are_reached(ledger, record, pages):
    ledger.append(record(metrics=scores(0.54)))
    for text in pages():
        head = text.split("Scores are percent")[0]
        assert "0 of 113 published cells are reached by 5 seeds or more; 0 without rows" in head
        assert "cifar10 (comes in no file" in head


def test_the_page_closes_every_tag_and_escapes_text(ledger, record, pages):
    ledger.append(record(cpu="<script>"))
    _, page = pages()
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
