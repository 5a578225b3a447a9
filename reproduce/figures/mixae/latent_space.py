"""Figure 4: the joined codes while the model is trained."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from reproduce.experiments.mixae import EPOCHS
from reproduce.figures.mixae.mixtures import FALLBACK, as_images, figure_run
from reproduce.figures.snapshots import draw, snapshots
from reproduce.figures.task import Needs
from reproduce.progress import epoch_bar

SETTINGS = {
    "small": {**FALLBACK["small"], "moments": (0, 5, 15), "points": 1500},
    "paper": {**FALLBACK["paper"], "moments": (0, 5, 20, EPOCHS), "points": 5000},
}


def needs(task, settings) -> Needs:
    """One training."""
    return Needs((settings["dataset"],), 1)


def gather(task, settings):
    """Train a model, and project the codes of the same points at a few moments by t-SNE."""
    return task.keep(
        {name: list(v) if isinstance(v, tuple) else v for name, v in settings.items()},
        lambda: _snapshots(task, settings),
    )


def _snapshots(task, settings):
    from reproduce.figures.finished_models import load_data
    from reproduce.methods import Task
    from reproduce.methods.mixae import build_mixae, schedules

    experiment = figure_run(settings)
    data = load_data(task, experiment)
    x = as_images(data.x, experiment)
    chosen = np.random.default_rng(0).permutation(len(x))[: settings["points"]]
    epochs, moments = settings["epochs"], settings["moments"]
    with epoch_bar("figure 4") as report:
        run = Task(experiment, experiment.seeds, data, task.folder, report)
        model, callbacks = build_mixae(run, settings["seed"]), schedules(run.settings)
        points = snapshots(model, x, x[chosen], epochs, moments, callbacks, report)
    return {"points": points, "y": data.y[chosen]}


def plot(results, settings) -> Figure:
    """Draw a panel a moment, coloured by digit."""
    title = f"Joined codes of MIXAE on {settings['dataset']}, by t-SNE (Figure 4)"
    return draw(results["points"], results["y"], settings["moments"], title)


def caption(results, settings) -> str:
    """Tell what was run."""
    return (
        f"**Figure 4. Latent space.** t-SNE of the joined codes of {settings['points']} random "
        f"images of {settings['dataset']}, coloured by digit, before training and after "
        f"{', '.join(map(str, settings['moments'][1:]))} epochs; seed {settings['seed']}.\n\n"
        "The paper shows mnist and says neither at which epochs nor how many points."
    )
