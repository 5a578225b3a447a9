import hashlib
import os

import numpy as np
from scipy.sparse import csr_matrix

from tfclust.datasets.checksums import array_sha256, file_sha256


def test_file_checksum_is_that_of_the_bytes(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(b"abc")
    assert file_sha256(path) == hashlib.sha256(b"abc").hexdigest()


def test_file_is_read_once_while_unchanged_and_again_after_a_change(tmp_path, monkeypatch):
    path = tmp_path / "data"
    path.write_bytes(b"abc")
    reads = []
    read_bytes = type(path).read_bytes
    monkeypatch.setattr(
        type(path), "read_bytes", lambda self: reads.append(self) or read_bytes(self)
    )
    assert file_sha256(path) == file_sha256(path)
    assert len(reads) == 1

    path.write_bytes(b"xyz")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert file_sha256(path) == hashlib.sha256(b"xyz").hexdigest()
    assert len(reads) == 2


def test_array_checksum_is_that_of_the_bytes_in_turn():
    x, y = np.arange(24.0).reshape(2, 3, 4), np.array([0, 1])
    assert array_sha256(x, y) == hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest()


def test_array_checksum_leaves_out_missing_labels():
    x = np.eye(3)
    assert array_sha256(x, None) == array_sha256(x)


def test_array_checksum_sees_where_the_values_of_a_sparse_matrix_stand():
    assert array_sha256(csr_matrix(np.eye(3))) != array_sha256(csr_matrix(np.eye(3)[::-1]))
