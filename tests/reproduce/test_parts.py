import numpy as np
import pytest

from reproduce.methods.parts import Parts


@pytest.mark.parametrize(
    ("n", "n_train", "sizes"), [(100, 70, (56, 14, 30)), (50, None, (32, 8, 10))]
)
def test_every_row_is_in_one_part_the_same_ones_each_time(n, n_train, sizes):
    parts = Parts.of(n, n_train)
    rows = [parts.train, parts.validation, parts.test]
    assert tuple(map(len, rows)) == sizes
    np.testing.assert_array_equal(np.sort(np.concatenate(rows)), np.arange(n))
    again = Parts.of(n, n_train)
    np.testing.assert_array_equal(parts.train, again.train)
    assert not np.array_equal(parts.train, np.sort(parts.train))


def test_the_published_split_is_kept():
    assert Parts.of(100, 70).test.min() >= 70
