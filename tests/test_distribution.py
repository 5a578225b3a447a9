import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from numbered_model import NumberedModel

from tfclust.augmentation import ImageAugmentation
from tfclust.callbacks import AveragingEpoch
from tfclust.models import AECM, CM, DAMIC, DCN, IDEC, MIXAE, GumbelSoftmaxVAE

MODELS = {
    "cm": (CM, {"alpha": 5.0}),
    "aecm": (AECM, {"alpha": 5.0, "embedding_dim": 4, "hidden_units": (8,)}),
    "dcn": (DCN, {"embedding_dim": 2, "hidden_units": (8,)}),
    "augmented idec": (
        IDEC,
        {
            **{"embedding_dim": 2, "hidden_units": (8,), "tol": 0.0},
            "augment": ImageAugmentation((2, 3), shift=0.5, rotation=40.0),
        },
    ),
    "damic": (DAMIC, {"hidden_units": (), "gate_units": (5,)}),
    "numbered rows": (NumberedModel, {}),
    "mixae": (MIXAE, {"embedding_dim": 2, "hidden_units": (8,)}),
    "variational mixae": (MIXAE, {"embedding_dim": 2, "hidden_units": (8,), "variational": True}),
    "gumbel": (
        GumbelSoftmaxVAE,
        {
            "feature_dim": 4,
            "latent_dim": 2,
            "hidden_units": (8,),
            "reconstruction_loss": "squared_error",
        },
    ),
}
OPTIMIZERS = {"sgd": lambda: keras.optimizers.SGD(1e-3), "default": lambda: None}
BATCH_SIZE = 8


def train(strategy, name, optimizer, feed, rows):
    """The weights and the logs of two epochs, the second of them the averaging epoch."""
    model_class, kwargs = MODELS[name]
    with strategy.scope():
        model = model_class(3, batch_size=BATCH_SIZE, seed=0, **kwargs)
        # Alone, no graph is traced: that takes longer than these steps. Adam's first steps would
        # show the last digits, in which the two differ.
        eager = strategy.num_replicas_in_sync == 1 and optimizer == "sgd"
        model.compile(OPTIMIZERS[optimizer](), jit_compile=False, run_eagerly=eager)
    batches = tf.data.Dataset.from_tensor_slices(rows).batch(BATCH_SIZE)
    data = {"array": rows, "dataset": batches}[feed]
    history = model.fit(data, epochs=2, verbose=0, callbacks=[AveragingEpoch()])
    return model.get_weights(), history.history


def train_alone_and_on_two_replicas(rows):
    """Runs where TensorFlow has not started, for only then can the processor be split in two."""
    [processor] = tf.config.list_physical_devices("CPU")
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(processor, halves)
    alone = tf.distribute.get_strategy()
    replicas = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert replicas.num_replicas_in_sync == 2
    return {
        case: [train(strategy, *case, rows) for strategy in (alone, replicas)] for case in CASES
    }


CASES = [
    ("cm", "sgd", "array"),
    ("aecm", "sgd", "dataset"),
    ("dcn", "sgd", "array"),
    ("augmented idec", "sgd", "array"),
    ("damic", "sgd", "array"),
    ("numbered rows", "sgd", "array"),
    ("mixae", "sgd", "dataset"),
    ("variational mixae", "sgd", "array"),
    ("gumbel", "sgd", "array"),
    ("aecm", "default", "array"),
]


@pytest.fixture(scope="module")
def trained(rows):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        return process.submit(train_alone_and_on_two_replicas, np.clip(rows, 0.0, 1.0)).result()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_two_replicas_take_the_steps_that_one_takes_with_the_whole_batch(trained, case):
    (alone, _), (replicated, _) = trained[case]
    for weight, expected in zip(replicated, alone, strict=True):
        np.testing.assert_allclose(weight, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_two_replicas_log_what_one_logs(trained, case):
    (_, alone), (_, replicated) = trained[case]
    assert set(replicated) == set(alone)
    for name, values in alone.items():
        np.testing.assert_allclose(replicated[name], values, rtol=1e-5)
