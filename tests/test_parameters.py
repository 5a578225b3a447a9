import json
from dataclasses import fields, replace

import keras_tuner
import pytest

from tfclust.parameters import Choice, Range

BATCH_SIZE = Range("batch_size", 32, 512, log=True, whole=True)
WIDTHS = Choice("hidden_units", ((8,), (16, 8), ()))


def proposed(parameter, share):
    """What the parameter reads where KerasTuner proposes a share of its way."""
    hyperparameters = keras_tuner.HyperParameters()
    parameter.declare(hyperparameters)
    [declared] = hyperparameters.space
    return parameter.read({parameter.name: declared.prob_to_value(share)})


def test_a_range_in_log_scale_gives_each_decade_the_same_share():
    alpha = Range("alpha", 1.0, 1000.0, log=True)
    assert [proposed(alpha, share) for share in (0.0, 1 / 3, 2 / 3, 1.0)] == pytest.approx(
        [1.0, 10.0, 100.0, 1000.0]
    )
    assert [alpha.position(value) for value in alpha.ticks()] == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_whole_numbers_never_leave_their_bounds():
    values = [proposed(BATCH_SIZE, share / 20) for share in range(21)]
    assert (values[0], values[-1]) == (32, 512)
    assert all(isinstance(value, int) for value in values)
    assert values == sorted(values)


def test_a_linear_range_is_even():
    rate = Range("beta", 2.0, 4.0)
    assert proposed(rate, 0.5) == 3.0
    assert (rate.position(3.0), rate.ticks()) == (0.5, (2.0, 4.0))


def test_a_choice_proposes_each_of_its_values():
    assert [proposed(WIDTHS, share) for share in (0.1, 0.5, 0.9)] == list(WIDTHS.values)
    assert [WIDTHS.position(value) for value in WIDTHS.ticks()] == [0.0, 0.5, 1.0]


CHANGES = [
    (
        Range("alpha", 2.0, 64.0),
        {
            "name": "beta",
            "low": 3.0,
            "high": 32.0,
            "log": True,
            "whole": True,
        },
    ),
    (Choice("units", ((8,), (16,))), {"name": "gate_units", "values": (8, 16)}),
]


@pytest.mark.parametrize(("whole", "changes"), CHANGES, ids=["range", "choice"])
def test_all_that_shapes_a_search_is_in_its_config(whole, changes):
    assert set(changes) == {field.name for field in fields(whole)}
    for name, value in changes.items():
        other = replace(whole, **{name: value}).config()
        assert json.loads(json.dumps(other)) != json.loads(json.dumps(whole.config())), name


@pytest.mark.parametrize(
    ("low", "high", "log"), [(2.0, 1.0, False), (1.0, 1.0, False), (0.0, 1.0, True), (-1, 1, False)]
)
def test_bounds_that_are_none_are_refused(low, high, log):
    with pytest.raises(ValueError, match=r"alpha.*Received: "):
        Range("alpha", low, high, log=log)


@pytest.mark.parametrize("values", [(), (1,), (1, 1)])
def test_a_choice_among_fewer_than_two_is_refused(values):
    with pytest.raises(ValueError, match=r"two or more distinct values.*Received: widths"):
        Choice("widths", values)
