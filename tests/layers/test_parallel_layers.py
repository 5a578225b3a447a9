from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfclust.layers import (
    ParallelBatchNormalization,
    ParallelConv2D,
    ParallelConv2DTranspose,
    ParallelDense,
    ParallelReshape,
)

K, BATCH = 3, 4


def images(channels=2):
    return (BATCH, 5, 6, channels)


class ParallelBattery:
    """Tests that every layer of K networks must pass.

    Attributes:
        layer_class, kwargs: the layer and its arguments.
        shape: of one network's input.
        shares: whether all networks may have one input.
    """

    layer_class = None
    kwargs: ClassVar = {}
    shape = None
    shares = True

    def make(self, **changes):
        return self.layer_class(K, **{**self.kwargs, **changes})

    def inputs(self, shared=False):
        shape = self.shape if shared else (K, *self.shape)
        return tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)

    def built(self, **changes):
        """With weights that are random, all of them."""
        layer = self.make(**changes)
        layer.build((K, *self.shape))
        rng = np.random.default_rng(1)
        layer.set_weights([rng.uniform(0.1, 1.0, w.shape) for w in layer.get_weights()])
        return layer

    def test_it_is_k_separate_keras_layers(self):
        layer, x = self.built(), self.inputs()
        outputs = layer(x)
        assert outputs.shape == layer.compute_output_shape(x.shape)
        for k in range(K):
            np.testing.assert_allclose(outputs[k], layer.network(k)(x[k]), rtol=1e-5, atol=1e-5)

    def test_one_input_for_all_goes_to_every_network(self):
        if not self.shares:
            with pytest.raises(
                ValueError, match=r"one for each network\. Received: input of shape"
            ):
                self.make()(self.inputs(shared=True))
            return
        layer, x = self.built(), self.inputs(shared=True)
        outputs = layer(x)
        assert outputs.shape == layer.compute_output_shape(x.shape)
        for k in range(K):
            np.testing.assert_allclose(outputs[k], layer.network(k)(x), rtol=1e-5, atol=1e-5)

    def test_gradients_are_those_of_the_separate_layers(self):
        layer, x = self.built(), self.inputs()
        singles = [layer.network(k) for k in range(K)]
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            together = tf.reduce_sum(tf.sin(layer(x)))
            apart = tf.add_n([tf.reduce_sum(tf.sin(s(x[k]))) for k, s in enumerate(singles)])
        np.testing.assert_allclose(
            tape.gradient(together, x), tape.gradient(apart, x), rtol=1e-4, atol=1e-5
        )
        for i, weight in enumerate(layer.trainable_weights):
            gradient = tape.gradient(together, weight)
            for k, single in enumerate(singles):
                expected = tape.gradient(apart, single.trainable_weights[i])
                np.testing.assert_allclose(gradient[k], expected, rtol=1e-4, atol=1e-4)

    def test_weights_copied_into_a_network_are_its_own(self):
        layer, other, x = self.built(), self.built(), self.inputs()
        single = other.network(1)
        single.set_weights([w + 0.5 for w in single.get_weights()])
        layer.set_network(2, single)
        outputs = layer(x)
        np.testing.assert_allclose(outputs[2], single(x[2]), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(outputs[:2], other(x)[:2], rtol=1e-5, atol=1e-5)

    def test_each_network_starts_as_the_single_layer_would(self):
        layer = self.make()
        layer.build((K, *self.shape))
        single = layer.network(0)
        for stack, one in zip(layer.get_weights(), single.get_weights(), strict=True):
            assert stack.shape == (K, *one.shape)
            for k in range(K):
                bound = np.sqrt(6.0 / sum(_fans(one.shape))) if one.ndim > 1 else 1.0
                assert np.abs(stack[k]).max() <= bound + 1e-6
                assert one.ndim < 2 or np.abs(stack[k]).max() > 0.5 * bound
                assert one.ndim < 2 or k == 0 or not np.array_equal(stack[k], stack[0])

    def test_config_and_weights_survive_keras_files(self, tmp_path):
        x = self.inputs()
        inputs = keras.Input(batch_shape=(K, None, *self.shape[1:]))
        model = keras.Model(inputs, self.make(dtype="mixed_bfloat16")(inputs))
        model.save(tmp_path / "layer.keras")
        loaded = keras.models.load_model(tmp_path / "layer.keras")
        np.testing.assert_array_equal(loaded(x), model(x))
        assert loaded.layers[-1].get_config() == model.layers[-1].get_config()

    def test_graph_and_eager_mode_agree(self):
        layer, x = self.built(), self.inputs()
        np.testing.assert_allclose(tf.function(layer)(x), layer(x), rtol=1e-5, atol=1e-5)

    def test_inputs_of_another_number_of_networks_are_refused(self):
        with pytest.raises(
            ValueError, match=r"\(3, batch, \.\.\.\).*Received: input of shape \(2,"
        ):
            self.make().build((2, *self.shape))

    def test_no_network_is_refused(self):
        with pytest.raises(
            ValueError, match=r"`n_networks` must be an integer.*Received: n_networks=0"
        ):
            self.layer_class(0, **self.kwargs)


class TestParallelDense(ParallelBattery):
    layer_class = ParallelDense
    kwargs: ClassVar = {"units": 5, "activation": "relu"}
    shape = (BATCH, 7)

    def test_a_seeded_initializer_gives_each_network_its_own_values_again(self):
        first, second = (
            ParallelDense(K, 5, kernel_initializer=keras.initializers.GlorotUniform(seed=4))
            for _ in range(2)
        )
        for layer in (first, second):
            layer.build((None, 7))
        np.testing.assert_array_equal(first.kernel, second.kernel)
        assert not np.array_equal(first.kernel[0], first.kernel[1])

    def test_without_bias_there_is_one_weight(self):
        assert len(self.built(use_bias=False).weights) == 1

    def test_rank_is_stated(self):
        with pytest.raises(
            ValueError, match=r"rank 3, one for each network, or rank 2, one for all"
        ):
            self.make().build((K, BATCH, 7, 1))


class TestParallelConv2D(ParallelBattery):
    layer_class = ParallelConv2D
    kwargs: ClassVar = {
        "filters": 4,
        "kernel_size": (3, 2),
        "strides": 2,
        "padding": "same",
        "activation": "leaky_relu",
    }
    shape = images()

    def test_padding_may_be_valid(self):
        layer, x = self.built(padding="valid", strides=1), self.inputs()
        assert layer(x).shape == (K, BATCH, 3, 5, 4)
        np.testing.assert_allclose(layer(x)[1], layer.network(1)(x[1]), rtol=1e-5, atol=1e-5)

    def test_bad_padding_is_refused(self):
        with pytest.raises(ValueError, match=r"`padding` must be.*Received: padding='full'"):
            self.make(padding="full")

    @pytest.mark.parametrize("name", ["kernel_size", "strides"])
    def test_three_sizes_are_refused(self, name):
        with pytest.raises(ValueError, match=rf"`{name}` must be one integer or two.*Received"):
            self.make(**{name: (1, 2, 3)})


class TestParallelConv2DTranspose(TestParallelConv2D):
    layer_class = ParallelConv2DTranspose

    def test_padding_may_be_valid(self):
        layer, x = self.built(padding="valid", strides=2), self.inputs()
        assert layer(x).shape == (K, BATCH, 11, 12, 4)
        np.testing.assert_allclose(layer(x)[1], layer.network(1)(x[1]), rtol=1e-5, atol=1e-5)


class TestParallelReshape(ParallelBattery):
    layer_class = ParallelReshape
    kwargs: ClassVar = {"target_shape": (-1, 3)}
    shape = images()
    shares = False


class TestParallelBatchNormalization(ParallelBattery):
    layer_class = ParallelBatchNormalization
    shape = images()
    shares = False

    @pytest.mark.parametrize("training", [True, False])
    def test_bfloat16_comes_near_to_float32(self, training):
        x = tf.random.stateless_normal((K, BATCH, 7), (0, 1)) * 3.0 + 2.0
        outputs = {}
        for dtype in ("float32", "mixed_bfloat16"):
            layer = self.make(dtype=dtype)
            outputs[dtype] = tf.cast(layer(x, training=training), tf.float32)
        np.testing.assert_allclose(*outputs.values(), atol=0.1)

    @pytest.mark.parametrize("shape", [(BATCH, 7), images()])
    def test_training_normalizes_and_moves_as_the_separate_layers(self, shape):
        layer = self.make(momentum=0.7)
        x = tf.random.stateless_normal((K, *shape), (0, 1)) * 3.0 + 2.0
        layer.build(x.shape)
        singles = [layer.network(k) for k in range(K)]
        outputs = layer(x, training=True)
        for k, single in enumerate(singles):
            np.testing.assert_allclose(outputs[k], single(x[k], training=True), atol=1e-5)
            for stack, one in zip(layer.get_weights(), single.get_weights(), strict=True):
                np.testing.assert_allclose(stack[k], one, rtol=1e-5)

    @pytest.mark.parametrize("name, value", [("momentum", 1.0), ("epsilon", 0.0)])
    def test_bad_arguments_are_refused(self, name, value):
        with pytest.raises(ValueError, match=rf"`{name}` must be.*Received: {name}={value}"):
            self.make(**{name: value})


def _fans(shape):
    field = int(np.prod(shape[:-2]))
    return field * shape[-2], field * shape[-1]


def test_a_config_of_an_older_file_says_networks():
    layer = ParallelDense(3, 4, activation="relu")
    config = layer.get_config()
    older = {**config, "networks": config.pop("n_networks")}
    assert ParallelDense.from_config(older).get_config() == layer.get_config()
