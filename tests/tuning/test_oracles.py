import json
import math

import keras_tuner
import pytest

from tfclust.tuning import ALGORITHMS, Range
from tfclust.tuning.oracles import make_oracle

TRIALS = 7


def make(algorithm, seed=0, max_trials=TRIALS):
    hyperparameters = keras_tuner.HyperParameters()
    Range("alpha", 1.0, 1000.0, log=True).declare(hyperparameters)
    goal = keras_tuner.Objective("l_sp", "min")
    return make_oracle(algorithm, goal, hyperparameters, max_trials, epochs=9, seed=seed)


def score_of(values):
    return (math.log10(values["alpha"]) - 1.3) ** 2


def search(oracle, score=score_of, stop_before=None):
    """The values of every trial; `stop_before` leaves the search while that trial is running."""
    proposed = []
    while (trial := oracle.propose()) is not None:
        values = dict(trial.hyperparameters.values)
        if len(proposed) == stop_before:
            return proposed
        proposed.append(values)
        oracle.report(trial, score(values))
    return proposed


@pytest.fixture(scope="module")
def whole():
    """What an uninterrupted search proposes, by algorithm."""
    return {algorithm: search(make(algorithm)) for algorithm in ALGORITHMS}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("cut", [0, 5])
def test_a_search_that_was_cut_off_proposes_the_trials_of_one_that_was_not(whole, algorithm, cut):
    saved = []
    oracle = make(algorithm)
    oracle.on_save = lambda: saved.append(json.dumps(oracle.whole_state()))
    first = search(oracle, stop_before=cut)
    resumed = make(algorithm)
    resumed.take_up(json.loads(saved[-1]))
    assert len(first) == cut
    assert [*first, *search(resumed)] == whole[algorithm]


@pytest.mark.parametrize("algorithm", ["bayesian", "random"])
def test_seed_0_is_a_seed_like_any_other(algorithm):
    first, again, other = (search(make(algorithm, seed, max_trials=2)) for seed in (0, 0, 1))
    assert first == again != other


def test_bayesian_search_comes_near_the_optimum(whole):
    assert min(score_of(values) for values in whole["bayesian"][3:]) < 0.05


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_infinitely_bad_trials_do_not_end_the_search(algorithm):
    proposed = search(make(algorithm, max_trials=5), score=lambda values: math.inf)
    assert len(proposed) == 5
    assert len({values["alpha"] for values in proposed}) > 2


def test_a_bayesian_search_keeps_away_from_infinitely_bad_settings():
    def score(values):
        return math.inf if values["alpha"] > 30 else score_of(values)

    tried = search(make("bayesian"), score)
    assert any(values["alpha"] > 30 for values in tried[:3])
    assert sum(values["alpha"] > 30 for values in tried[3:]) <= 2


def test_a_finished_search_goes_on_where_more_trials_are_asked_for(whole):
    oracle = make("random", max_trials=4)
    first = search(oracle)
    longer = make("random")
    longer.take_up(json.loads(json.dumps(oracle.whole_state())))
    assert [*first, *search(longer)] == whole["random"]


def test_hyperband_promotes_the_best_to_more_epochs(whole):
    short = [v for v in whole["hyperband"] if v["tuner/epochs"] == 1]
    assert len(short) > 2
    assert {v["tuner/epochs"] for v in whole["hyperband"]} <= {1, 3, 9}
