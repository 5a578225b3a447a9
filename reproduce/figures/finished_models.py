"""Trained models of finished runs, and those that a figure has to train itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reproduce.experiment import Experiment
from reproduce.ledger import FINISHED
from reproduce.progress import epoch_bar
from reproduce.runner import run_folder


def finished_models(
    task, paper: str, dataset: str, method: str, init: str
) -> list[tuple[dict[str, Any], Experiment, Path]]:
    """Return the finished runs whose model is still at hand: record, experiment and file."""
    found = []
    for record in task.ledger.records():
        kind = tuple(record[name] for name in ("paper", "dataset", "method", "init", "status"))
        if kind != (paper, dataset, method, init, FINISHED):
            continue
        experiment = Experiment.from_config(record["config"], seeds=(record["seed"],))
        path = task.work_dir / run_folder(experiment, experiment.seeds) / "model.keras"
        if path.exists():
            found.append((record, experiment, path))
    return found


def best_model(
    task, found: list, badness: Callable[[dict[str, Any]], float], experiment: Experiment
) -> tuple[Experiment, Any, Any]:
    """Return the best of finished runs, or one that is trained for the figure where there is none.

    Args:
        task: The figure's.
        found: What `finished_models` returned.
        badness: Of a record; the run of the lowest is taken.
        experiment: What is trained where nothing was found, with one seed.

    Returns:
        The experiment of the run, its trained model and its data.
    """
    import keras

    import tfclust  # noqa: F401, so that Keras knows its models

    if found:
        task.bar.found()
        _, experiment, path = min(found, key=lambda run: badness(run[0]))
    else:
        path = train_for_figure(task, experiment)
    return experiment, keras.saving.load_model(path), load_data(task, experiment)


def loss(record: dict[str, Any]) -> float:
    """Return the loss at the end of a run, by which it can be chosen without labels."""
    return sum(record["loss_terms"].values())


def train_for_figure(task, experiment: Experiment) -> Path:
    """Return the model's file of an experiment of one seed, trained once, beside the figures."""
    directory = task.work_dir / "figures" / run_folder(experiment, experiment.seeds)
    path = directory / "model.keras"
    if path.exists():
        task.bar.found()
        return path
    from reproduce.methods import Task, run

    directory.mkdir(parents=True, exist_ok=True)
    data = load_data(task, experiment)
    with epoch_bar(f"{experiment.method} on {data.name}") as report:
        run(Task(experiment, experiment.seeds, data, directory, report))
    task.bar.done()
    return path


def load_data(task, experiment: Experiment):
    """Return the data of an experiment, scaled as it says, images flat."""
    return task.load(experiment.dataset, dict(experiment.settings).get("scale"))
