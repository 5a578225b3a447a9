"""Searches the settings of a recipe."""

import hashlib
import time

import numpy as np

from tfclust.callbacks import LossNotFinite
from tfclust.checks import check_choice, check_count, check_data, check_integer, check_labels
from tfclust.metrics import evaluate
from tfclust.randomness import run_seeds
from tfclust.recipes import find_recipe
from tfclust.tuning import ALGORITHMS
from tfclust.tuning.objectives import Objective
from tfclust.tuning.progress import Progress
from tfclust.tuning.search_file import SearchFile
from tfclust.tuning.training import Trainer
from tfclust.tuning.trial import Trial
from tfclust.tuning.tuning import Tuning


def tune(
    model,
    x,
    y=None,
    *,
    n_clusters,
    objective="stability",
    supervised=False,
    max_trials=40,
    seeds_per_trial=3,
    directory=None,
    algorithm="bayesian",
    seed=0,
    epochs=None,
    space=None,
    fixed=None,
    verbose=True,
):
    """Searches the settings of a model by a criterion that needs no labels.

    What is searched is a recipe: how a model is built and trained on data that nobody has tuned it
    for, and which of its settings are worth a search. A trial is the whole training of the recipe
    with some settings, from the same few seeds, and its score the median of the criterion over the
    runs, of scores against labels the mean. So the recipe that is found, trained once more from one
    of these seeds, ends as its trial did. A trial that diverges is infinitely bad, and without
    labels one that leaves clusters empty, and the search goes on. The papers report searches of
    2000 trials and do not say by what score; labels are the likely one, and are used here where
    `supervised=True` says so and only then.

    Args:
        model: name in `tfclust.recipes.RECIPES`, such as "damic", the model's class, or a
            `tfclust.recipes.Recipe` of one's own.
        x: array `(n, ...)` or CSR matrix `(n, d)`.
        y: None or labels `(n,)`. Without `supervised=True` they are scored for the record alone
            and nothing in the search reads the scores.
        n_clusters: number of clusters K.
        objective: one of `tfclust.tuning.LABEL_FREE`: "stability", "reconstruction",
            "membership_entropy", "silhouette", "calinski_harabasz", and, for CM and AE-CM, which
            have centroids, "l_sp" (Sections 5.2.4 and 5.3.4 of the AE-CM paper) and "distortion"
            (the sum of l_sp and reconstruction; for CM the expected squared distance to a
            centroid); with labels "acc", "nmi", "ari" or "purity".
        supervised: True allows an objective of labels.
        max_trials: settings to try; more than a finished search had goes on with it.
        seeds_per_trial: runs of each setting; those of a CM are one program.
        directory: folder that keeps the search: the same call, after a kill, goes on to the very
            trials that it would have made. None keeps nothing.
        algorithm: "bayesian", "hyperband" or "random".
        seed: int from which the proposals and the seeds of the runs follow; 0 is a seed.
        epochs: of a training; None takes the recipe's.
        space: sequence of `Range` and `Choice`, in place of what the recipe says is `searched`;
            None.
        fixed: dict of arguments of the constructor, and `learning_rate`, that all trials share, in
            place of the recipe's or besides; they are searched no more. None.
        verbose: whether to show a progress bar and a line a trial.

    Returns:
        `Tuning`: the trials, a table, a parallel-coordinates plot, the recipe that was found.

    Raises:
        ValueError: before any training: an unknown name, nothing to search, an objective that lacks
            what it needs, bad data, or a folder that holds another search or a damaged one.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust.tuning import tune

    x = load_iris().data
    found = tune(
        "cm", x, n_clusters=3, objective="distortion", max_trials=3, epochs=20, directory="search"
    )
    print(found.table())
    found.save_settings("settings.json")  # for `tfclust fit --settings` and `read_settings`
    recipe = found.best_recipe
    model = recipe.build(seed=0)
    recipe.fit(model, x)
    ```

    Known limits: the papers choose by L_sp among runs of one setting. Between settings it has a way
    out, centroids in one place, which a large alpha brings about; `distortion` has not. A trial
    that was cut off is trained again from its start, and Hyperband trains
    what it promotes anew.
    """
    check_choice("algorithm", algorithm, ALGORITHMS)
    check_integer("n_clusters", n_clusters, 2)
    check_integer("max_trials", max_trials, 1)
    seeds = run_seeds(seed, check_integer("seeds_per_trial", seeds_per_trial, 1))
    check_count("epochs", epochs)
    fixed = dict(fixed or {})
    recipe = _narrowed(find_recipe(model), space, fixed).changed(
        fixed, epochs=epochs, n_clusters=n_clusters
    )
    objective = Objective(objective)
    objective.check(y, supervised, seeds_per_trial, recipe.model_class())
    x = check_data(x, min_rows=n_clusters)
    y = check_labels(y, x)
    search = _Search(recipe, fixed, objective, x, y, algorithm, seed, seeds)
    trials = search.run(max_trials, directory, verbose)
    return Tuning(recipe, fixed, objective, tuple(trials))


