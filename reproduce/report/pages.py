"""The pages of the report, in Markdown and HTML: one to read first, and one a paper behind it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from reproduce import published
from reproduce.experiments import PAPERS, practical
from reproduce.figures import caption
from reproduce.ledger import FINISHED, Ledger, run_key
from reproduce.report import label_free, overview
from reproduce.report.comparison import ENTROPIES, LOSS_TERMS, PICKS, RUNTIME, Comparison
from reproduce.report.details import details
from reproduce.report.leaderboard import Leaderboard, Standing, leaderboard
from reproduce.report.reached import (
    MANY_SEEDS,
    NOT_COMPARABLE,
    NOT_COUNTED,
    REACHED,
    REASONS,
    count_reached,
    summary,
)
from reproduce.report.row import Row
from reproduce.search_record import records as search_records
from tfclust import pages

FIRST = {"md": "RESULTS.md", "html": "results.html"}
DETAILS = "details"
VERDICTS = ("reached", "not reached", "no run yet", "no published figure", "no goal")
ABSENT = "–"


def write(
    ledger: Ledger, out_dir: str | os.PathLike, bundled: Collection[tuple] = ()
) -> list[Path]:
    """Write the pages and return their paths, first the one to read first.

    `RESULTS.md` says what is reached; `details/PAPER.md` shows every row of a paper that was run,
    `details/practical.md` the leaderboard, and `details/figures.md` the figures. Each has the same
    page in HTML beside it. The pages depend on nothing but the ledger, what is declared, published
    and bundled, the notes, the searches in `out_dir/searches` and the pictures in
    `out_dir/figures`, so the same ledger gives the same pages.

    Args:
        ledger: The finished runs.
        out_dir: Folder of the pages; created if it does not exist.
        bundled: Keys of the runs that lie in a folder of bundles, ready to be trained elsewhere.

    Raises:
        LedgerError: If the ledger is damaged; nothing is written then.
        UserError: If the record of a search is.

    Example:
        >>> import tempfile
        >>> from reproduce.ledger import Ledger
        >>> from reproduce.report.pages import write
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     paths = write(Ledger("no_such_ledger.jsonl"), folder)
        ...     [path.name for path in paths[:2]]
        ['RESULTS.md', 'results.html']
    """
    out_dir = Path(out_dir)
    records = ledger.records()
    searches = search_records(out_dir / "searches")
    figures = sorted((out_dir / "figures").glob("*.png"))
    pictures = [(path.relative_to(out_dir).as_posix(), caption(path)) for path in figures]
    environment = _environment()
    paths = []

    def add(name: str, template: str, content: Mapping[str, Any]) -> None:
        for ending in FIRST:
            path = out_dir / (f"{DETAILS}/{name}.{ending}" if name else FIRST[ending])
            paths.append(_write(environment, path, template, content))

    board = {
        "board": leaderboard(records),
        "seeds": len(practical.FIVE_RUNS),
        "declared": len(practical.DATASETS),
    }
    add("", "results.md.j2", {**_first_page(records, bundled, bool(pictures)), **board})
    for paper in PAPERS.values():
        if paper is practical.PAPER:
            add(paper.name, "leaderboard.md.j2", board)
        else:
            add(paper.name, "paper.md.j2", details(paper, records, searches))
    if pictures:
        add("figures", "figures.md.j2", {"figures": pictures})
    return paths


def _write(
    environment: jinja2.Environment, path: Path, template: str, content: Mapping[str, Any]
) -> Path:
    """Write a page, whose links lead to pages of its own kind, and return its path."""
    ending = path.suffix.removeprefix(".")
    links = {"ending": ending, "first": FIRST[ending]}
    text = environment.get_template(template).render(content, **links)
    if ending == "html":
        title = text.splitlines()[0].removeprefix("# ")
        unbroken = re.sub(" ([±/]) ", "\u00a0\\1\u00a0", text)
        body = Markup(MarkdownIt("js-default").render(unbroken))  # its HTML is escaped
        return pages.write(path, "reproduce.report", "frame.html.j2", title=title, body=body)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _first_page(
    records: Sequence[Mapping[str, Any]], bundled: Collection[tuple], has_figures: bool
) -> dict[str, Any]:
    counts = count_reached(records, bundled)
    outcomes = sum((count.outcomes for count in counts), Counter())
    finished = {run_key(record) for record in records if record["status"] == FINISHED}
    return {
        "papers": [
            (paper, [count for count in counts if count.paper == paper.name])
            for paper in PAPERS.values()
        ],
        "counts": counts,
        "summary": summary(counts),
        "outcomes": (REACHED, *REASONS),
        "sums": (
            outcomes.total(),
            *(outcomes[outcome] for outcome in (REACHED, *REASONS)),
            sum(count.without_labels for count in counts),
        ),
        "many_seeds": MANY_SEEDS,
        "picks": PICKS,
        "not_counted": NOT_COUNTED,
        "not_comparable": NOT_COMPARABLE,
        "on_other_data": sum(count.reached_on_other_data for count in counts),
        "finished": len(finished),
        "diverged": len({run_key(record) for record in records} - finished),
        "has_figures": has_figures,
    }


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reproduce.report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(verdicts=VERDICTS, caveats=published.CAVEATS)
    environment.filters.update(
        shown=_shown,
        beside=_beside,
        best=_best,
        picks=_picks,
        minutes=_minutes,
        picked=_picked,
        share=_share,
        settings=_settings,
        correlation=_correlation,
        words=lambda name: name.replace("_", " "),
        lines=overview.lines,
        guesses=overview.guesses,
        ari=_ari,
        rank=lambda rank: ABSENT if rank is None else f"{rank:.1f}",
        seconds=lambda seconds: ABSENT if seconds is None else f"{seconds:.1f}",
        standing=_standing,
    )
    return environment


def _shown(value: float | None, metric: str) -> str:
    if value is None:
        return ABSENT
    if metric in ENTROPIES:
        return f"{value:.3f} nats"
    if metric in LOSS_TERMS:
        return f"{value:.4g}"
    return f"{value:.1f} s" if metric == RUNTIME else f"{100 * value:.1f}"


def _beside(cell: Comparison, seeds: int = 1) -> str:
    """Our mean, in bold where so many seeds reach the paper's, which is in brackets."""
    ours = _spread(cell.mean, cell.std, cell.metric)
    if cell.verdict == REACHED and len(cell.values) >= seeds:
        ours = f"**{ours}**"
    if cell.paper_mean is None:
        return ours
    return f"{ours} ({_spread(cell.paper_mean, cell.paper_std, cell.metric)})"


