import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

# Everything that there is, in three processes that share the import of TensorFlow. Processor time,
# which other tests that run beside this one do not lengthen.
SECONDS = """
import os, time
import tensorflow
for _ in range(3):
    if not os.fork():
        start = time.process_time()
        import tfclust
        for name in set(tfclust.__all__) - {"AutoClusterer"}:  # which imports scikit-learn
            getattr(tfclust, name)
        print(time.process_time() - start, flush=True)
        os._exit(0)
    os.wait()
"""

LIGHT = """
import sys
import tfclust
heavy = {"tensorflow", "keras", "numpy", "scipy", "sklearn", "matplotlib"}
print(*sorted(heavy & set(sys.modules)))
"""

WHOLE = """
import sys
import tensorflow
before = set(sys.modules)
import tfclust
for name in tfclust.__all__:
    getattr(tfclust, name)
late = {"tensorflow_datasets", "keras_tuner", "sklearn.cluster", "scipy.optimize"}
print(*sorted(late & set(sys.modules) - before))
"""


def run(program):
    """What a program prints in a process of its own."""
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return process.stdout.strip()


def test_importing_tfclust_imports_no_tensorflow():
    assert not run(LIGHT)


@pytest.mark.slow
def test_tfclust_adds_less_than_0_3_seconds_to_tensorflow():
    assert min(float(seconds) for seconds in run(SECONDS).split()) < 0.3


@pytest.mark.slow
def test_what_few_functions_need_is_imported_by_them():
    assert not run(WHOLE)


# The house -------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = ("tfclust", "reproduce")


def room_of(module):
    """`tfclust.cli.fit` -> `tfclust.cli`; `tfclust` for what is in its `__init__`."""
    return ".".join(module.split(".")[:2])


def modules():
    """Name of every module of the packages -> its file."""
    found = {}
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path, known):
    """Modules of the packages that a file imports, within functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in whole]
        yield from (name for name in names if name in known)


@pytest.fixture(scope="module")
def edges():
    """Pairs of rooms of which the first imports the second."""
    known = modules()
    pairs = {
        (room_of(module), room_of(name))
        for module, path in known.items()
        for name in imported(path, known)
    }
    return {(room, other) for room, other in pairs if room != other}


def floors(package):
    """Room -> its floor, as the document has it."""
    section = DOCUMENT.split(f"\n## {package}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", section, re.MULTILINE)
    return {
        room if room == package else f"{package}.{room}": int(floor)
        for floor, rooms in rows
        for room in re.findall(r"`(\w+)`", rooms)
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_downhill_from_floor_to_floor(edges, package):
    floor = floors(package)
    uphill = {
        (room, other)
        for room, other in edges
        if {room, other} <= floor.keys() and floor[room] <= floor[other]
    }
    assert not uphill


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_has_its_floor(package):
    rooms = {room_of(module) for module in modules() if module.startswith(package)}
    assert set(floors(package)) == rooms - ({"reproduce"} if package == "reproduce" else set())


def test_the_library_knows_nothing_of_the_experiments(edges):
    libraries = {(room.split(".")[0], other.split(".")[0]) for room, other in edges}
    assert ("tfclust", "reproduce") not in libraries


def test_modules_of_a_room_import_one_another_without_a_circle():
    known = modules()
    graph = {module: set(imported(path, known)) - {module} for module, path in known.items()}
    list(graphlib.TopologicalSorter(graph).static_order())


def test_every_arrow_that_is_drawn_is_an_import(edges):
    drawn = re.findall(r"^  ([\w.]+) --> ([\w.]+)$", DOCUMENT, re.MULTILINE)
    whole = [tuple(name if "." in name else f"tfclust.{name}" for name in arrow) for arrow in drawn]
    assert whole
    assert set(whole) <= edges