def _narrowed(recipe, space, fixed):
    """The recipe whose `searched` are those of `space`, its own where None, that are not fixed."""
    parameters = recipe.searched if space is None else tuple(space)
    searched = tuple(each for each in parameters if each.name not in fixed)
    if not searched:
        raise ValueError(
            "`space` must leave one setting at least to search. "
            f"Received: an empty space, fixed={fixed}"
        )
    names = [each.name for each in searched]
    if len(set(names)) < len(names):
        raise ValueError(f"`space` must name each setting once. Received: {names}")
    recipe.changed(dict.fromkeys(names))  # which checks the names
    return recipe.changed(searched=searched)


class _Search:
    def __init__(self, recipe, fixed, objective, x, y, algorithm, seed, seeds):
        self.recipe = recipe
        self.objective = objective
        self.x = x
        self.y = y
        self.algorithm = algorithm
        self.seed = seed
        self.seeds = seeds  # the same for every trial: settings are compared, not seeds
        self.train = Trainer(keep_models=False)
        settings = recipe.constructor(n_rows=x.shape[0])
        self.shared = {name: settings[name] for name in ("n_clusters", "batch_size")} | fixed
        self.trials = {}

    def run(self, max_trials, directory, verbose):
        file = SearchFile(directory, self._identity())
        hypermodel, oracle = self._oracle(max_trials)
        bad = np.inf if self.objective.direction == "min" else -np.inf
        with file.taken_up() as state:
            if state is not None:
                oracle.take_up(state["oracle"])
                kept = state["trials"].items()
                self.trials = {key: Trial.from_config(config, bad) for key, config in kept}

        def write():
            trials = {key: trial.config() for key, trial in self.trials.items()}
            file.write({"oracle": oracle.whole_state(), "trials": trials})

        oracle.on_save = write
        with Progress(self.objective, max_trials, self.trials.values(), verbose) as progress:
            while (proposed := oracle.propose()) is not None:
                searched = hypermodel.searched(proposed.hyperparameters)
                # Hyperband says how long a trial is.
                epochs = proposed.hyperparameters.values.get("tuner/epochs", self.recipe.epochs)
                trial = self._try(searched, epochs, bad, progress)
                self.trials[proposed.trial_id] = trial
                oracle.report(proposed, trial.score)
                progress.show(trial, self.recipe.searched)
        return self.trials.values()

    def _oracle(self, max_trials):
        # Imported here: KerasTuner takes its time, and few who import tfclust search.
        import keras_tuner

        from tfclust.tuning.hypermodel import HyperModel
        from tfclust.tuning.oracles import make_oracle

        hypermodel = HyperModel(self.recipe)
        hyperparameters = keras_tuner.HyperParameters()
        hypermodel.declare_hyperparameters(hyperparameters)
        goal = keras_tuner.Objective(self.objective.name, self.objective.direction)
        oracle = make_oracle(
            self.algorithm, goal, hyperparameters, max_trials, self.recipe.epochs, self.seed
        )
        return hypermodel, oracle

    def _try(self, searched, epochs, bad, progress):
        start = time.monotonic()
        number = len(self.trials) + 1
        recipe = self.recipe.changed(searched, epochs=epochs)
        try:
            runs = self.train(recipe, self.x, self.seeds, progress.of_trial(number))
        except LossNotFinite:
            runs = []
        scores = [{} if self.y is None else evaluate(self.y, run.labels) for run in runs]
        score = self.objective.score(runs, scores) if runs else bad
        return Trial(
            number=number,
            settings={**self.shared, **searched},
            score=float(score),
            runs=[
                {
                    "seed": run.seed,
                    "criteria": dict(run.criteria),
                    "sizes": list(run.sizes),
                    "scores": score,
                }
                for run, score in zip(runs, scores, strict=True)
            ],
            epochs=epochs,
            seconds=time.monotonic() - start,
        )

    def _identity(self):
        """All that decides which trials there are and how they come out, but their number."""
        return {
            **self.recipe.config(n_rows=self.x.shape[0]),
            "searched": [parameter.config() for parameter in self.recipe.searched],
            "n_clusters": self.recipe.n_clusters,
            "objective": self.objective.name,
            "algorithm": self.algorithm,
            "seed": self.seed,
            "seeds": list(self.seeds),
            "data": _digest(self.x),
            "labels": None if self.y is None else _digest(self.y),
        }


def _digest(x):
    parts = (x.data, x.indices, x.indptr) if hasattr(x, "indptr") else (x,)
    digest = hashlib.sha256(repr(x.shape).encode())
    for part in parts:
        digest.update(np.ascontiguousarray(part))
    return digest.hexdigest()[:16]
