import numpy as np
import pytest
from tqdm import tqdm

from tfclust.callbacks import Checkpoint, ProgressBar
from tfclust.models import CM, DAMIC


class Cut(Exception):
    """What ends a run before its time."""


class CutOff(ProgressBar):
    """Ends the run in its fourth epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        if epoch == 3:
            raise Cut


def train(rows, *callbacks):
    model = CM(3, seed=0, batch_size=37)
    model.compile(jit_compile=False)
    model.fit(rows, epochs=5, verbose=0, callbacks=list(callbacks))


def test_trainings_that_share_a_bar_add_up(rows):
    with tqdm(total=10) as bar:
        progress = ProgressBar(bar)
        for expected in (5, 10):
            train(rows, progress)
            assert bar.n == expected


def test_epochs_of_an_earlier_process_count_as_done_and_take_no_time(rows, tmp_path):
    checkpoint = Checkpoint(tmp_path / "run", every_seconds=0)
    with tqdm(total=5) as bar, pytest.raises(Cut):
        train(rows, CutOff(bar), checkpoint)
    with tqdm(total=5, disable=True) as bar, pytest.raises(Cut):
        train(rows, CutOff(bar), checkpoint)
    with tqdm(total=5) as bar:
        train(rows, ProgressBar(bar), checkpoint)
        assert (bar.initial, bar.n) == (3, 5)
        assert np.isfinite(float(bar.postfix.split("=")[1]))


def test_stages_are_named_and_those_that_are_left_out_count_as_done(rows):
    model = DAMIC(3, hidden_units=(4,), gate_units=(4,), batch_size=8, seed=0)
    seen = []

    class Watch(ProgressBar):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            seen.append((self.bar.desc, self.bar.n))

    rows = rows.clip(0.0, 1.0)
    lengths = {"epochs": 3, "layer_epochs": 2, "gate_epochs": 1, "expert_epochs": 4}
    stages = model.pretraining_stages(37, **lengths, least_steps=0)
    assert stages == {"layer_1": 2, "layer_2": 2, "autoencoder": 3, "gate": 1, "experts": 4}
    stages = {"left_out": 5, **stages}
    with tqdm(total=sum(stages.values()), desc="pretraining") as bar:
        callbacks = [Watch(bar, stages)]
        model.pretrain(rows, **lengths, least_steps=0, verbose=0, callbacks=callbacks)
        assert bar.n == bar.total == 17
    names = [name for name, epochs in stages.items() for _ in range(epochs)]
    assert seen == [(f"pretraining, {name}: ", i + 1) for i, name in enumerate(names)][5:]
