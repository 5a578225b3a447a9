import os
import subprocess
import sys

import pytest

ENDING = "tfclust needs the TensorFlow backend of Keras: set KERAS_BACKEND=tensorflow"
IMPORTS = """
import importlib
import sys
for name in ("models", "layers", "callbacks", "metrics", "networks", "optimizers", "sklearn"):
    try:
        importlib.import_module("tfclust." + name)
    except ImportError as error:
        print(error)
try:
    from tfclust import AECM
except ImportError as error:
    print(error)
print("keras" in sys.modules or "tensorflow" in sys.modules)
"""


@pytest.fixture
def run(tmp_path):
    """What a process prints, with an environment of its own."""

    def run(*arguments, **environment):
        clean = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
        environment = {**clean, "KERAS_HOME": str(tmp_path), **environment}
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    return run


def test_another_backend_of_keras_is_refused_before_anything_starts(run):
    lines = run("-c", IMPORTS, KERAS_BACKEND="jax").stdout.splitlines()
    assert len(lines) == 9
    assert all(line.startswith(ENDING) and line.endswith("'jax'") for line in lines[:8])
    assert lines[8] == "False"


def test_a_backend_in_the_settings_of_keras_is_seen(run, tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": "torch"}')
    check = "from tfclust.startup import check_backend; check_backend()"
    assert run("-c", check).stderr.strip().endswith("Received: the backend 'torch'")
    assert not run("-c", check, KERAS_BACKEND="tensorflow").stderr


def test_the_command_says_so_in_one_line(run, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n3,5\n9,1\n2,2\n")
    arguments = ("fit", table, "--clusters", 2, "--model", "cm", "--out", tmp_path / "run")
    finished = run("-m", "tfclust", *arguments, KERAS_BACKEND="jax")
    assert finished.returncode == 1
    assert finished.stderr.startswith(f"tfclust: {ENDING}")
    assert finished.stderr.count("\n") == 1
