"""Searches the settings of a model."""

import hashlib
import time

import numpy as np

from tfclust.callbacks.loss_not_finite import LossNotFinite
from tfclust.checks import check_count, check_data, check_integer, check_labels
from tfclust.metrics import evaluate
from tfclust.randomness import run_seeds
from tfclust.tuning.algorithms import ALGORITHMS
from tfclust.tuning.objectives import Objective
from tfclust.tuning.progress import Progress
from tfclust.tuning.search_file import SearchFile
from tfclust.tuning.spaces import space_of
from tfclust.tuning.training import TrainerAtOnce, train
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
    stop_early=True,
    verbose=True,
):
    """Searches the settings of a model by a criterion that needs no labels.

    A trial trains one setting from the same few seeds and scores the median of the criterion over
    the runs, of scores against labels the mean. One that diverges is infinitely bad, and without
    labels one that leaves clusters empty, and the search goes on. The papers report searches of
    2000 trials and do not say by what score; labels are the likely one, and are used here where
    `supervised=True` says so and only then.

    Args:
        model: one of the names in `tfclust.tuning.SPACES`, such as "damic", or its class.
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
        epochs: of a trial, at most; None takes those of the space.
        space: None or a sequence of `Range` and `Choice`, in place of the registered ones.
        fixed: arguments of the constructor that all trials share; they are searched no more.
        stop_early: whether a trial ends when its clusters hardly change any more. False is for
            small data, whose first epochs, of a few steps, change nothing either; CM and a small
            AE-CM are then trained as one program that is compiled once, in a fraction of the time.
        verbose: whether to show a progress bar and a line a trial.

    Returns:
        `Tuning`: the trials, a table, a parallel-coordinates plot, the best settings.

    Raises:
        ValueError: before any training: an unknown name, an empty space, an objective that lacks
            what it needs, bad data, or a folder that holds another search.

    Example:

    ```python
    from sklearn.datasets import load_iris
    from tfclust import CM
    from tfclust.tuning import tune

    x = load_iris().data
    found = tune(
        "cm", x, n_clusters=3, objective="distortion", max_trials=3, epochs=20, directory="search"
    )
    print(found.table())
    found.save_settings("settings.json")
    model = CM(**found.best_settings, seed=0)
    ```

    Known limits: the papers choose by L_sp among runs of one setting. Between settings it has a way
    out, centroids in one place, which a large alpha brings about; `distortion` has not. A trial
    that was cut off is trained again from its start, and Hyperband trains
    what it promotes anew.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(
            f"`algorithm` must be one of {', '.join(ALGORITHMS)}. Received: algorithm={algorithm!r}"
        )
    check_integer("n_clusters", n_clusters, 2)
    check_integer("max_trials", max_trials, 1)
    check_integer("seeds_per_trial", seeds_per_trial, 1)
    run_seeds(seed, seeds_per_trial)
    check_count("epochs", epochs)
    searched = space_of(model).narrowed(space, fixed, epochs)
    objective = Objective(objective)
    objective.check(y, supervised, seeds_per_trial, searched.model_class())
    x = check_data(x, min_rows=n_clusters)
    y = check_labels(y, x)
    search = _Search(
        *(searched, n_clusters, objective, x, y, algorithm, seed, seeds_per_trial, stop_early)
    )
    trials = search.run(max_trials, directory, verbose)
    return Tuning(searched, objective, tuple(trials))


class _Search:
    def __init__(
        self, space, n_clusters, objective, x, y, algorithm, seed, seeds_per_trial, stop_early
    ):
        self.space = space
        self.n_clusters = n_clusters
        self.objective = objective
        self.x = x
        self.y = y
        self.algorithm = algorithm
        self.seed = seed
        # The same for every trial: settings are compared, not seeds.
        self.seeds = run_seeds(seed, seeds_per_trial)
        self.stop_early = stop_early
        self.train = train if stop_early else TrainerAtOnce()
        self.trials = {}

    def run(self, max_trials, directory, verbose):
        file = SearchFile(directory, self._identity())
        hypermodel, oracle = self._oracle(max_trials)
        bad = np.inf if self.objective.direction == "min" else -np.inf
        if file.state is not None:
            oracle.take_up(file.state["oracle"])
            kept = file.state["trials"].items()
            self.trials = {key: Trial.from_config(config, bad) for key, config in kept}

        def write():
            trials = {key: trial.config() for key, trial in self.trials.items()}
            file.write({"oracle": oracle.whole_state(), "trials": trials})

        oracle.on_save = write
        with Progress(self.objective, max_trials, self.trials.values(), verbose) as progress:
            while (proposed := oracle.propose()) is not None:
                settings = hypermodel.settings(proposed.hyperparameters)
                # Hyperband says how long a trial is.
                epochs = proposed.hyperparameters.values.get("tuner/epochs", self.space.epochs)
                trial = self._try(settings, epochs, bad, progress)
                self.trials[proposed.trial_id] = trial
                oracle.report(proposed, trial.score)
                progress.show(trial, self.space.parameters)
        return self.trials.values()

    def _oracle(self, max_trials):
        # Imported here: KerasTuner takes its time, and few who import tfclust search.
        import keras_tuner

        from tfclust.tuning.hypermodel import HyperModel
        from tfclust.tuning.oracles import make_oracle

        hypermodel = HyperModel(self.space, self.n_clusters)
        hyperparameters = keras_tuner.HyperParameters()
        hypermodel.declare_hyperparameters(hyperparameters)
        goal = keras_tuner.Objective(self.objective.name, self.objective.direction)
        oracle = make_oracle(
            self.algorithm, goal, hyperparameters, max_trials, self.space.epochs, self.seed
        )
        return hypermodel, oracle

    def _try(self, settings, epochs, bad, progress):
        start = time.monotonic()
        number = len(self.trials) + 1
        trainings = 1 if self.space.ensemble_class(settings) else len(self.seeds)
        with progress.epochs(number, trainings * epochs) as bar:
            try:
                runs = self.train(self.space, settings, self.x, self.seeds, epochs, callbacks=[bar])
            except LossNotFinite:
                runs = []
        scores = [{} if self.y is None else evaluate(self.y, run.labels) for run in runs]
        score = self.objective.score(runs, scores) if runs else bad
        return Trial(
            number=number,
            settings=settings,
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
            **self.space.config(),
            "n_clusters": self.n_clusters,
            "objective": self.objective.name,
            "algorithm": self.algorithm,
            "seed": self.seed,
            "seeds": list(self.seeds),
            "stop_early": self.stop_early,
            "data": _digest(self.x),
            "labels": None if self.y is None else _digest(self.y),
        }


def _digest(x):
    parts = (x.data, x.indices, x.indptr) if hasattr(x, "indptr") else (x,)
    digest = hashlib.sha256(repr(x.shape).encode())
    for part in parts:
        digest.update(np.ascontiguousarray(part))
    return digest.hexdigest()[:16]