def _best(row: Row) -> str:
    return _several(
        [(cell.best, cell.metric) for cell in row.comparisons],
        [(cell.paper_best, cell.metric) for cell in row.comparisons],
    )


def _picks(row: Row) -> str:
    return _several(
        [(cell.picked, cell.metric) for cell in row.comparisons],
        [(cell.paper_picked, cell.metric) for cell in row.comparisons],
    )


def _several(ours: Sequence[tuple], papers: Sequence[tuple]) -> str:
    """One run's values of every metric, and the paper's in brackets where it prints any."""
    text, printed = (
        " / ".join(_shown(*value) for value in values)
        if any(value is not None for value, _ in values)
        else ""
        for values in (ours, papers)
    )
    return f"{text or ABSENT} ({printed})" if printed else text or ABSENT


def _spread(mean: float | None, std: float | None, metric: str) -> str:
    if std is None:
        return _shown(mean, metric)
    value, *unit = _shown(mean, metric).split(" ")
    return " ".join([f"{value} ± {_shown(std, metric).split(' ')[0]}", *unit])


def _minutes(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.1f}"


def _picked(pick: label_free.Picked | None) -> str:
    if pick is None:
        return ABSENT
    return f"{_shown(pick.score, label_free.METRIC)} (seed {pick.seed})"


def _share(counts: tuple[int, int]) -> str:
    return f"{counts[0]} of {counts[1]}" if counts[1] else ABSENT


def _settings(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
    )


def _ari(row: Row | None) -> str:
    """ARI of a row, and of how many runs."""
    if row is None or not row.records:
        return "no run yet"
    [cell] = (cell for cell in row.comparisons if cell.metric == label_free.METRIC)
    return f"{_spread(cell.mean, cell.std, cell.metric)} ({row.runs})"


def _correlation(value: float | None) -> str:
    return ABSENT if value is None else f"{value:+.2f}"


def _standing(standing: Standing, dataset: str, metric: str, board: Leaderboard) -> str:
    """A method's mean on a set, in bold where it is the best, and of how many seeds if of few."""
    cell = standing.cell(dataset, metric)
    if cell is None:
        return "diverged" if dataset in standing.rows else ABSENT
    text = _spread(cell.mean, cell.std, metric).removesuffix(" s")
    text = f"**{text}**" if board.is_best(standing, dataset, metric) else text
    row = standing.rows[dataset]
    return text if len(row.records) == len(row.experiment.seeds) else f"{text} ({row.n})"
