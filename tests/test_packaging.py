import configparser
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import tfclust

ROOT = Path(__file__).parents[1]
HEAVY = ("tensorflow", "keras", "sklearn", "matplotlib", "tensorflow_datasets")


def python(*arguments):
    """Run Python in the root; return what it printed and the processor seconds that it took.

    Processor time, so that a busy machine does not make a command look slow.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout + done.stderr, seconds


def imported(*arguments):
    """Top-level packages that a Python command imports."""
    printed, _ = python("-X", "importtime", *arguments)
    return {name.split(".")[0] for name in re.findall(r"\| +(\S+)$", printed, re.MULTILINE)}


@pytest.mark.parametrize("command", ["reproduce", "tfclust", "tfclust.demo"])
def test_help_answers_in_under_a_second(command):
    assert min(python("-m", command, "--help")[1] for _ in range(3)) < 1.0


@pytest.mark.parametrize("command", ["reproduce", "tfclust", "tfclust.demo"])
def test_help_answers_without_tensorflow(command):
    assert not imported("-m", command, "--help") & set(HEAVY)


def test_import_of_the_package_imports_nothing_else():
    assert not imported("-c", "import tfclust") & {"numpy", *HEAVY}


def test_every_public_name_of_the_package_is_there():
    assert dir(tfclust) == sorted(tfclust.__all__)
    for name in tfclust.__all__:
        assert getattr(tfclust, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        tfclust.nonsense  # noqa: B018


def test_every_file_beside_the_code_is_package_data():
    """A file that setup.cfg forgets is missing from an installed package, and only there."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    declared = {
        path
        for package, patterns in setup["options.package_data"].items()
        for pattern in patterns.split()
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    results = ROOT / "reproduce" / "results"  # made by the commands, not needed by them
    present = {
        path
        for package in ("tfclust", "reproduce")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and results not in path.parents
    }
    assert present
    assert present <= declared


def test_every_package_is_found():
    from setuptools import find_packages

    folders = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for package in ("tfclust", "reproduce")
        for path in (ROOT / package).rglob("*.py")
    }
    assert folders <= set(find_packages(ROOT, include=["tfclust*", "reproduce*"]))


@pytest.mark.parametrize("program", ["reproduce", "tfclust"])
def test_readme_names_every_command(program):
    printed, _ = python("-m", program, "--help")
    commands = re.findall(r"^ {4}(\w+) {2,}", printed, re.MULTILINE)
    readme = (ROOT / "README.md").read_text()
    assert commands
    assert all(f"{program} {command}" in readme for command in commands)
