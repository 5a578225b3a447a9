"""Every example of a docstring and of a document runs as it stands."""

import ast
import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def docstrings():
    """Where a docstring with an example stands -> its text."""
    found = {}
    for path in sorted((ROOT / "tfclust").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = ast.get_docstring(node) if isinstance(node, DOCUMENTED) else None
            if text and ("```python" in text or ">>> " in text):
                found[f"{module}.{getattr(node, 'name', '')}"] = text
    return found


def snippets(text):
    """The blocks of Python in a text."""
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files


@pytest.mark.parametrize("text", [pytest.param(t, id=name) for name, t in docstrings().items()])
def test_docstring_example_runs_as_it_stands(text):
    for snippet in snippets(text):
        exec(compile(snippet, "example", "exec"), {"__name__": "example"})
    session = doctest.DocTestParser().get_doctest(text, {}, "example", None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE, verbose=False)
    assert runner.run(session).failed == 0


def test_docstrings_have_examples():
    assert len(docstrings()) > 60


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_document_runs_from_top_to_bottom(path):
    """Snippet after snippet, as a reader goes through it: each may use files of those before."""
    for snippet in snippets(path.read_text(encoding="utf-8")):
        exec(compile(snippet, path.name, "exec"), {"__name__": path.stem})
