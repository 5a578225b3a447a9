import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfclust import metrics

STREAMING = {
    "acc": metrics.ClusteringAccuracy,
    "nmi": metrics.NormalizedMutualInformation,
    "ari": metrics.AdjustedRandIndex,
    "purity": metrics.Purity,
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def streamed(y_true, y_pred, batch_size=None, sizes=None, **kwargs):
    """All streaming scores of labels, or of memberships, fed batch by batch."""
    sizes = sizes or {"n_clusters": np.max(y_pred) + 1, "n_classes": np.max(y_true) + 1}
    batch_size = batch_size or len(y_true)
    scores = {}
    for name, metric_class in STREAMING.items():
        metric = metric_class(**sizes)
        for start in range(0, len(y_true), batch_size):
            batch = slice(start, start + batch_size)
            metric.update_state(
                y_true[batch], y_pred[batch], **{k: v[batch] for k, v in kwargs.items()}
            )
        scores[name] = float(metric.result())
    return scores


def whole(y_true, y_pred):
    scores = metrics.evaluate(y_true, y_pred)
    return pytest.approx({name: scores[name] for name in STREAMING}, abs=1e-6)


@pytest.mark.parametrize(("n_classes", "n_clusters"), [(2, 2), (4, 7), (7, 4), (10, 10)])
def test_batches_score_as_the_whole(n_classes, n_clusters, rng):
    y_true = rng.integers(0, n_classes, 500)
    y_pred = np.where(rng.random(500) < 0.6, y_true % n_clusters, rng.integers(0, n_clusters, 500))
    assert streamed(y_true, y_pred, batch_size=64) == whole(y_true, y_pred)


@pytest.mark.parametrize(
    ("y_true", "y_pred"),
    [
        ([0, 0, 0], [1, 1, 1]),
        ([0, 0, 1, 1], [2, 2, 2, 2]),
        ([1, 1, 1, 1], [0, 1, 2, 2]),
        ([0, 1, 2], [2, 0, 1]),
        ([0, 1], [0, 0]),
        ([3], [3]),
        ([0, 1, 0, 1], [0, 0, 1, 1]),
    ],
    ids=str,
)
def test_degenerate_partitions_score_as_the_whole(y_true, y_pred):
    sizes = {"n_clusters": 4}
    assert streamed(np.array(y_true), np.array(y_pred), sizes=sizes) == whole(y_true, y_pred)


def test_large_counts_score_exactly(rng):
    table = rng.integers(0, 10**7, (4, 4))
    metric = metrics.ClusteringAccuracy(4)
    metric.update_state(*np.divmod(np.arange(16), 4), sample_weight=table.ravel())
    metric.update_state([0], [1])
    table[0, 1] += 1
    np.testing.assert_array_equal(metric.table, table)


def test_the_largest_membership_counts(rng):
    memberships = rng.dirichlet(np.ones(5), 200).astype("float32")
    y_true, sizes = rng.integers(0, 5, 200), {"n_clusters": 5}
    expected = whole(y_true, memberships.argmax(axis=1))
    assert streamed(y_true, memberships, sizes=sizes) == expected
    assert streamed(y_true[:, np.newaxis], memberships, sizes=sizes) == expected
    half = tf.cast(memberships, "bfloat16")
    expected = whole(y_true, tf.argmax(half, axis=1).numpy())
    assert streamed(y_true, half, sizes=sizes) == expected


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32", "float64"])
def test_labels_of_any_dtype_score_alike(dtype, rng):
    y_true, y_pred = rng.integers(0, 4, 100), rng.integers(0, 4, 100)
    assert streamed(y_true.astype(dtype), y_pred.astype("int32"), sizes={"n_clusters": 4}) == whole(
        y_true, y_pred
    )


def test_an_integer_weight_counts_a_point_so_many_times(rng):
    y_true, y_pred = rng.integers(0, 3, 80), rng.integers(0, 3, 80)
    weight = rng.integers(0, 4, 80)
    repeated = whole(np.repeat(y_true, weight), np.repeat(y_pred, weight))
    assert streamed(y_true, y_pred, batch_size=32, sample_weight=weight) == repeated
    column = weight[:, np.newaxis].astype("float32")
    assert streamed(y_true, y_pred, batch_size=32, sample_weight=column) == repeated


@pytest.mark.parametrize("metric_class", STREAMING.values())
@pytest.mark.parametrize(
    ("y_true", "y_pred"),
    [
        ([0, 3], [0, 1]),
        ([0, -1], [0, 1]),
        ([0, 1], [0, 3]),
        ([0.0, 0.5], [0, 1]),
        ([0.0, np.nan], [0, 1]),
        ([0, 1], [[0.1, 0.8, 0.1], [np.nan, 0.5, 0.5]]),
    ],
    ids=str,
)
def test_what_fits_no_cell_makes_the_result_nan_unless_weighted_zero(metric_class, y_true, y_pred):
    metric = metric_class(3)
    metric.update_state(y_true, y_pred, sample_weight=[1, 0])
    assert metric.result() == 1
    metric.update_state(y_true, y_pred)
    assert np.isnan(metric.result())


@pytest.mark.parametrize("metric_class", STREAMING.values())
def test_result_is_zero_before_the_first_point_and_after_a_reset(metric_class):
    metric = metric_class(3)
    assert metric.result() == 0
    assert metric([0, 1, 2], [2, 1, 0]) == 1
    metric.reset_state()
    assert metric.result() == 0


@pytest.mark.parametrize(("name", "metric_class"), STREAMING.items())
def test_config_round_trip(name, metric_class):
    assert metric_class(3).name == name
    metric = metric_class(np.int64(5), n_classes=3, name="score", dtype="float64")
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(metric)))
    copy = keras.saving.deserialize_keras_object(config)
    assert type(copy) is metric_class
    assert copy.get_config() == metric.get_config()
    assert copy.table.shape == (3, 5)
    assert copy.result().dtype == tf.float64


