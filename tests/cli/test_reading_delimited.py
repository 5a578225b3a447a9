import numpy as np
import pytest
from refusals import mistake

from tfclust.cli.command import SEPARATORS, THOUSANDS
from tfclust.cli.reading import Options, delimited, read, written_numbers

X = [[1.0, 2.5], [0.0, -1.0], [3.0, 0.0]]


def test_the_command_line_offers_the_marks_that_are_read():
    assert set(SEPARATORS) == set(delimited.SEPARATORS)
    assert set(THOUSANDS) == set(written_numbers.THOUSANDS)


@pytest.mark.parametrize("name", ["data.csv", "data.txt", "data.csv.gz", "my.data.TSV.gz"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
def test_separators_are_found_with_a_header_and_without(write, name, separator):
    if "TSV" in name:
        separator = "\t"
    rows = ["1,2.5", "0,-1", "3,0", ""]
    for header, columns in ([], ("0", "1")), (["a,b"], ("a", "b")):
        text = "\r\n".join([*header, *rows]).replace(",", separator)
        samples = read(write(text, name))
        assert samples.x.tolist() == X
        assert samples.columns == columns


def test_several_spaces_separate_as_one(write):
    text = "  a    long\n 1.0     2.5  \n 0.0    -1.0\n 3.0     0.0\n"
    samples = read(write(text, "data.txt"))
    assert samples.x.tolist() == X
    assert samples.columns == ("a", "long")


def test_commas_may_have_a_space_and_a_table_blank_lines(write):
    samples = read(write("\n\r\na, b\n1, 2.5\n\n0, -1\n3, 0\n\n"))
    assert samples.x.tolist() == X
    assert samples.columns == ("a", "b")
    assert read(write("\n1, 2.5\n0, -1\n3, 0\n")).x.tolist() == X
    assert read(write("  \n\n a  b\n\n 1 2.5\n 0 -1\n 3 0\n")).x.tolist() == X


@pytest.mark.parametrize("separator", [",", ";", " "])
def test_what_excel_and_numpy_write_above_a_table_is_no_data(write, tmp_path, separator):
    said = f"sep={separator}\r\na{separator}b\r\n1{separator}2.5\r\n3{separator}0\r\n"
    assert read(write(said)).columns == ("a", "b")
    for header in "a b", "":
        names = header.replace(" ", separator)
        np.savetxt(tmp_path / "x.csv", X, delimiter=separator, header=names)
        samples = read(tmp_path / "x.csv")
        assert samples.columns == (("a", "b") if header else ("0", "1"))
    assert read(write("#,a\n5,1.5\n5,2.5\n")).columns == ("#", "a")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_rows_may_be_longer_than_any_block(write, encoding):
    n = 15_000
    names = ",".join(f"{'gene ' * 20}{i}" for i in range(n))
    path = write(
        "\n".join([names, *(",".join(["1.25"] * n) for _ in range(2))]), "data.csv", encoding
    )
    samples = read(path, Options(columns=(f"{'gene ' * 20}{n - 1}",)))
    assert samples.x.tolist() == [[1.25], [1.25]]


def test_a_decimal_comma_separates_no_columns(write):
    for text in ("1,5;2,25\n3,5;4,75\n", "a;b\n1,5;2,25\n3,5;4,75\n", "a b\n1,5 2,25\n3,5 4,75\n"):
        samples = read(write(text), Options(decimal=","))
        assert samples.x.tolist() == [[1.5, 2.25], [3.5, 4.75]]
    assert read(write("a\n1,5\n2,5\n"), Options(decimal=",")).x.tolist() == [[1.5], [2.5]]


def test_words_of_a_text_are_no_columns(write):
    assert "text in 'the name' (2 rows" in mistake(write("the name\nJane Doe\nJohn Roe\n"))


def test_separators_that_are_not_clear_are_asked_for(write):
    path = write("a|b,c\nx|y,z\n")
    assert "--separator must say what separates the columns" in mistake(path)
    assert "text in 'a|b'" in mistake(path, separator=",")
    assert "text in 'b,c'" in mistake(path, separator="|")


def test_names_that_lack_that_of_the_rows_belong_to_the_others(write):
    path = write('"a" "b"\n"r1" 1 2.5\n"r2" 0 -1\n"r3" 3 0\n')
    samples = read(path, Options(id_column="Unnamed: 0"))
    assert samples.x.tolist() == X
    assert samples.index["Unnamed: 0"].tolist() == ["r1", "r2", "r3"]


def test_names_may_count_the_columns(write):
    samples = read(write("0,1,2\n7,8,9\n"))
    assert samples.columns == ("0", "1", "2")
    assert samples.x.tolist() == [[7.0, 8.0, 9.0]]


def test_a_first_row_of_text_and_numbers_is_asked_about(write):
    path = write("5.1,3.5,setosa\n4.9,3.0,setosa\n")
    assert "--header or --no-header must say" in mistake(path)
    samples = read(path, Options(header=False, label_column="2"))
    assert samples.x.tolist() == [[5.1, 3.5], [4.9, 3.0]]
    assert read(path, Options(header=True, label_column="setosa")).columns == ("5.1", "3.5")
    years = write("2019,2020\n7,8\n9,9\n")
    assert read(years).x.shape == (3, 2)
    assert read(years, Options(header=True)).columns == ("2019", "2020")
    assert read(write("country,2019\nx,8\n"), Options(drop=("country",))).columns == ("2019",)


def test_names_are_quoted_marked_and_padded(write):
    samples = read(write('\ufeff"a, of b", c \n1,2\n'))
    assert samples.columns == ("a, of b", "c")
    assert read(write("\ufeff1,2\n3,3\n")).x.tolist() == [[1.0, 2.0], [3.0, 3.0]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize("separator", [";", " "])
def test_encodings_are_found(write, encoding, separator):
    text = "größe;b\n1;2.5\n0;-1\n3;0\n".replace(";", separator)
    samples = read(write(text, encoding=encoding))
    assert samples.columns == ("größe", "b")
    assert samples.x.tolist() == X
    is_guess = any("--encoding" in note for note in samples.notes)
    assert is_guess == (encoding in ("cp1252", "latin-1"))


def test_a_byte_that_is_no_utf8_far_below_is_found(write):
    rows = ["a,kind", *["1.5,x"] * 200_000, "2.5,é"]
    samples = read(write("\n".join(rows), encoding="latin-1"), Options(label_column="kind"))
    assert samples.labels[-1] == "é"


def test_other_encodings_are_asked_for(write):
    path = write("größe,b\n1,2\n", encoding="utf-16-le")
    assert "--encoding must name" in mistake(path)
    assert read(path, Options(encoding="utf-16-le")).columns == ("größe", "b")
    assert "--encoding must name that of the text" in mistake(path, encoding="shift_jis")
    path.write_bytes(b"gr\x81\xdf,b\n1,2\n")
    assert "--encoding must name that of the text" in mistake(path)


def test_a_sample_that_ends_within_a_character_or_a_row_is_enough(write, monkeypatch):
    text = "größe,höhe\n" + "1.5,2.5\n" * 3
    for size in range(20, 40):
        monkeypatch.setattr(delimited, "SAMPLE", size)
        assert read(write(text)).x.shape == (3, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n1\n", "Expected 2 columns, got 1"),
        ("", "which is empty"),
        ("\n\n", "which is empty"),
        ("a,b\n", "must have rows and columns"),
        ('a,b\n"1,2\n', "cannot be read"),
    ],
)
def test_damaged_files_are_a_mistake(write, text, said):
    assert said in mistake(write(text))


def test_a_damaged_archive_is_a_mistake(write):
    path = write("a,b\n1,2\n", "data.csv.gz")
    path.write_bytes(path.read_bytes()[:-9])
    assert "data.csv.gz cannot be read" in mistake(path)


def test_a_large_table_is_read_without_a_loop_over_its_cells(write, monkeypatch):
    """Beyond the sample, no row passes through Python."""
    monkeypatch.setattr(delimited, "MOST_ROWS", 3)
    calls = []
    is_number = delimited._is_number
    monkeypatch.setattr(delimited, "_is_number", lambda cell: calls.append(cell) or is_number(cell))
    x = np.arange(40_000.0).reshape(-1, 4) / 7
    assert read(write("\n".join(",".join(map(repr, row)) for row in x.tolist()))).x.shape == x.shape
    assert len(calls) < 200
