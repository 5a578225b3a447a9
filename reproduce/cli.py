"""The command line of the experiments: list, run, practical, collect, report, figure, tune."""

from __future__ import annotations

import argparse
import functools
import importlib
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from reproduce import bundles, devices, searches
from reproduce.data import look_for
from reproduce.errors import UserError
from reproduce.experiment import PROFILES, Experiment
from reproduce.experiments import PAPERS
from reproduce.ledger import Ledger, ends_of
from reproduce.paper import Paper
from reproduce.report.reached import REACHED, REASONS, Reached, count_reached, summary
from reproduce.selection import Selection, count, pending, select
from tfclust.recipes import RECIPES
from tfclust.startup import start_tensorflow
from tfclust.tuning import ALGORITHMS, OBJECTIVES

RESULTS = Path(__file__).parent / "results"
_DEFAULT_PAPER = "aecm"
_LARGEST_SEED = 9999


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 for a failed run, 2 for a user's mistake."""
    arguments = _parser().parse_args(argv)
    try:
        status = arguments.command(arguments)
        sys.stdout.flush()  # here, where a reader that has gone away is no error
        return status
    except UserError as error:
        print(f"reproduce: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("reproduce: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # of a file or a folder that was named, and is in the text
        print(f"reproduce: {error}", file=sys.stderr)
        return 2


def _list(arguments: argparse.Namespace) -> int:
    ledger = Ledger(arguments.ledger)
    if arguments.table is None:
        papers = PAPERS.values() if arguments.paper is None else [PAPERS[arguments.paper]]
        _list_tables(papers, ledger, arguments.bundles)
    else:
        paper = PAPERS[arguments.paper or _DEFAULT_PAPER]
        _list_rows(paper.rows(paper.table(arguments.table)), ledger)
    return 0


def _list_tables(papers: Iterable[Paper], ledger: Ledger, folder: Path) -> None:
    records = ledger.records()
    ends = ends_of(records)
    heads = ("paper", "table", "runs done", "cells", REACHED, *REASONS, "title")
    lines, damaged, counts = [heads], [], []
    try:
        counts = count_reached(records, bundles.ready(folder))
    except UserError as error:  # a search or a bundle; what needs none is told all the same
        damaged.append(str(error))
    reached = {(count.paper, count.table.name): count for count in counts}
    for paper in papers:
        for table in paper.tables:
            try:
                done = _progress(_with_all_seeds(paper.rows(table)), *ends)
            except UserError as error:
                done = "?"
                damaged.append(str(error))
            cells = _cells(reached.get((paper.name, table.name)))
            lines.append((paper.name, table.name, done, *cells, table.title))
    _print_columns(lines)
    for error in dict.fromkeys(damaged):
        print(f"reproduce: {error}", file=sys.stderr)
    if counts:
        print(summary(counts))


def _cells(reached: Reached | None) -> tuple[str, ...]:
    """The published cells of a table, and what became of them; "-" where none is counted."""
    outcomes = (REACHED, *REASONS)
    if reached is None:
        return ("-",) * (1 + len(outcomes))
    return str(len(reached.cells)), *(str(reached.outcomes[outcome]) for outcome in outcomes)


def _list_rows(rows: Sequence[Experiment], ledger: Ledger) -> None:
    ends = ledger.ends()
    lines = [("dataset", "method", "init", "epochs", "profile", "seeds done")]
    for row in rows:
        names = row.dataset, row.method, row.init or "-", str(row.epochs), row.profile
        lines.append((*names, _progress(_with_all_seeds([row]), *ends)))
    _print_columns(lines)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.device is not None and arguments.to_bundle is not None:
        raise UserError(
            "a run is trained here or elsewhere. "
            f"Received: --device {arguments.device} --to-bundle {arguments.to_bundle}"
        )
    if arguments.with_data and arguments.to_bundle is None:
        raise UserError("data travel with a bundle: give `--to-bundle` too. Received: --with-data")
    selection = select(
        PAPERS[arguments.paper],
        arguments.table,
        datasets=arguments.dataset,
        methods=arguments.method,
        inits=arguments.init,
        profile=arguments.profile,
        epochs=arguments.epochs,
        seeds=arguments.seeds,
    )
    return _run_lacking(selection, arguments)


def _practical(arguments: argparse.Namespace) -> int:
    paper = PAPERS["practical"]
    [table] = paper.tables
    selection = select(
        paper,
        table.name,
        datasets=arguments.dataset,
        methods=arguments.method,
        profile="practical",
        seeds=arguments.seeds,
    )
    missing = set()
    for dataset in dict.fromkeys(row.dataset for row, _ in selection):
        try:
            look_for([dataset], arguments.data_dir)
        except UserError as error:
            missing.add(dataset)
            print(f"reproduce: skipped: {error}", file=sys.stderr)
    there = [(row, seeds) for row, seeds in selection if row.dataset not in missing]
    return _run_lacking(there, arguments)


def _run_lacking(selection: Selection, arguments: argparse.Namespace) -> int:
    ledger = Ledger(arguments.ledger)
    finished, diverged = ledger.ends()
    lacking = pending(selection, finished if arguments.retry_diverged else finished | diverged)
    progress = _progress(selection, finished, diverged)
    print(f"Runs to do: {count(lacking)}; in {ledger.path}: {progress}")
    if not lacking:
        return 0
    if arguments.to_bundle is not None:
        failed = bundles.write(
            lacking,
            arguments.to_bundle,
            ledger,
            work_dir=arguments.work,
            jobs=arguments.jobs,
            data_dir=arguments.data_dir,
            with_data=arguments.with_data,
        )
        return 1 if failed else 0
    # Imported here, as the modules below are, so that help answers at once.
    runner = importlib.import_module("reproduce.runner")
    run = runner.run
    if arguments.device is not None:
        run = functools.partial(devices.run, device=arguments.device)
    failed = run(
        lacking,
        ledger,
        work_dir=arguments.work,
        jobs=arguments.jobs,
        data_dir=arguments.data_dir,
    )
    return 1 if failed else 0


def _collect(arguments: argparse.Namespace) -> int:
    failed = bundles.collect(
        arguments.folder,
        Ledger(arguments.ledger),
        work_dir=arguments.work,
        data_dir=arguments.data_dir,
    )
    return 1 if failed else 0


def _report(arguments: argparse.Namespace) -> int:
    pages = importlib.import_module("reproduce.report.pages")
    bundled = bundles.ready(arguments.bundles)
    first, *others = pages.write(Ledger(arguments.ledger), arguments.out, bundled)
    print(f"{first}  (read this first)", *others, sep="\n")
    return 0


def _figure(arguments: argparse.Namespace) -> int:
    known = PAPERS[arguments.paper].figures
    if arguments.number not in known:
        raise UserError(
            f"the paper {arguments.paper} declares the figures {', '.join(map(str, known))}. "
            f"Received: figure {arguments.number}"
        )
    figures = importlib.import_module("reproduce.figures")
    path = figures.draw(
        arguments.paper,
        arguments.number,
        ledger=Ledger(arguments.ledger),
        out_dir=arguments.out,
        work_dir=arguments.work,
        data_dir=arguments.data_dir,
        scale=arguments.scale,
    )
    print(path)
    return 0


def _tune(arguments: argparse.Namespace) -> int:
    searches.experiment(arguments.method, arguments.dataset)
    look_for([arguments.dataset], arguments.data_dir)
    start_tensorflow()  # not before: what can be refused is refused at once
    tune = importlib.import_module("reproduce.tune")
    paths = tune.run(
        arguments.method,
        arguments.dataset,
        arguments.objective,
        out_dir=arguments.out,
        work_dir=arguments.work,
        data_dir=arguments.data_dir,
        algorithm=arguments.algorithm,
        seed=arguments.seed,
        supervised=arguments.supervised,
        max_trials=arguments.trials,
        seeds_per_trial=arguments.seeds_per_trial,
        epochs=arguments.epochs,
        rows=arguments.rows,
    )
    for path in paths:
        print(path)
    return 0


def _progress(selection: Selection, finished: set[tuple], diverged: set[tuple]) -> str:
    """How many runs of a selection are done, and how many diverged, in words."""
    total = count(selection)
    text = f"{total - count(pending(selection, finished))} of {total}"
    lost = total - count(pending(selection, diverged))
    return f"{text}, {lost} diverged" if lost else text


def _with_all_seeds(rows: Iterable[Experiment]) -> Selection:
    return [(row, row.seeds) for row in rows]


def _print_columns(lines: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print(
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reproduce", description="Run the papers' experiments and set them beside the papers."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = _command(commands, "list", _list, "show what is declared and how much of it is done")
    listing.add_argument("table", nargs="?", help="a table, such as table11 or 11; all if left out")
    listing.add_argument(
        "--paper", choices=PAPERS, help=f"default: every paper; of a table, {_DEFAULT_PAPER}"
    )

    _add_bundles(listing)

    run = _command(commands, "run", _run, "run what the ledger lacks of a table")
    run.add_argument("table", help="a table, such as table11 or 11")
    _add_paper(run)
    _add_selection(run)
    run.add_argument(
        "--init",
        nargs="+",
        action="extend",
        default=[],
        metavar="I",
        help="only these initializations",
    )
    run.add_argument("--profile", choices=PROFILES, default="reference", help="default: reference")
    run.add_argument(
        "--epochs", type=_positive, help="only rows of this length, or run this length"
    )
    run.add_argument(
        "--to-bundle",
        type=Path,
        nargs="?",
        const=bundles.FOLDER,
        metavar="FOLDER",
        help="write the trainings for another machine in place of doing them; "
        "default folder: %(const)s",
    )
    run.add_argument(
        "--with-data", action="store_true", help="the data travel in the bundle's folder"
    )
    _add_device(run)
    _add_places(run)

    practical = _command(
        commands, "practical", _practical, "run what the ledger lacks of the leaderboard"
    )
    practical.set_defaults(to_bundle=None)  # its seconds are those of this machine
    _add_selection(practical)
    _add_device(practical)
    _add_places(practical)

    collect = _command(commands, "collect", _collect, "record the runs that were trained elsewhere")
    collect.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=bundles.FOLDER,
        help="that of `run --to-bundle`; default: %(default)s",
    )
    _add_places(collect)

    report = _command(commands, "report", _report, "write the ledger's results beside the papers'")
    report.add_argument("--out", type=Path, default=RESULTS, help="folder; default: %(default)s")
    _add_bundles(report)

    figure = _command(commands, "figure", _figure, "draw a figure of a paper")
    figure.add_argument("paper", choices=PAPERS)
    figure.add_argument("number", type=int, help="number of the figure")
    figure.add_argument(
        "--scale",
        choices=("small", "paper"),
        default="small",
        help="small takes minutes and says what it leaves out, paper has the paper's settings and "
        "takes days for some figures; default: %(default)s",
    )
    figure.add_argument(
        "--out", type=Path, default=RESULTS / "figures", help="folder; default: %(default)s"
    )
    _add_places(figure)

    tune = _command(commands, "tune", _tune, "search settings by a criterion without labels")
    tune.add_argument("method", choices=RECIPES)
    tune.add_argument("dataset", help="a dataset of the method's experiments, such as pendigits")
    tune.add_argument(
        "--objective", choices=OBJECTIVES, default="stability", help="default: %(default)s"
    )
    tune.add_argument(
        "--supervised", action="store_true", help="allow an objective that reads the labels"
    )
    tune.add_argument(
        "--algorithm", choices=ALGORITHMS, default="bayesian", help="default: %(default)s"
    )
    for name, what in (
        ("trials", "settings to try"),
        ("seeds-per-trial", "runs of each"),
        ("epochs", "epochs of a run"),
        ("rows", "rows of the data, drawn by a fixed seed"),
    ):
        tune.add_argument(f"--{name}", type=_positive, help=f"{what}; default: as declared")
    tune.add_argument("--seed", type=_count, default=0, help="of the search; default: %(default)s")
    tune.add_argument("--out", type=Path, default=RESULTS, help="folder; default: %(default)s")
    _add_places(tune)
    return parser


def _command(commands, name: str, function, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text.capitalize() + ".")
    parser.set_defaults(command=function)
    parser.add_argument(
        "--ledger",
        type=Path,
        default=RESULTS / "ledger.jsonl",
        help="the record of finished runs; default: %(default)s",
    )
    return parser


def _add_paper(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--paper", choices=PAPERS, default=_DEFAULT_PAPER, help="default: %(default)s"
    )


def _add_selection(parser: argparse.ArgumentParser) -> None:
    for name, metavar in (("dataset", "D"), ("method", "M")):
        parser.add_argument(
            f"--{name}",
            nargs="+",
            action="extend",
            default=[],
            metavar=metavar,
            help=f"only these {name}s",
        )
    parser.add_argument("--seeds", type=parse_seeds, default=(), help="such as 0-19 or 0,2,5")
    parser.add_argument(
        "--retry-diverged", action="store_true", help="run again what the ledger has as diverged"
    )
    parser.add_argument("--jobs", type=_positive, default=1, help="runs at a time; default: 1")


def _add_bundles(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bundles",
        type=Path,
        default=bundles.FOLDER,
        metavar="FOLDER",
        help="that of `run --to-bundle`; default: %(default)s",
    )


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        metavar="NAME",
        help='device of JAX that trains networks, such as "gpu"; default: TensorFlow trains',
    )


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir", type=Path, help="folder of the data; default: $TFCLUST_DATA_DIR"
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(".reproduce"),
        help="folder of the checkpoints; default: %(default)s",
    )


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read seeds such as `0-19`, `0,2,5` or `0-4,7` into a sorted tuple without repeats."""
    seeds = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        if match is None or (match[2] is not None and int(match[2]) < int(match[1])):
            raise argparse.ArgumentTypeError(
                f"must be numbers and rising ranges, such as 0-19 or 0,2,5. Received: {text!r}"
            )
        first, last = int(match[1]), int(match[1] if match[2] is None else match[2])
        if last > _LARGEST_SEED:
            raise argparse.ArgumentTypeError(
                f"must be at most {_LARGEST_SEED}, above every declared one. Received: {text!r}"
            )
        seeds.update(range(first, last + 1))
    return tuple(sorted(seeds))


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer. Received: {text!r}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(
            f"must be an integer of at least 0 and below 2**31. Received: {text!r}"
        )
    return int(text)
