import decimal

import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf
from tiny_models import tiny_model

from tfclust.checks import check_data
from tfclust.inputs import as_array

pd = pytest.importorskip("pandas")

FRAME = pd.DataFrame({"a": [0.5, 1.5, 2.5], "b": [True, False, True], "c": [7, 8, 9]})
EXPECTED = [[0.5, 1.0, 7.0], [1.5, 0.0, 8.0], [2.5, 1.0, 9.0]]
TABLES = {
    "bool, int and float": FRAME,
    "nullable": FRAME.convert_dtypes(),
    "of pyarrow": FRAME.convert_dtypes(dtype_backend="pyarrow"),
    "sparse": FRAME.astype(pd.SparseDtype("float")),
    "names that come twice": FRAME.set_axis(["a", "a", "a"], axis=1),
    "an index of its own": FRAME.set_axis(["x", "y", "z"]),
}
NO_ARRAYS = {
    "nothing": (None, r"nothing to work on.*Received: x=None"),
    "a dict": ({"a": [1.0]}, r"pass one of the values.*type dict"),
    "a path": ("data.csv", r"read the file first.*type str"),
    "a set": ({1.0, 2.0}, r"a set has no order.*type set"),
    "a generator": ((row for row in EXPECTED), r"numpy\.stack.*type generator"),
    "a function": (len, "call it first"),
    "a dataset": (tf.data.Dataset.range(3), "all rows are needed at once"),
    "ragged rows": (tf.ragged.constant([[1.0], [1.0, 2.0]]), r"`x\.to_tensor\(\)`"),
    "sparse tensor": (tf.sparse.from_dense(np.eye(2)), r"`tf\.sparse\.to_dense\(x\)`"),
    "any object": (object(), "type object"),
    "fields": (np.zeros(2, [("a", "f4"), ("b", "f4")]), "structured_to_unstructured"),
    "dates": (np.zeros((2, 2), "datetime64[s]"), "days since the first of them.*datetime64"),
    "durations": (np.zeros((2, 2), "timedelta64[s]"), "durations into numbers.*timedelta64"),
    "complex": (np.eye(2) * 1j, "imaginary parts side by side.*complex128"),
    "bytes": (np.full((2, 2), b"a"), "encode text"),
    "decimals": (np.full((2, 2), decimal.Decimal(1)), "objects such as Decimal to float"),
}
BAD_COLUMNS = {
    "text": ([*"uvu"], r"encode text.*columns \['d' \((str|object)\)\]"),
    "categories": (pd.Categorical([*"uvu"]), r"'d' \(category\)"),
    "dates": (pd.to_datetime(["2020", "2021", "2022"]), r"days since the first.*'d' \(datetime64"),
    "durations": (pd.to_timedelta([1, 2, 3], unit="s"), r"'d' \(timedelta64"),
    "decimals": ([decimal.Decimal(1)] * 3, r"'d' \(object\)"),
    "complex": ([1j, 2j, 3j], r"'d' \(complex128\)"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_of_numbers_of_any_kind_are_taken(kind):
    x = check_data(TABLES[kind])
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, EXPECTED)


@pytest.mark.parametrize("kind", ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"])
def test_sparse_matrices_of_any_kind_are_taken(kind):
    x = check_data(scipy.sparse.coo_array(EXPECTED).asformat(kind))
    assert x.format == "csr"
    np.testing.assert_array_equal(x.toarray(), EXPECTED)


def test_integers_and_booleans_stay_what_they_are_until_they_are_checked():
    ones = pd.DataFrame({"a": [True, False], "b": [1, 0]})
    assert as_array(ones).dtype == as_array(ones.convert_dtypes()).dtype == "int64"
    with pytest.raises(ValueError, match=r"Integer `x` must lie within 0 and 1.*from 0 to 5"):
        check_data(ones.convert_dtypes() * 5)


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_missing_values_of_a_table_are_missing_numbers(backend):
    holes = pd.DataFrame({"a": [0.5, None], "b": [1, None]}).convert_dtypes(dtype_backend=backend)
    with pytest.raises(ValueError, match=r"must not hold NaN.*Received: 2 of them"):
        check_data(holes)
    with pytest.raises(ValueError, match=r"must not hold NaN.*Received: 1 of them"):
        check_data(np.ma.array([[1.0, 2.0]], mask=[[True, False]]))


def test_tables_of_pyarrow_are_taken():
    pyarrow = pytest.importorskip("pyarrow")
    np.testing.assert_array_equal(check_data(pyarrow.Table.from_pandas(FRAME)), EXPECTED)


def test_tables_of_polars_are_taken_and_a_lazy_one_is_told_to_collect():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame(FRAME.to_dict("list"))
    np.testing.assert_array_equal(check_data(table), EXPECTED)
    with pytest.raises(ValueError, match=r"`x.collect\(\)` it first.*LazyFrame"):
        check_data(table.lazy())
    with pytest.raises(ValueError, match=r"columns \['d' \(String\)\]"):
        check_data(table.with_columns(d=polars.lit("text")))


@pytest.mark.parametrize("kind", BAD_COLUMNS)
def test_a_column_that_holds_no_numbers_is_named(kind):
    values, rule = BAD_COLUMNS[kind]
    with pytest.raises(ValueError, match=f"real numbers in every column.*{rule}"):
        check_data(FRAME.assign(d=values))


@pytest.mark.parametrize("kind", NO_ARRAYS)
def test_what_is_no_array_is_refused_with_the_way_to_one(kind):
    x, rule = NO_ARRAYS[kind]
    with pytest.raises(ValueError, match=f"`x` must .*{rule}"):
        check_data(x)


def test_a_model_is_given_a_table_wherever_it_is_given_an_array():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.random((20, 3)), columns=[*"abc"]).assign(d=[True, False] * 10)
    x = table.to_numpy(dtype="float32")
    of_table, of_array = tiny_model("CM"), tiny_model("CM")
    history = of_table.fit(table.convert_dtypes(), validation_data=table, verbose=0).history
    assert history == of_array.fit(x, validation_data=x, verbose=0).history
    for method in ("assign", "embed", "reconstruct"):
        np.testing.assert_array_equal(
            getattr(of_table, method)(table), getattr(of_array, method)(x)
        )
    for method in ("fit", "predict", "evaluate", "embed", "assign"):
        with pytest.raises(ValueError, match=r"every column.*'e' \((str|object)\)"):
            getattr(of_table, method)(table.assign(e="text"))
        with pytest.raises(ValueError, match="pass one of the values"):
            getattr(of_table, method)({"x": x})
