import gzip

import numpy as np
import pytest
from short_runs import COLUMNS, KINDS, fit, write_csv


@pytest.fixture(scope="session")
def points():
    """60 rows of 3 columns from three groups, in turn."""
    rng = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0, 1.0], [4.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    return (centers[np.arange(60) % 3] + rng.normal(0.0, 0.3, (60, 3))).astype("float32")


@pytest.fixture(scope="session")
def table(points, tmp_path_factory):
    """`points` as a CSV file, with a column of text that names the groups."""
    path = tmp_path_factory.mktemp("table") / "points.csv"
    rows = [[*map(str, row), KINDS[i % 3]] for i, row in enumerate(points)]
    write_csv(path, [[*COLUMNS, "kind"], *rows])
    return path


@pytest.fixture(scope="session")
def run(table, tmp_path_factory):
    """A finished run on `table`; tests must leave it as it is."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert fit(table, folder, "--label-column", "kind", "--standardize") == 0
    return folder


@pytest.fixture
def fast_report(monkeypatch):
    """Reports that spare the seconds of t-SNE."""
    monkeypatch.setattr("tfclust.cli.report.PROJECTION", "pca")


@pytest.fixture
def write(tmp_path):
    """Return a function that writes text in an encoding and gives the path."""

    def write(text, name="data.csv", encoding="utf-8"):
        path = tmp_path / name
        data = text.encode(encoding)
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
        return path

    return write
