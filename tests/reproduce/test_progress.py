import types

import pytest

from reproduce.progress import PartBar, epoch_bar


@pytest.fixture
def clock(monkeypatch):
    """The time that bars go by."""
    clock = types.SimpleNamespace(now=0.0)
    monkeypatch.setattr("tqdm.std.time", lambda: clock.now)
    return clock


def shown(capsys):
    """What a bar looked like, each time that it was drawn."""
    return [line for line in capsys.readouterr().err.replace("\r", "\n").splitlines() if line]


def test_parts_that_were_found_say_nothing_of_the_time_left(clock, capsys):
    with PartBar(20, "a figure", "part") as bar:
        bar.found(10)
        for _ in range(5):
            clock.now += 100
            bar.done()
        last = shown(capsys)[-1]
    assert "a figure" in last
    assert "15/20 [08:20<08:20" in last  # five in 500 seconds, and five left


def test_a_single_part_has_no_bar_of_its_own(capsys):
    with PartBar(1, "a figure", "part") as bar:
        bar.done()
    with PartBar(1, "a figure", "part") as bar:
        bar.found()
    assert shown(capsys) == []


def test_epochs_have_a_total_and_every_training_of_several_its_own_time(clock, capsys):
    with epoch_bar("a run") as report:
        for done in (1, 2, 3, 4):
            clock.now += 100
            report(done, 4)
        clock.now += 1000  # between two trainings
        for done in (1, 2):
            clock.now += 100
            report(done, 8)
        assert "2/8 [01:40<10:00" in shown(capsys)[-1]


def test_a_run_that_goes_on_from_its_checkpoint_tells_the_time_of_what_is_left(clock, capsys):
    with epoch_bar("a run") as report:
        for done in (41, 42):
            clock.now += 100
            report(done, 50)
        assert "42/50 [01:40<13:20" in shown(capsys)[-1]
