"""What tells a cluster from the others, in words: a small tree on the columns of the data."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfclust.inputs import dense

COLUMNS_SEEN = 20  # in which the cluster differs most, of those that the tree may ask for
DEPTH = 3
SMALLEST_LEAF = 0.1  # share of the cluster's rows that a leaf holds at least
WORTH = 0.02  # F1 that one more condition must add


@dataclass(frozen=True)
class Condition:
    """One column lies above a value, or at most there, or is the one of two values.

    Args:
        column: int, its place.
        above: None, or the value below all values that meet the condition.
        at_most: None, or the largest value that meets it.
        equals: None, or the value that meets it, of a column that has two.
    """

    column: int
    above: float | None = None
    at_most: float | None = None
    equals: float | None = None

    def holds(self, values):
        """For each value of the column whether it meets the condition, bool `(n,)`."""
        if self.equals is not None:
            return values == self.equals
        met = np.ones(len(values), bool)
        if self.above is not None:
            met &= values > self.above
        if self.at_most is not None:
            met &= values <= self.at_most
        return met

    def words(self, name):
        """The condition as text, such as "petal width (cm) at most 0.8"."""
        if self.equals is not None:
            return f"{name} is {_written(self.equals)}"
        if self.above is None:
            return f"{name} at most {_written(self.at_most)}"
        if self.at_most is None:
            return f"{name} above {_written(self.above)}"
        return f"{name} above {_written(self.above)}, at most {_written(self.at_most)}"


@dataclass(frozen=True)
class Rule:
    """Conditions that most rows of a cluster meet, and few others do.

    Args:
        conditions: of which a row meets all.
        recall: share of the cluster's rows that meet them.
        precision: share of the rows that meet them which are the cluster's.
    """

    conditions: Sequence[Condition]
    recall: float
    precision: float

    def words(self, columns):
        """The rule as text; `columns` are the names of the columns."""
        return " and ".join(each.words(columns[each.column]) for each in self.conditions)


def find_rule(x, is_member, rows=None):
    """The branch of a small decision tree that describes a cluster best, by the F1 score.

    Both kinds of rows weigh the same in the tree, which is three questions deep and asks for the 20
    columns in which the cluster differs most from the other rows, in their standard deviations.
    A longer branch must be better by 0.02 for each condition. Values to compare with are written as
    short as the data allow, so the words are the rule.

    Args:
        x: array or CSR matrix `(n, d)`, in the units that the words are to have.
        is_member: bool `(n,)`, the rows of the cluster.
        rows: places of the rows that the tree is grown on; None takes all. The shares of the rule
            are of all.

    Returns:
        `Rule`, or None where no column tells the cluster from other rows, or there are none.

    Example:

    >>> from sklearn.datasets import load_iris
    >>> from tfclust.auto import find_rule
    >>> iris = load_iris()
    >>> find_rule(iris.data, iris.target == 0).words(iris.feature_names)
    'petal width (cm) at most 0.8'
    """
    from sklearn.tree import DecisionTreeClassifier

    is_member = np.asarray(is_member, bool)
    rows = np.arange(len(is_member)) if rows is None else rows
    seen, members = x[rows], is_member[rows]
    if members.all() or not members.any():
        return None
    columns = np.argsort(-np.abs(differences(seen, members)), kind="stable")[:COLUMNS_SEEN]
    values = dense(seen[:, columns])
    tree = DecisionTreeClassifier(
        max_depth=DEPTH,
        min_samples_leaf=max(1, int(SMALLEST_LEAF * members.sum())),
        class_weight="balanced",
        random_state=0,
    ).fit(values, members)
    if tree.tree_.node_count == 1:
        return None
    rules = []
    for bounds in _branches(tree.tree_):
        conditions = [_condition(columns, values, *bound) for bound in bounds.items()]
        rules.append(_measured(x, is_member, conditions))
    return max(rules, key=_worth)


def differences(x, is_member):
    """Mean of each column among the members less that of all rows, in its standard deviations.

    Args:
        x: array or CSR matrix `(n, d)`.
        is_member: bool `(n,)`, of which some are True.

    Returns:
        float64 `(d,)`, 0 for columns that are constant.
    """
    means, deviations = moments(x)
    inside, _ = moments(x[np.flatnonzero(is_member)])
    return np.divide(inside - means, deviations, out=np.zeros_like(means), where=deviations > 0)


def moments(x):
    """Mean and standard deviation of each column of an array or a CSR matrix, float64 `(d,)`."""
    if not hasattr(x, "tocsr"):
        return np.mean(x, axis=0, dtype="float64"), np.std(x, axis=0, dtype="float64")
    x = x.astype("float64")
    means = np.asarray(x.mean(axis=0)).ravel()
    squares = np.asarray(x.multiply(x).mean(axis=0)).ravel()
    return means, np.sqrt(np.maximum(squares - means**2, 0.0))


def _branches(tree, node=0, bounds=None):
    """For each node below the root: place of a column -> the bounds that lead to it."""
    bounds = bounds or {}
    if bounds:
        yield bounds
    if tree.children_left[node] == tree.children_right[node]:
        return
    column, threshold = int(tree.feature[node]), float(tree.threshold[node])
    above, at_most = bounds.get(column, (None, None))
    yield from _branches(tree, tree.children_left[node], {**bounds, column: (above, threshold)})
    yield from _branches(tree, tree.children_right[node], {**bounds, column: (threshold, at_most)})


def _condition(columns, values, place, bounds):
    """The condition that a branch puts on a column, its values shortened."""
    of_two = np.unique(values[:, place])
    if len(of_two) == 2:
        return Condition(int(columns[place]), equals=float(of_two[int(bounds[1] is None)]))
    above, at_most = (b if b is None else _shortened(b, values[:, place]) for b in bounds)
    return Condition(int(columns[place]), above, at_most)


def _shortened(threshold, values):
    """The value of fewest digits that divides the values just as the threshold does."""
    low, high = values[values <= threshold].max(), values[values > threshold].min()
    for digits in range(1, 17):
        short = float(f"{threshold:.{digits}g}")
        if low <= short < high:
            return short
    return threshold


def _measured(x, is_member, conditions):
    met = np.ones(len(is_member), bool)
    for condition in conditions:
        met &= condition.holds(dense(x[:, [condition.column]])[:, 0])
    right = np.sum(met & is_member)
    return Rule(tuple(conditions), float(right / is_member.sum()), float(right / max(1, met.sum())))


def _worth(rule):
    f1 = 2 * rule.recall * rule.precision / ((rule.recall + rule.precision) or 1.0)
    return f1 - WORTH * len(rule.conditions)


def _written(value):
    """A number as people write it, with all its digits."""
    text = np.format_float_positional(value, trim="-")
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}" if abs(value) >= 1e4 else text
