"""What callbacks mean to a training on an accelerator, which returns to Python between epochs."""

import contextlib

import keras

from tfclust.accelerator.runner import Action, make_actions
from tfclust.callbacks import (
    AnnealDivergence,
    AnnealTemperature,
    AveragingEpoch,
    Checkpoint,
    RebalanceEntropyWeights,
    StopOnNaN,
    StopOnPlateau,
)

LOGS_ALONE = (keras.callbacks.History, keras.callbacks.CSVLogger, keras.callbacks.TerminateOnNaN)
BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


@contextlib.contextmanager
def called_back(training, callbacks):
    """Callbacks from the beginning of a training to its end, as `keras.Model.fit` calls them.

    Gives the `keras.callbacks.CallbackList`, with Keras's history and bar beside the `callbacks`.
    """
    called = keras.callbacks.CallbackList(
        callbacks,
        add_history=True,
        model=training.model,
        epochs=training.epochs,
        verbose=training.verbose,
    )
    training.model.stop_training = False
    called.on_train_begin()
    yield called
    called.on_train_end()


def entries(callback, plan):
    """A callback as data: a list of dicts, such as `runner.make_actions` takes.

    None is for a callback that is none of those with a meaning to the runner. A subclass of one is
    not one of them, as it may do anything.
    """
    describe = _ENTRIES.get(type(callback))
    return None if describe is None else describe(callback, plan)


def reads_logs_alone(callback):
    """Whether a callback reads the logs and no weights, and changes neither weights nor logs.

    Those of Keras of which it is known, and any whose attribute `reads_logs_alone` is true.
    """
    return type(callback) in LOGS_ALONE or getattr(callback, "reads_logs_alone", False)


def check_hooks(callback):
    """Raises ValueError where a callback asks to be called between the steps of an epoch."""
    asked = [name for name in BATCH_HOOKS if _overrides(callback, name)]
    if asked:
        raise ValueError(
            "A callback must act between epochs, not between steps, as whole epochs are one program"
            f" on an accelerator. Received: {type(callback).__name__} with `{asked[0]}`"
        )


def actions(callbacks, plan):
    """Actions of callbacks, in their order, for a training in this process."""
    made = []
    for callback in callbacks:
        described = entries(callback, plan)
        if described is None:
            made.append(_in_python(callback, plan))
            continue
        made += make_actions(described)
        if isinstance(callback, StopOnPlateau):
            made[-1].memory = callback.state  # which `Checkpoint` may save
    return made


def _in_python(callback, plan):
    if isinstance(callback, Checkpoint):
        return Saved(callback, plan)
    check_hooks(callback)
    return Called(callback, plan)


class Called(Action):
    """Calls a callback of Keras between epochs.

    Unless it reads the logs alone, the weights, the optimizer's state and the metrics are back in
    the Keras model when it is called, and what it changed is taken up.
    """

    def __init__(self, callback, plan):
        super().__init__()
        self.callback, self.plan = callback, plan
        self.alone = reads_logs_alone(callback)

    def before(self, run):
        """Calls `on_epoch_begin`."""
        if _overrides(self.callback, "on_epoch_begin"):
            self._call(run, self.callback.on_epoch_begin, {})

    def after(self, run, logs):
        """Calls `on_epoch_end`."""
        if _overrides(self.callback, "on_epoch_end"):
            self._call(run, self.callback.on_epoch_end, logs)

    def _call(self, run, hook, logs):
        model = self.plan.training.model
        model.stop_training = run.done
        if not self.alone:
            self.plan.set_state(run.host_state())
        hook(run.epoch, logs)
        if not self.alone:
            run.replace_state(self.plan.state())
        if model.stop_training:
            run.end("stopped")


class Saved(Action):
    """Has `Checkpoint` save where it is time to, with the weights back in the model for it."""

    def __init__(self, callback, plan):
        super().__init__()
        self.callback, self.plan = callback, plan

    def after(self, run, logs):
        """Saves if it is time to."""
        self.plan.training.model.stop_training = run.done
        if self.callback.is_due(run.epoch):
            self.plan.set_state(run.host_state())
            self.callback.save(run.epoch + 1)


def _overrides(callback, hook):
    own = getattr(callback, hook)
    return getattr(own, "__func__", own) is not getattr(keras.callbacks.Callback, hook)


def _annealed(callback, plan):
    return [
        {
            "kind": "values",
            "variable": plan.name_of(callback.variable()),
            "values": [callback.value(epoch) for epoch in range(plan.training.epochs)],
            "log": callback.VARIABLE,
        }
    ]


def _scheduled(callback, plan):
    """Those of a schedule of the epoch and the rate before."""
    rate = float(plan.training.model.optimizer.learning_rate)
    first = plan.training.initial_epoch
    values = [rate] * first
    for epoch in range(first, plan.training.epochs):
        try:
            rate = float(callback.schedule(epoch, rate))
        except TypeError:  # one of the epoch alone, as Keras allows
            rate = float(callback.schedule(epoch))
        values.append(rate)
    variable = plan.name_of(plan.training.model.optimizer.learning_rate)
    return [{"kind": "values", "variable": variable, "values": values, "log": "learning_rate"}]


def _rebalanced(callback, plan):
    beta = callback.beta_bounds, callback.beta_factor, callback.beta_decay
    weights = (
        ("alpha", "unweighted_sample_entropy", callback.alpha_bounds, 1.0, 1.0),
        ("beta", "unweighted_batch_entropy", *beta),
    )
    return [
        {
            "kind": "ratio",
            "variable": plan.name_of(getattr(callback.model, name)),
            "numerator": "reconstruction",
            "denominator": entropy,
            "bounds": list(bounds),
            "log": name,
            "factor": factor,
            "decay": decay,
        }
        for name, entropy, bounds, factor, decay in weights
    ]


_ENTRIES = {
    AnnealDivergence: _annealed,
    AnnealTemperature: _annealed,
    AveragingEpoch: lambda callback, plan: [{"kind": "average"}],
    RebalanceEntropyWeights: _rebalanced,
    StopOnPlateau: lambda callback, plan: [{"kind": "plateau", "patience": callback.patience}],
    keras.callbacks.LearningRateScheduler: _scheduled,
}
NOT_FINITE = {"kind": "finite"}  # what `StopOnNaN` means where nobody can raise its error


def guards(callback):
    """Whether a callback is the one that ends a training that has diverged."""
    return type(callback) is StopOnNaN
