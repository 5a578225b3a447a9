import pytest

from reproduce.errors import UserError
from reproduce.selection import count, pending, select


def test_a_view_resolves_to_the_runs_of_the_extended_table(paper):
    selection = select(paper, "table1")
    assert {row.table for row, _ in selection} == {"table11"}
    assert len(selection) == 7 * 4 * 2


def test_conditions_are_combined(paper):
    selection = select(
        paper, "15", ["usps", "pendigits"], ["aecm"], ["random"], epochs=150, seeds=[0, 2]
    )
    assert [(row.dataset, row.epochs, seeds) for row, seeds in selection] == [
        ("usps", 150, (0, 2)),
        ("pendigits", 150, (0, 2)),
    ]


def test_a_length_that_is_not_declared_makes_a_row_of_its_own(paper):
    [(row, seeds)] = select(paper, "7", ["usps"], inits=["random"], epochs=300)
    assert (row.epochs, row.profile, seeds) == (300, "reference", tuple(range(20)))
    declared = select(paper, "7", ["usps"], inits=["random"])
    assert {other.epochs for other, _ in declared} == {150, 1000}
    assert row.identity not in {other.identity for other, _ in declared}


def test_rows_with_fewer_seeds_keep_their_own(paper):
    assert {seeds for _, seeds in select(paper, "9", ["iris"])} == {tuple(range(10))}


@pytest.mark.parametrize(
    ("table", "conditions", "message"),
    [
        ("99", {}, "table '99'"),
        ("11", {"datasets": ["usp"]}, "`dataset` must be one of 'mnist'.*'usp'"),
        ("11", {"methods": ["aecm"]}, "`method` must be one of 'kmeans'.*'aecm'"),
        ("15", {"methods": ["aecm"], "inits": ["kmeans++"]}, "`init` must be one of 'random'"),
        ("11", {"profile": "practical"}, "`profile` must be one of 'reference'"),
        ("9", {"seeds": [9, 10, 11]}, "`--seeds` must be among.*0-9.*Received: 10, 11"),
    ],
)
def test_a_condition_that_nothing_fits_is_a_mistake(paper, table, conditions, message):
    with pytest.raises(UserError, match=message):
        select(paper, table, **conditions)


def test_pending_leaves_out_what_is_finished(paper):
    selection = select(paper, "4", ["usps", "mnist"], inits=["random"], seeds=[0, 1, 2])
    mnist, usps = (row for row, _ in selection)
    finished = {usps.key(0), usps.key(1), usps.key(2), mnist.key(1)}
    assert pending(selection, finished) == [(mnist, (0, 2))]
    assert count(selection) == 6
    assert pending(selection, set()) == selection
