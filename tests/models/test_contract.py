"""What a model's class writes is what `ClusteringModel` lists."""

import inspect
import re

import keras
import pytest
import tensorflow as tf
from battery import assert_same_weights

from tfclust import models
from tfclust.callbacks import Checkpoint
from tfclust.models import ClusteringModel, ObjectiveModel
from tfclust.models.fed_model import FedModel

BASES = (ClusteringModel, ObjectiveModel, FedModel)
MODELS = sorted(set(models.__all__) - {base.__name__ for base in BASES})


def is_private(name):
    return name.startswith("_") and not name.endswith("__")


@pytest.mark.parametrize("name", MODELS)
def test_no_model_overrides_a_private_name_of_its_base(name):
    own = {
        name
        for cls in inspect.getmro(getattr(models, name))
        if cls.__module__.startswith("tfclust") and cls not in BASES
        for name in vars(cls)
    }
    private = {name for base in BASES for name in vars(base) if is_private(name)}
    assert not own & private


def test_every_name_of_the_contract_is_there():
    listed = re.findall(r"^    - ((?:`\w+.*?`(?:, )?)+)", ClusteringModel.__doc__, re.MULTILINE)
    names = {name for names in listed for name in re.findall(r"`(\w+)", names)}
    optional = {"pretrain", "generate_batch"}
    assert len(names) > 15
    assert all(hasattr(ClusteringModel, name) for name in names - optional)


@keras.saving.register_keras_serializable(package="tests")
class TwoSteps(models.CM):
    """A model whose step has two optimizers, as that of an adversarial one."""

    def build(self, input_shape):
        super().build(input_shape)
        self.second = keras.optimizers.SGD(1e-3, momentum=0.9)
        self.second.build(self.trainable_variables)

    def train_step(self, data):
        x, y, _ = self.unpack_batch(data)
        weights = self.trainable_variables
        for optimizer in (self.optimizer, self.second):
            with tf.GradientTape() as tape:
                outputs, terms, penalty = self.objective_of(x, training=True)
                loss = tf.add_n(list(terms.values())) + penalty
            optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return self.log_batch(x, y, outputs, terms, penalty)


def test_a_step_of_another_kind_trains_logs_and_resumes(rows, tmp_path):
    def train(directory, stop_after=None, **options):
        model = TwoSteps(3, batch_size=8, seed=0)
        model.compile(jit_compile=False, **options)

        def stop(epoch, logs):
            if epoch + 1 == stop_after:
                raise KeyboardInterrupt

        ends = keras.callbacks.LambdaCallback(on_epoch_end=stop)
        return model, model.fit(
            rows, epochs=4, verbose=0, callbacks=[Checkpoint(directory, 0), ends]
        )

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", stop_after=2)
    (resumed, _), (whole, history) = train(tmp_path / "cut"), train(tmp_path / "whole")
    assert_same_weights(resumed, whole)
    assert set(history.history) == {"loss", *models.CM.TERMS}
    assert history.history["loss"][-1] < history.history["loss"][0]
    several, _ = train(tmp_path / "several", steps_per_execution=5)
    assert_same_weights(several, whole)
    several.save(tmp_path / "model.keras")
    assert_same_weights(keras.models.load_model(tmp_path / "model.keras"), whole)


def test_the_batch_size_of_validation_is_the_one_that_is_given(rows):
    model, sizes = models.CM(3, batch_size=8, seed=0), []
    model.compile(run_eagerly=True)
    objective = model.objective

    def recorded(x, training=False):
        sizes.append((training, len(x)))
        return objective(x, training)

    model.objective = recorded
    held_out = {"validation_split": 0.3, "verbose": 0}  # 12 of 37 rows
    model.fit(rows, batch_size=10, validation_batch_size=7, **held_out)
    assert sizes == [(True, 10), (True, 10), (True, 5), (False, 7), (False, 5)]
    sizes.clear()
    model.fit(rows, batch_size=10, **held_out)
    assert sizes[3:] == [(False, 10), (False, 2)]
