import csv

import numpy as np
import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet
from scipy.io import mmwrite
from scipy.sparse import csc_matrix, csr_matrix, save_npz

from tfclust.cli.errors import UserError
from tfclust.cli.reading import read, read_labels, sha256

X = np.array([[1.0, 2.5], [0.0, -1.0], [3.0, 0.0]])


@pytest.fixture
def write(tmp_path):
    """Return a function that writes text and gives the path."""

    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def folder(tmp_path):
    """Two folders with grey images of 3 x 2, each of the shade of its number."""
    for i, name in enumerate(("cats/1.png", "cats/2.PNG", "dogs/0.png")):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (3, 2), 51 * i).save(path)
    (tmp_path / "images" / "notes.txt").write_text("no image")
    return tmp_path / "images"


def mistake(path, *arguments, reader=read):
    """What the reader says of a file that it refuses."""
    with pytest.raises(UserError) as error:
        reader(path, *arguments)
    return str(error.value)


# Tables ---------------------------------------------------------------------------------------


def test_csv_gives_its_columns_and_keeps_the_labels_apart(write):
    samples = read(write("a,kind,b\n1,x,2.5\n0,y,-1\n3,x,0\n"), label_column="kind")
    np.testing.assert_array_equal(samples.x, X)
    assert samples.x.dtype == "float32"
    assert samples.columns == ("a", "b")
    assert samples.labels.tolist() == ["x", "y", "x"]


@pytest.mark.parametrize(
    "text", ["1,2.5\n0,-1\n3,0\n", "1;2.5\n0;-1\n3;0\n", "1\t2.5\n0\t-1\n3\t0"]
)
def test_csv_without_a_header_has_numbered_columns(write, text):
    samples = read(write(text))
    np.testing.assert_array_equal(samples.x, X)
    assert samples.columns == ("0", "1")


def test_csv_may_have_a_byte_order_mark_and_quoted_names(write):
    assert read(write('\ufeff"a, of b",c\n1,2\n')).columns == ("a, of b", "c")


def test_columns_are_taken_in_the_order_asked_for(write):
    samples = read(write("a,b,c\n1,2,3\n"), columns=["c", "a"])
    assert samples.x.tolist() == [[3.0, 1.0]]
    assert samples.columns == ("c", "a")


def test_text_columns_are_named_with_an_example(write):
    said = mistake(write("a,kind,b,day\n1,x,2,2020-01-01\n3,4,5,2020-01-02\n"))
    assert "Received: text in 'kind' (such as 'x'), 'day'" in said
    assert "'a'" not in said


def test_missing_values_are_named_by_column_and_row(write):
    said = mistake(write("a,b,c\n1,,3\nnan,2,3\n4,NA,3\n"))
    assert "column 'a' in row 1; column 'b' in rows 0, 2" in said


def test_missing_values_beyond_the_first_are_counted(write):
    said = mistake(write("a,b\n" + "1,\n" * 9))
    assert "column 'b' in rows 0, 1, 2, 3, 4 and 4 more" in said


@pytest.mark.parametrize("value", ["inf", "1e300"])
def test_infinite_values_are_missing_values(write, value):
    assert "column 'b' in row 1" in mistake(write(f"a,b\n1,2\n3,{value}\n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n1\n", "Expected 2 columns, got 1"),
        ("", "Empty CSV file"),
        ("a,b\n", "must have rows and columns"),
        (",a\n0,1\n", "column 0 without a name"),
        ("a,a\n0,1\n", "'a' twice"),
    ],
)
def test_damaged_csv_is_a_mistake(write, text, said):
    assert said in mistake(write(text))


def test_unknown_columns_are_listed_with_those_there_are(write):
    path = write("a,b\n1,2\n")
    assert "must have the column 'z'. Received: the columns 'a', 'b'" in mistake(path, ["z"])
    assert "must have the column 'z'" in mistake(path, (), "z")
    assert "must leave out the column of labels" in mistake(path, ["a", "b"], "b")


def test_parquet_is_read_like_csv(tmp_path):
    path = tmp_path / "data.parquet"
    columns = {"a": X[:, 0], "b": X[:, 1], "kind": ["x", "y", "x"], "yes": [True, False, None]}
    parquet.write_table(pyarrow.table(columns), path)
    samples = read(path, columns=["a", "b"], label_column="kind")
    np.testing.assert_array_equal(samples.x, X)
    assert samples.labels.tolist() == ["x", "y", "x"]
    assert "column 'yes' in row 2" in mistake(path, ["a", "yes"])


# Arrays ---------------------------------------------------------------------------------------


def test_npy_and_npz_are_read(tmp_path):
    np.save(tmp_path / "data.npy", X)
    np.savez(tmp_path / "data.npz", x=X, kind=np.array([4, 5, 4]), other=X)
    for samples in (read(tmp_path / "data.npy"), read(tmp_path / "data.npz", (), "kind")):
        np.testing.assert_array_equal(samples.x, X)
    assert samples.labels.tolist() == ["4", "5", "4"]
    assert read(tmp_path / "data.npy", ["1"]).x.tolist() == X[:, 1:].tolist()
    assert "from 0 to 1. Received: 2" in mistake(tmp_path / "data.npy", ["0", "2"])
    assert "must have the array 'z'" in mistake(tmp_path / "data.npz", (), "z")


