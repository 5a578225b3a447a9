import json

import numpy as np
import pytest

from tfclust.auto import Yardstick, measure_rows, reconstruction_errors
from tfclust.auto.row_facts import agreement, renumbered
from tfclust.models import CM

RNG = np.random.default_rng(0)
N = 3000
OF_ROW = np.arange(N) % 3
MEMBERSHIPS = 0.1 + 0.7 * np.eye(3)[OF_ROW]
ERRORS = RNG.chisquare(4, N) * np.array([1.0, 5.0, 25.0])[OF_ROW]


def test_second_choice_is_the_second_largest_membership_and_none_where_all_are_0():
    memberships = np.array([[0.6, 0.1, 0.3], [0.2, 0.7, 0.1], [0.0, 0.0, 1.0]])
    facts = Yardstick.of(memberships, np.ones(3)).measure(memberships, np.ones(3))
    assert facts.cluster.tolist() == [0, 1, 2]
    assert facts.second_choice.tolist() == [2, 0, -1]
    assert facts.membership.tolist() == facts.confidence.tolist() == [0.6, 0.7, 1.0]


def test_outlier_scores_are_relative_to_the_errors_of_the_cluster():
    scores = Yardstick.of(MEMBERSHIPS, ERRORS).measure(MEMBERSHIPS, ERRORS).outlier_score
    for k in range(3):
        of_cluster = scores[k == OF_ROW]
        assert np.median(of_cluster) == pytest.approx(0.0, abs=1e-9)
        deviation = np.median(np.abs(of_cluster)) / 0.6745
        assert deviation == pytest.approx(1.0, abs=0.01)
    assert np.mean(scores > 3.5) < 0.002  # chi-squared errors are no outliers
    far = Yardstick.of(MEMBERSHIPS, ERRORS).measure(MEMBERSHIPS[:3], np.array([300.0] * 3))
    assert far.outlier_score[0] > far.outlier_score[1] > far.outlier_score[2]
    assert (far.outlier_score > 3.5).tolist() == [True, True, False]  # 300, 60, 12 of 4


def test_few_rows_and_equal_errors_are_measured_by_all_rows():
    memberships = np.eye(3)[[0] * 40 + [1] * 40 + [2] * 2]
    errors = np.r_[RNG.chisquare(4, 40), np.full(40, 8.0), 1e6, 1e6]
    yardstick = Yardstick.of(memberships, errors)
    assert yardstick.deviations[1] == yardstick.deviations[2]
    assert yardstick.measure(memberships, errors).outlier_score[-1] > 3.5
    alike = Yardstick.of(memberships, np.ones(82)).measure(memberships, np.ones(82))
    assert not alike.outlier_score.any()


def test_a_cluster_without_rows_has_a_yardstick_too():
    memberships = np.eye(3)[np.arange(60) % 2]
    partitions = [np.arange(60) % 2]
    yardstick = Yardstick.of(memberships, RNG.chisquare(4, 60), partitions)
    facts = yardstick.measure(np.eye(3)[[2]], np.array([3.0]))
    assert np.isfinite(facts.outlier_score).all()
    assert facts.confidence.tolist() == [1.0]


def test_partitions_are_paired_before_they_are_compared():
    one = np.array([0, 0, 0, 1, 1, 1])
    other = np.array([2, 2, 0, 0, 0, 0])
    np.testing.assert_array_equal(renumbered(other, one), [0, 0, 1, 1, 1, 1])
    np.testing.assert_array_equal(agreement(one, [other, one]), [1, 1, 0.5, 1, 1, 1])
    more = np.array([0, 0, 1, 2, 2, 2])  # a cluster of its own is no one's
    np.testing.assert_array_equal(agreement(one, [more]), [1, 1, 0, 1, 1, 1])


def test_confidence_is_the_agreement_that_goes_with_the_membership():
    sure = RNG.random(N) < 0.5
    memberships = np.where(sure, 0.99, 0.9)[:, None] * np.eye(3)[OF_ROW] + 0.001
    moves = RNG.random((5, N)) < np.where(sure, 0.02, 0.4)
    partitions = [np.where(move, (OF_ROW + 1) % 3, OF_ROW) for move in moves]
    yardstick = Yardstick.of(memberships, ERRORS, partitions)
    facts = yardstick.measure(memberships, ERRORS)
    agreed = agreement(OF_ROW, partitions)
    assert facts.confidence[sure].mean() == pytest.approx(0.98, abs=0.02)
    assert facts.confidence[~sure].mean() == pytest.approx(0.6, abs=0.03)
    for k in range(3):
        of_cluster = k == OF_ROW
        assert facts.confidence[of_cluster].mean() == pytest.approx(agreed[of_cluster].mean())


def test_a_yardstick_survives_json():
    partitions = [OF_ROW, (OF_ROW + 1) % 3]
    yardstick = Yardstick.of(MEMBERSHIPS, ERRORS, partitions)
    again = Yardstick(**json.loads(json.dumps(yardstick.to_json())))
    one, other = (each.measure(MEMBERSHIPS, ERRORS) for each in (yardstick, again))
    assert list(one.rows()) == list(other.rows())


@pytest.mark.parametrize("values", [{"errors": ERRORS[:5]}, {"partitions": [OF_ROW[:5]]}])
def test_values_of_other_rows_are_refused(values):
    arguments = {"errors": ERRORS, **values}
    with pytest.raises(ValueError, match=f"`{next(iter(values))}` must hold one value for each"):
        Yardstick.of(MEMBERSHIPS, **arguments)


def test_facts_of_a_model_are_those_of_its_memberships_and_errors():
    x = RNG.normal(size=(50, 3)).astype("float32")
    model = CM(n_clusters=2, alpha=5.0, batch_size=25, seed=0)
    model.pretrain(x)
    memberships, errors = model.predict(x, verbose=0), reconstruction_errors(model, x)
    expected = np.sum((x - model.reconstruct(x)) ** 2, axis=1)
    np.testing.assert_allclose(errors, expected, rtol=1e-5)
    yardstick = Yardstick.of(memberships, errors)
    found = measure_rows(model, x[:7], yardstick)
    np.testing.assert_array_equal(found.cluster, model.assign(x[:7]))
    np.testing.assert_allclose(
        found.outlier_score, yardstick.measure(memberships, errors).outlier_score[:7], rtol=1e-4
    )
