import numpy as np
import pytest
import tensorflow as tf
from tiny_models import tiny_model

from tfclust.checks import check_data
from tfclust.feeding import CheckedStreams, batch_spec, is_stream

slices = tf.data.Dataset.from_tensor_slices
BAD_ELEMENTS = {
    "rows": (lambda x: slices(x), r"`\.batch\(256\)` rows first"),
    "dicts": (lambda x: slices({"a": x}).batch(8), r"`dataset\.map` it to one tensor"),
    "text": (lambda x: slices(x.astype(str)).batch(8), "real numbers"),
    "ragged": (lambda x: slices(tf.RaggedTensor.from_tensor(x)).batch(8), r"x\.to_tensor\(\)"),
    "sparse": (lambda x: slices(tf.sparse.from_dense(x)).batch(8), r"tf\.sparse\.to_dense"),
    "unknown rank": (
        lambda x: tf.data.Dataset.from_generator(lambda: iter([x]), output_types=tf.float32),
        r"output_signature=tf\.TensorSpec",
    ),
    "unknown size": (
        lambda x: tf.data.Dataset.from_generator(
            lambda: iter([x]), output_signature=tf.TensorSpec((None, None), tf.float32)
        ),
        "say the shape of a row",
    ),
}


@pytest.mark.parametrize("kind", BAD_ELEMENTS)
def test_elements_that_are_no_batches_are_refused_before_training(rows, kind):
    make, rule = BAD_ELEMENTS[kind]
    with pytest.raises(ValueError, match=f"batches `x` or .*{rule}.*Received: a dataset of"):
        batch_spec(make(rows))
    with pytest.raises(ValueError, match="Received: a dataset of"):
        tiny_model("CM").fit(make(rows), verbose=0)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bool"])
def test_batches_that_pass_are_those_of_the_dataset_in_float32(rows, dtype):
    x = rows.astype(dtype)
    with CheckedStreams(check_data, "float32") as checked:
        batches = list(checked(slices((x, np.arange(37))).batch(8)).as_numpy_iterator())
    np.testing.assert_array_equal(np.concatenate([b[0] for b in batches]), x.astype("float32"))
    np.testing.assert_array_equal(np.concatenate([b[1] for b in batches]), np.arange(37))
    assert batches[0][0].dtype == np.float32


def test_a_stream_that_can_be_read_once_loses_no_batch(rows):
    once = iter([rows[:8], rows[8:16]])
    batches = tf.data.Dataset.from_generator(
        lambda: once, output_signature=tf.TensorSpec((None, 6), tf.float32)
    ).apply(tf.data.experimental.assert_cardinality(2))
    assert len(tiny_model("CM").predict(batches, verbose=0)) == 16


def test_errors_of_the_dataset_itself_stay_what_they_are(rows):
    broken = slices(rows).batch(8).map(lambda x: tf.debugging.check_numerics(x / 0.0, "broken"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="broken"):
        tiny_model("CM").embed(broken)


def test_labels_beside_a_dataset_are_refused(rows, labels):
    with pytest.raises(ValueError, match=r"`y` must not be given: a dataset holds its labels"):
        tiny_model("CM").fit(slices(rows).batch(8), labels, verbose=0)
    with pytest.raises(ValueError, match=r"`validation_split` must be 0.*Received: val.*=0.2"):
        tiny_model("CM").fit(slices(rows).batch(8), validation_split=0.2, verbose=0)


@pytest.mark.parametrize("name", ["DAMIC", "GumbelSoftmaxVAE", "MIXAE"])
def test_values_that_a_sigmoid_cannot_give_back_are_refused_in_batches_too(rows, name):
    changes = {} if name == "DAMIC" else {"reconstruction_loss": "cross_entropy"}
    model = tiny_model(name, **changes)
    with pytest.raises(ValueError, match=r"within 0 and 1, as what a sigmoid.*Received: x from"):
        model.fit(slices(300.0 * rows).batch(8), verbose=0)
    with pytest.raises(ValueError, match="scale raw pixels"):
        model.fit(slices((255.0 * rows.clip(0.0, 1.0)).astype("uint8")).batch(8), verbose=0)


def test_streams_are_what_keras_takes_batches_from(rows):
    assert is_stream(slices(rows))
    assert not any(is_stream(x) for x in (rows, rows.tolist(), None, {"a": rows}))


@pytest.mark.parametrize("name", ["AECM", "DAMIC"])
def test_pretraining_says_that_it_needs_all_rows(rows, name):
    with pytest.raises(ValueError, match="all rows are needed at once"):
        tiny_model(name).pretrain(slices(rows).batch(8), epochs=1)
