"""DAMIC and its ablations, and k-means on the code of its start, seed by seed."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from reproduce import known_settings
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import (
    Progress,
    compile_for_epochs,
    prefixed,
    pretrain_once,
    score_curve,
    train,
)
from tfclust.callbacks import StopOnPlateau
from tfclust.metrics import evaluate
from tfclust.models import DAMIC
from tfclust.models.damic import NORMALIZED
from tfclust.pretraining import seconds_of_stages

CURVE_EVERY = 5  # epochs between two points of the curve
# Of rows that do not name them, as the paper has it: they were run before there was a choice.
OF_THE_PAPER = {"linear_code": False, "normalized": NORMALIZED}


def run_damic(task: Task) -> list[Outcome]:
    """Train DAMIC for at most `epochs`, from its start or from random weights."""
    return [_train(task, seed) for seed in task.seeds]


def _train(task: Task, seed: int) -> Outcome:
    x, y, directory = task.data.x, task.data.y, task.directory
    model, state = _build(task, seed), {}
    before = 0
    if task.experiment.init == "pretrained":
        stages = _planned(model, task, task.settings["pretrain_epochs"])
        before = sum(stages.values())
        total = before + task.experiment.epochs
        pretrain_once(model, directory, lambda: _pretrain(model, task, stages, total))
    start = {**evaluate(y, model.assign(x, batch_size=2000)), **_beside_the_gate(model, x, y)}
    curve = score_curve(task, x, y, CURVE_EVERY, state)
    stop = StopOnPlateau(task.settings["patience"], state)
    train(task, model, x, task.experiment.epochs, state, before, [*curve, stop])
    model.save(directory / "model.keras")
    terms = model.evaluate(x, verbose=0, return_dict=True)
    return Outcome(
        seed=seed,
        labels=model.assign(x, batch_size=2000),
        seconds=state["seconds"] + seconds_of_stages(directory / "pretraining"),
        loss_terms={name: terms[name] for name in model.term_names()},
        extra_metrics={
            **_beside_the_gate(model, x, y),
            **prefixed("start", start),
        },
        curve=state.get("curve", []),
    )


def _beside_the_gate(model: DAMIC, x, y) -> dict[str, float]:
    """The scores by Eq. 6, and how certain the gate and the autoencoders are."""
    by_error = model.assign(x, batch_size=2000, rule="reconstruction")
    return {
        **prefixed("reconstruction_rule", evaluate(y, by_error)),
        **model.certainty(x, batch_size=2000),
    }


def run_dae_kmeans(task: Task) -> list[Outcome]:
    """The first half of DAMIC's start, for `epochs`: k-means on the code of its autoencoder."""
    return [_cluster_codes(task, seed) for seed in task.seeds]


def _cluster_codes(task: Task, seed: int) -> Outcome:
    model = _build(task, seed)
    stages = _planned(model, task, task.experiment.epochs)
    own = {name: stages[name] for name in stages if name not in ("gate", "experts")}
    autoencoder, losses = _pretrain_autoencoder(model, task, own, sum(own.values()))
    labels = model.start_labels(task.data.x, autoencoder, task.settings["kmeans_n_init"])
    return Outcome(
        seed=seed,
        labels=labels,
        seconds=seconds_of_stages(task.directory / "pretraining"),
        loss_terms={"reconstruction": losses.history["autoencoder"][-1]},
    )


def _build(task: Task, seed: int) -> DAMIC:
    settings, x = task.settings, task.data.x
    named = {name: settings[name] for name in known_settings.DAMIC if name in settings}
    model = DAMIC(
        **{**OF_THE_PAPER, **named},
        seed=seed,
        dtype=settings["precision"],
    )
    model.build((None, x.shape[1]))
    if "optimizer" in settings:
        compile_for_epochs(model, settings, x.shape[0])
    return model


def _planned(model: DAMIC, task: Task, epochs: int) -> dict[str, int]:
    """The trainings of the start, whose autoencoder has `epochs`, with the epochs of each.

    Its layers have as many in rows that do not say.
    """
    names = (name for name in known_settings.DAMIC_START if name in task.settings)
    lengths = {"layer_epochs": epochs, **{name: task.settings[name] for name in names}}
    return model.pretraining_stages(task.data.x.shape[0], epochs, **lengths)


def _pretrain(model: DAMIC, task: Task, stages: dict[str, int], total: int) -> None:
    settings, x = task.settings, task.data.x
    autoencoder, _ = _pretrain_autoencoder(model, task, stages, total)
    labels = model.start_labels(x, autoencoder, settings["kmeans_n_init"])
    lengths = stages["gate"], stages["experts"]
    model.pretrain_clusters(x, labels, *lengths, **_stages(task, stages, total))


def _pretrain_autoencoder(model: DAMIC, task: Task, stages: dict[str, int], total: int):
    """Trains the start's autoencoder once for all rows that begin with it.

    Its stages are trained in the run's own folder, where no other process is, and then copied to
    one that the runs of the same seed, data and settings share.
    """
    lengths = stages["autoencoder"], stages.get("layer_1", 0)
    own, shared = task.directory / "pretraining", _shared_folder(model, task, lengths)
    if shared.exists() and not own.exists():
        _copy(shared, own)
    trained = model.pretrain_autoencoder(task.data.x, *lengths, **_stages(task, stages, total))
    if not shared.exists():
        _copy(own, shared)
    return trained


def _stages(task: Task, stages: dict[str, int], total: int) -> dict:
    return {
        "patience": task.settings["patience"],
        "directory": task.directory / "pretraining",
        "verbose": 0,
        "callbacks": [Progress(task.progress, total=total, stages=stages)],
    }


def _shared_folder(model: DAMIC, task: Task, lengths: tuple[int, int]) -> Path:
    settings = {
        "model": [
            model.embedding_dim or model.n_clusters,
            model.hidden_units,
            model.linear_code,
            "autoencoder" in model.normalized,
            model.normalize_first,
            model.batch_size,
        ],
        "training": [*lengths, task.settings["patience"], task.settings["precision"]],
        "data": [task.data.sha256, task.settings["scale"]],
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
    name = f"damic-{task.experiment.dataset}-autoencoder-{digest}-{model.seed}"
    return task.directory.parent / name


def _copy(source: Path, target: Path) -> None:
    """Copies a folder so that no moment sees half of it; one that is there already stays."""
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        part = shutil.copytree(source, Path(place) / "part")
        try:
            part.replace(target)
        except OSError:  # another process was first
            if not target.exists():
                raise
