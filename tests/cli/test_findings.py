import numpy as np
import pytest

from tfclust.cli import findings
from tfclust.cli.reading.samples import Samples
from tfclust.cli.scaling import Scaling

CERTAIN = np.eye(3)[[0, 1, 2, 0]]


@pytest.mark.parametrize(
    ("sizes", "memberships", "said"),
    [
        ([4, 0, 6], CERTAIN, "1 of 3 clusters is empty: 1"),
        ([95, 3, 2], CERTAIN, "cluster 0 holds 95% of the rows"),
        ([4, 3, 3], np.full((10, 3), 1 / 3), "largest membership is 0.33 on average"),
    ],
)
def test_doubtful_clusters_are_pointed_out(sizes, memberships, said):
    (warning,) = findings.of_clusters(np.array(sizes), memberships, True)
    assert said in warning


def test_a_scale_is_proposed_where_clusters_of_unscaled_data_are_empty():
    for is_scaled, way in (False, "; try a --scale, fewer"), (True, "; try fewer"):
        (warning,) = findings.of_clusters(np.array([4, 0, 6]), CERTAIN, is_scaled)
        assert way in warning


def test_good_clusters_get_no_warning():
    assert findings.of_clusters(np.array([4, 3, 3]), CERTAIN, True) == []


def test_clusters_that_a_prior_evens_out_are_pointed_out():
    assert findings.of_sizes([340, 330, 330], None) == []
    (warning,) = findings.of_sizes([330, 340, 330], [900, 50, 50])
    assert "of 340, 330, 330 rows, where clusters of 900, 50, 50 rows are likelier" in warning


def test_unlike_columns_are_pointed_out_unless_they_are_scaled():
    x = np.random.default_rng(0).normal(0.0, [1.0, 100.0, 0.0], (30, 3)).astype("float32")
    samples = Samples(x, columns=("a", "b", "c"))
    constant, unlike = findings.of_data(samples, Scaling())
    assert constant == "1 column is constant, such as 'c'"
    assert "--standardize" in unlike
    for scaling in (Scaling.of(x, "standard"), Scaling.chosen(x)):
        assert findings.of_data(samples, scaling) == [constant]
    assert findings.of_data(Samples(x[:, :1]), Scaling()) == []


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_a_table_of_constants_is_pointed_out(value):
    samples = Samples(np.full((30, 2), value, "float32"), columns=("a", "b"))
    assert findings.of_data(samples, Scaling()) == ["2 columns are constant, such as 'a'"]


@pytest.mark.parametrize("n", [2, 1500])
def test_fewer_different_rows_than_clusters_are_pointed_out(n):
    x = np.repeat(np.eye(2), n, axis=0)
    (note,) = findings.of_rows(x, 3)
    assert note == "only 2 different rows for 3 clusters"
    assert findings.of_rows(x, 2) == []
    assert findings.of_rows(x[..., np.newaxis], 2) == []


def test_labels_that_are_no_classes_are_pointed_out():
    (note,) = findings.of_labels(np.linspace(0.0, 1.0, 1200))
    assert "1,200 different values in 1,200 rows" in note
    for labels in (None, np.arange(1200) % 30, np.array(list("abcdefgh"))):
        assert findings.of_labels(labels) == []


def test_bytes_that_are_taken_as_pixels_are_pointed_out():
    (note,) = findings.of_data(Samples(np.eye(3), pixel_max=255), Scaling())
    assert "divided by 255" in note


@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_columns_that_float32_blurs_are_pointed_out_unless_they_are_shifted(scale):
    hours = np.random.default_rng(0).normal(0.0, 50.0, (60, 1))
    samples = Samples(np.hstack([hours, 1.7e9 + hours]), columns=("hour", "time"))
    (blurred,) = findings.of_data(samples, Scaling())
    assert "float32, in which models compute, blurs 1 column, such as 'time'" in blurred
    assert findings.of_data(samples, Scaling.of(samples.x, "max_abs")) == [blurred]
    assert findings.of_data(samples, Scaling.of(samples.x, scale)) == []
    switch = Samples(np.array([[2.0**30, 0.1], [2.0**30 + 128, 0.1]]))
    assert not any("blurs" in note for note in findings.of_data(switch, Scaling()))
