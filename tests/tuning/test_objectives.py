import math

import numpy as np
import pytest

from tfclust.models import CM, MIXAE
from tfclust.selection import CRITERIA, Run, find_criterion
from tfclust.tuning.objectives import LABEL_FREE, LABELLED, OBJECTIVES, Objective


def run(value, sizes=(2, 2), name="l_sp"):
    return Run({name: value}, sizes)


def test_there_is_an_objective_for_every_criterion_that_compares_settings():
    assert set(LABEL_FREE) == set(CRITERIA) - {"loss"}
    assert set(OBJECTIVES) == {*LABEL_FREE, *LABELLED}


def test_criteria_state_their_direction_and_put_what_is_missing_last():
    assert find_criterion("l_sp").badness(2.0) == 2.0
    assert find_criterion("silhouette").badness(2.0) == -2.0
    assert (
        find_criterion("silhouette").badness(None)
        == find_criterion("l_sp").badness(math.nan)
        == math.inf
    )
    with pytest.raises(ValueError, match=r"must be one of l_sp, .*Received: criterion='lsp'"):
        find_criterion("lsp")


def test_the_score_is_the_median_over_the_runs():
    score = Objective("l_sp").score([run(1.0), run(9.0), run(2.0)], [{}, {}, {}])
    assert score == 2.0


@pytest.mark.parametrize(("name", "bad"), [("l_sp", math.inf), ("stability", -math.inf)])
def test_a_run_with_an_empty_cluster_is_infinitely_bad(name, bad):
    objective = Objective(name)
    collapsed, sound = run(0.0, sizes=(4, 0), name=name), run(0.5, name=name)
    assert objective.score([collapsed, collapsed, sound], [{}] * 3) == bad
    assert objective.score([collapsed, sound, sound], [{}] * 3) == 0.5
    assert objective.is_better(0.5, bad)
    assert not objective.is_better(bad, 0.5)


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_run_without_a_value_is_infinitely_bad(value):
    objective = Objective("silhouette")
    assert objective.score([run(value, name="silhouette")] * 2, [{}] * 2) == -math.inf


def test_a_labelled_objective_is_the_mean_of_the_scores_and_reads_no_criterion():
    runs = [run(None), run(None), run(None, sizes=(4, 0))]
    score = Objective("ari").score(runs, [{"ari": 0.2}, {"ari": 0.3}, {"ari": 0.7}])
    np.testing.assert_allclose(score, 0.4)


@pytest.mark.parametrize(
    ("name", "y", "supervised", "seeds", "model", "message"),
    [
        ("acc", None, False, 3, CM, "`y` must be given and .*Received: no `y`"),
        ("acc", [0, 1], False, 3, CM, "`supervised=True` be said. Received: supervised=False"),
        ("acc", None, True, 3, CM, "Received: no `y`"),
        ("l_sp", [0, 1], True, 3, CM, "objective of labels: .*Received: objective='l_sp'"),
        ("stability", None, False, 1, CM, "at least 2 for stability.*seeds_per_trial=1"),
        ("l_sp", None, False, 3, MIXAE, "needs a model with centroids. Received: model=MIXAE"),
        ("distortion", None, False, 3, MIXAE, "needs a model with centroids"),
    ],
)
def test_an_objective_that_lacks_what_it_needs_is_refused(
    name, y, supervised, seeds, model, message
):
    with pytest.raises(ValueError, match=message):
        Objective(name).check(y, supervised, seeds, model)


@pytest.mark.parametrize("name", ["loss", "accuracy", ""])
def test_an_unknown_objective_is_refused(name):
    with pytest.raises(ValueError, match=r"`objective` must be one of l_sp, .*Received: objective"):
        Objective(name)
