import subprocess
import sys
import types

import pytest

import reproduce
from reproduce.cli import main, parse_seeds
from reproduce.experiments import PAPERS
from reproduce.ledger import Ledger

HELP = """
import sys, time
from reproduce.cli import main
try:
    main({arguments})
except SystemExit as stop:
    assert stop.code == 0
assert time.process_time() < 1, time.process_time()
heavy = {{"tensorflow", "keras", "keras_tuner", "sklearn", "matplotlib", "jinja2"}}
heavy &= set(sys.modules)
assert not heavy, heavy
"""


@pytest.fixture
def calls(monkeypatch):
    """Stand in for the modules that train and draw; the list holds what they were given."""
    made = []

    def stand_in(name, **functions):
        module = types.SimpleNamespace(**functions)
        monkeypatch.setitem(sys.modules, f"reproduce.{name}", module)
        monkeypatch.setattr(reproduce, name, module, raising=False)

    def run(selection, ledger, *, work_dir, jobs, data_dir):
        made.append((selection, ledger, work_dir, jobs, data_dir))

    def draw(paper, number, *, ledger, out_dir, work_dir, data_dir, scale):
        made.append((paper, number, out_dir, scale))
        return out_dir / f"{paper}_{number}.png"

    stand_in("runner", run=run)
    stand_in("figures", draw=draw)
    return made


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("0-19", tuple(range(20))),
        ("0,2,5", (0, 2, 5)),
        ("7", (7,)),
        ("0-2,7, 9-10", (0, 1, 2, 7, 9, 10)),
        ("5,5,4", (4, 5)),
        ("3-3", (3,)),
    ],
)
def test_seeds_are_numbers_and_ranges(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3-1", "-1", "1-", "0..3", "1,,2", "1.5"])
def test_other_seeds_are_a_mistake(text, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["run", "4", f"--seeds={text}"])
    assert stop.value.code == 2
    assert "must be numbers and rising ranges" in capsys.readouterr().err


def test_seeds_above_every_declared_one_are_a_mistake_and_not_counted_one_by_one(capsys):
    with pytest.raises(SystemExit):
        main(["run", "4", "--seeds", f"0-{10**15}"])
    assert "must be at most 9999" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["-1", "x", "1.5", str(2**31)])
def test_a_seed_of_a_search_is_a_count(text, capsys):
    with pytest.raises(SystemExit):
        main(["tune", "cm", "iris", f"--seed={text}"])
    assert "must be an integer of at least 0 and below 2**31" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        "list --ledger {folder}",
        "run 9 --dataset iris --method igmm --ledger {folder}",
        "run 9 --dataset iris --method igmm --seeds 0 --ledger {new} --work {file}",
        "run 9 --dataset iris --method igmm --seeds 0 --ledger {file}/ledger.jsonl",
        "report --ledger {new} --out {file}",
        "figure aecm 3 --ledger {new} --out {file}",
    ],
)
def test_a_place_that_is_of_another_kind_is_named_before_any_work(command, tmp_path, capsys):
    places = {"folder": tmp_path, "file": tmp_path / "a_file", "new": tmp_path / "new.jsonl"}
    places["file"].touch()
    assert main(command.format(**places).split()) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("reproduce: ")
    assert str(places["folder"]) in line


def test_a_reader_that_has_seen_enough_ends_the_list_without_a_word():
    command = [sys.executable, "-m", "reproduce", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize("option", ["--epochs", "--jobs"])
@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5"])
def test_counts_are_positive(option, text, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["run", "4", f"{option}={text}"])
    assert stop.value.code == 2
    assert "must be a positive integer" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["run", "--help"],
        ["practical", "--help"],
        ["tune", "--help"],
        ["list"],
        ["list", "15"],
    ],
)
def test_help_and_list_answer_without_heavy_imports(arguments):
    script = HELP.format(arguments=arguments)
    finished = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout


