"""The report: our figures beside the papers', cell by cell, as Markdown and HTML."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from reproduce import published
from reproduce.experiment import Experiment
from reproduce.experiments import PAPERS
from reproduce.figures import caption
from reproduce.ledger import Ledger, run_key
from reproduce.paper import Paper
from reproduce.report import label_free, notes
from reproduce.report.comparison import ENTROPIES, LOSS_TERMS, RUNTIME, Comparison
from reproduce.report.markdown import to_html
from reproduce.report.reached import NOT_COUNTED, REACHED, REASONS, count_reached, summary
from reproduce.report.row import Row
from reproduce.report.search_view import SearchView
from reproduce.search_record import SearchRecord
from reproduce.search_record import records as search_records
from reproduce.table import Table

VERDICTS = ("reached", "not reached", "no run yet", "no published figure", "no goal")
TEMPLATES = {"RESULTS.md": "results.md.j2", "results.html": "results.html.j2"}
ABSENT = "–"


def write(ledger: Ledger, out_dir: str | os.PathLike) -> list[Path]:
    """Write `RESULTS.md` and `results.html`, and return their paths.

    Every declared row is shown, and every other group of runs that the ledger holds, each on a row
    of its own. The pages depend on nothing but the ledger, the published figures, the notes, the
    searches in `out_dir/searches` and the pictures in `out_dir/figures`, so the same ledger gives
    the same pages.

    Args:
        ledger: The finished runs.
        out_dir: Folder of the two pages; created if it does not exist.

    Raises:
        LedgerError: If the ledger is damaged; nothing is written then.
        UserError: If the record of a search is.

    Example:
        >>> import tempfile
        >>> from reproduce.report import pages
        >>> from reproduce.ledger import Ledger
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     [path.name for path in pages.write(Ledger("no_such_ledger.jsonl"), folder)]
        ['RESULTS.md', 'results.html']
    """
    out_dir = Path(out_dir)
    records = ledger.records()
    figures = sorted((out_dir / "figures").glob("*.png"))
    searches = search_records(out_dir / "searches")
    counts = count_reached(records)
    context = {
        "papers": [_paper_view(paper, records, searches) for paper in PAPERS.values()],
        "figures": [(path.relative_to(out_dir).as_posix(), caption(path)) for path in figures],
        "verdicts": VERDICTS,
        "caveats": published.CAVEATS,
        "reached": counts,
        "reached_in_all": summary(counts),
        "outcomes": (REACHED, *REASONS),
        "not_counted": NOT_COUNTED,
    }
    out_dir.mkdir(parents=True, exist_ok=True)
    environment = _environment()
    paths = []
    for name, template in TEMPLATES.items():
        path = out_dir / name
        path.write_text(environment.get_template(template).render(context), encoding="utf-8")
        paths.append(path)
    return paths


@dataclass(frozen=True)
class _TableView:
    table: Table
    rows: tuple[Row, ...]

    @property
    def datasets(self) -> Mapping[str, list[Row]]:
        groups = defaultdict(list)
        for row in self.rows:
            groups[row.experiment.dataset].append(row)
        return groups

    @property
    def choices(self) -> list[label_free.LabelFreeChoice]:
        return label_free.label_free_choices(self.rows)

    @property
    def counts(self) -> Counter:
        return Counter(cell.verdict for row in self.rows for cell in row.comparisons)


def _paper_view(
    paper: Paper, records: Sequence[Mapping[str, Any]], searches: Sequence[SearchRecord]
) -> dict[str, Any]:
    groups = defaultdict(list)
    for record in records:
        if record["paper"] == paper.name:
            groups[run_key(record)[:-1]].append(record)
    declared = {table.name: paper.rows(table) for table in paper.tables}
    others = _undeclared([*paper.experiments, *chain(*declared.values())], groups)
    views = [_table_view(table, declared[table.name], groups, others) for table in paper.tables]
    views = [view for view in views if view.rows]  # without a search, nothing was searched
    methods = {experiment.method for experiment in paper.experiments}
    rows = [row for view in views for row in view.rows]
    choices = [choice for view in views for choice in view.choices]
    columns = label_free.columns(choices)
    return {
        "paper": paper,
        "views": views,
        "not_reached": _not_reached(views),
        "left_out": sorted(_published_methods(paper) - methods),
        "columns": columns,
        "not_recorded": label_free.not_recorded(columns),
        "beaten": _beaten(choices, rows),
        "searches": [
            SearchView.of(search, rows) for search in searches if search.paper == paper.name
        ],
    }


def _undeclared(declared: Sequence[Experiment], groups: Mapping[tuple, list]) -> list[Experiment]:
    """Rebuild the experiments of the ledger that no declaration stands for."""
    known = {experiment.identity for experiment in declared}
    return [
        Experiment.from_config(
            group[0]["config"], seeds=sorted({record["seed"] for record in group})
        )
        for identity, group in groups.items()
        if identity not in known
    ]


def _table_view(
    table: Table,
    declared: Sequence[Experiment],
    groups: Mapping[tuple, list],
    others: Sequence[Experiment],
) -> _TableView:
    rows = [
        Row.of(
            table,
            experiment,
            groups.get(experiment.identity, []),
            _deviation(experiment, declared)
            if experiment.profile == "practical" or table.variants
            else _distinction(experiment, declared),
        )
        for experiment in declared
    ]
    rows += [
        Row.of(table, other, groups[other.identity], _deviation(other, declared))
        for other in others
        if table.shows(other)
    ]
    return _TableView(table, tuple(rows))


def _distinction(experiment: Experiment, declared: Sequence[Experiment]) -> str:
    """Name the settings that tell a row from those of the same table that share its label."""
    own = dict(experiment.settings)
    twins = [dict(other.settings) for other in declared if _label(other) == _label(experiment)]
    return ", ".join(
        f"{name}={own[name]}" for name in own if any(twin.get(name) != own[name] for twin in twins)
    )


def _label(experiment: Experiment) -> tuple:
    return experiment.identity[:-1]


def _deviation(other: Experiment, declared: Sequence[Experiment]) -> str:
    """Name the settings in which a row differs from the paper's, or else the first declared."""
    model = next(
        (
            experiment
            for experiment in declared
            if (experiment.dataset, experiment.method, experiment.init)
            == (other.dataset, other.method, other.init)
        ),
        None,
    )
    if model is None:
        return ""
    before, after = dict(model.settings), dict(other.settings)
    return ", ".join(
        f"{name}={after.get(name, 'unset')}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def _beaten(
    choices: Sequence[label_free.LabelFreeChoice], rows: Sequence[Row]
) -> dict[str, dict[str, tuple[int, int]]]:
    """Count by method how often a criterion's pick beats the mean; `"paper"` is the paper's own."""
    methods = dict.fromkeys(choice.row.experiment.method for choice in choices)
    return {
        method: {
            **label_free.beaten([c for c in choices if c.row.experiment.method == method]),
            "paper": label_free.beaten_in_print(
                [row for row in rows if row.experiment.method == method]
            ),
        }
        for method in methods
    }


