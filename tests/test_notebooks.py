import re
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


class Shell(InteractiveShell):
    """The shell of a kernel, without its process: TensorFlow has started in this one."""

    def enable_gui(self, gui=None):
        """Has no loop of events: pictures are drawn inline."""


def name_of(path):
    return path.name


def code_of(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook_is_committed_without_outputs(path):
    assert code_of(path)
    assert not any(cell.outputs or cell.execution_count for cell in code_of(path))


def shortened(source):
    """The code with trainings of three epochs, the least that an annealing by thirds takes."""
    return re.sub(r"epochs=\d+", "epochs=3", source)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook_runs_without_error(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shell, backend = Shell(), plt.get_backend()
    try:
        for cell in code_of(path):
            shell.run_cell(shortened(cell.source)).raise_error()
    finally:
        plt.close("all")
        plt.switch_backend(backend)