def test_the_module_is_a_command():
    finished = subprocess.run(
        [sys.executable, "-m", "reproduce", "list", "nine"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 2
    assert finished.stderr.startswith("reproduce: the paper aecm declares table1")
    assert "Traceback" not in finished.stderr


def test_run_gives_the_runner_what_the_ledger_lacks(ledger, record, calls, tmp_path):
    ledger.append(record(seed=1))
    command = "run table1 --dataset usps --method cm --init random --seeds 0-2 --jobs 2"
    places = ["--ledger", str(ledger.path), "--work", str(tmp_path), "--data-dir", "data"]
    assert main([*command.split(), *places]) == 0
    [(selection, given, work_dir, jobs, data_dir)] = calls
    [(row, seeds)] = selection
    assert (row.table, row.dataset, row.method, seeds) == ("table11", "usps", "cm", (0, 2))
    assert isinstance(given, Ledger)
    assert given.path == ledger.path
    assert (work_dir, jobs, str(data_dir)) == (tmp_path, 2, "data")


def test_practical_gives_the_runner_what_the_ledger_lacks_of_data_that_are_there(
    ledger, record, calls, tmp_path, capsys
):
    rows = PAPERS["practical"].experiments
    [done] = [row for row in rows if (row.dataset, row.method) == ("wine", "kmeans")]
    ledger.append(record(done, seed=1))
    command = "practical --dataset wine usps --method kmeans --seeds 0-1 --jobs 2"
    folder = tmp_path / "empty"
    folder.mkdir()
    places = ["--ledger", str(ledger.path), "--work", str(tmp_path), "--data-dir", str(folder)]
    assert main([*command.split(), *places]) == 0
    [(selection, _, work_dir, jobs, _)] = calls
    assert [(row.dataset, row.method, seeds) for row, seeds in selection] == [
        ("wine", "kmeans", (0,))
    ]
    assert (work_dir, jobs) == (tmp_path, 2)
    told = capsys.readouterr()
    assert "reproduce: skipped: No data for 'usps'" in told.err
    assert "Runs to do: 1; " in told.out


def test_run_to_bundle_writes_what_the_ledger_lacks(ledger, record, calls, monkeypatch):
    written = []
    monkeypatch.setattr(
        "reproduce.bundles.write", lambda *given, **options: written.append((given, options))
    )
    ledger.append(record(seed=1))
    row = "--dataset usps --method cm --init random --epochs 150 --seeds 0-2"
    command = f"run 11 {row} --ledger {ledger.path}".split()
    for options, folder in ([], ".reproduce/bundles"), (["one", "--with-data"], "one"):
        main([*command, "--to-bundle", *options])
        ([(_, seeds)], given, _), kept = written.pop()
        assert seeds == (0, 2)
        assert str(given) == folder
        assert kept["with_data"] == ("--with-data" in options)
    assert calls == []


def test_options_may_be_given_several_times_or_several_values(ledger, calls):
    common = ["run", "4", "--seeds", "0", "--ledger", str(ledger.path)]
    main([*common, "--dataset", "usps", "--dataset", "mnist"])
    main([*common, "--dataset", "usps", "mnist"])
    first, second = (call[0] for call in calls)
    assert first == second
    assert {row.dataset for row, _ in first} == {"usps", "mnist"}


def test_run_with_nothing_left_to_do_does_not_start_the_runner(ledger, record, calls, capsys):
    ledger.append(record(seed=0))
    command = f"run 4 --dataset usps --init random --seeds 0 --ledger {ledger.path}"
    assert main(command.split()) == 0
    assert calls == []
    assert f"Runs to do: 0; in {ledger.path}: 1 of 1\n" in capsys.readouterr().out


def test_run_leaves_what_diverged_alone_unless_asked(ledger, record, diverged, calls, capsys):
    ledger.append(record(seed=0))
    ledger.append(diverged(seed=1))
    command = f"run 4 --dataset usps --init random --seeds 0-2 --ledger {ledger.path}".split()
    assert main(command) == 0
    assert f"Runs to do: 1; in {ledger.path}: 1 of 3, 1 diverged\n" in capsys.readouterr().out
    assert main([*command, "--retry-diverged"]) == 0
    assert "Runs to do: 2" in capsys.readouterr().out
    assert [seeds for [(_, seeds)] in (call[0] for call in calls)] == [(2,), (1, 2)]
    assert main(["list", "4", "--ledger", str(ledger.path)]) == 0
    assert "1 of 20, 1 diverged" in capsys.readouterr().out


def test_run_tells_by_its_status_that_a_run_failed(ledger, calls):
    sys.modules["reproduce.runner"].run = lambda *arguments, **options: 1
    assert main(["run", "4", "--ledger", str(ledger.path)]) == 1


def test_data_that_are_nowhere_end_the_run_with_a_message(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TFCLUST_DATA_DIR", str(tmp_path))
    rows = ["--dataset", "pendigits", "--method", "cm", "--seeds", "0"]
    places = ["--ledger", str(tmp_path / "ledger.jsonl"), "--work", str(tmp_path / "work")]
    assert main(["run", "table11", *rows, *places]) == 2
    assert "reproduce: No data for 'pendigits'" in capsys.readouterr().err
    assert not (tmp_path / "ledger.jsonl").exists()


def test_an_interrupt_ends_without_a_traceback(ledger, calls, capsys):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    sys.modules["reproduce.runner"].run = interrupt
    assert main(["run", "4", "--ledger", str(ledger.path)]) == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_list_shows_how_many_seeds_are_done(ledger, record, capsys):
    ledger.append(record(seed=0))
    ledger.append(record(seed=3))
    assert main(["list", "--ledger", str(ledger.path)]) == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "aecm table11 2 of 1120" in listed
    assert "mixae table2 0 of " in listed
    assert main(["list", "--paper", "mixae", "--ledger", str(ledger.path)]) == 0
    assert "aecm" not in capsys.readouterr().out
    assert main(["list", "4", "--ledger", str(ledger.path)]) == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if "2 of 20" in line]
    assert line.split() == ["usps", "cm", "random", "150", "reference", "2", "of", "20"]


def test_report_writes_the_pages_where_it_is_told_and_says_which_to_read_first(
    ledger, record, tmp_path, capsys
):
    ledger.append(record())
    out = tmp_path / "out"
    assert main(["report", "--ledger", str(ledger.path), "--out", str(out)]) == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first == f"{out / 'RESULTS.md'}  (read this first)"
    assert second == str(out / "results.html")
    assert (out / "RESULTS.md").is_file()


def test_figure_is_drawn_where_it_is_told(ledger, calls, tmp_path, capsys):
    assert main(["figure", "aecm", "8", "--out", str(tmp_path), "--scale", "paper"]) == 0
    assert calls == [("aecm", 8, tmp_path, "paper")]
    assert capsys.readouterr().out.strip() == str(tmp_path / "aecm_8.png")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("run 99", "table '99'"),
        ("run 4 --dataset usp", "Received: 'usp'"),
        ("run 4 --method aecm", "Received: 'aecm'"),
        ("run 9 --seeds 0-12", "Received: 10, 11, 12"),
        ("run 4 --profile practical", "Received: 'practical'"),
        ("list 99", "table '99'"),
        ("figure aecm 2", "Received: figure 2"),
    ],
)
def test_a_mistake_gives_a_message_and_status_2(command, message, calls, capsys):
    assert main(command.split()) == 2
    assert message in capsys.readouterr().err
    assert calls == []


@pytest.mark.parametrize("command", ["list", "run 4", "report"])
def test_a_damaged_ledger_stops_every_command_with_the_line(command, ledger, damage, calls, capsys):
    damage(b'{"paper"')
    assert main([*command.split(), "--ledger", str(ledger.path)]) == 2
    assert f"{ledger.path}:3: " in capsys.readouterr().err
    assert calls == []
