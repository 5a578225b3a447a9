import pytest

pytest.importorskip("jax", reason='needs the extra "accelerator"')

import keras
import numpy as np
from kinds import KINDS, assert_same_training, data_of, make

from tfclust.accelerator import fit_on, training_on
from tfclust.callbacks import (
    AnnealTemperature,
    AveragingEpoch,
    Checkpoint,
    CollapseWatch,
    LossNotFinite,
    RebalanceEntropyWeights,
    StopOnPlateau,
)


def both(kind, x, epochs=3, callbacks=list, changes=None, **kwargs):
    """A training by `fit` and one by `fit_on`, each a model and its history."""
    trained = []
    for fit in ("fit", "fit_on"):
        model = make(kind, **(changes or {}))
        how = {"epochs": epochs, "verbose": 0, "callbacks": callbacks(), **kwargs}
        if fit == "fit":
            trained.append((model, model.fit(x, **how)))
        else:
            trained.append((model, fit_on(model, x, device="cpu", **how)))
    return trained


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_is_trained_as_by_fit(kind, rows):
    assert_same_training(*reversed(both(kind, data_of(kind, rows[:24]))))


@pytest.mark.parametrize("kind", ["AECM", "MIXAE", "GumbelSoftmaxVAE"])
def test_in_bfloat16_they_agree_within_its_digits(kind, rows):
    changes = {"dtype": "mixed_bfloat16"}
    trained = both(kind, data_of(kind, rows[:16]), changes=changes)
    assert_same_training(*reversed(trained), rtol=2**-7, atol=2**-6)  # of weights up to 2


def test_the_last_batch_may_be_smaller(rows):
    assert_same_training(*reversed(both("CM", rows)))


def test_a_last_batch_of_one_row_joins_the_one_before_where_batches_are_normalized(rows):
    assert_same_training(*reversed(both("DAMIC", rows[:17].clip(0.0, 1.0), epochs=1)))


def test_fewer_rows_than_a_batch_are_one_batch(rows):
    assert_same_training(*reversed(both("CM", rows[:5], epochs=2)))


def test_rows_may_keep_their_order(rows):
    assert_same_training(*reversed(both("CM", rows[:16], shuffle=False)))


def test_sparse_rows_are_those_of_the_dense_ones(rows, sparse_rows):
    for x in (sparse_rows, sparse_rows.multiply(np.arange(37)[:, np.newaxis] % 6 == 0).tocsr()):
        dense, sparse = make("CM"), make("CM")
        fit_on(dense, x.toarray(), verbose=0)
        fit_on(sparse, x, verbose=0)
        for weight, expected in zip(sparse.weights, dense.weights, strict=True):
            np.testing.assert_allclose(weight, expected, rtol=1e-6, atol=1e-7)


def test_two_trainings_go_on_as_one(rows):
    once, twice = make("CM"), make("CM")
    fit_on(once, rows[:16], epochs=3, verbose=0)
    fit_on(twice, rows[:16], epochs=1, verbose=0)
    fit_on(twice, rows[:16], epochs=3, initial_epoch=1, verbose=0)
    for weight, expected in zip(twice.weights, once.weights, strict=True):
        np.testing.assert_array_equal(weight, expected)


# Callbacks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "callbacks"),
    [
        ("CM", lambda: [AveragingEpoch(), StopOnPlateau(1)]),
        ("GumbelSoftmaxVAE", lambda: [AnnealTemperature(epochs=2)]),
        ("MIXAE", lambda: [RebalanceEntropyWeights(beta_factor=2.0, beta_decay=0.5)]),
        ("CM", lambda: [keras.callbacks.LearningRateScheduler(lambda e, rate: rate / 2)]),
        ("CM", lambda: [keras.callbacks.ReduceLROnPlateau("loss", 0.5, 1, min_delta=1e9)]),
        ("CM", lambda: [CollapseWatch(patience=9)]),
    ],
)
def test_callbacks_act_as_in_fit(kind, callbacks, rows):
    assert_same_training(*reversed(both(kind, rows[:16], callbacks=callbacks)))


