import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tfclust.auto import Yardstick, describe_clusters
from tfclust.auto.cluster_facts import ROWS_SEEN

RNG = np.random.default_rng(0)
SIZES = (900, 50, 50)
LABELS = np.repeat(np.arange(3), SIZES)
X = np.array([[0, 0, 5], [9, 0, 5], [0, 9, 5]])[LABELS] + RNG.normal(0, 1, (1000, 3))


def facts_of(memberships, errors=None):
    errors = RNG.chisquare(3, len(memberships)) if errors is None else errors
    return Yardstick.of(memberships, errors).measure(memberships, errors)


@pytest.fixture(scope="module")
def facts():
    memberships = 0.05 + 0.85 * np.eye(3)[LABELS]
    memberships[7] = [0.4, 0.35, 0.25]
    return facts_of(memberships, np.where(np.arange(1000) == 920, 1e5, RNG.chisquare(3, 1000)))


def test_sizes_shares_and_confidences_are_those_of_the_rows(facts):
    clusters = describe_clusters(facts, 3, X, X)
    assert [cluster.size for cluster in clusters] == list(SIZES)
    assert [cluster.share for cluster in clusters] == [0.9, 0.05, 0.05]
    assert clusters[1].confidence == pytest.approx(0.9)
    assert [cluster.unlike > 0 for cluster in clusters][1]
    assert {cluster.stability for cluster in clusters} == {None}


def test_typical_rows_are_in_the_middle_and_doubtful_ones_the_least_sure(facts):
    first, second, _ = describe_clusters(facts, 3, X, X)
    distances = np.linalg.norm(X[:900] - X[:900].mean(axis=0), axis=1)
    assert first.typical == tuple(np.argsort(distances)[:8].tolist())
    assert first.doubtful[0] == 7
    assert second.doubtful[0] == 920  # of equally sure ones the one that is reconstructed worst


def test_no_row_is_typical_and_doubtful_though_unsure_rows_lie_in_the_middle():
    x = np.linspace(-1.0, 1.0, 40)[:, np.newaxis]
    unsure = np.abs(x[:, 0]) < 0.5
    memberships = np.where(unsure, 0.6, 0.9)[:, np.newaxis] * [1.0, 0.0] + [0.0, 0.1]
    (found, _) = describe_clusters(facts_of(memberships), 2, x)
    assert not unsure[list(found.typical)].any()
    assert unsure[list(found.doubtful)].all()
    (found, _) = describe_clusters(facts_of(np.tile([1.0, 0.0], (40, 1))), 2, x)
    assert len(found.typical) == len(found.doubtful) == 8
    assert not set(found.typical) & set(found.doubtful)


def test_rare_clusters_keep_their_rows_where_only_some_rows_are_looked_at(monkeypatch, facts):
    monkeypatch.setattr("tfclust.auto.cluster_facts.ROWS_SEEN", 90)
    clusters = describe_clusters(facts, 3, X, X)
    assert [len(cluster.typical) for cluster in clusters] == [8, 8, 8]
    assert clusters[2].rule.recall > 0.9
    assert clusters[2].rule.precision > 0.9
    assert ROWS_SEEN > 90


def test_stability_is_how_much_of_a_cluster_is_found_again(facts):
    merged = np.where(LABELS == 2, 1, LABELS)  # of 50 and 50 in one
    same = (LABELS + 1) % 3
    clusters = describe_clusters(facts, 3, X, partitions=[merged, same])
    assert [cluster.stability for cluster in clusters] == [1.0, 0.75, 0.75]
    assert clusters[0].rule is None


def test_a_cluster_without_rows_has_nothing_to_say():
    facts = facts_of(np.eye(3)[np.arange(60) % 2])
    empty = describe_clusters(facts, 3, X[:60], X[:60], [facts.cluster])[2]
    assert (empty.size, empty.confidence, empty.stability, empty.rule) == (0, None, None, None)
    assert empty.typical == empty.doubtful == ()


def test_sparse_rows_are_described_as_dense_ones_are(facts):
    dense = describe_clusters(facts, 3, X, X)
    sparse = describe_clusters(facts, 3, csr_matrix(X), csr_matrix(X))
    assert [c.rule.words("abc") for c in dense] == [c.rule.words("abc") for c in sparse]
    assert [c.typical for c in dense] == [c.typical for c in sparse]


def test_facts_become_plain_json_with_their_words(facts):
    cluster = describe_clusters(facts, 3, X, X)[1]
    found = json.loads(json.dumps(cluster.to_json(["width", "height", "depth"])))
    assert found["rule"]["words"].startswith("width above")
    assert found["size"] == 50
