"""Trainings that are written down here, trained by `runner.py` alone and taken up again."""

import pytest

pytest.importorskip("jax", reason='needs the extra "accelerator"')

import json
import os
import signal
import subprocess
import sys
import time

import jax
import jax.export
import keras
import numpy as np
from kinds import KINDS, assert_same_training, data_of, make

from tfclust.accelerator import NotTrainedYet, bundled, runner, write_runner
from tfclust.augmentation import RowNoise
from tfclust.callbacks import AveragingEpoch, LossNotFinite, StopOnPlateau, StopWhenStable

ALONE = """
import runpy, sys
sys.modules["tensorflow"] = sys.modules["keras"] = sys.modules["tfclust"] = None
sys.argv = ["runner.py", *{arguments!r}]
runpy.run_path({path!r}, run_name="__main__")
"""


def start_runner(folder, *arguments):
    """The runner of a bundle in a process where TensorFlow cannot be imported."""
    program = ALONE.format(path=str(folder / "runner.py"), arguments=list(arguments))
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": ""}
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_alone(folder, *arguments):
    """What the runner wrote to standard error."""
    process = start_runner(folder, *arguments)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return errors


def trained_in_bundle(folder, name, train):
    """What `train` gives once its trainings are done, and the results taken."""
    while True:
        try:
            with bundled(folder, name) as results:
                return train(), results
        except NotTrainedYet:
            with pytest.raises(NotTrainedYet), bundled(folder, name):
                train()  # nothing changes that
            runner.train_bundle(folder, device="cpu")


def fit(kind, rows):
    """A training of a model of a kind: it and its history."""
    model = make(kind)
    callbacks = [AveragingEpoch()] if kind == "CM" else []
    x = data_of(kind, rows[:16])
    return model, model.fit(x, epochs=3, verbose=0, callbacks=callbacks)


@pytest.fixture(scope="module")
def folder(rows, tmp_path_factory):
    """A bundle of every model."""
    folder = tmp_path_factory.mktemp("bundle")
    for kind in KINDS:
        with pytest.raises(NotTrainedYet, match=kind), bundled(folder, kind):
            fit(kind, rows)
    return folder


def test_a_program_is_for_every_platform(folder):
    programs = [jax.export.deserialize(p.read_bytes()) for p in folder.glob("programs/*")]
    assert len(programs) == len(KINDS)
    with jax.enable_x64(True):
        for program in programs:
            assert "custom_call" not in program.mlir_module()
            arguments, _ = jax.tree.unflatten(program.in_tree, program.in_avals)
            for platform in ("cuda", "rocm", "tpu"):
                jax.export.export(jax.jit(program.call), platforms=[platform])(*arguments)


def test_a_bundle_of_every_model_is_trained_without_tensorflow(folder, rows):
    shown = run_alone(folder)
    assert f"epoch {3 * len(KINDS)} of {3 * len(KINDS)}, {len(KINDS)} of" in shown
    for kind in KINDS:
        with bundled(folder, kind) as results:
            taken = fit(kind, rows)
        assert_same_training(taken, fit(kind, rows))
        assert [result["device"]["platform"] for result in results] == ["cpu"]
        assert results[0]["status"] == "finished"


def test_runs_of_other_seeds_share_one_program_and_their_data(rows, tmp_path):
    for seed in (3, 4):
        for kind in ("AECM", "GumbelSoftmaxVAE"):
            with pytest.raises(NotTrainedYet), bundled(tmp_path, f"{kind} {seed}"):
                make(kind, seed).fit(rows[:16], verbose=0)
    assert len(list(tmp_path.glob("programs/*"))) == 2
    assert len(list(tmp_path.glob("data/*"))) == 1


