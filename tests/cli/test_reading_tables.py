import csv

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from refusals import mistake

from tfclust.cli.messages import UserError
from tfclust.cli.reading import Known, Options, read, read_labels, read_rows

X = np.array([[1.0, 2.5], [0.0, -1.0], [3.0, 0.0]])


def again(path, samples, **options):
    """New data, read as those of `samples` were; what a run keeps goes through JSON's types."""
    known = samples.known.to_json()
    return read(path, Options(**options), Known(**known))


# Which columns ----------------------------------------------------------------------------------


def test_a_table_gives_its_columns_and_keeps_the_labels_apart(write):
    samples = read(write("a,kind,b\n1,x,2.5\n0,y,-1\n3,x,0\n"), Options(label_column="kind"))
    np.testing.assert_array_equal(samples.x, X)
    assert samples.x.dtype == "float64"
    assert samples.columns == ("a", "b")
    assert samples.labels.tolist() == ["x", "y", "x"]


@pytest.mark.parametrize("columns", [("c", "a"), ("c,a",), ("c, a",), ('"c","a"',)])
def test_columns_are_taken_in_the_order_asked_for(write, columns):
    samples = read(write("a,b,c\n1,2,3\n"), Options(columns=columns))
    assert samples.x.tolist() == [[3.0, 1.0]]
    assert samples.columns == ("c", "a")


def test_a_name_with_a_comma_is_one_name(write):
    path = write('"a,b",a,b\n1,2,3\n')
    assert read(path, Options(columns=("a,b",))).columns == ("a,b",)
    assert read(path, Options(drop=("a,b", "a"))).columns == ("b",)


def test_columns_that_are_dropped_may_hold_anything(write):
    samples = read(write("day,a,note\n2020-01-01,1,x\n,2,\n"), Options(drop=("day,note",)))
    assert samples.columns == ("a",)
    assert samples.x.tolist() == [[1.0], [2.0]]


def test_ids_are_kept_as_they_are_written_and_not_clustered(write):
    path = write("a,id\n1,007\n2,1234567890123456789\n")
    samples = read(path, Options(id_column="id"))
    assert samples.columns == ("a",)
    assert {name: list(values) for name, values in samples.index.items()} == {
        "row": [0, 1],
        "id": ["007", "1234567890123456789"],
    }
    new = again(write("a\n5\n", "new.csv"), samples, id_column="id")
    assert list(new.index) == ["row"]


def test_integers_that_differ_in_every_row_are_pointed_out_as_ids(write):
    path = write("id,a,b\n1,5,1.5\n3,5,2.5\n2,7,3.5\n")
    (note,) = read(path).notes
    assert note.startswith("no two rows have the same integer in 'id'")
    assert read(path, Options(columns=("id", "a"))).notes == []


@pytest.mark.parametrize("start", [2**53 + 1, 1234567890123456789, 89014103211118510720])
def test_integers_that_float64_cannot_hold_are_a_mistake(write, start):
    path = write(f"a,id\n1,{start}\n2,{start - 1}\n")
    said = mistake(path)
    assert "--id-column" in said
    assert "integers beyond 2**53 in 'id' (such as " in said
    samples = read(path, Options(id_column="id"))
    assert samples.index["id"].tolist() == [str(start), str(start - 1)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": ("z",)}, "must have the column 'z'. Received: the columns 'alpha', 'b'"),
        ({"columns": ("alfa",)}, "Did you mean 'alpha'?"),
        ({"label_column": "z"}, "must have the column 'z'"),
        ({"id_column": "z"}, "must have the column 'z'"),
        ({"drop": ("b,z",)}, "must have the column 'z'"),
        ({"columns": ("b",), "label_column": "b"}, "--columns and --label-column must name diff"),
        ({"drop": ("b",), "id_column": "b"}, "--drop and --id-column must name different"),
        ({"drop": ("b",), "one_hot": ("b",)}, "--one-hot must name columns to cluster by"),
        ({"id_column": "cluster"}, "must not be called as another column of labels.csv"),
    ],
)
def test_columns_that_cannot_be_chosen_so_are_a_mistake(write, options, said):
    assert said in mistake(write("alpha,b\n1,2\n"), **options)


def test_columns_of_one_name_are_a_mistake_where_they_are_used(write):
    path = write("a,a,b\n0,1,2\n")
    assert "'a' twice" in mistake(path)
    assert read(path, Options(columns=("b",))).x.tolist() == [[2.0]]


