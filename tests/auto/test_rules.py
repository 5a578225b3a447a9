import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine

from tfclust.auto import Condition, find_rule

IRIS = load_iris()


@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_a_rule_tells_a_cluster_from_the_others_and_says_how_well(load):
    data = load()
    for k in range(3):
        rule = find_rule(data.data, data.target == k)
        met = np.all([each.holds(data.data[:, each.column]) for each in rule.conditions], axis=0)
        right = np.sum(met & (data.target == k))
        assert rule.recall == right / np.sum(data.target == k)
        assert rule.precision == right / met.sum()
        assert min(rule.recall, rule.precision) > 0.8


def test_words_are_short_numbers_that_divide_the_rows_as_the_tree_does():
    rule = find_rule(IRIS.data, IRIS.target == 0)
    assert rule.words(IRIS.feature_names) == "petal width (cm) at most 0.8"
    assert (rule.recall, rule.precision) == (1.0, 1.0)
    years = np.array([[1999.0], [2000.0], [2013.0], [2014.0]])
    rule = find_rule(years, [False, False, True, True])
    assert rule.words(["year"]) == "year is 2013" or rule.words(["year"]) == "year above 2000"


def test_a_longer_branch_must_pay_for_its_conditions():
    x = np.random.default_rng(0).random((400, 2))
    one = (x[:, 0] > 0.5) & (x[:, 1] < 0.995)
    assert len(find_rule(x, one).conditions) == 1
    both = (x[:, 0] > 0.5) & (x[:, 1] > 0.5)
    assert len(find_rule(x, both).conditions) == 2


def test_one_of_two_values_is_named():
    x = np.array([[0.0], [0.0], [1.0], [1.0]])
    is_one = x[:, 0] == 1
    assert find_rule(x, is_one).words(["colour=red"]) == "colour=red is 1"
    assert find_rule(x, ~is_one).words(["colour=red"]) == "colour=red is 0"


@pytest.mark.parametrize("value", [True, False])
def test_there_is_no_rule_for_all_rows_or_none(value):
    assert find_rule(IRIS.data, np.full(150, value)) is None


def test_there_is_no_rule_where_the_columns_tell_nothing():
    assert find_rule(np.ones((40, 3)), np.arange(40) < 20) is None


@pytest.mark.parametrize(
    ("bounds", "words", "met"),
    [
        ({"above": 1.5}, "x above 1.5", [False, True, True]),
        ({"at_most": 27500.0}, "x at most 27,500", [True, True, True]),
        ({"above": 1.0, "at_most": 2.0}, "x above 1, at most 2", [False, True, False]),
        ({"equals": 3.0}, "x is 3", [False, False, True]),
    ],
)
def test_a_condition_holds_for_what_its_words_say(bounds, words, met):
    condition = Condition(0, **bounds)
    assert condition.words("x") == words
    assert condition.holds(np.array([1.0, 2.0, 3.0])).tolist() == met