def _not_reached(views: Sequence[_TableView]) -> list[dict[str, Any]]:
    """Collect the cells not reached; one that several tables print appears once, with all."""
    lines: dict[tuple, dict[str, Any]] = {}
    for view in views:
        for row in view.rows:
            for cell in row.comparisons:
                if cell.verdict != "not reached":
                    continue
                figures = _shown(cell.paper_mean, cell.metric), _shown(cell.paper_std, cell.metric)
                line = lines.setdefault(
                    (row.experiment.identity, cell.metric, *figures),
                    {"row": row, "cell": cell, "tables": [], "tried": notes.tried(row.experiment)},
                )
                line["tables"].append(view.table.number)
    return list(lines.values())


def _published_methods(paper: Paper) -> set[str]:
    tables = {table.name for table in paper.tables}
    return {key[3] for key in published.load() if key[0] == paper.name and key[1] in tables}


def _environment():
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        shown=_shown,
        ours=_ours,
        paper=_paper,
        minutes=_minutes,
        slug=_slug,
        picked=_picked,
        share=_share,
        settings=_settings,
        correlation=_correlation,
        markdown=to_html,
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


def _ours(cell: Comparison) -> str:
    return _spread(cell.mean, cell.std, cell.metric)


def _paper(cell: Comparison) -> str:
    return _spread(cell.paper_mean, cell.paper_std, cell.metric)


def _spread(mean: float | None, std: float | None, metric: str) -> str:
    return ABSENT if mean is None else f"{_shown(mean, metric)} ± {_shown(std, metric)}"


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


def _correlation(value: float | None) -> str:
    return ABSENT if value is None else f"{value:+.2f}"


def _slug(text: str) -> str:
    return text.replace(" ", "-")
