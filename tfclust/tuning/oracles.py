"""KerasTuner's ways of searching, such that a search that was cut off goes on as it would have."""

import contextlib
import warnings

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial, TrialStatus
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from tfclust.randomness import LARGEST_SEED

TUNER = "tuner"  # KerasTuner asks for a name of who runs the trials; there is one


class Resumable:
    """Mix-in of an oracle: all of its state in one dict of JSON values, the random one included.

    KerasTuner writes a folder a trial, in place, and leaves out the state of the Bayesian search's
    random numbers. Here nothing is written; `on_save` is called when the state has changed.
    """

    on_save = staticmethod(lambda: None)

    def propose(self):
        """The next `Trial`, or None where the search is over."""
        with _quietly():
            trial = self.create_trial(TUNER)
        return None if trial.status == TrialStatus.STOPPED else trial

    def report(self, trial, score):
        """Ends a trial with its score, which may be infinite."""
        with _quietly():
            self.update_trial(trial.trial_id, {self.objective.name: score})
            trial.status = TrialStatus.COMPLETED
            self.end_trial(trial)
        self.save()  # KerasTuner saves while the trial still counts as ongoing

    def whole_state(self):
        """The state, and that of every trial."""
        trials = [trial.get_state() for trial in self.trials.values()]
        return {"oracle": self.get_state(), "trials": trials}

    def take_up(self, state):
        """Goes on from a `whole_state`; a trial that was running is proposed again."""
        trials = [Trial.from_state(trial) for trial in state["trials"]]
        self.trials = {trial.trial_id: trial for trial in trials}
        self.set_state(state["oracle"])
        self._retry_queue = [
            trial.trial_id for trial in trials if trial.status == TrialStatus.RUNNING
        ]
        self.ongoing_trials = {}

    def save(self):
        """Says that the state has changed."""
        self.on_save()

    def _save_trial(self, trial):
        """Does nothing: `whole_state` holds the trials."""


class RandomSearch(Resumable, keras_tuner.oracles.RandomSearchOracle):
    """Random search."""


class Hyperband(Resumable, keras_tuner.oracles.HyperbandOracle):
    """Hyperband: many short trials, and longer ones of the settings that did best."""


class BayesianOptimization(Resumable, keras_tuner.oracles.BayesianOptimizationOracle):
    """Bayesian optimization with a Gaussian process.

    A trial that counts as infinitely bad is for the process as bad as the worst of the others.
    """

    def get_state(self):
        """KerasTuner's state, and that of the random numbers that its proposals start from."""
        name, keys, *rest = self._random_state.get_state()
        return {**super().get_state(), "random_state": [name, keys.tolist(), *rest]}

    def set_state(self, state):
        """Takes up a state."""
        super().set_state(state)
        name, keys, *rest = state["random_state"]
        self._random_state.set_state((name, np.array(keys, dtype="uint32"), *rest))

    def _vectorize_trials(self):
        x, y = super()._vectorize_trials()
        finite = np.isfinite(y)
        worst = y[finite].max() if finite.any() else 0.0
        return x, np.where(finite, y, worst)


def make_oracle(algorithm, objective, hyperparameters, max_trials, epochs, seed):
    """The oracle of an algorithm.

    Args:
        algorithm: a name in `tfclust.tuning.ALGORITHMS`.
        objective: `keras_tuner.Objective`.
        hyperparameters: the space, `keras_tuner.HyperParameters`.
        max_trials: trials at most.
        epochs: of the longest trial.
        seed: int of at least 0.
    """
    # KerasTuner takes 0 for no seed at all.
    common = {
        "objective": objective,
        "hyperparameters": hyperparameters,
        "seed": min(seed + 1, LARGEST_SEED),
    }
    if algorithm == "hyperband":
        oracle = Hyperband(max_epochs=epochs, **common)
    elif algorithm == "random":
        oracle = RandomSearch(**common)
    else:
        first = max(3, 2 * len(hyperparameters.space))
        oracle = BayesianOptimization(num_initial_points=first, **common)
    oracle.max_trials = max_trials  # of Hyperband's too, whose constructor does not take it
    oracle.verbose = 0
    return oracle


@contextlib.contextmanager
def _quietly():
    """Silences KerasTuner's own deprecated calls and its fits that end at a bound.

    On one thread: a proposal is thousands of products of small matrices, which several threads
    make many times slower.
    """
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="keras_tuner")
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
