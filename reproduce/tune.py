"""Searches settings for an experiment of a paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from reproduce import figures, provenance, searches
from reproduce.data import load
from reproduce.errors import UserError
from reproduce.experiment import Experiment
from reproduce.search_record import SearchRecord
from tfclust.tuning import Tuning, tune


def run(
    method: str,
    dataset: str,
    objective: str,
    *,
    out_dir: Path,
    work_dir: Path,
    data_dir: str | Path | None = None,
    algorithm: str = "bayesian",
    seed: int = 0,
    supervised: bool = False,
    **lengths: int | None,
) -> list[Path]:
    """Search the settings of a method on a dataset, and return the paths of what was written.

    Labels are scored for the record alone, unless `supervised`. A search that was cut off goes on
    from `work_dir`.

    Args:
        method: A name in `tfclust.recipes.RECIPES`.
        dataset: Dataset of one of the method's experiments.
        objective: A name in `tfclust.tuning.OBJECTIVES`.
        out_dir: Folder of the results: the record and the settings go to `searches`, the plot to
            `figures`.
        work_dir: Folder of the search's state.
        data_dir: Folder of the data, or None for the environment's.
        algorithm: A name in `tfclust.tuning.ALGORITHMS`.
        seed: Seed of the search.
        supervised: Allows an objective of labels.
        **lengths: Fields of `Search` to replace; None keeps the declared one.

    Raises:
        UserError: If anything is wrong with what is asked for; nothing is trained then.
    """
    row = searches.experiment(method, dataset)
    given = {name: value for name, value in lengths.items() if value is not None}
    search = replace(searches.declared(method, dataset), **given)
    data = load(dataset, data_dir, dict(row.settings).get("scale"))
    x, y = _part(row, data, search.rows)
    Path(out_dir).mkdir(parents=True, exist_ok=True)
    try:
        tuning = tune(
            searches.recipe(row),
            x,
            y,
            n_clusters=dict(row.settings)["n_clusters"],
            objective=objective,
            supervised=supervised,
            max_trials=search.max_trials,
            seeds_per_trial=search.seeds_per_trial,
            directory=work_dir / "searches" / f"{method}_{dataset}_{objective}",
            algorithm=algorithm,
            seed=seed,
            epochs=search.epochs,
            space=search.parameters,
            fixed=searches.fixed_settings(row, search),
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    print(tuning.table())
    about = {"supervised": supervised, "algorithm": algorithm, "seed": seed}
    record = _record(row, data, len(y), tuning, about)
    return _write(record, tuning, Path(out_dir))


def _part(row: Experiment, data, rows: int | None):
    """The rows that are searched on, as images where the experiment has images."""
    x, y = data.x, data.y
    if rows is not None and rows < len(y):
        drawn = np.sort(np.random.default_rng(0).choice(len(y), rows, replace=False))
        x, y = x[drawn], y[drawn]
    shape = dict(row.settings).get("image_shape")
    return (x if shape is None else x.reshape(-1, *shape)), y


def _record(row, data, rows, tuning: Tuning, about) -> SearchRecord:
    searched = [parameter.name for parameter in tuning.recipe.searched]
    return SearchRecord(
        paper=row.paper,
        method=row.method,
        dataset=row.dataset,
        dataset_sha256=data.sha256,
        rows=rows,
        objective=tuning.objective.name,
        epochs=tuning.recipe.epochs,
        fixed=dict(tuning.fixed),
        searched=searched,
        chosen={name: tuning.best_settings[name] for name in searched},
        trials=[trial.config() for trial in tuning.trials],
        **about,
        **provenance.of_this_run(),
    )


def _write(record: SearchRecord, tuning: Tuning, out_dir: Path) -> list[Path]:
    path = record.write(out_dir / "searches")
    settings = out_dir / "settings" / path.name
    tuning.save_settings(settings)
    picture = out_dir / "figures" / f"search_{record.name}.png"
    figures.keep(tuning.plot(), picture, _caption(record))
    return [path, settings, picture]


def _caption(record: SearchRecord) -> str:
    chosen = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in record.chosen.items()
    )
    return (
        f"**A search of the settings of {record.method} on {record.dataset} by "
        f"{record.objective}.** {len(record.trials)} trials on {record.rows} rows; each line is a "
        f"trial, grey where it diverged or left clusters empty, dashed where it is the best: "
        f"{chosen}."
    )
