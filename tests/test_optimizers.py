import keras
import numpy as np
import pytest
import tensorflow as tf

from tfclust.optimizers import FusedAdam, FusedSGD, LossScaling

SHAPES = [(3, 4), (5,), ()]
SETTINGS = {
    "defaults": {},
    "large epsilon": {"epsilon": 1e-3},
    "other moments": {"beta_1": 0.5, "beta_2": 0.9},
    "weight decay": {"weight_decay": 0.01},
    "clipping": {"global_clipnorm": 0.1},
    "moving average": {"use_ema": True, "ema_overwrite_frequency": 3},
    "accumulation": {"gradient_accumulation_steps": 2},
    "amsgrad": {"amsgrad": True},
}


DESCENTS = {
    "defaults": {},
    "nesterov": {"nesterov": True},
    "no momentum": {"momentum": 0.0},
    **{case: SETTINGS[case] for case in ("weight decay", "clipping", "moving average")},
}


def trajectory(optimizer, dtype="float32", gradient=tf.convert_to_tensor):
    """The weights after 10 steps of random gradients."""
    rng = np.random.default_rng(0)
    weights = [keras.Variable(rng.normal(size=shape), dtype=dtype) for shape in SHAPES]

    @tf.function
    def step(gradients):
        optimizer.apply_gradients(zip(gradients, weights, strict=True))

    optimizer.build(weights)
    for _ in range(10):
        step([gradient(rng.normal(size=shape).astype("float32")) for shape in SHAPES])
    return [tf.cast(weight, "float32").numpy() for weight in weights]


@pytest.mark.parametrize("case", SETTINGS)
def test_fused_adam_follows_keras_adam_to_rounding(case):
    settings = {"learning_rate": 0.01, **SETTINGS[case]}
    expected = trajectory(keras.optimizers.Adam(**settings))
    for weight, value in zip(trajectory(FusedAdam(**settings)), expected, strict=True):
        np.testing.assert_allclose(weight, value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", DESCENTS)
def test_fused_sgd_follows_keras_sgd_to_rounding(case):
    settings = {"learning_rate": 0.1, "momentum": 0.9, **DESCENTS[case]}
    expected = trajectory(keras.optimizers.SGD(**settings))
    for weight, value in zip(trajectory(FusedSGD(**settings)), expected, strict=True):
        np.testing.assert_allclose(weight, value, rtol=1e-5, atol=1e-6)


def test_learning_rate_may_follow_a_schedule():
    def schedule():
        return keras.optimizers.schedules.PolynomialDecay(1e-2, 10, 1e-3, power=0.4)

    expected = trajectory(keras.optimizers.Adam(schedule()))
    for weight, value in zip(trajectory(FusedAdam(schedule())), expected, strict=True):
        np.testing.assert_allclose(weight, value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("fused", "own"),
    [
        (FusedAdam(0.01), keras.optimizers.Adam(0.01)),
        (FusedSGD(0.01, momentum=0.9), keras.optimizers.SGD(0.01, momentum=0.9)),
    ],
    ids=("adam", "sgd"),
)
def test_weights_of_half_precision_take_keras_own_path(fused, own):
    expected = trajectory(own, dtype="bfloat16")
    for weight, value in zip(trajectory(fused, dtype="bfloat16"), expected, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_weights_of_float64_are_updated_in_float64():
    gradient, weight = np.array([1.0, 1e-3, -7.0]), keras.Variable(np.ones(3), dtype="float64")
    optimizer = FusedAdam(0.1)
    expected, m, v = np.ones(3), 0.0, 0.0
    for t in (1, 2, 3):
        optimizer.apply_gradients([(tf.constant(gradient), weight)])
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        # Keras holds the rate in a float32 variable.
        rate = float(np.float32(0.1)) * np.sqrt(1.0 - 0.999**t) / (1.0 - 0.9**t)
        expected -= rate * m / (np.sqrt(v) + 1e-7)
    np.testing.assert_allclose(weight, expected, rtol=1e-12)


def test_loss_scaling_skips_a_step_that_overflows_and_counts_it():
    weight = keras.Variable([1.0])
    optimizer = LossScaling(keras.optimizers.SGD(1.0), initial_scale=4.0)
    optimizer.build([weight])
    assert float(optimizer.scale_loss(1.0)) == 4.0
    optimizer.apply_gradients([(tf.constant([np.inf]), weight)])
    assert float(weight[0]) == 1.0
    assert float(optimizer.dynamic_scale) == 2.0
    optimizer.apply_gradients([(tf.constant([1.0]), weight)])
    assert float(weight[0]) == 0.5
    assert int(optimizer.iterations) == 2
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is LossScaling
    assert again.get_config() == optimizer.get_config()


def test_sparse_gradients_take_keras_own_path():
    def train(optimizer):
        table = keras.Variable(np.ones((4, 2)), dtype="float32")
        gradient = tf.IndexedSlices(tf.ones((2, 2)), tf.constant([0, 2]), tf.constant([4, 2]))
        for _ in range(3):
            optimizer.apply_gradients([(gradient, table)])
        return table.numpy()

    moved = train(FusedAdam(0.1))
    np.testing.assert_array_equal(moved, train(keras.optimizers.Adam(0.1)))
    np.testing.assert_array_equal(moved[[1, 3]], 1.0)
    assert (moved[[0, 2]] < 1.0).all()


def test_config_describes_the_optimizer():
    optimizer = FusedAdam(0.02, epsilon=1e-3, beta_1=0.8)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is FusedAdam
    assert again.get_config() == optimizer.get_config()