def test_a_runner_that_was_killed_goes_on_to_the_same_weights(rows, tmp_path):
    def fit(name):
        model = make("AECM")
        with bundled(tmp_path / name, "run"):
            history = model.fit(
                rows[:16], epochs=3000, verbose=0, callbacks=[AveragingEpoch(), StopOnPlateau(3000)]
            )
        return model, history

    for name in ("whole", "killed"):
        with pytest.raises(NotTrainedYet):
            fit(name)
    run_alone(tmp_path / "whole")
    process = start_runner(tmp_path / "killed", "--checkpoint-seconds", "0")
    run = tmp_path / "killed" / "runs" / "run-1"
    while not (run / "checkpoint.npz").exists() and process.poll() is None:
        time.sleep(0.005)
    time.sleep(0.1)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (run / "result.json").exists()
    run_alone(tmp_path / "killed")
    (model, history), (expected, expected_history) = fit("killed"), fit("whole")
    assert history.history == expected_history.history
    for weight, value in zip(model.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_a_pretraining_goes_there_and_back_until_it_is_done(rows, tmp_path):
    def train():
        model = make("AECM")
        model.pretrain(rows[:16], epochs=2, clustering_epochs=2, verbose=0)
        return model, model.fit(rows[:16], epochs=2, verbose=0)

    taken, results = trained_in_bundle(tmp_path, "run", train)
    assert_same_training(taken, train())
    assert len(results) == 3
    assert sorted(path.name for path in tmp_path.glob("runs/*")) == ["run-1", "run-2", "run-3"]


def test_another_training_of_the_name_is_refused(rows, tmp_path):
    def fit(**how):
        with bundled(tmp_path, "run"):
            make("CM", **how).fit(rows[:16], verbose=0)

    with pytest.raises(NotTrainedYet):
        fit()
    for how, part in (({"alpha": 6.0}, "model"), ({"seed": 1}, "seed, start")):
        with pytest.raises(ValueError, match=rf"the training that is asked for.*differs.*{part}"):
            fit(**how)


def test_a_pretraining_on_rows_changed_in_another_way_is_refused(rows, tmp_path):
    def start(augment):
        with bundled(tmp_path, "run"):
            make("AECM").pretrain_autoencoder(rows[:16], 1, verbose=0, augment=augment)

    with pytest.raises(NotTrainedYet):
        start(RowNoise(0.1))
    with pytest.raises(ValueError, match=r"the training that is asked for.*differs.*model"):
        start(RowNoise(0.2))


def test_a_run_that_diverges_says_so_and_keeps_no_other_from_its_end(rows, tmp_path):
    def fit(name, optimizer):
        model = make("CM")
        model.compile(optimizer, jit_compile=False)
        with bundled(tmp_path, name) as results:
            model.fit(rows[:16], epochs=2, verbose=0)
        return results

    for name, optimizer in (("bad", keras.optimizers.SGD(1e30)), ("good", None)):
        with pytest.raises(NotTrainedYet):
            fit(name, optimizer)
    runner.train_bundle(tmp_path)
    with pytest.raises(LossNotFinite, match=r"stopped at epoch 1\b"):
        fit("bad", keras.optimizers.SGD(1e30))
    assert [result["status"] for result in fit("good", None)] == ["finished"]


def test_a_callback_that_cannot_travel_is_refused(rows, tmp_path):
    with (
        pytest.raises(ValueError, match=r"written down, or read the logs.*Received: StopWhenS"),
        bundled(tmp_path, "run"),
    ):
        make("CM").fit(rows[:16], verbose=0, callbacks=[StopWhenStable(rows)])


def test_data_may_lie_apart_and_must_be_those_of_the_bundle(rows, tmp_path):
    folder, data = tmp_path / "bundle", tmp_path / "data"
    with pytest.raises(NotTrainedYet), bundled(folder, "run", data):
        make("CM").fit(rows[:16], verbose=0)
    with pytest.raises(FileNotFoundError, match=r"must lie in its folder `data`.*Received"):
        runner.train_bundle(folder)
    [path] = data.iterdir()
    np.savez(path, array=rows[1:17])
    with pytest.raises(ValueError, match=r"must have the checksum.*Received"):
        runner.train_bundle(folder, data=data)


def test_a_bundle_of_another_format_is_refused(rows, tmp_path):
    with pytest.raises(NotTrainedYet), bundled(tmp_path, "run"):
        make("CM").fit(rows[:16], verbose=0)
    path = tmp_path / "runs" / "run-1" / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 0}))
    with pytest.raises(ValueError, match=r"must have format 1.*Received: format=0"):
        runner.train_bundle(tmp_path)


def test_the_runner_is_a_file_of_its_own(tmp_path):
    path = write_runner(tmp_path)
    process = subprocess.run(
        [sys.executable, path, "--help"], capture_output=True, text=True, check=True
    )
    assert "goes on" in process.stdout
