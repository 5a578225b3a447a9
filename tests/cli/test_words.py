import pytest

from tfclust.cli.words import counted, did_you_mean


def test_one_is_singular_and_thousands_are_separated():
    assert [counted(n, "row") for n in (0, 1, 2, 1797)] == [
        "0 rows",
        "1 row",
        "2 rows",
        "1,797 rows",
    ]


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
