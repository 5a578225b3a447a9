import json
import subprocess
import sys

import pytest

from reproduce.ledger import Ledger, LedgerError, run_key

APPENDER = """
import json, sys
from reproduce.ledger import Ledger
ledger, record = Ledger(sys.argv[1]), json.loads(sys.argv[2])
for seed in range(int(sys.argv[3]), int(sys.argv[3]) + 10):
    ledger.append({**record, "seed": seed})
"""

FIELDS = (
    *("paper", "table", "dataset", "method", "init", "profile", "seed", "epochs", "seconds"),
    *("status", "metrics", "loss_terms", "l_sp", "cluster_sizes", "config", "dataset_sha256"),
    *("versions", "commit", "cpu", "cores"),
)


def test_a_missing_ledger_has_no_records(ledger):
    assert ledger.records() == []
    assert ledger.finished() == set()


def test_an_appended_record_is_read_back_equal(ledger, record):
    ledger.append(record(l_sp=None, curve=[{"epoch": 25, "acc": 0.5}]))
    assert ledger.records() == [record(l_sp=None, curve=[{"epoch": 25, "acc": 0.5}])]


def test_a_finished_run_has_the_key_of_its_experiment(ledger, record, diverged, experiment):
    ledger.append(record(seed=7))
    ledger.append(diverged(seed=8))
    assert ledger.finished() == {experiment().key(7)}
    assert [run_key(run) for run in ledger.records()] == [experiment().key(s) for s in (7, 8)]


def test_append_never_changes_earlier_bytes(ledger, record):
    before = b""
    for seed in range(4):
        ledger.append(record(seed=seed))
        after = ledger.path.read_bytes()
        assert after.startswith(before)
        assert after.count(b"\n") == seed + 1
        before = after


def test_concurrent_appends_all_land(ledger, record):
    command = [sys.executable, "-c", APPENDER, str(ledger.path), json.dumps(record())]
    processes = [subprocess.Popen([*command, str(10 * number)]) for number in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    assert sorted(run["seed"] for run in ledger.records()) == list(range(40))


def test_a_truncated_last_line_stops_with_its_line_number(ledger, record, damage):
    damage(json.dumps(record(seed=2)).encode()[:-20])
    with pytest.raises(LedgerError, match=r"ledger\.jsonl:3: the line is cut off"):
        ledger.records()


def test_a_complete_last_line_without_its_newline_stops_too(ledger, record, damage):
    damage(json.dumps(record(seed=2)).encode())
    with pytest.raises(LedgerError, match=r"ledger\.jsonl:3: the line is cut off"):
        ledger.records()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"{]\n", "not JSON"),
        (b"\n", "not JSON"),
        (b"\xff\xfe\n", "not JSON"),
        (b"[1, 2]\n", "not a JSON object"),
        (b"{}\n", "must have the field `paper`"),
    ],
)
def test_a_malformed_line_stops_with_its_line_number(ledger, damage, line, fault):
    damage(line)
    with pytest.raises(LedgerError, match=f":3: .*{fault}"):
        ledger.finished()


def test_a_nan_in_the_file_stops_with_its_line_number(ledger, record, damage):
    damage(json.dumps(record(seed=2, l_sp=float("nan"))).encode() + b"\n")
    with pytest.raises(LedgerError, match=":3: NaN is not a number"):
        ledger.records()


def test_a_number_too_large_for_a_float_stops_with_its_line_number(ledger, record, damage):
    line = json.dumps(record(seed=2)).replace('"l_sp": 3.0', '"l_sp": 1e999')
    damage(line.encode() + b"\n")
    with pytest.raises(LedgerError, match=":3: `l_sp` must be a finite number"):
        ledger.records()


def test_a_run_that_stands_twice_in_the_file_stops_with_both_line_numbers(ledger, record, damage):
    damage(json.dumps(record(seed=0)).encode() + b"\n")
    with pytest.raises(LedgerError, match=":3: repeats the finished run of line 1"):
        ledger.records()


def test_nothing_is_appended_to_a_damaged_ledger(ledger, record, damage):
    damage(b'{"paper": "ae')
    before = ledger.path.read_bytes()
    with pytest.raises(LedgerError, match=":3: "):
        ledger.append(record(seed=5))
    assert ledger.path.read_bytes() == before


