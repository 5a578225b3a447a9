"""The model that `CONTRIBUTING.md` adds is one: its three blocks run, the last one is its tests."""

import re
from pathlib import Path

import keras

DOCUMENT = Path(__file__).parents[2] / "CONTRIBUTING.md"
MODEL, TRAINING, BATTERY = re.findall(
    r"^```python\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)
exec(MODEL)
exec(BATTERY)


def test_the_model_is_at_most_60_lines_of_code_long():
    lines = [line for line in MODEL.splitlines() if line.strip()]
    assert len(lines) <= 60


def test_the_document_trains_saves_and_loads_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = dict(globals())
    exec(TRAINING, names)
    assert isinstance(names["again"], keras.Model)
    assert set(names["labels"]) <= {0, 1, 2}
