"""DEC and IDEC, seed by seed."""

from __future__ import annotations

from reproduce import known_settings
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import (
    Progress,
    compile_for_epochs,
    pretrain_once,
    score_curve,
    train,
)
from tfclust.feeding import count_batches
from tfclust.models import DEC, IDEC
from tfclust.pretraining import seconds_of_stages

CURVE_EVERY = 25  # epochs between two evaluations of a run long enough to have a curve
_MODELS = {"dec": DEC, "idec": IDEC}


def run_dec(task: Task) -> list[Outcome]:
    """Train DEC or IDEC for `epochs`, from k-means on the codes of its autoencoder.

    That autoencoder is pretrained, or as it was drawn where the row starts at random.
    """
    return [_train(task, seed) for seed in task.seeds]


def _train(task: Task, seed: int) -> Outcome:
    x, directory = task.data.x, task.directory
    model, state = _build(task, seed), {}
    stages = _stages(model, task)
    before = sum(stages.values())
    total = before + task.experiment.epochs
    pretrain_once(model, directory, lambda: _start(model, task, stages, total))
    curve = score_curve(task, x, task.data.y, CURVE_EVERY, state)
    train(task, model, x, task.experiment.epochs, state, before, curve)
    model.save(directory / "model.keras")
    terms = model.evaluate(x, verbose=0, return_dict=True)
    return Outcome(
        seed=seed,
        labels=model.assign(x, batch_size=2000),
        seconds=state["seconds"] + seconds_of_stages(directory / "pretraining"),
        loss_terms={name: terms[name] for name in model.term_names()},
        curve=state.get("curve", []),
    )


def _build(task: Task, seed: int) -> DEC:
    settings, x = task.settings, task.data.x
    named = {name: settings[name] for name in known_settings.DEC if name in settings}
    if "update_every" in settings:
        steps = count_batches(x.shape[0], settings["batch_size"])
        named["update_interval"] = settings["update_every"] * steps
    if task.experiment.method == "idec":
        # The papers' is that of an error averaged over features, whose sum is the model's.
        named["gamma"] = settings["gamma"] * x.shape[1]
    model = _MODELS[task.experiment.method](**named, seed=seed, dtype=settings["precision"])
    model.build((None, x.shape[1]))
    compile_for_epochs(model, settings, x.shape[0], interval=model.update_interval)
    return model


def _stages(model: DEC, task: Task) -> dict[str, int]:
    """The trainings of the start with the epochs of each, none of a random one."""
    if task.experiment.init != "pretrained":
        return {}
    lengths = task.settings["pretrain_epochs"], task.settings.get("layer_epochs", 0)
    return model.pretraining_stages(task.data.x.shape[0], *lengths)


def _start(model: DEC, task: Task, stages: dict[str, int], total: int) -> None:
    if stages:
        model.pretrain_autoencoder(
            task.data.x,
            stages["autoencoder"],
            stages.get("layer_1", 0),
            task.settings.get("dropout", 0.0),
            directory=task.directory / "pretraining",
            verbose=0,
            callbacks=[Progress(task.progress, total=total, stages=stages)],
        )
    model.pretrain_centroids(task.data.x, task.settings["kmeans_n_init"])
