import csv
import json
import re
import shutil
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy.sparse import csr_matrix, save_npz
from short_runs import COLUMNS, KINDS, fit, write_csv

from tfclust import recipes
from tfclust.auto.row_facts import NAMES
from tfclust.callbacks import ProgressBar
from tfclust.cli import main, reading, training
from tfclust.cli.results import read_facts, read_labels
from tfclust.tuning import NumberOfClusters

pytestmark = pytest.mark.usefixtures("fast_report")

TINY = ("--set", "hidden_units=8", "--set", "embedding_dim=3", "--pretrain-epochs", "4")
LONG = 40  # epochs of a fit that is to be killed


def assert_same_end(one, other):
    """Two runs found the same."""
    assert (one / "labels.csv").read_bytes() == (other / "labels.csv").read_bytes()
    for name in ("memberships.npy", "embedding.npy"):
        np.testing.assert_array_equal(np.load(one / name), np.load(other / name))
    histories = [json.loads((run / "run.json").read_text())["history"] for run in (one, other)]
    assert histories[0] == histories[1]


# What it writes -------------------------------------------------------------------------------


def test_the_results_agree_with_each_other(run):
    memberships = np.load(run / "memberships.npy")
    assert memberships.shape == (60, 3)
    np.testing.assert_allclose(memberships.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(read_labels(run), memberships.argmax(axis=1))
    assert np.load(run / "embedding.npy").shape == (60, 3)
    with (run / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == [str(i) for i in range(60)]
    largest = [float(row["membership"]) for row in rows]
    np.testing.assert_allclose(largest, memberships.max(axis=1), atol=1e-6)
    second = [int(row["second_choice"]) for row in rows]
    np.testing.assert_array_equal(second, np.argsort(memberships, axis=1)[:, 1])
    facts = read_facts(run)
    assert [list(row) for row in facts.rows()] == [
        [float(row[name]) for name in NAMES] for row in rows
    ]


def test_the_record_holds_what_it_takes_to_repeat_the_run(run, table):
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["command"].startswith(f"tfclust fit {table} --out {run} --clusters 3")
    assert record["data"]["sha256"] == reading.sha256(table)
    assert record["data"]["columns"] == list(COLUMNS)
    assert record["plan"]["settings"]["seed"] == 0
    assert record["scaling"]["scale"] == "standard"
    assert len(record["scaling"]["shift"]) == 3
    assert {"python", "tfclust", "tensorflow", "keras"} <= set(record["versions"])
    assert len(record["history"]["loss"]) == record["plan"]["epochs"] == 5
    assert record["cluster_sizes"] == np.bincount(read_labels(run), minlength=3).tolist()


def test_the_record_tells_of_each_cluster_its_rows_and_what_is_its_own(run, points):
    record = json.loads((run / "run.json").read_text())
    labels = read_labels(run)
    assert [cluster["size"] for cluster in record["clusters"]] == record["cluster_sizes"]
    for k, cluster in enumerate(record["clusters"]):
        assert set(labels[cluster["typical"] + cluster["doubtful"]]) == {k}
        assert any(name in cluster["rule"]["words"] for name in COLUMNS)
        (condition, *more) = cluster["rule"]["conditions"]
        low, high = points[labels == k, condition["column"]][[0, -1]]
        assert more or condition["above"] is None or min(low, high) > condition["above"]
    page = (run / "report.html").read_text()
    for cluster in record["clusters"]:
        assert cluster["rule"]["words"] in page
    for text in ("least sure", "second choice", "outlier score"):
        assert text in page


def test_nothing_else_is_left_in_the_folder(run):
    results = {"labels.csv", "memberships.npy", "embedding.npy"}
    assert {path.name for path in run.iterdir()} == {
        *results,
        "examples.npy",
        "model.keras",
        "report.html",
        "run.json",
    }


def test_the_report_shows_clusters_scores_and_curves_and_needs_no_other_file(run):
    page = (run / "report.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert page.count("<figure>") == 2
    assert page.count('class="bar"') == 3
    for text in (*COLUMNS, "adjusted Rand index", "Scores against kind", "tfclust fit"):
        assert text in page


def test_labels_do_not_touch_the_training(run, table, tmp_path):
    columns = ("--standardize", "--columns", *COLUMNS)
    assert fit(table, tmp_path / "run", *columns) == 0
    assert_same_end(run, tmp_path / "run")
    assert "Scores against" not in (tmp_path / "run" / "report.html").read_text()


# Bad input ------------------------------------------------------------------------------------


def test_a_folder_with_something_in_it_is_refused_without_resume(run, table, capsys):
    before = (run / "run.json").read_bytes()
    assert fit(table, run) == 2
    assert "--out must be a new or empty folder" in capsys.readouterr().err
    same = ("--label-column", "kind", "--standardize", "--resume")
    assert fit(table, run, *same, "--missing", "drop") == 2
    assert "Received: other options than in" in capsys.readouterr().err
    assert (run / "run.json").read_bytes() == before


def test_mistakes_are_bad_input_and_leave_no_folder(table, tmp_path, capsys):
    out = tmp_path / "run"
    assert fit(table, out) == 2
    assert "text in 'kind' (60 rows, such as 'a')" in capsys.readouterr().err
    label = ("--label-column", "kind")
    assert fit(table, out, *label, clusters=61) == 2
    assert "--clusters must be at most the number of rows, 60" in capsys.readouterr().err
    assert fit(table, out, *label, "--set", "depth=3") == 2
    assert "Received: 'depth'" in capsys.readouterr().err
    assert not out.exists()


def test_a_training_that_diverges_is_a_failure(points, tmp_path, capsys):
    np.save(tmp_path / "large.npy", points * np.float32(1e30))
    assert fit(tmp_path / "large.npy", tmp_path / "run") == 1
    assert "The loss must stay finite" in capsys.readouterr().err


def test_data_that_the_model_refuses_in_training_leave_the_folder_free(
    table, tmp_path, monkeypatch, capsys
):
    def refuse(*arguments):
        raise ValueError("`x` must lie within 0 and 1")

    monkeypatch.setattr(training, "train", refuse)
    assert fit(table, tmp_path / "run", "--label-column", "kind") == 2
    assert "tfclust: cm: `x` must lie within 0 and 1" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


# Other data and models ------------------------------------------------------------------------


def test_images_keep_their_names_and_shape(tmp_path, capsys):
    folder = tmp_path / "images"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(40):
        pixels = rng.integers(0, 90, (8, 8), "uint8") + 160 * (np.arange(8) // 4 == i % 2)
        Image.fromarray(pixels.astype("uint8")).save(folder / f"{i:02d}.png")
    out = tmp_path / "run"
    settings = ("--set", "filters=4,4", "--set", "embedding_dim=2")
    assert fit(folder, out, *settings, clusters=2, model="mixae", epochs=2) == 0
    assert json.loads((out / "run.json").read_text())["plan"]["sample_shape"] == [8, 8, 1]
    assert "\n00.png," in (out / "labels.csv").read_text()
    page = (out / "report.html").read_text()
    sizes = np.bincount(read_labels(out), minlength=2)
    unlike = np.sum(read_facts(out).outlier_score > 3.5)
    assert page.count('.png"') == 2 * (2 * np.minimum(sizes, 8).sum() + min(unlike, 10))
    capsys.readouterr()
    assert main(["predict", str(out), str(folder)]) == 0
    assert capsys.readouterr().out == (out / "labels.csv").read_text()


def test_sparse_data_stay_sparse_and_models_without_a_code_write_none(tmp_path, capsys):
    x = csr_matrix(np.kron(np.eye(3), np.ones((20, 5))))
    save_npz(tmp_path / "x.npz", x)
    assert fit(tmp_path / "x.npz", tmp_path / "run") == 0
    assert not (tmp_path / "run" / "embedding.npy").exists()
    assert "No embedding.npy" in capsys.readouterr().out
    assert "column 0" in (tmp_path / "run" / "report.html").read_text()


def test_the_number_of_clusters_is_found_and_shown(table, tmp_path, capsys):
    out = tmp_path / "run"
    options = ("--label-column", "kind", "--standardize")
    assert fit(table, out, *options, clusters="2-5", epochs=1) == 0
    said = capsys.readouterr().out
    assert "Note: 3 clusters, of 2 to 5 that were looked at" in said
    record = json.loads((out / "run.json").read_text())
    assert record["plan"]["settings"]["n_clusters"] == len(record["cluster_sizes"]) == 3
    found = NumberOfClusters(**record["number_of_clusters"])
    assert (found.pick, found.candidates) == (3, [2, 3, 4, 5])
    page = (out / "report.html").read_text()
    assert page.count("<figure>") == 3
    assert f"What the rows say of the number of clusters: {found.words()}" in page
    assert fit(table, tmp_path / "more", *options, clusters="2-99") == 2
    assert "at most the number of rows, 60" in capsys.readouterr().err


# Joining --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gaps(points, tmp_path_factory):
    """`points` as people have them: a name, a gap, text that looks missing, a taken name."""
    rows = [[f"row {i}", *map(str, row), "NA"] for i, row in enumerate(points)]
    rows[1][1] = ""
    path = tmp_path_factory.mktemp("gaps") / "gaps.csv"
    return write_csv(path, [["name", *COLUMNS, "cluster"], *rows])


def read_rows(text):
    return list(csv.DictReader(text.splitlines()))


def test_the_columns_of_the_table_stand_beside_its_clusters(gaps, tmp_path, capsys):
    out = tmp_path / "run"
    options = ("--drop", "name,cluster", "--missing", "drop", "--join")
    assert fit(gaps, out, *options, epochs=1) == 0
    joined = read_rows((out / "joined.csv").read_text())
    given = read_rows(gaps.read_text())
    assert [list(row.items())[:5] for row in joined] == [list(row.items()) for row in given]
    assert list(joined[0])[5:] == ["cluster_2", *NAMES[1:]]
    assert (joined[1]["cluster_2"], joined[1]["membership"]) == ("", "")
    found = [row["cluster_2"] for row in joined if row["cluster_2"]]
    assert found == [str(k) for k in read_labels(out)]
    capsys.readouterr()
    assert main(["predict", str(out), str(gaps), "--join"]) == 0
    assert read_rows(capsys.readouterr().out) == joined
    assert main(["predict", str(out), str(gaps), "--join", "--out", str(tmp_path / "new")]) == 0
    assert (tmp_path / "new" / "joined.csv").read_bytes() == (out / "joined.csv").read_bytes()
    (out / "joined.csv").unlink()
    assert fit(gaps, out, *options, "--resume", epochs=1) == 0
    assert read_rows((out / "joined.csv").read_text()) == joined


def test_what_is_no_table_cannot_be_joined(points, tmp_path, capsys):
    np.save(tmp_path / "x.npy", points)
    assert fit(tmp_path / "x.npy", tmp_path / "run", "--join") == 2
    assert "--join must come with a table, .csv" in capsys.readouterr().err


# Interruptions --------------------------------------------------------------------------------


class Stop(ProgressBar):
    """Ends the training of so many epochs as Ctrl-C does, in its third."""

    epochs = None

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        if epoch == 2 and self.params["epochs"] == self.epochs:
            raise KeyboardInterrupt


def test_a_fit_that_was_stopped_goes_on_to_the_same_end(table, tmp_path, monkeypatch, capsys):
    command = ("--label-column", "kind", "--batch-size", "30", *TINY)
    whole, out = tmp_path / "whole", tmp_path / "run"
    assert fit(table, whole, *command, model="aecm", epochs=5) == 0
    monkeypatch.setattr(recipes, "SECONDS_BETWEEN_CHECKPOINTS", 0)
    for epochs in (4, 6):  # of the pretraining, of the training
        with monkeypatch.context() as patch:
            patch.setattr(Stop, "epochs", epochs)
            patch.setattr(training, "ProgressBar", Stop)
            assert fit(table, out, *command, "--resume", model="aecm", epochs=5) == 130
        assert "--resume goes on" in capsys.readouterr().err
        assert list(out.glob("*/epoch-000002"))
    assert fit(table, out, *command, model="aecm", epochs=5) == 2
    assert fit(table, out, *command, "--resume", "--seed", "1", model="aecm", epochs=5) == 2
    assert "Received: other settings" in capsys.readouterr().err
    assert fit(table, out, *command, "--resume", model="aecm", epochs=5) == 0
    assert_same_end(whole, out)
    assert {path.name for path in whole.iterdir()} == {path.name for path in out.iterdir()}
    assert fit(table, out, *command, "--resume", model="aecm", epochs=5) == 0
    assert "is finished" in capsys.readouterr().out


def test_a_fit_that_was_killed_after_its_training_only_writes(run, table, tmp_path, monkeypatch):
    out = shutil.copytree(run, tmp_path / "run")
    record = (out / "run.json").read_text().replace('"finished"', '"trained"')
    (out / "run.json").write_text(record)
    (out / "labels.csv").unlink()
    monkeypatch.delattr(training, "train")
    assert fit(table, out, "--label-column", "kind", "--standardize", "--resume") == 0
    assert_same_end(run, out)
    assert json.loads((out / "run.json").read_text())["status"] == "finished"


LIKE_RUN = ("--label-column", "kind", "--standardize", "--resume")


def test_a_picture_that_cannot_be_drawn_costs_no_run(run, table, tmp_path, monkeypatch, capsys):
    def fail(*arguments, **options):
        raise ZeroDivisionError("no spread")

    out = shutil.copytree(run, tmp_path / "run")
    (out / "report.html").unlink()
    monkeypatch.setattr("tfclust.plots.embedding", fail)
    assert fit(table, out, *LIKE_RUN) == 0
    reason = "cannot be drawn: ZeroDivisionError: no spread"
    assert reason in capsys.readouterr().err
    page = (out / "report.html").read_text()
    assert reason in page
    assert page.count("<img") == 1  # the other picture


def test_a_run_whose_report_fails_is_finished_and_resume_writes_the_report(
    run, table, tmp_path, monkeypatch, capsys
):
    out = shutil.copytree(run, tmp_path / "run")
    (out / "report.html").unlink()
    record = (out / "run.json").read_text().replace('"finished"', '"trained"')
    (out / "run.json").write_text(record)
    with monkeypatch.context() as patch:
        patch.setattr("tfclust.cli.report._clusters", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fit(table, out, *LIKE_RUN)
    assert not (out / "report.html").exists()
    assert main(["predict", str(out), str(table)]) == 0
    assert capsys.readouterr().out.endswith((run / "labels.csv").read_text())
    assert fit(table, out, *LIKE_RUN) == 0
    assert "Scores against" in (out / "report.html").read_text()


def test_a_fit_on_black_images_ends_well(tmp_path, monkeypatch):
    monkeypatch.setattr("tfclust.cli.report.PROJECTION", "tsne")
    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(20):
        Image.new("L", (4, 4)).save(folder / f"{i:02d}.png")
    assert fit(folder, tmp_path / "run", clusters=2, epochs=1) == 0
    page = (tmp_path / "run" / "report.html").read_text()
    assert page.count("<figure><img") == 2


def fit_slowly(table, out):
    """A fit that is not over too soon, and saves every epoch."""
    recipes.SECONDS_BETWEEN_CHECKPOINTS = 0
    training.ProgressBar = type(
        "Slow", (ProgressBar,), {"on_train_batch_end": lambda *_, **__: time.sleep(0.1)}
    )
    fit(table, out, "--label-column", "kind", epochs=LONG)


@pytest.mark.slow
def test_a_fit_that_was_killed_goes_on_to_the_same_end(table, tmp_path, kill_while_training):
    out, whole = tmp_path / "run", tmp_path / "whole"
    kill_while_training(fit_slowly, table, out, directory=out / "checkpoints")
    for folder in (out, whole):
        assert fit(table, folder, "--label-column", "kind", "--resume", epochs=LONG) == 0
    assert_same_end(out, whole)


# Predict and evaluate -------------------------------------------------------------------------


def test_predict_gives_the_rows_of_the_fit_their_clusters(run, points, tmp_path, capsys):
    turned = [[*COLUMNS[::-1], "more"], *([*map(str, row[::-1]), "?"] for row in points)]
    path = write_csv(tmp_path / "turned.csv", turned)
    assert main(["predict", str(run), str(path)]) == 0
    assert capsys.readouterr().out == (run / "labels.csv").read_text()
    assert main(["predict", str(run), str(path), "--out", str(tmp_path / "out")]) == 0
    for name in ("labels.csv", "memberships.npy", "embedding.npy"):
        assert (tmp_path / "out" / name).read_bytes() == (run / name).read_bytes()
    assert main(["predict", str(run), str(path), "--out", str(tmp_path / "out")]) == 2


def test_predict_refuses_data_of_another_kind(run, points, tmp_path, capsys):
    rows = [[*COLUMNS[:2]], *(map(str, row[:2]) for row in points)]
    path = write_csv(tmp_path / "narrow.csv", rows)
    assert main(["predict", str(run), str(path)]) == 2
    assert "must have the column 'petal, long'" in capsys.readouterr().err


def test_evaluate_scores_labels_of_any_text(run, table, tmp_path, capsys):
    assert main(["evaluate", str(run), "--labels", str(table), "--label-column", "kind"]) == 0
    first = capsys.readouterr().out
    np.save(tmp_path / "y.npy", 7 - np.arange(60) % 3)
    assert main(["evaluate", str(run), "--labels", str(tmp_path / "y.npy")]) == 0
    assert capsys.readouterr().out == first
    scores = dict(re.findall(r"(\w+)\)? +(\d\.\d{4})$", first, re.MULTILINE))
    assert set(scores) == {"ACC", "NMI", "ARI", "purity", "homogeneity"}
    for header, names in ([], KINDS), (["0"], "123"):  # a label as the first row, a name of digits
        bare = write_csv(tmp_path / "y.csv", [header, *([names[i % 3]] for i in range(60))])
        assert main(["evaluate", str(run), "--labels", str(bare)]) == 0
        assert capsys.readouterr().out == first
    short = write_csv(tmp_path / "y.csv", [["kind"], *([k] for k in KINDS)])
    assert main(["evaluate", str(run), "--labels", str(short)]) == 2
    assert "each of the 60 rows" in capsys.readouterr().err


def test_a_run_knows_its_own_file_from_another_folder(points, tmp_path, monkeypatch, capsys):
    rows = [[*map(str, row[:2]), KINDS[i % 3]] for i, row in enumerate(points)]
    path = write_csv(tmp_path / "points.csv", [["0.5", "height", "kind"], *rows])
    monkeypatch.chdir(tmp_path)
    options = ("--header", "--label-column", "kind")  # without which the first row is in doubt
    assert fit(path.name, "run", *options, epochs=1) == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    command = ["evaluate", str(tmp_path / "run"), "--label-column", "kind", "--labels"]
    assert main([*command, str(path)]) == 0
    assert "accuracy (ACC)" in capsys.readouterr().out


@pytest.fixture(scope="module")
def run_in_unit_range(table, tmp_path_factory):
    """A finished run of a model that takes values in [0, 1] alone."""
    out = tmp_path_factory.mktemp("unit") / "run"
    options = ("--label-column", "kind", "--pretrain-epochs", "1", "--scale", "minmax")
    small = ("--set", "hidden_units=4", "--set", "gate_units=4")
    assert fit(table, out, *options, *small, model="damic", epochs=1) == 0
    return out


def test_data_that_a_model_cannot_reconstruct_are_refused_with_the_option(table, tmp_path, capsys):
    out = tmp_path / "run"
    options = ("--label-column", "kind", "--pretrain-epochs", "1")
    assert fit(table, out, *options, model="damic", epochs=1) == 2
    message = capsys.readouterr().err
    assert "within 0 and 1, such as by --scale minmax" in message
    assert "--scale max_abs where it is sparse. Received: values" in message


def test_rows_beyond_the_trained_range_are_cut_to_it(run_in_unit_range, tmp_path, capsys):
    beyond = write_csv(tmp_path / "beyond.csv", [[*COLUMNS], [1e3] * len(COLUMNS)])
    capsys.readouterr()
    assert main(["predict", str(run_in_unit_range), str(beyond)]) == 0
    answer = capsys.readouterr()
    assert f"Note: {len(COLUMNS)} values beyond the range of the data" in answer.err
    assert len(answer.out.splitlines()) == 2


def test_an_export_answers_as_predict_does(run_in_unit_range, points, tmp_path, capsys):
    x = 1.5 * points  # beyond the trained range
    path = write_csv(tmp_path / "beyond.csv", [COLUMNS, *x])
    out = tmp_path / "out"
    assert main(["predict", str(run_in_unit_range), str(path), "--out", str(out)]) == 0
    expected = np.load(out / "memberships.npy")
    served = tmp_path / "served"
    assert main(["export", str(run_in_unit_range), "--to", str(served)]) == 0
    assert "saved_model_cli run --dir" in capsys.readouterr().out
    cluster = tf.saved_model.load(str(served / "1")).signatures["serving_default"]
    answer = cluster(x=tf.constant(x, cluster.structured_input_signature[1]["x"].dtype))
    np.testing.assert_allclose(answer["membership"], expected, rtol=1e-5, atol=1e-6)
    request, response, columns = (
        json.loads((served / f"{name}.json").read_text())
        for name in ("request", "response", "columns")
    )
    np.testing.assert_allclose(request["instances"][0]["x"], points[0], rtol=1e-6)
    found = np.load(run_in_unit_range / "memberships.npy")[0]
    np.testing.assert_allclose(response["predictions"][0]["membership"], found, rtol=1e-5)
    assert columns["columns"] == list(COLUMNS)
    assert columns["clip"] == [0.0, 1.0]


# Data as people have them ---------------------------------------------------------------------


def people(points):
    """`points` as a European table with ids, categories, gaps and percents."""
    rows = ["id;time;share;colour;note"]
    for i, (a, b, c) in enumerate(points):
        share = "" if i in (3, 7) else f"{b:.3f} %".replace(".", ",")
        time = f"{1_700_000_000 + 10 * a:.2f}".replace(".", ",")
        rows.append(f"K{i:03d};{time};{share};{'red' if c > 0.5 else 'blue'};-")
    return "\n".join(rows)


def test_predict_and_evaluate_read_a_table_as_the_fit_did(points, tmp_path, capsys):
    path, out = tmp_path / "people.csv", tmp_path / "run"
    path.write_text(people(points), encoding="utf-8")
    options = ["--decimal", ",", "--drop", "note", "--one-hot", "colour", "--id-column", "id"]
    assert fit(path, out, *options, "--standardize", "--missing", "drop") == 0
    assert "2 rows of 60 left out" in capsys.readouterr().out
    record = json.loads((out / "run.json").read_text())
    assert record["data"]["columns"] == ["time", "share", "colour=blue", "colour=red"]
    assert record["data"]["left_out"] == [3, 7]
    with (out / "labels.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [(row["row"], row["id"]) for row in found[:4]] == [
        *(("0", "K000"), ("1", "K001"), ("2", "K002"), ("4", "K004"))
    ]
    assert main(["predict", str(out), str(path)]) == 0
    answer = capsys.readouterr()
    assert answer.out == (out / "labels.csv").read_text()
    assert "Note: 2 rows of 60 left out for missing values" in answer.err
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join([lines[0], lines[1].replace("red", "mauve").replace("blue", "mauve")])
    )
    assert main(["predict", str(out), str(path)]) == 0
    assert "1 row with categories of 'colour' that the run has not seen" in capsys.readouterr().err
    labels = write_csv(tmp_path / "y.csv", [["kind"], *([KINDS[i % 3]] for i in range(60))])
    assert main(["evaluate", str(out), "--labels", str(labels)]) == 0
    assert "accuracy (ACC)" in capsys.readouterr().out


def test_grey_and_damaged_images_can_be_predicted_by_a_run_of_coloured_ones(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for i in range(9):
        (tmp_path / f"{i % 3}").mkdir(exist_ok=True)
        shape = (4, 4) if i % 3 else (4, 4, 3)
        Image.fromarray(rng.integers(0, 256, shape, "uint8")).save(tmp_path / f"{i % 3}/{i}.png")
    out = tmp_path / "run"
    (tmp_path / "0" / "0.png").write_bytes(b"damaged")
    assert fit(tmp_path, out, clusters=2, epochs=1) == 0
    assert "Note: 1 damaged image is left out: 0/0.png" in capsys.readouterr().out
    assert "1 damaged image is left out" in (out / "report.html").read_text()
    np.save(tmp_path / "x.npy", np.zeros((2, 5)))
    assert main(["predict", str(out), str(tmp_path / "x.npy")]) == 2
    assert "of shape (4, 4, 3), as" in capsys.readouterr().err
    (tmp_path / "1" / "4.png").write_bytes(b"damaged")
    assert main(["predict", str(out), str(tmp_path / "1")]) == 0
    answer = capsys.readouterr()
    assert [line.split(",")[0] for line in answer.out.splitlines()] == ["file", "1.png", "7.png"]
    assert "Note: 1 damaged image is left out: 4.png" in answer.err
