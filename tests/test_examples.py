"""Every example of a docstring and of a document runs as it stands."""

import ast
import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("reproduce", "tfclust")
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def docstrings():
    """Every docstring with an example, named after what it is of."""
    found = []
    for path in sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = ast.get_docstring(node) if isinstance(node, DOCUMENTED) else None
            if text and ("```python" in text or ">>> " in text):
                name = getattr(node, "name", "")
                found.append(pytest.param(text, id=f"{module}.{name}"))
    return found


def snippets(text):
    """The blocks of Python in a text."""
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def run(snippet):
    """The names that a block of Python leaves behind."""
    names = {"__name__": "example"}
    exec(compile(snippet, "example", "exec"), names)
    return names


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files


@pytest.mark.parametrize("text", docstrings())
def test_docstring_example_runs_as_it_stands(text):
    for snippet in snippets(text):
        run(snippet)
    session = doctest.DocTestParser().get_doctest(text, {}, "example", None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE, verbose=False)
    assert runner.run(session).failed == 0


def test_docstrings_have_examples():
    assert len(docstrings()) > 60


def test_readme_runs_from_top_to_bottom():
    """Snippet after snippet, as a reader goes through it: each may use files of those before."""
    chosen, in_keras, *_, in_scikit_learn = map(run, snippets((ROOT / "README.md").read_text()))
    assert chosen["labels"].shape == (150,)
    assert in_keras["labels"].shape == (1797,)
    assert in_scikit_learn["labels"].shape == (178,)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_document_runs_from_top_to_bottom(path):
    for snippet in snippets(path.read_text(encoding="utf-8")):
        run(snippet)
