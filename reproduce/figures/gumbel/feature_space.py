"""Figure 5: the features of the test part while the model is trained."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reproduce.figures.gumbel.trained_model import FALLBACK, figure_run, test_rows
from reproduce.figures.snapshots import draw, snapshots
from reproduce.figures.task import Needs
from reproduce.progress import epoch_bar

SETTINGS = {
    "small": {**FALLBACK["small"], "moments": (1, 5, 20, 50, 100), "points": 1500},
    "paper": {**FALLBACK["paper"], "moments": (1, 5, 20, 50, 150, 300), "points": 10_000},
}


def needs(task, settings) -> Needs:
    """One training."""
    return Needs((settings["dataset"],), 1)


def gather(task, settings):
    """Train a model, and project the features of test rows at a few moments by t-SNE."""
    kept = {name: list(v) if isinstance(v, tuple) else v for name, v in settings.items()}
    return task.keep(kept, lambda: _snapshots(task, settings))


def _snapshots(task, settings):
    from reproduce.figures.finished_models import load_data
    from reproduce.methods import Task
    from reproduce.methods.gumbel import annealing, build_gumbel, parts_of

    experiment = figure_run(settings)
    data = load_data(task, experiment)
    shown = np.random.default_rng(0).permutation(test_rows(data))[: settings["points"]]
    epochs, moments = settings["epochs"], settings["moments"]
    with epoch_bar("figure 5") as report:
        run = Task(experiment, experiment.seeds, data, task.folder, report)
        model, callbacks = build_gumbel(run, settings["seed"]), [annealing(run.settings)]
        rows = data.x[parts_of(run).train]
        points = snapshots(model, rows, data.x[shown], epochs, moments, callbacks, report)
    return {"points": points, "y": data.y[shown]}


def plot(results, settings) -> Figure:
    """Draw a panel a moment, coloured by class."""
    title = f"Features of the test part of {settings['dataset']}, by t-SNE (Figure 5)"
    return draw(results["points"], results["y"], settings["moments"], title)


def caption(results, settings) -> str:
    """Tell what was run."""
    return (
        f"**Figure 5. Feature space.** t-SNE of the features of {len(results['y'])} random test "
        f"rows of {settings['dataset']}, coloured by class, after "
        f"{', '.join(map(str, settings['moments']))} epochs; seed {settings['seed']}.\n\n"
        "The paper shows the test part of mnist after 1, 5, 20, 50, 150 and 300 epochs."
    )
