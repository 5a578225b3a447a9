import shutil

import keras
import numpy as np
import pytest

from tfclust.callbacks import Checkpoint

X = np.linspace(0.0, 1.0, 12, dtype="float32").reshape(6, 2)


class Interrupted(Exception):
    """What ends a run before its time."""


def train(directory, epochs=5, interrupt_in=None, state=None, every_seconds=0):
    """A model and the epochs that it took; the run is cut off in epoch `interrupt_in`."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile("adam", loss="mse", jit_compile=False)
    state = {} if state is None else state

    def begin(epoch, logs):
        if epoch == interrupt_in:
            raise Interrupted
        state["begun"] = epoch

    callbacks = [
        keras.callbacks.LambdaCallback(on_epoch_begin=begin),
        Checkpoint(directory, every_seconds, state),
    ]
    history = model.fit(X, X, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks)
    return model, history.epoch


def cut_off(directory, interrupt_in=3, **kwargs):
    with pytest.raises(Interrupted):
        train(directory, interrupt_in=interrupt_in, **kwargs)


def test_a_run_that_was_cut_off_goes_on_to_the_same_end(tmp_path):
    cut_off(tmp_path / "run")
    resumed, epochs = train(tmp_path / "run")
    assert epochs == [3, 4]
    whole, _ = train(tmp_path / "whole")
    for weight, expected in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_one_checkpoint_is_kept_and_none_of_a_run_that_is_over(tmp_path):
    directory = tmp_path / "run"
    cut_off(directory)
    assert [path.name for path in directory.iterdir()] == ["epoch-000003"]
    train(directory)
    assert not directory.exists()


def test_a_checkpoint_that_is_not_whole_is_not_read(tmp_path):
    directory = tmp_path / "run"
    cut_off(directory)
    shutil.copytree(directory / "epoch-000003", directory / "epoch-000004.part")
    (directory / "epoch-000004.part" / "state.json").unlink()
    _, epochs = train(directory)
    assert epochs == [3, 4]


def test_a_run_that_stops_itself_leaves_no_checkpoint_of_its_last_epoch(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(Checkpoint, "save", lambda self, epoch: saved.append(epoch))
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile("adam", loss="mse", jit_compile=False)

    def stop(epoch, logs):
        model.stop_training = epoch == 1

    callbacks = [
        keras.callbacks.LambdaCallback(on_epoch_end=stop),
        Checkpoint(tmp_path / "run", every_seconds=0),
    ]
    model.fit(X, X, epochs=5, verbose=0, callbacks=callbacks)
    assert saved == [1]


def test_of_two_checkpoints_the_newer_is_taken(tmp_path):
    directory = tmp_path / "run"
    cut_off(directory, interrupt_in=2)
    older = shutil.copytree(directory / "epoch-000002", tmp_path / "older")
    cut_off(directory, interrupt_in=4)
    shutil.copytree(older, directory / "epoch-000002")
    _, epochs = train(directory)
    assert epochs == [4]


def test_checkpoints_are_not_taken_before_their_time(tmp_path):
    cut_off(tmp_path / "run", every_seconds=3600.0)
    assert not (tmp_path / "run").exists()


def test_state_is_restored_with_the_weights(tmp_path):
    cut_off(tmp_path / "run", state={"seconds": 2.5})
    state = {}
    cut_off(tmp_path / "run", interrupt_in=3, state=state)
    assert state == {"seconds": 2.5, "begun": 2}


def test_a_fit_that_follows_starts_from_its_own_beginning(tmp_path):
    cut_off(tmp_path / "run")
    model, _ = train(tmp_path / "run")
    assert model.fit(X, X, epochs=2, verbose=0).epoch == [0, 1]