def test_a_finished_run_is_not_appended_twice(ledger, record):
    ledger.append(record(seed=0))
    before = ledger.path.read_bytes()
    with pytest.raises(LedgerError, match="recorded once"):
        ledger.append(record(seed=0, seconds=31.0))
    assert ledger.path.read_bytes() == before


def test_a_diverged_run_may_be_finished_later(ledger, record, diverged, experiment):
    ledger.append(diverged())
    assert ledger.ends() == (set(), {experiment().key(0)})
    ledger.append(record())
    assert len(ledger.records()) == 2
    assert ledger.ends() == ({experiment().key(0)}, set())


@pytest.mark.parametrize("field", FIELDS)
def test_a_record_without_a_field_is_refused(ledger, record, field):
    incomplete = record()
    del incomplete[field]
    with pytest.raises(ValueError, match=f"must have the field `{field}`"):
        ledger.append(incomplete)
    assert not ledger.path.exists()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"seconds": float("nan")}, "`seconds` must be a finite number"),
        ({"l_sp": float("inf")}, "`l_sp` must be a finite number"),
        ({"loss_terms": {"sparsity": float("nan")}}, "`sparsity` must be a finite number"),
        ({"metrics": {"acc": 0.5, "nmi": 0.5}}, "must have ari"),
        ({"metrics": {"acc": 86.1, "nmi": 0.8, "ari": 0.7}}, "`acc` must be a fraction"),
        ({"metrics": {"acc": "0.8", "nmi": 0.8, "ari": 0.7}}, "`acc` must be a finite number"),
        ({"seed": True}, "`seed` has the wrong type"),
        ({"seed": -1}, "`seeds` must be"),
        ({"cores": "2"}, "`cores` has the wrong type"),
        ({"epochs": 1000}, "`epochs` must agree with `config`"),
        ({"curve": [float("nan")]}, "plain JSON without NaN"),
        ({"curve": {1, 2}}, "plain JSON without NaN"),
        ({"status": "failed"}, "`status` must be one of .*Received: status='failed'"),
        ({"status": "diverged"}, "must tell its `epoch`.*Received: divergence=None"),
        ({"status": "diverged", "divergence": {"epoch": 0}}, "must tell its `epoch`"),
    ],
)
def test_a_wrong_record_is_refused_with_the_rule(ledger, record, change, rule):
    with pytest.raises(ValueError, match=rule):
        ledger.append(record(**change))
    assert not ledger.path.exists()


def test_a_write_that_finds_no_room_leaves_no_torn_line(ledger, record):
    ledger.append(record(seed=0))
    before = ledger.path.read_bytes()
    limit = len(before) + 100
    script = (
        "import resource, signal, sys, json\n"
        "from reproduce.ledger import Ledger\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "try:\n"
        "    Ledger(sys.argv[1]).append(json.loads(sys.argv[2]))\n"
        "except OSError as error:\n"
        "    sys.exit(3 if 'no room' in str(error) else 4)\n"
    )
    arguments = [str(ledger.path), json.dumps(record(seed=1))]
    finished = subprocess.run([sys.executable, "-c", script, *arguments], check=False, timeout=60)
    assert finished.returncode == 3
    assert ledger.path.read_bytes() == before
    assert len(Ledger(ledger.path).records()) == 1


def test_a_run_that_was_trained_elsewhere_names_the_devices(ledger, record):
    card = {"platform": "gpu", "kind": "NVIDIA H100", "jax": "0.10.2"}
    ledger.append(record(bundle={"devices": [card], "side_by_side": 2, "commits": ["0" * 40]}))
    assert ledger.records()[0]["bundle"]["devices"] == [card]
    for devices in ([], None, [{}]):
        with pytest.raises(ValueError, match="must tell its `devices`"):
            ledger.append(record(seed=1, bundle={"devices": devices}))


def test_a_run_on_a_device_of_its_machine_names_it(ledger, record):
    card = {"platform": "gpu", "kind": "NVIDIA H100", "jax": "0.10.2"}
    ledger.append(record(device=card))
    assert ledger.records()[0]["device"] == card
    for device in ({}, None, "kind"):
        with pytest.raises(ValueError, match="`device` must tell its `kind`"):
            ledger.append(record(seed=1, device=device))
