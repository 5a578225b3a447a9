import numpy as np
import pytest
import tensorflow as tf

from tfclust.layers import ParallelConv2D, ParallelConv2DTranspose, convolution_kernels
from tfclust.layers.columns import swapped
from tfclust.layers.convolution_kernels import ConvolutionKernels, portable_kernels

K = 2
LAYERS = {"convolution": ParallelConv2D, "transposed": ParallelConv2DTranspose}
SHAPES = {  # kernel size, strides, padding
    "table": (3, 2, "same"),
    "one tap": (1, 1, "same"),
    "smaller than the stride": (1, 2, "same"),
    "smaller than the stride, valid": ((1, 2), 3, "valid"),
    "even": ((4, 2), (1, 2), "same"),
    "valid": ((3, 2), 2, "valid"),
    "larger than the image": (7, (3, 1), "same"),
}
MODES = {
    "eager": lambda function: function,
    "graph": lambda function: tf.function(function, autograph=False),
    "XLA": lambda function: tf.function(function, jit_compile=True, autograph=False),
}


def make(layer_class, shape, dtype, filters=3, activation="tanh"):
    kernel_size, strides, padding = shape
    layer = layer_class(
        K, filters, kernel_size, strides, padding, activation=activation, dtype=dtype
    )
    layer.build((K, None, 5, 6, 2))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.uniform(-1.0, 1.0, w.shape) for w in layer.get_weights()])
    return layer


def images(dtype):
    return tf.constant(np.random.default_rng(0).normal(size=(K, 2, 5, 6, 2)), dtype)


