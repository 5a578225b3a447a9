import numpy as np
import pytest
from scipy.sparse import coo_matrix, csr_matrix

from tfclust.checks import (
    check_choice,
    check_cluster,
    check_concentration,
    check_data,
    check_flat,
    check_integer,
    check_labels,
    check_sigmoid_range,
    check_units,
    check_weight,
    count_distinct_rows,
    did_you_mean,
)


def refuses(check, *args):
    """The message of the ValueError that `check(*args)` raises."""
    with pytest.raises(ValueError, match="Received: ") as error:
        check(*args)
    return str(error.value)


@pytest.mark.parametrize("make", [np.asarray, csr_matrix])
def test_distinct_rows_are_counted_as_far_as_is_asked(make):
    x = make(np.concatenate([np.zeros((300, 2)), [[-0.0, 0.0]], np.eye(2), 2 * np.eye(2)]))
    assert [count_distinct_rows(x, most) for most in (1, 4, 9)] == [1, 4, 5]
    assert count_distinct_rows(np.arange(8).reshape(2, 2, 2), 3) == 2  # of images


@pytest.mark.parametrize("value", [2, np.int64(2), np.uint8(2)])
def test_integers_of_any_kind_become_int(value):
    assert type(check_integer("n_clusters", value, 2)) is int


@pytest.mark.parametrize("value", [-1, 3, 1.0, True, None, [0], np.array([0])])
def test_what_is_no_cluster_id_is_refused(value):
    assert check_cluster("k", np.int64(2), 3) == 2
    assert "`k` must be a cluster id from 0 to 2" in refuses(check_cluster, "k", value, 3)


def test_what_cannot_be_a_key_is_no_choice_of_a_mapping():
    assert check_choice("model", "cm", {"cm": 1}) == "cm"
    assert "`model` must be one of cm" in refuses(check_choice, "model", ["cm"], {"cm": 1})


@pytest.mark.parametrize("value", [1, 2.0, True, None, "2", [2]])
def test_what_is_no_integer_of_the_least_size_is_refused(value):
    message = refuses(check_integer, "n_clusters", value, 2)
    assert "`n_clusters` must be an integer of at least 2" in message
    assert message.endswith(f"n_clusters={value!r}")


@pytest.mark.parametrize("value", [0, 2, 0.5, np.float32(0.5)])
def test_weights_become_float(value):
    assert check_weight("beta", value) == value
    assert type(check_weight("beta", value)) is float


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf, None, "1", [1.0]])
def test_what_is_no_finite_number_of_at_least_0_is_refused(value):
    assert "`beta` must be a finite number of at least 0" in refuses(check_weight, "beta", value)


def test_concentration_is_a_float_or_a_tuple_of_floats():
    assert check_concentration(3, 2) == 3.0
    assert check_concentration(np.array([1, 2]), 2) == (1.0, 2.0)


@pytest.mark.parametrize("alpha", [[1.0], [1.0, 2.0, 3.0], [[1.0, 2.0]], []])
def test_concentration_of_another_length_is_refused(alpha):
    assert "one number for each of the 2 clusters" in refuses(check_concentration, alpha, 2)


@pytest.mark.parametrize("alpha", [0.0, -1.0, np.nan, np.inf, None, [1.0, -1.0], [np.nan, 1.0]])
def test_concentration_that_is_not_positive_and_finite_is_refused(alpha):
    assert "`alpha` must be positive and finite" in refuses(check_concentration, alpha, 2)


@pytest.mark.parametrize("alpha", ["even", ["a", "b"], 1j])
def test_concentration_that_is_no_number_is_refused(alpha):
    assert "`alpha` must be one number" in refuses(check_concentration, alpha, 2)


def test_units_become_a_tuple_of_ints():
    assert check_units("hidden_units", [3, np.int64(4)]) == (3, 4)


@pytest.mark.parametrize("units", [(3, 0), (3, -1), (3, 2.5)])
def test_a_layer_without_units_is_refused(units):
    assert "`hidden_units[1]` must be an integer" in refuses(check_units, "hidden_units", units)


@pytest.mark.parametrize("units", [3, None])
def test_units_that_are_no_sequence_are_refused(units):
    message = refuses(check_units, "hidden_units", units)
    assert message.startswith("`hidden_units` must be a sequence")