def test_an_index_that_pandas_wrote_is_left_out(write, tmp_path):
    assert read(write(",a\n5,1.5\n3,2.5\n")).columns == ("a",)
    assert read(write("Unnamed: 0,a\n5,1.5\n3,2.5\n")).columns == ("a",)
    assert read(write("a,b,\n1,2,\n3,4,\n")).columns == ("a", "b")
    table = pyarrow.table({"a": [1.5, 2.5], "__index_level_0__": [3, 5]})
    parquet.write_table(table, tmp_path / "data.parquet")
    samples = read(tmp_path / "data.parquet")
    assert samples.columns == ("a",)
    assert "'__index_level_0__', which numbers the rows, is left out" in samples.notes


def test_another_column_without_a_name_is_asked_about(write):
    path = write(",a\nx,1.5\ny,2.5\n")
    assert "here called 'Unnamed: 0'" in mistake(path)
    samples = read(path, Options(id_column="Unnamed: 0"))
    assert samples.index["Unnamed: 0"].tolist() == ["x", "y"]


# What they hold ---------------------------------------------------------------------------------


def test_columns_of_no_numbers_are_named_with_an_example_and_counted(write):
    said = mistake(write("a,kind,b,day\n1,x,2,2020-01-01\n3,4,5,2020-01-02\n6,5,7,\n"))
    assert "--drop" in said
    assert said.endswith(
        "text in 'kind' (1 row, such as 'x'), dates in 'day' (such as 2020-01-01: days by --dates)"
    )


def test_dates_can_be_taken_as_days(write, tmp_path):
    path = write("day,at\n1970-01-03,1970-01-02 12:00Z\n,1970-01-01T06:00:00Z\n1969-12-31,\n")
    samples = read(path, Options(dates=True, missing="median"))
    np.testing.assert_array_equal(samples.x, [[2, 1.5], [0.5, 0.25], [-1, 0.875]])
    days = np.array(["1970-01-03", "NaT", "1969-12-31"], "datetime64[ns]")
    table = pyarrow.table({"day": days, "at": pyarrow.array([1.5, 0.25, None])})
    parquet.write_table(table, tmp_path / "days.parquet")
    new = again(tmp_path / "days.parquet", samples, dates=True, missing="median")
    np.testing.assert_array_equal(new.x, samples.x)
    assert "times in 'at' (such as 12:30:00)" in mistake(write("at\n12:30\n13:00\n"), dates=True)


def test_a_message_on_many_columns_stays_short(write):
    names = [f"column {i}" for i in range(500)]
    path = write("\n".join([",".join(names), ",".join(["text " * 50] * 500)]))
    assert len(mistake(path)) < 700
    assert "and 495 more" in mistake(path)
    assert len(mistake(path, columns=("z",))) < 300


def test_yes_and_no_are_1_and_0(write):
    assert read(write("a,b\nyes,True\nNo,false\n")).x.tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_percents_and_currencies_are_read_without_their_sign(write):
    samples = read(write("a,b,c\n$1.5,12%,3 €\n-$2,5 %,.5 €\n,,\n"), Options(missing="median"))
    assert samples.x.tolist() == [[1.5, 12.0, 3.0], [-2.0, 5.0, 0.5], [-0.25, 8.5, 1.75]]
    assert "the numbers of 'a' are taken without their $" in samples.notes
    new = again(write("a,b,c\n$1,2%,3€\n"), samples)
    assert new.x.tolist() == [[1.0, 2.0, 3.0]]
    empty = again(write("a,b,c\n$1,,3€\n"), samples, missing="median")
    assert empty.x.tolist() == [[1.0, 8.5, 3.0]]
    with pytest.raises(UserError, match=r"'b' must have the unit .* %. Received: none"):
        again(write("a,b,c\n$1,0.02,3€\n"), samples)


def test_numbers_of_different_units_are_a_mistake(write):
    assert "different units in 'a' ('$' and '€')" in mistake(write("a\n$1\n€2\n"))
    assert "different units in 'a' (none and '%')" in mistake(write("a\n1\n2%\n"))


@pytest.mark.parametrize(
    ("text", "options", "hint"),
    [
        ("a;b\n1,5;2\n-3,25;5\n", {"decimal": ","}, "numbers by --decimal ,)"),
        (
            "a;b\n1.234,5;2\n-3,25;5\n",
            {"decimal": ",", "thousands": "."},
            "numbers by --decimal , --thousands .)",
        ),
        ('a,b\n"1,234.5",2\n-3.25,5\n', {"thousands": ","}, "numbers by --thousands ,)"),
        ("a,b\n1 234.5,2\n-3.25,5\n", {"thousands": " "}, 'numbers by --thousands " ")'),
        ("a,b\n1’234.5,2\n-3.25,5\n", {"thousands": "'"}, """numbers by --thousands "'")"""),
        ("a;b\n1,500;2\n3,000;5\n", {"decimal": ","}, "--decimal , or --thousands ,)"),
    ],
)
def test_marks_of_decimals_and_thousands_are_asked_for(write, text, options, hint):
    path = write(text)
    assert hint in mistake(path)
    samples = read(path, Options(**options))
    shown = [float(f"{value:.6g}") for value in samples.x[:, 0]]
    assert shown in ([1.5, -3.25], [1234.5, -3.25], [1.5, 3.0])
    assert samples.x[:, 1].tolist() == [2.0, 5.0]