def test_several_arrays_without_x_are_a_mistake(tmp_path):
    np.savez(tmp_path / "data.npz", a=X, b=X)
    assert "must call the data `x`" in mistake(tmp_path / "data.npz")


def test_bytes_are_pixels(tmp_path):
    np.save(tmp_path / "data.npy", np.full((2, 3, 3), 51, "uint8"))
    samples = read(tmp_path / "data.npy")
    np.testing.assert_allclose(samples.x, 0.2)
    assert samples.image_shape == (3, 3)
    assert samples.pixel_max == 255
    assert "images have no columns to choose" in mistake(tmp_path / "data.npy", ["0"])


@pytest.mark.parametrize("suffix", [".npz", ".mtx"])
@pytest.mark.parametrize("kind", [csr_matrix, csc_matrix])
def test_sparse_matrices_stay_sparse(tmp_path, suffix, kind):
    path = tmp_path / f"data{suffix}"
    (save_npz if suffix == ".npz" else mmwrite)(path, kind(X))
    samples = read(path)
    assert samples.x.format == "csr"
    assert samples.x.dtype == "float32"
    np.testing.assert_array_equal(samples.x.toarray(), X)
    assert "no named labels" in mistake(path, (), "y")
    assert read(path, ["1"]).x.shape == (3, 1)


def test_missing_values_of_sparse_matrices_are_found(tmp_path):
    x = csr_matrix(np.where(X == 3.0, np.nan, X))
    save_npz(tmp_path / "data.npz", x)
    assert "column 0 in row 2" in mistake(tmp_path / "data.npz")


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (X.astype(str), "must be numbers"),
        (X.astype(object), "cannot be read"),
        (X[0], "Received: shape (2,)"),
        (X[:0], "must have rows and columns"),
    ],
)
def test_other_arrays_are_a_mistake(tmp_path, array, said):
    np.save(tmp_path / "data.npy", array, allow_pickle=True)
    assert said in mistake(tmp_path / "data.npy")


# Images ---------------------------------------------------------------------------------------


def test_images_are_read_in_the_order_of_their_names(folder):
    samples = read(folder, label_column="folder")
    assert samples.files == ["cats/1.png", "cats/2.PNG", "dogs/0.png"]
    assert samples.labels.tolist() == ["cats", "cats", "dogs"]
    assert samples.image_shape == (2, 3)
    np.testing.assert_allclose(samples.x[:, 0, 0], [0.0, 0.2, 0.4], rtol=1e-6)


def test_one_image_of_colours_makes_all_of_them_coloured(folder):
    Image.new("RGBA", (3, 2), (255, 0, 51, 9)).save(folder / "red.png")
    samples = read(folder)
    assert samples.image_shape == (2, 3, 3)
    np.testing.assert_allclose(samples.x[-1, 0, 0], [1.0, 0.0, 0.2], rtol=1e-6)


def test_images_of_other_sizes_are_named(folder):
    Image.new("L", (5, 5)).save(folder / "odd.png")
    assert "most here are of 3 x 2. Received: odd.png of 5 x 5" in mistake(folder)


def test_bad_folders_of_images_are_mistakes(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "must hold images" in mistake(tmp_path / "empty")
    assert "--label-column folder" in mistake(folder, (), "kind")
    Image.fromarray(np.zeros((2, 3), "int32")).save(folder / "deep.tif")
    assert "8 bits" in mistake(folder)
    (folder / "deep.tif").write_bytes(b"no image")
    assert "cannot be read" in mistake(folder)


# Any kind -------------------------------------------------------------------------------------


def test_what_is_missing_damaged_or_unknown_is_a_mistake(tmp_path, write):
    assert "must be an existing file" in mistake(tmp_path / "none.csv")
    assert ".csv, .parquet, .npy, .npz, .mtx" in mistake(write("1", "data.txt"))
    for name in ("data.npy", "data.npz", "data.parquet", "data.mtx"):
        assert f"{name} cannot be read" in mistake(write("nonsense", name))


def test_checksum_sees_every_change(folder, write):
    path = write("a\n1\n")
    before = sha256(path), sha256(folder)
    (folder / "dogs" / "0.png").rename(folder / "dogs" / "3.png")
    assert sha256(folder) != before[1]
    path.write_text("a\n2,5\n")
    assert sha256(path) != before[0]


def test_labels_are_read_from_tables_and_arrays(tmp_path, write):
    assert read_labels(write("kind\nx\ny\n")).tolist() == ["x", "y"]
    two = write("kind,b\nx,1\ny,2\n")
    assert read_labels(two, "b").tolist() == ["1", "2"]
    assert "--label-column must name it" in mistake(two, reader=read_labels)
    assert "none in row 1" in mistake(write("a,b\n1,2\n,3\n"), "a", reader=read_labels)
    np.save(tmp_path / "y.npy", np.array([3, 4]))
    assert read_labels(tmp_path / "y.npy").tolist() == ["3", "4"]
    assert "has no columns" in mistake(tmp_path / "y.npy", "b", reader=read_labels)


def test_a_table_of_many_rows_is_told_as_it_is(write):
    rows = [[i, i / 2] for i in range(2000)]
    path = write("")
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["a", "b"], *rows])
    samples = read(path)
    assert samples.describe() == "2,000 rows of 2 columns"
    np.testing.assert_array_equal(samples.x, np.array(rows, "float32"))
