import numpy as np
import pytest
from refusals import mistake
from scipy.io import mmwrite
from scipy.sparse import csc_matrix, csr_matrix, save_npz

from tfclust.cli.reading import Known, Options, read

X = np.array([[1.0, 2.5], [0.0, -1.0], [3.0, 0.0]])


def test_npy_and_npz_are_read(tmp_path):
    np.save(tmp_path / "data.npy", X)
    np.savez(tmp_path / "data.npz", x=X, kind=np.array([4, 5, 4]), other=X)
    labelled = read(tmp_path / "data.npz", Options(label_column="kind"))
    for samples in (read(tmp_path / "data.npy"), labelled):
        np.testing.assert_array_equal(samples.x, X)
    assert labelled.labels.tolist() == ["4", "5", "4"]
    new = read(tmp_path / "data.npy", Options(label_column="kind"), labelled.known)
    np.testing.assert_array_equal(new.x, X)
    assert labelled.notes == ["the data are the array 'x' of 2"]
    assert "must have the array 'z'" in mistake(tmp_path / "data.npz", label_column="z")
    assert "must be read without --one-hot" in mistake(tmp_path / "data.npy", one_hot=("1",))


@pytest.mark.parametrize("options", [{"columns": ("2,0",)}, {"columns": ("2", "0")}])
def test_columns_are_chosen_by_number(tmp_path, options):
    np.save(tmp_path / "data.npy", np.arange(6.0).reshape(2, 3))
    samples = read(tmp_path / "data.npy", Options(**options))
    assert samples.x.tolist() == [[2, 0], [5, 3]]
    assert samples.columns == ("2", "0")
    again = read(tmp_path / "data.npy", Options(), Known(**samples.known.to_json()))
    assert again.x.tolist() == samples.x.tolist()
    turned = read(tmp_path / "data.npy", Options(columns=("2,1,0",)))
    assert turned.x.tolist() == [[2, 1, 0], [5, 4, 3]]
    assert read(tmp_path / "data.npy", Options(drop=("0",))).x.tolist() == [[1, 2], [4, 5]]
    assert "the columns '0', '1', '2'" in mistake(tmp_path / "data.npy", columns=("0", "3"))


@pytest.mark.parametrize("name", ["X", "x_train", "X_train", "anything"])
def test_the_data_of_a_npz_file_may_have_other_names(tmp_path, name):
    others = {"y_train": np.arange(3)} if name != "anything" else {}
    np.savez(tmp_path / "data.npz", **{name: X, **others})
    np.testing.assert_array_equal(read(tmp_path / "data.npz").x, X)


@pytest.mark.parametrize("name", ["data.npz", "data.npy"])
def test_what_numpy_did_not_write_is_refused_without_talk_of_its_options(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(range(200)))
    said = mistake(tmp_path / name)
    assert "cannot be read: it holds no numbers that numpy.save" in said
    assert "pickle" not in said


def test_bad_npz_files_are_mistakes_that_name_the_array(tmp_path):
    np.savez(tmp_path / "data.npz", **{f"array_{i}": X for i in range(50)})
    said = mistake(tmp_path / "data.npz")
    assert "must call the data one of x, X, x_train, X_train" in said
    assert "and 45 more" in said
    np.savez(tmp_path / "data.npz", x=X.astype(object))
    assert "the array 'x' of" in mistake(tmp_path / "data.npz")


@pytest.mark.parametrize(
    ("dtype", "kept"),
    [("float64", "float64"), ("int32", "float64"), ("float32", "float32"), ("bool", "float32")],
)
def test_values_stay_as_exact_as_they_are_stored(tmp_path, dtype, kept):
    np.save(tmp_path / "data.npy", X.astype(dtype))
    assert read(tmp_path / "data.npy").x.dtype == kept


def test_bytes_are_pixels(tmp_path):
    np.save(tmp_path / "data.npy", np.full((2, 3, 3), 51, "uint8"))
    samples = read(tmp_path / "data.npy")
    np.testing.assert_allclose(samples.x, 0.2)
    assert samples.x.dtype == "float32"
    assert samples.image_shape == (3, 3)
    assert samples.pixel_max == 255
    assert "images have no columns to choose" in mistake(tmp_path / "data.npy", columns=("0",))
    assert "rows that are stored with their zeros" in mistake(tmp_path / "data.npy", missing="drop")


def test_missing_values_are_left_out_or_filled(tmp_path):
    np.savez(tmp_path / "data.npz", x=np.where(X == 3.0, np.nan, X), y=np.arange(3))
    said = mistake(tmp_path / "data.npz", drop=("1",), label_column="y")
    assert "column 0 in 1 row (2)" in said
    samples = read(tmp_path / "data.npz", Options(missing="drop", label_column="y"))
    np.testing.assert_array_equal(samples.x, X[:2])
    assert samples.labels.tolist() == ["0", "1"]
    assert samples.index["row"].tolist() == [0, 1]
    assert read(tmp_path / "data.npz", Options(missing="median", label_column="y")).x[2, 0] == 0.5


def test_ids_are_pointed_out_or_refused_where_float64_cannot_hold_them(tmp_path):
    x = np.array([[5, 1], [9, 1], [4, 2]])
    np.save(tmp_path / "data.npy", x)
    (note,) = read(tmp_path / "data.npy").notes
    assert "the same integer in 0:" in note
    for value in (2**53 + 1, -(2**53) - 1, 2**60):
        np.save(tmp_path / "data.npy", np.array([[1, 5], [1, value]]))
        assert f"column 1 with {value}" in mistake(tmp_path / "data.npy")


@pytest.mark.parametrize("suffix", [".npz", ".mtx"])
@pytest.mark.parametrize("kind", [csr_matrix, csc_matrix])
def test_sparse_matrices_stay_sparse(tmp_path, suffix, kind):
    path = tmp_path / f"data{suffix}"
    (save_npz if suffix == ".npz" else mmwrite)(path, kind(X))
    samples = read(path)
    assert samples.x.format == "csr"
    assert samples.x.dtype == "float32"
    np.testing.assert_array_equal(samples.x.toarray(), X)
    assert "no named labels" in mistake(path, label_column="y")
    assert read(path, Options(columns=("1",))).x.shape == (3, 1)


def test_missing_values_of_sparse_matrices_are_found(tmp_path):
    save_npz(tmp_path / "data.npz", csr_matrix(np.where(X == 3.0, np.nan, X)))
    assert "column 0 in 1 row (2)" in mistake(tmp_path / "data.npz")
    assert "Received: a sparse matrix" in mistake(tmp_path / "data.npz", missing="median")


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (X.astype(str), "must be numbers"),
        (X.astype(object), "cannot be read"),
        (np.zeros(3, [(f"field {i}", "f8") for i in range(99)]), "must be numbers"),
        (X[0], "Received: shape (2,)"),
        (X[:0], "must have rows and columns"),
        (X.astype("int64")[:0], "must have rows and columns"),
        (np.full((1, 2, 2), np.inf), "no missing and no infinite values"),
    ],
)
def test_other_arrays_are_a_mistake(tmp_path, array, said):
    np.save(tmp_path / "data.npy", array, allow_pickle=True)
    assert said in mistake(tmp_path / "data.npy")
    assert len(mistake(tmp_path / "data.npy")) < 300