def test_thousands_must_stand_in_groups_of_three(write):
    path = write("a;b\n1,234;2\n3,4;5\n")
    assert "text in 'a' (1 row, such as '3,4'" in mistake(path, thousands=",")
    with pytest.raises(UserError, match="must be different marks"):
        Options(decimal=",", thousands=",")


def test_lists_of_one_length_become_columns(tmp_path):
    embeddings = pyarrow.array([[1.0, 2.0], [3.0, 4.0], None])
    fixed = pyarrow.array([[1, 2], [3, 4], [5, 6]], pyarrow.list_(pyarrow.int32(), 2))
    parquet.write_table(pyarrow.table({"e": embeddings, "f": fixed}), tmp_path / "e.parquet")
    samples = read(tmp_path / "e.parquet", Options(missing="drop"))
    assert samples.columns == ("e[0]", "e[1]", "f[0]", "f[1]")
    assert samples.x.tolist() == [[1.0, 2.0, 1.0, 2.0], [3.0, 4.0, 3.0, 4.0]]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            [[1.0] * 400, [1.0] * 384],
            "of different lengths in 'e' (from 384 to 400)",
        ),
        ([[], []], "lists of no or of different lengths in 'e'"),
        ([["a"], ["b"]], "lists of 'string' in 'e'"),
        ([{"a": 1, "b": 2}], "values of type 'struct<"),
    ],
)
def test_other_nested_columns_are_named_shortly(tmp_path, values, said):
    parquet.write_table(pyarrow.table({"e": values}), tmp_path / "e.parquet")
    assert said in mistake(tmp_path / "e.parquet")
    assert len(mistake(tmp_path / "e.parquet")) < 300


def test_parquet_is_read_like_csv(tmp_path):
    path = tmp_path / "data.parquet"
    columns = {"a": X[:, 0], "b": X[:, 1], "kind": ["x", "y", "x"], "yes": [True, False, None]}
    parquet.write_table(pyarrow.table(columns), path)
    samples = read(path, Options(columns=("a", "b"), label_column="kind"))
    np.testing.assert_array_equal(samples.x, X)
    assert samples.labels.tolist() == ["x", "y", "x"]
    assert "column 'yes' in 1 row (2)" in mistake(path, columns=("a", "yes"))
    assert "must be read without --decimal" in mistake(path, decimal=",")


# Categories -------------------------------------------------------------------------------------


def test_categories_become_columns_of_0_and_1(write):
    path = write("size,colour,a\n10,red,1\n9,blue,2\n10,red,3\n")
    samples = read(path, Options(one_hot=("colour,size",)))
    assert samples.columns == ("size=10", "size=9", "colour=blue", "colour=red", "a")
    assert samples.x.tolist() == [[1, 0, 0, 1, 1], [0, 1, 1, 0, 2], [1, 0, 0, 1, 3]]


def test_new_data_get_the_same_columns_of_categories(write):
    samples = read(write("colour,a\nred,1.5\nblue,2\n"), Options(one_hot=("colour",)))
    new = again(write("a,colour\n7,mauve\n8,red\n"), samples, one_hot=("colour",))
    assert new.columns == samples.columns == ("colour=blue", "colour=red", "a")
    assert new.x.tolist() == [[0, 0, 7], [0, 1, 8]]
    (note,) = new.notes
    assert note.startswith("1 row with categories of 'colour' that the run has not seen")


def test_too_many_categories_are_a_mistake(write):
    path = write("a,b\n" + "".join(f"word {i},1\n" for i in range(1001)))
    assert "at most 1000 categories. Received: 'a' with 1,001" in mistake(path, one_hot=("a",))


def test_categories_of_parquet_may_be_of_a_type_of_their_own(tmp_path):
    kinds = pyarrow.array(["x", "y", None]).dictionary_encode()
    parquet.write_table(pyarrow.table({"kind": kinds}), tmp_path / "data.parquet")
    assert "text in 'kind'" in mistake(tmp_path / "data.parquet")
    samples = read(tmp_path / "data.parquet", Options(one_hot=("kind",), missing="drop"))
    assert samples.x.tolist() == [[1, 0], [0, 1]]