def test_a_training_stops_where_fit_does(rows):
    here, there = make("CM"), make("CM")
    for model in (here, there):
        model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    how = {"epochs": 9, "verbose": 0}
    expected = here.fit(rows[:16], callbacks=[StopOnPlateau(2)], **how)
    history = fit_on(there, rows[:16], callbacks=[StopOnPlateau(2)], **how)
    assert history.epoch == expected.epoch
    assert len(history.epoch) < 9
    assert there.stop_training


def test_a_callback_of_the_users_sees_the_weights_and_may_change_them(rows):
    seen, model = [], make("CM")

    def look(epoch, logs):
        seen.append(np.array(model.assignment.bias))
        model.assignment.bias.assign(np.zeros(3))

    fit_on(
        model,
        rows[:16],
        epochs=2,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=look)],
    )
    assert all(np.abs(bias).max() > 0.0 for bias in seen)
    np.testing.assert_array_equal(model.assignment.bias, np.zeros(3))


def test_a_callback_that_acts_between_steps_is_refused(rows):
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    with pytest.raises(ValueError, match=r"between epochs, not between steps.*Received: Lambda"):
        fit_on(make("CM"), rows, verbose=0, callbacks=[watch])


def test_a_training_that_was_cut_off_goes_on_here_or_there(rows, tmp_path):
    class CutOff(Exception):
        pass

    def cut(epoch, logs):
        if epoch == 1:
            raise CutOff

    def train(on, directory, *more):
        model = make("CM")
        checkpoint = Checkpoint(directory, every_seconds=0)
        how = {"epochs": 4, "verbose": 0, "callbacks": [checkpoint, *more]}
        history = fit_on(model, rows[:16], **how) if on else model.fit(rows[:16], **how)
        return model, history

    whole, _ = train(False, tmp_path / "whole")
    for first, then in ((True, False), (False, True), (True, True)):
        directory = tmp_path / f"{first} {then}"
        with pytest.raises(CutOff):
            train(first, directory, keras.callbacks.LambdaCallback(on_epoch_end=cut))
        model, history = train(then, directory)
        assert history.epoch == [2, 3]
        for weight, expected in zip(model.weights, whole.weights, strict=True):
            np.testing.assert_allclose(weight, expected, rtol=1e-5, atol=1e-6)


def test_a_loss_that_is_not_finite_stops_training_at_its_epoch(rows):
    model = make("CM")
    model.compile(keras.optimizers.SGD(1e30), jit_compile=False)
    with pytest.raises(LossNotFinite, match=r"stopped at epoch 1\b"):
        fit_on(model, rows[:16], epochs=3, verbose=0)


# Stages ---------------------------------------------------------------------------------------


def test_pretraining_is_that_of_a_training_here(rows):
    x = rows[:16].clip(0.0, 1.0)
    for kind, how in (("AECM", {"clustering_epochs": 2}), ("DAMIC", {})):
        here, there = make(kind), make(kind)
        here.pretrain(x, epochs=2, verbose=0, **how)
        with training_on("cpu"):
            there.pretrain(x, epochs=2, verbose=0, **how)
        for weight, expected in zip(there.weights, here.weights, strict=True):
            np.testing.assert_allclose(weight, expected, 0.0, 2e-3, err_msg=weight.path)


# What is refused ------------------------------------------------------------------------------


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"`device` must name one that JAX finds: cpu:0.*abacus"):
        fit_on(make("CM"), np.zeros((8, 6)), device="abacus")


@pytest.mark.parametrize(
    "how",
    [{"validation_split": 0.5}, {"validation_data": np.zeros((8, 6))}, {"steps_per_epoch": 1}],
)
def test_arguments_of_fit_without_a_place_are_refused(how):
    with pytest.raises(ValueError, match=r"no place where an accelerator trains.*Received"):
        fit_on(make("CM"), np.zeros((8, 6)), verbose=0, **how)


def test_bad_data_is_refused_as_by_fit(rows):
    with pytest.raises(ValueError, match="NaN or infinite"):
        fit_on(make("CM"), rows * np.nan, verbose=0)