@pytest.mark.parametrize("n", [0, -2, 2.5, True, "3"])
def test_sizes_must_be_positive_integers(n):
    with pytest.raises(ValueError, match=f"`n_clusters` must be .* Received: n_clusters={n!r}"):
        metrics.Purity(n)
    with pytest.raises(ValueError, match=f"`n_classes` must be .* Received: n_classes={n!r}"):
        metrics.Purity(3, n_classes=n)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "rule"),
    [
        (np.eye(3), np.eye(3), r"`y_true` must have shape .* Received: y_true.shape=\(3, 3\)"),
        ([0, 1], np.eye(2), r"`y_pred` must have shape .* y_pred.shape=\(2, 2\), n_clusters=3"),
        (["a", "b", "c"], np.eye(3), r"`y_true` must hold numbers.*text labels.*of strings"),
        ([0], np.eye(3), r"same batch size. Received: y_true.shape=\(1,\), y_pred.shape=\(3, 3\)"),
    ],
)
def test_update_refuses_wrong_shapes_and_text(y_true, y_pred, rule):
    with pytest.raises(ValueError, match=rule):
        metrics.Purity(3).update_state(y_true, y_pred)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_every_metric_shows_in_fit_and_evaluate(jit_compile, rng):
    x = rng.normal(size=(96, 4)).astype("float32")
    y = rng.integers(0, 3, 96)
    model = keras.Sequential([keras.layers.Dense(5, activation="softmax")])
    model.compile(
        optimizer=keras.optimizers.SGD(0.0),
        loss="sparse_categorical_crossentropy",
        metrics=[metric_class(5, n_classes=3) for metric_class in STREAMING.values()],
        jit_compile=jit_compile,
    )
    model.build((None, 4))
    expected = whole(y, model.predict(x, batch_size=32, verbose=0).argmax(axis=1))

    within_epoch = {}
    record = keras.callbacks.LambdaCallback(
        on_test_batch_end=lambda batch, logs: within_epoch.update(logs)
    )
    history = model.fit(
        x, y, batch_size=32, verbose=0, validation_data=(x, y), callbacks=[record]
    ).history

    def pick(logs, prefix=""):
        return {name: float(np.squeeze(logs[prefix + name])) for name in STREAMING}

    assert pick(history) == expected
    assert pick(history, "val_") == expected
    assert pick(within_epoch) == expected
    assert pick(model.evaluate(x, y, batch_size=32, verbose=0, return_dict=True)) == expected
