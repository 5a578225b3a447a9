import pytest

from tfclust.cli.messages import counted, number, set_value


def test_one_is_singular_and_thousands_are_separated():
    assert [counted(n, "row") for n in (0, 1, 2, 1797)] == [
        "0 rows",
        "1 row",
        "2 rows",
        "1,797 rows",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (27_500.2, "27,500"),
        (-1_234_567.0, "-1,234,567"),
        (999.7, "1,000"),
        (123.4, "123"),
        (0.01234, "0.0123"),
        (0.0, "0"),
        (1e30, "1e+30"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, text):
    assert number(value) == text


def test_values_are_shown_as_set_takes_them():
    assert [set_value(value) for value in ((64, 32), 0.5, True)] == ["64,32", "0.5", "True"]
