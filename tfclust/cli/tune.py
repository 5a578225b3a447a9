"""`tfclust tune`: searches the settings of a model on the user's own file, without labels."""

import importlib
import shlex

from tfclust.cli import plan as plans
from tfclust.cli import reading
from tfclust.cli.messages import UserError, user_errors
from tfclust.cli.run_folder import check_new
from tfclust.cli.scaling import Scaling
from tfclust.randomness import run_seeds
from tfclust.recipes import RECIPES
from tfclust.startup import start_tensorflow

SETTINGS, TABLE, PLOT, STATE = "settings.json", "trials.txt", "trials.png", "search"


def run(arguments):
    """Searches, or goes on searching; returns the exit status."""
    _check_options(arguments)
    samples = reading.read(arguments.data, reading.Options.of(arguments))
    print(f"Read {arguments.data}: {samples.describe()}", flush=True)
    for note in samples.notes:
        print(f"Note: {note}")
    recipe = RECIPES[arguments.model].changed(scaling=arguments.scale)
    x = plans.as_samples(samples, recipe.name)
    x = Scaling.of(x, arguments.scale).apply(x)
    plans.check_rows(x.shape[0], arguments.clusters)
    plans.check_range(x, recipe.config(arguments.clusters))
    start_tensorflow()
    tuning = importlib.import_module("tfclust.tuning")
    with user_errors():
        found = tuning.tune(
            recipe,
            x,
            n_clusters=arguments.clusters,
            objective=arguments.objective,
            max_trials=arguments.trials,
            seeds_per_trial=arguments.runs,
            directory=arguments.out / STATE,
            algorithm=arguments.algorithm,
            seed=arguments.seed,
            epochs=arguments.epochs,
        )
    print(found.table())
    _write(found, arguments)
    return 0


def _check_options(arguments):
    """Raises `UserError` where a search could not be scored, or kept."""
    if arguments.objective == "stability" and arguments.runs < 2:
        raise UserError(
            "--objective stability, the agreement of runs, must have --runs of at least 2. "
            f"Received: --runs {arguments.runs}"
        )
    with user_errors():
        run_seeds(arguments.seed, arguments.runs)
    if not (arguments.out / STATE).exists():
        check_new(arguments.out, ", or that of this very search")


def _write(found, arguments):
    out = arguments.out
    (out / TABLE).write_text(found.table() + "\n", encoding="utf-8")
    found.plot().savefig(out / PLOT, dpi=110)
    found.save_settings(out / SETTINGS)
    print(f"Settings: {out / SETTINGS}; every trial: {out / TABLE}, {out / PLOT}")
    print(f"Next: {_fit_command(arguments)}")


def _fit_command(arguments):
    """The command that clusters the same data with what was found."""
    options = reading.Options.of(arguments).words()
    options += ["--scale", arguments.scale] if arguments.scale else []
    places = ["--settings", str(arguments.out / SETTINGS), "--out", "RUN"]
    start = ["tfclust", "fit", str(arguments.data), "--clusters", str(arguments.clusters)]
    return shlex.join([*start, *options, *places])
