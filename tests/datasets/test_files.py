import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix, issparse

from tfclust.datasets import files, load
from tfclust.datasets.checksums import file_sha256


@pytest.fixture
def data_dir():
    folder = os.environ.get(files.ENVIRONMENT_VARIABLE)
    if not folder:
        pytest.skip(f"{files.ENVIRONMENT_VARIABLE} is not set")
    return Path(folder)


def list_in_manifest(monkeypatch, path, **entry):
    entry = {"file": path.name, "sha256": file_sha256(path), "n_train": None} | entry
    monkeypatch.setattr(files, "manifest", lambda: {"tiny": {"description": "", **entry}})


@pytest.fixture
def tiny_images(tmp_path, monkeypatch):
    path = tmp_path / "tiny.npz"
    x = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    np.savez(path, x=x, y=np.array([0, 1, 1, 0], np.int32), n_train=3)
    list_in_manifest(monkeypatch, path, n_classes=2, n_train=3)
    return path


def test_file_is_read_with_its_split_labels_and_checksum(tiny_images):
    data = load("tiny", data_dir=tiny_images.parent)
    np.testing.assert_allclose(data.x, np.arange(24).reshape(4, 2, 3) / 255, rtol=1e-6)
    assert data.x.dtype == np.float32
    np.testing.assert_array_equal(data.y, [0, 1, 1, 0])
    assert data.y.dtype == np.int64
    assert (data.n_classes, data.n_train, data.name) == (2, 3, "tiny")
    assert data.sha256 == file_sha256(tiny_images)


def test_folder_of_the_environment_variable_is_searched(tiny_images, monkeypatch):
    monkeypatch.setenv("TFCLUST_DATA_DIR", str(tiny_images.parent))
    assert load("tiny", scale="raw").x.dtype == np.uint8


def test_data_dir_goes_before_the_environment_variable(tiny_images, monkeypatch, tmp_path):
    monkeypatch.setenv("TFCLUST_DATA_DIR", str(tmp_path / "elsewhere"))
    assert load("tiny", data_dir=tiny_images.parent).name == "tiny"


def test_corrupted_file_is_refused_with_both_checksums(tiny_images):
    expected = file_sha256(tiny_images)
    content = bytearray(tiny_images.read_bytes())
    content[len(content) // 2] ^= 1
    tiny_images.write_bytes(content)
    os.utime(tiny_images, ns=(0, 0))
    with pytest.raises(ValueError) as error:
        load("tiny", data_dir=tiny_images.parent)
    assert expected in str(error.value)
    assert f"Received: sha256={file_sha256(tiny_images)}" in str(error.value)


def test_pickled_objects_are_never_loaded(tmp_path, monkeypatch):
    path = tmp_path / "tiny.npz"
    np.savez(path, x=np.array([{}, {}], dtype=object), y=np.zeros(2))
    list_in_manifest(monkeypatch, path, n_classes=1)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load("tiny", data_dir=tmp_path)


def test_sparse_file_stays_csr(tmp_path, monkeypatch):
    path = tmp_path / "tiny.npz"
    x = csr_matrix(np.array([[0, 2, 0], [1, 0, 0]], np.float32))
    parts = {"x_data": x.data, "x_indices": x.indices, "x_indptr": x.indptr, "x_shape": x.shape}
    np.savez(path, y=np.array([0, 1]), **parts)
    list_in_manifest(monkeypatch, path, n_classes=2)
    data = load("tiny", data_dir=tmp_path, scale="sqrt_dim", flatten=True)
    assert issparse(data.x)
    assert data.x.format == "csr"
    assert data.x.dtype == np.float32
    np.testing.assert_allclose(data.x.toarray(), x.toarray() * np.sqrt(3), rtol=1e-6)


@pytest.mark.parametrize("origin", ["`data_dir`", "TFCLUST_DATA_DIR"])
def test_folder_that_does_not_exist_is_refused(origin, tmp_path, monkeypatch):
    missing = str(tmp_path / "missing")
    monkeypatch.setenv("TFCLUST_DATA_DIR", missing)
    with pytest.raises(
        FileNotFoundError, match=rf"{origin} must be .*usps\.npz.*Received: '.*miss"
    ):
        load("usps", data_dir=missing if origin == "`data_dir`" else None)


def test_manifest_tells_all_that_is_promised_of_every_file():
    keys = {"description", "file", "sha256", "shape", "n_classes", "n_train", "source", "licence"}
    for name, entry in files.manifest().items():
        assert set(entry) == keys, name
        assert len(entry["sha256"]) == 64, name
        assert all(entry[key] for key in keys - {"n_train"}), name


@pytest.mark.parametrize("name", files.manifest())
def test_published_file_is_what_the_manifest_says(name, data_dir):
    entry = files.manifest()[name]
    data = load(name, data_dir=data_dir, scale="raw")
    assert list(data.x.shape) == entry["shape"]
    assert data.y.shape == data.x.shape[:1]
    assert set(data.y.tolist()) == set(range(entry["n_classes"]))
    assert data.n_classes == entry["n_classes"]
    assert data.n_train == entry["n_train"]
    assert data.sha256 == entry["sha256"]


@pytest.mark.parametrize("name", ["mnist", "usps"])
def test_published_images_come_in_the_unit_interval(name, data_dir):
    data = load(name, data_dir=data_dir)
    assert (data.x.dtype, data.x.min(), data.x.max()) == (np.float32, 0, 1)


def test_published_pendigits_are_divided_by_one_hundred(data_dir):
    raw = load("pendigits", data_dir=data_dir, scale="raw").x
    np.testing.assert_allclose(load("pendigits", data_dir, "max").x, raw / 100, rtol=1e-6)


@pytest.mark.parametrize("name", ["rcv1_10k", "twenty_newsgroups"])
def test_published_text_stays_csr_with_rows_of_mean_square_one(name, data_dir):
    x = load(name, data_dir=data_dir, scale="sqrt_dim").x
    assert issparse(x)
    assert x.format == "csr"
    assert x.dtype == np.float32
    mean_square = np.asarray(x.multiply(x).sum(axis=1)).ravel() / x.shape[1]
    np.testing.assert_allclose(mean_square[mean_square > 0], 1, rtol=1e-4)


def test_corrupted_copy_of_a_published_file_is_refused(data_dir, tmp_path):
    path = Path(shutil.copyfile(data_dir / "uci_ecoli.npz", tmp_path / "uci_ecoli.npz"))
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match=files.manifest()["uci_ecoli"]["sha256"]):
        load("uci_ecoli", data_dir=tmp_path)