def test_flat_shapes_pass_and_others_are_refused():
    check_flat((None, 6))
    message = refuses(check_flat, (None, 8, 8), "flatten them")
    assert "rank 2" in message
    assert "flatten them" in message
    assert message.endswith("(None, 8, 8)")


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bool"])
def test_data_become_float32(dtype):
    x = check_data(np.eye(3).astype(dtype))
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, np.eye(3))


def test_lists_are_data_too():
    np.testing.assert_array_equal(check_data([[0.5, 1.0]]), np.float32([[0.5, 1.0]]))


def test_float32_data_are_not_copied(rows):
    assert check_data(rows) is rows


def test_sparse_data_of_any_format_become_csr():
    x = check_data(coo_matrix(np.eye(3)))
    assert x.format == "csr"
    assert x.dtype == np.float32


def test_integers_within_0_and_1_are_taken():
    assert check_data(np.eye(3, dtype="uint8")).dtype == np.float32
    assert check_data(csr_matrix((3, 2), dtype="int64")).shape == (3, 2)


@pytest.mark.parametrize(("low", "high"), [(0, 255), (-1, 1), (0, 2)])
@pytest.mark.parametrize("container", [np.asarray, csr_matrix])
def test_integers_out_of_range_are_refused(low, high, container):
    message = refuses(check_data, container(np.array([[low, 1], [0, high]], "int16")))
    assert "Integer `x` must lie within 0 and 1" in message
    assert f"{high}" in message


def test_ragged_lists_are_refused():
    assert "`x` must" in refuses(check_data, [[1.0, 2.0], [3.0]])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("container", [np.asarray, csr_matrix])
def test_values_that_are_not_finite_are_refused_and_counted(value, container):
    message = refuses(check_data, container([[value, 1.0], [2.0, value]]))
    assert "`x` must not hold NaN or infinite values" in message
    assert "Received: 2 of them" in message


def test_both_infinities_at_once_are_refused():
    assert "2 of them" in refuses(check_data, np.array([[np.inf, -np.inf]]))


def test_values_beyond_float32_are_refused():
    assert "1 of them" in refuses(check_data, np.array([[1e300, 0.0]]))


def test_large_values_within_float32_are_taken():
    assert np.isfinite(check_data(np.full((4, 4), 3e38))).all()


@pytest.mark.parametrize("shape", [(3,), (3, 5, 5, 2), (3, 25)])
def test_data_of_another_rank_are_refused(shape):
    message = refuses(check_data, np.zeros(shape), (5, 5))
    assert f"shape {shape}" in message


def test_data_of_another_sample_shape_are_refused():
    assert "samples of shape (5, 5)" in refuses(check_data, np.zeros((3, 5, 4)), (5, 5))


def test_sizes_that_a_model_leaves_open_are_not_checked():
    assert check_data(np.zeros((3, 5, 4)), (None, 4)).shape == (3, 5, 4)


def test_fewer_rows_than_asked_for_are_refused():
    message = refuses(check_data, np.zeros((2, 4)), None, 3)
    assert "at least as many rows as there are clusters, 3" in message
    assert message.endswith("2 rows")


@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_values_of_0_to_1_pass_and_others_are_refused_with_their_range(kind):
    x = np.array([[0.0, 0.5], [1.0, 0.0]])
    passed = kind(x)
    assert check_sigmoid_range(passed) is passed
    check_sigmoid_range(kind((x * np.float64(1 + 1e-7)).astype("float32")))
    assert "Received: x from 0 to 2" in refuses(check_sigmoid_range, kind(2.0 * x))
    assert "Received: x from -1 to 0" in refuses(check_sigmoid_range, kind(x - 1.0))


def test_there_is_one_label_for_each_row():
    assert check_labels(None, np.ones((2, 1))) is None
    np.testing.assert_array_equal(check_labels([3, 4], np.ones((2, 1))), [3, 4])
    message = refuses(check_labels, [[3, 4]], np.ones((2, 1)))
    assert "one label for each of the 2 rows" in message
    assert message.endswith("y of shape (1, 2)")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("alfa", " Did you mean 'alpha'?"),
        ("Alpha", " Did you mean 'alpha'?"),
        ("petal lenght", " Did you mean 'Petal Length'?"),
        ("x", ""),
    ],
)
def test_a_mistyped_name_is_answered_by_the_closest(name, said):
    assert did_you_mean(name, ("alpha", "beta", "Petal Length")) == said