# Missing and infinite values --------------------------------------------------------------------

GAPS = "a,b,c\n1,,3\nnan,2,3\n4,?,3\n"


def test_missing_values_are_named_by_column_and_counted(write):
    said = mistake(write(GAPS))
    assert "--missing drop" in said
    assert "--missing median" in said
    assert "column 'a' in 1 row (1), column 'b' in 2 rows (0, 2)" in said
    said = mistake(write("a,b\n" + "1,\n" * 9))
    assert "column 'b' in 9 rows (0, 1, 2, 3, 4, ...)" in said


def test_rows_with_missing_values_can_be_left_out(write):
    path = write("a,b,id,kind\n1,,p,x\n2,3,q,y\nNA,4,r,x\n5,6,s,\n7,8,,z\n")
    options = {"missing": "drop", "id_column": "id"}
    samples = read(path, Options(**options, drop=("kind",)))
    assert samples.x.tolist() == [[2, 3], [5, 6], [7, 8]]
    assert list(samples.left_out) == [0, 2]
    assert samples.index["row"].tolist() == [1, 3, 4]
    assert samples.index["id"].tolist() == ["q", "s", ""]
    assert "2 rows of 5 left out for missing values" in samples.notes
    assert "a label. Received: none in row 3" in mistake(path, **options, label_column="kind")
    assert "there are none" in mistake(write("a\n?\n?\n"), missing="drop")


def test_missing_values_can_be_filled_by_medians_also_of_new_data(write):
    samples = read(write("a,b\n1,\n3,7.5\n,8.5\n5,9.5\n"), Options(missing="median"))
    assert samples.x.tolist() == [[1, 8.5], [3, 7.5], [3, 8.5], [5, 9.5]]
    assert "medians fill the missing values of 2 rows" in samples.notes
    new = again(write("a,b\n,\n1000,1000\n"), samples, missing="median")
    assert new.x.tolist() == [[3, 8.5], [1000, 1000]]
    assert "none in 'b'" in mistake(write("a,b\n1,\n2,\n"), missing="median")


def test_a_missing_category_is_named_by_its_column(write):
    path = write("a,c\n1.5,x\n2.5,\n3.5,y\n")
    assert mistake(path, one_hot=("c",)).endswith("column 'c' in 1 row (1)")
    assert read(path, Options(one_hot=("c",), missing="drop")).x.shape == (2, 3)


def test_infinite_values_are_no_missing_values(write):
    said = mistake(write("a,b\n1,2\n3,inf\n"), missing="drop")
    assert "no infinite values" in said
    assert "column 'b' in 1 row (1)" in said


# Labels -----------------------------------------------------------------------------------------


def test_labels_are_read_as_they_are_written(write):
    assert read_labels(write("kind\nx\ny\n")).tolist() == ["x", "y"]
    two = write("kind,b\nx,01\ny,2\n")
    assert read_labels(two, "b").tolist() == ["01", "2"]
    assert read_labels(write(",kind\n0,x\n1,y\n")).tolist() == ["x", "y"]
    with pytest.raises(UserError, match="--label-column must name it"):
        read_labels(write("kind,b\nx,1\ny,2\n"))
    with pytest.raises(UserError, match="none in row 1"):
        read_labels(write("a,b\n1,2\n,3\n"), "a")


def test_a_table_of_many_rows_is_told_as_it_is(write):
    rows = [[i, i / 2] for i in range(2000)]
    path = write("")
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["a", "b"], *rows])
    samples = read(path)
    assert samples.describe() == "2,000 rows of 2 columns"
    np.testing.assert_array_equal(samples.x, np.array(rows))


# Rows as the file has them ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("a,b\n1.50,NA\n\n,x\n", ("a", "b"), [("1.50", "NA"), ("", "x")]),
        ("a;a\n1,5;007\n", ("a", "a"), [("1,5", "007")]),
        ("1 2\n3  4\n", ("0", "1"), [("1", "2"), ("3", "4")]),
        ('a,b\n"1\n2","x, y"\n', ("a", "b"), [("1\n2", "x, y")]),
    ],
)
def test_rows_are_given_to_the_letter(write, text, names, rows):
    found, values = read_rows(write(text), Options())
    assert tuple(found) == names
    assert list(values) == rows


def test_rows_of_parquet_are_given_with_their_gaps(tmp_path):
    table = pyarrow.table({"a": [1, None], "b": [[1, 2], [3]]})
    parquet.write_table(table, tmp_path / "data.parquet")
    names, values = read_rows(tmp_path / "data.parquet", Options())
    assert names == ["a", "b"]
    assert list(values) == [(1, [1, 2]), (None, [3])]
