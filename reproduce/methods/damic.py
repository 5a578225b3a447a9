"""DAMIC and its ablations, and k-means on the code of its start, seed by seed."""

from __future__ import annotations

from pathlib import Path

from reproduce import known_settings
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import (
    Progress,
    alone_in,
    compile_for_epochs,
    finished,
    prefixed,
    pretrain_once,
    score_curve,
    shared_folder,
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
    pretrained = task.experiment.init == "pretrained"
    stages = _planned(model, task, task.settings["pretrain_epochs"]) if pretrained else {}
    before = sum(stages.values())
    if stages:
        total = before + task.experiment.epochs
        pretrain_once(model, directory, lambda: _pretrain(model, task, stages, total))
    start = {**evaluate(y, model.assign(x, batch_size=2000)), **_beside_the_gate(model, x, y)}
    curve = score_curve(task, x, y, CURVE_EVERY, state)
    stop = StopOnPlateau(task.settings["patience"], state)
    train(task, model, x, task.experiment.epochs, state, before, [*curve, stop])
    return finished(
        *(task, model, x, state, model.assign(x, batch_size=2000)),
        _seconds_before(model, task, stages),
        extra_metrics={**_beside_the_gate(model, x, y), **prefixed("start", start)},
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
        seconds=_seconds_before(model, task, stages),
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
    """Trains the start's autoencoder once for all runs that begin with it: one process at a time.

    The others find its stages finished, or go on where a process was killed.
    """
    folder, options = _shared_folder(model, task, stages), _stages(task, stages, total)
    with alone_in(folder):
        return model.pretrain_autoencoder(
            task.data.x, *_lengths(stages), **{**options, "directory": folder}
        )


def _seconds_before(model: DAMIC, task: Task, stages: dict[str, int]) -> float:
    """Seconds of the start, in whatever run they were spent; 0 of a random one."""
    if not stages:
        return 0.0
    folders = _shared_folder(model, task, stages), task.directory / "pretraining"
    return sum(seconds_of_stages(folder) for folder in folders)


def _lengths(stages: dict[str, int]) -> tuple[int, int]:
    """Epochs of the whole autoencoder, and of each of its layers."""
    return stages["autoencoder"], stages.get("layer_1", 0)


def _stages(task: Task, stages: dict[str, int], total: int) -> dict:
    return {
        "patience": task.settings["patience"],
        "directory": task.directory / "pretraining",
        "verbose": 0,
        "callbacks": [Progress(task.progress, total=total, stages=stages)],
    }


def _shared_folder(model: DAMIC, task: Task, stages: dict[str, int]) -> Path:
    settings = {
        "model": [
            model.embedding_dim or model.n_clusters,
            model.hidden_units,
            model.linear_code,
            "autoencoder" in model.normalized,
            model.normalize_first,
            model.batch_size,
        ],
        "training": [*_lengths(stages), task.settings["patience"], task.settings["precision"]],
        "data": [task.data.sha256, task.settings["scale"]],
    }
    name = f"damic-{task.experiment.dataset}-autoencoder"
    return shared_folder(task, name, model.seed, settings)
