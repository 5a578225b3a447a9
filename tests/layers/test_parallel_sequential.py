import keras
import numpy as np
import pytest
import tensorflow as tf

from tfclust.layers import (
    ParallelConv2D,
    ParallelConv2DTranspose,
    ParallelDense,
    ParallelReshape,
    ParallelSequential,
    convolution_kernels,
)

K, BATCH = 2, 3
SHAPE = (5, 6, 2)


@pytest.fixture(autouse=True)
def compiled_products(monkeypatch):
    """On any machine, those kernels that XLA compiles."""
    monkeypatch.setattr(convolution_kernels, "_WORTH_COMPILING", 1)
    monkeypatch.setattr(convolution_kernels, "onednn_has_avx512", lambda: False)


def layers(dtype):
    """Convolutions with a smooth activation, and one that mixes the channels."""
    return [
        ParallelConv2D(K, 3, 3, 2, "same", activation="softmax", dtype=dtype),
        ParallelReshape(K, (-1,), dtype=dtype),
        ParallelDense(K, 12, activation="tanh", dtype=dtype),
        ParallelReshape(K, (2, 3, 2), dtype=dtype),
        ParallelConv2DTranspose(K, 2, 3, 2, "valid", use_bias=False, dtype=dtype),
    ]


def make(shared=False, dtype="float64"):
    shape = (None, *SHAPE) if shared else (K, None, *SHAPE)
    network = ParallelSequential([keras.Input(batch_shape=shape, dtype=dtype), *layers(dtype)])
    rng = np.random.default_rng(1)
    network.set_weights([rng.uniform(-1.0, 1.0, w.shape) for w in network.get_weights()])
    return network


def images(shared=False, dtype="float64"):
    shape = (BATCH, *SHAPE) if shared else (K, BATCH, *SHAPE)
    return tf.constant(np.random.default_rng(0).normal(size=shape), dtype)


def derivatives(network, x):
    """Outputs, the gradients of a sum of them, and a second derivative in `x`."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            outputs = network(x)
            total = tf.reduce_sum(outputs**3)
        gradients = inner.gradient(total, [x, *network.trainable_weights])
        slope = tf.reduce_sum(gradients[0] ** 2)
    return [outputs, *gradients, outer.gradient(slope, x)]


def compiled_calls(network, x):
    graph = tf.function(network, autograph=False).get_concrete_function(x).graph
    return sum("_XlaMustCompile" in op.node_def.attr for op in graph.get_operations())


@pytest.mark.parametrize("shared", [False, True])
def test_a_compiled_call_for_each_network_gives_what_its_layers_do(shared):
    network, x = make(shared), images(shared)
    assert compiled_calls(network, x) == K
    found = tf.function(derivatives, autograph=False)(network, x)
    for array, expected in zip(found, derivatives(network, x), strict=True):  # eager: by layers
        np.testing.assert_allclose(array, expected, rtol=1e-9, atol=1e-9)


def test_a_batch_of_another_size_is_computed_too():
    network = make()
    step = tf.function(network, autograph=False)
    for rows in (BATCH, 1):
        x = images()[:, :rows]
        np.testing.assert_allclose(step(x), network(x), rtol=1e-9, atol=1e-9)


def test_the_global_precision_does_not_round_the_weights():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        network, x = make(), images()
    finally:
        keras.config.set_dtype_policy("float32")
    assert compiled_calls(network, x) == K
    np.testing.assert_allclose(tf.function(network)(x), network(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "other",
    [
        [keras.layers.Activation("relu", dtype="float64")],
        [ParallelConv2D(K, 1, 2, dtype="float32")],
    ],
    ids=["another kind of layer", "another precision"],
)
def test_layers_that_do_not_fit_in_leave_the_sequence_to_its_layers(other):
    inputs = keras.Input(batch_shape=(K, None, *SHAPE), dtype="float64")
    network = ParallelSequential([inputs, ParallelConv2D(K, 3, 3, dtype="float64"), *other])
    x = images()
    convolutions = sum(isinstance(layer, ParallelConv2D) for layer in network.layers)
    assert compiled_calls(network, x) == convolutions * K
    np.testing.assert_allclose(tf.function(network)(x), network(x), rtol=1e-5, atol=1e-5)


def test_products_of_dense_layers_are_not_compiled():
    inputs = keras.Input(batch_shape=(K, None, 4))
    network = ParallelSequential([inputs, ParallelDense(K, 3)])
    assert compiled_calls(network, tf.ones((K, BATCH, 4))) == 0


def test_it_survives_keras_files(tmp_path):
    network, x = make(), images()
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(loaded(x), network(x))
