"""VaDE and VIB-GMM, seed by seed."""

from __future__ import annotations

from reproduce import known_settings
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import (
    Progress,
    compile_for_epochs,
    finished,
    occupied,
    prefixed,
    pretrain_once,
    rate_schedule,
    score_curve,
    train,
)
from tfclust.callbacks import AnnealDivergence
from tfclust.metrics import evaluate
from tfclust.models import VIBGMM, VaDE
from tfclust.pretraining import seconds_of_stages

CURVE_EVERY = 10  # epochs between two points of the curve
_MODELS = {"vade": VaDE, "vib_gmm": VIBGMM}


def run_vade(task: Task) -> list[Outcome]:
    """Train VaDE or VIB-GMM for `epochs`, from a mixture on pretrained codes or at random.

    The record says how many components have rows, after the start and in the end.
    """
    return [_train(task, seed) for seed in task.seeds]


def _train(task: Task, seed: int) -> Outcome:
    x, y, directory = task.data.x, task.data.y, task.directory
    model, state, extra = _build(task, seed), {}, {}
    stages = _stages(model, task)
    before = sum(stages.values())
    if stages:
        total = before + task.experiment.epochs
        pretrain_once(model, directory, lambda: _start(model, task, stages, total))
        extra = prefixed("start", _scores(y, model.assign(x, batch_size=2000)))
    callbacks = [*_schedules(task), *score_curve(task, x, y, CURVE_EVERY, state)]
    train(task, model, x, task.experiment.epochs, state, before, callbacks)
    labels = model.assign(x, batch_size=2000)
    return finished(
        *(task, model, x, state, labels, seconds_of_stages(directory / "pretraining")),
        extra_metrics={"occupied_clusters": occupied(labels), **extra},
    )


def _build(task: Task, seed: int) -> VaDE:
    settings = task.settings
    named = {name: settings[name] for name in known_settings.VADE if name in settings}
    model = _MODELS[task.experiment.method](**named, seed=seed, dtype=settings["precision"])
    model.build((None, task.data.x.shape[1]))
    compile_for_epochs(model, settings, task.data.x.shape[0])
    return model


def _stages(model: VaDE, task: Task) -> dict[str, int]:
    """The trainings of the start with the epochs of each, none of a random one."""
    if "pretrain_epochs" not in task.settings:
        return {}
    lengths = task.settings["pretrain_epochs"], task.settings["layer_epochs"]
    return model.pretraining_stages(task.data.x.shape[0], *lengths)


def _start(model: VaDE, task: Task, stages: dict[str, int], total: int) -> None:
    settings = task.settings
    model.pretrain(
        task.data.x,
        stages["autoencoder"],
        stages.get("layer_1", 0),
        settings["dropout"],
        settings["mixture_n_init"],
        batch_size=settings["pretrain_batch_size"],
        directory=task.directory / "pretraining",
        verbose=0,
        callbacks=[Progress(task.progress, total=total, stages=stages)],
    )


def _schedules(task: Task) -> list:
    """What changes between epochs: the learning rate, and s of VIB-GMM."""
    rate, settings = rate_schedule(task.settings), task.settings
    if task.experiment.method == "vade":
        return [rate]
    annealing = AnnealDivergence(
        settings["divergence_weight"],
        settings["end_divergence_weight"],
        settings["annealing_epochs"],
        settings["annealing"],
    )
    return [rate, annealing]


def _scores(y, labels) -> dict[str, float]:
    scores = evaluate(y, labels)
    kept = {name: scores[name] for name in ("acc", "nmi", "ari")}
    return {**kept, "occupied_clusters": occupied(labels)}