def outputs_and_gradients(layer, x):
    """Outputs, and the gradients of a sum of them in the input and the weights, in float64."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = tf.cast(layer(x), tf.float64)
        total = tf.reduce_sum(outputs * tf.sin(outputs + 1.0))
    gradients = tape.gradient(total, [x, *layer.trainable_weights])
    return [outputs, *(tf.cast(gradient, tf.float64) for gradient in gradients)]


def separate(layer, x):
    """The same of the K Keras layers that `layer` holds, in float64, which oneDNN leaves alone.

    Without AVX-512 its gradient of a kernel smaller than the stride is wrong in float32.
    """
    exact = type(layer).from_config({**layer.get_config(), "dtype": "float64"})
    exact.build((K, None, *x.shape[-3:]))
    exact.set_weights(layer.get_weights())
    x = tf.cast(x, tf.float64)
    found = [outputs_and_gradients(exact.network(k), x[k]) for k in range(K)]
    return [np.stack(arrays) for arrays in zip(*found, strict=True)]


class InColumns:
    """A layer that computes as it does where XLA compiles it, operation by operation."""

    def __init__(self, layer):
        self.columns, self.trainable_weights = layer.columns, layer.trainable_weights

    def __call__(self, x):
        weights = [tf.convert_to_tensor(weight) for weight in self.trainable_weights]
        return swapped(self.columns(x.shape)(swapped(x), *weights))


def assert_is_k_layers(layer, dtype, mode="eager", rtol=1e-9):
    x = images(dtype)
    together = MODES[mode](lambda: outputs_and_gradients(layer, x))()
    for array, expected in zip(together, separate(layer, x), strict=True):
        np.testing.assert_allclose(array, expected, rtol=rtol, atol=rtol * np.abs(expected).max())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layer", LAYERS)
def test_products_are_k_keras_layers_in_float64(layer, shape):
    layer = make(LAYERS[layer], SHAPES[shape], "float64")
    assert_is_k_layers(layer, "float64")
    assert layer(images("float64")).shape == layer.compute_output_shape((K, 2, 5, 6, 2))


@pytest.mark.parametrize("shape", ["table", "even"])
@pytest.mark.parametrize("mode", ["graph", "XLA"])
@pytest.mark.parametrize("layer", LAYERS)
def test_products_are_the_same_in_graphs_and_under_xla(layer, mode, shape):
    assert_is_k_layers(make(LAYERS[layer], SHAPES[shape], "float64"), "float64", mode)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layer", LAYERS)
def test_products_of_samples_in_columns_are_k_keras_layers(layer, shape):
    layer, x = make(LAYERS[layer], SHAPES[shape], "float64"), images("float64")
    found = outputs_and_gradients(InColumns(layer), x)
    for array, expected in zip(found, separate(layer, x), strict=True):
        np.testing.assert_allclose(array, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("layer", LAYERS)
def test_products_that_compile_themselves_are_the_same(layer, monkeypatch):
    monkeypatch.setattr(convolution_kernels, "_WORTH_COMPILING", 0)
    monkeypatch.setattr(convolution_kernels, "onednn_has_avx512", lambda: False)
    layer = make(LAYERS[layer], SHAPES["table"], "float32")
    assert_is_k_layers(layer, "float32", "graph", rtol=1e-5)


@pytest.mark.parametrize("filters", [1, 5])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layer", LAYERS)
def test_float32_is_k_keras_layers_with_the_kernels_of_this_machine(layer, shape, filters):
    layer = make(LAYERS[layer], SHAPES[shape], "float32", filters)
    assert_is_k_layers(layer, "float32", rtol=1e-5)


@pytest.mark.parametrize("shape", ["table", "smaller than the stride"])
@pytest.mark.parametrize("layer", LAYERS)
def test_the_kernels_gradient_of_one_input_for_all_is_that_of_k_keras_layers(layer, shape):
    layer, x = make(LAYERS[layer], SHAPES[shape], "float32"), images("float32")[0]
    _, _, *gradients = outputs_and_gradients(layer, x)
    _, _, *expected = separate(layer, tf.stack([x] * K))
    for gradient, of_layers in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(gradient, of_layers, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", LAYERS)
def test_an_activation_over_channels_heeds_those_of_one_network(layer, dtype, shared):
    layer = make(LAYERS[layer], SHAPES["table"], dtype, activation="softmax")
    x = images(dtype)[0] if shared else images(dtype)
    expected, *_ = separate(layer, tf.stack([x] * K) if shared else x)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("layer", LAYERS)
def test_half_precision_comes_near_to_float32(layer, dtype):
    exact = make(LAYERS[layer], SHAPES["table"], "float32")
    half = make(LAYERS[layer], SHAPES["table"], f"mixed_{dtype}")
    expected = outputs_and_gradients(exact, images("float32"))
    for array, near in zip(outputs_and_gradients(half, images(dtype)), expected, strict=True):
        np.testing.assert_allclose(array, near, atol=0.03 * np.abs(near).max())


def test_a_kernel_larger_than_a_valid_image_is_refused():
    with pytest.raises(ValueError, match=r"at least as large as the kernel.*an image of 5 pixels"):
        make(ParallelConv2D, (6, 1, "valid"), "float64")(images("float64"))


# Which kernels ------------------------------------------------------------------------------------


def chosen(dtype="float32", multiplications=2**20, mode="graph"):
    found = []

    def trace():
        found.append(convolution_kernels.convolution_kernels(dtype, multiplications))
        return tf.constant(0)

    MODES[mode](trace)()
    return found[0]


def test_grouped_kernels_are_used_where_they_are_right_and_products_elsewhere(monkeypatch):
    grouped, compiled, products = ConvolutionKernels
    machine = {"avx512": True, "devices": []}
    monkeypatch.setattr(convolution_kernels, "onednn_has_avx512", lambda: machine["avx512"])
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: machine["devices"])
    assert chosen() is chosen("bfloat16") is chosen(mode="eager") is grouped
    assert chosen("float64") is chosen("float16") is compiled
    assert chosen(mode="XLA") is products
    with portable_kernels():
        assert chosen() is products
    machine["avx512"] = False
    assert chosen() is chosen("bfloat16") is compiled
    assert chosen(mode="eager") is chosen(multiplications=100) is products
    machine.update(avx512=True, devices=["GPU:0"])
    assert chosen() is products


def test_a_portable_trace_holds_no_grouped_kernel():
    layer = make(ParallelConv2D, SHAPES["table"], "float32")
    with portable_kernels():
        graph = tf.function(layer).get_concrete_function(images("float32")).graph
    assert not {"Conv2D", "Conv2DBackpropInput"} & {op.type for op in graph.get_operations()}


def test_second_derivatives_are_those_of_the_separate_layers():
    layer, x = make(ParallelConv2D, SHAPES["table"], "float64"), images("float64")

    def second(layer, x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(layer(x) ** 3)
            slope = tf.reduce_sum(inner.gradient(total, x) ** 2)
        return outer.gradient(slope, x)

    expected = tf.stack([second(layer.network(k), x[k]) for k in range(K)])
    np.testing.assert_allclose(second(layer, x), expected, rtol=1e-9, atol=1e-9)
