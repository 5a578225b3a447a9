import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from refusals import mistake

from tfclust.cli import main
from tfclust.cli.messages import UserError
from tfclust.cli.reading import Options, read_labels, sha256

NO_TENSORFLOW = """
import sys
from tfclust.cli.reading import read
import tfclust.cli.scaling
read(sys.argv[1])
print(*({"tensorflow", "keras", "sklearn"} & set(sys.modules)))
"""


def test_what_is_missing_damaged_or_unknown_is_a_mistake(tmp_path):
    assert "must be an existing file" in mistake(tmp_path / "none.csv")
    for name in ("data.xlsx", "data.npy.gz", "csv"):
        (tmp_path / name).write_text("nonsense")
        assert ".csv, .tsv, .txt, .csv.gz" in mistake(tmp_path / name)
    for name in ("data.npy", "data.npz", "data.parquet", "data.mtx", "data.csv.gz"):
        (tmp_path / name).write_text("nonsense")
        assert f"{name} cannot be read" in mistake(tmp_path / name)


def test_checksum_sees_every_change(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a\n1\n")
    Image.new("L", (3, 2)).save(tmp_path / "0.png")
    before = sha256(path), sha256(tmp_path)
    (tmp_path / "0.png").rename(tmp_path / "3.png")
    path.write_text("a\n2,5\n")
    assert sha256(path) != before[0]
    assert sha256(tmp_path) != before[1]


def test_labels_are_read_from_arrays(tmp_path):
    np.save(tmp_path / "y.npy", np.array([3, 4]))
    assert read_labels(tmp_path / "y.npy").tolist() == ["3", "4"]
    with pytest.raises(UserError, match="has no columns"):
        read_labels(tmp_path / "y.npy", "b")
    for labels in (np.array(3), np.array([[3], [4]])):
        np.save(tmp_path / "y.npy", labels)
        with pytest.raises(UserError, match="must be one for each of the"):
            read_labels(tmp_path / "y.npy")
    np.savez(tmp_path / "y.npz", y=np.array([3, 4]))
    assert read_labels(tmp_path / "y.npz").tolist() == ["3", "4"]
    np.savez(tmp_path / "y.npz", x=np.eye(2), y=np.array([3, 4]))
    assert read_labels(tmp_path / "y.npz", "y").tolist() == ["3", "4"]
    with pytest.raises(UserError, match=r"--label-column must name it\. Received: .* 'x', 'y'"):
        read_labels(tmp_path / "y.npz")
    with pytest.raises(UserError, match=r"must have the array 'Y'\. .* Did you mean 'y'"):
        read_labels(tmp_path / "y.npz", "Y")
    (tmp_path / "y.mtx").write_text("")
    with pytest.raises(UserError, match="must be one of"):
        read_labels(tmp_path / "y.mtx")


def test_options_come_back_from_json_and_from_the_words_of_a_command():
    columns = {"columns": ("a", "b c"), "id_column": "id"}
    options = Options(**columns, missing="drop", header=False, thousands=" ")
    assert Options.of(json.loads(json.dumps(options.to_json()))) == options
    assert json.loads(json.dumps(options.to_json())) == options.to_json()
    assert options.words() == [
        *("--columns", "a", "b c", "--id-column", "id", "--missing", "drop", "--no-header"),
        *("--thousands", " "),
    ]
    lists = {**options.to_json(), "columns": ["a", "b c"], "more": 1}
    assert Options.of(SimpleNamespace(**lists)) == options
    assert Options().words() == []


@pytest.mark.parametrize("command", ["fit", "tune"])
def test_mistakes_in_a_file_need_no_tensorflow(tmp_path, command, monkeypatch, capsys):
    (tmp_path / "data.csv").write_text("a,b\n1,x\n")
    monkeypatch.setattr(f"tfclust.cli.{command}.start_tensorflow", None)
    arguments = [str(tmp_path / "data.csv"), "--clusters", "2", "--out", str(tmp_path / "out")]
    assert main([command, *arguments]) == 2
    assert "text in 'b'" in capsys.readouterr().err


def test_reading_starts_no_tensorflow(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n3,4\n")
    command = [sys.executable, "-c", NO_TENSORFLOW, str(tmp_path / "data.csv")]
    assert not subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
