"""A training as a bundle holds it: settings, programs, data and state."""

import functools

import jax
import numpy as np

from tfclust.accelerator.lowering import SEED, lower_step, named_variables, seed_value
from tfclust.feeding import count_batches
from tfclust.optimizers import build_optimizer


class Plan:
    """What `tfclust.accelerator.runner` needs of a `tfclust.trainings.Training`.

    Args:
        training: the `Training`.

    Attributes:
        variables: dict, name in the state -> Keras variable.
        tables: what a batch is read from, arrays `(n, ...)`, or for sparse rows the triples that
            `runner.put_table` takes.

    Raises:
        ValueError: the model is not compiled, or is trained by several devices together.
    """

    def __init__(self, training):
        self.training = training
        model = training.model
        if not model.compiled:
            raise ValueError(
                "A model must be compiled before it is trained: call `compile`. "
                f"Received: a {type(model).__name__} that is not"
            )
        replicas = model.distribute_strategy.num_replicas_in_sync if _distributes(model) else 1
        if replicas > 1:
            raise ValueError(
                "A model that an accelerator trains must not be within the scope of a "
                f"`tf.distribute.Strategy`. Received: {type(model).__name__} on {replicas} devices"
            )
        build_optimizer(model)
        self.variables = named_variables(model)
        self._names = {id(variable): name for name, variable in self.variables.items()}
        self._repeat = training.y is training.x
        arrays = [training.x] if training.y is None or self._repeat else [training.x, training.y]
        self.tables = [_table(array) for array in arrays]

    def name_of(self, variable):
        """Name in the state of a Keras variable."""
        return self._names[id(variable)]

    def settings(self):
        """The settings, as plain JSON values, but for the programs, the data and the schedule."""
        training, model = self.training, self.training.model
        rows = training.x.shape[0]
        steps = count_batches(rows, training.batch_size, training.least)
        seed = training.seed
        return {
            "epochs": training.epochs,
            "initial_epoch": training.initial_epoch,
            "rows": rows,
            "batch_size": training.batch_size,
            "last_batch": rows - (steps - 1) * training.batch_size,
            "shuffle": training.shuffle,
            "seed": seed if isinstance(seed, int) else list(seed),
            "steps_taken": int(model.optimizer.iterations),
            "metrics": [self.name_of(variable) for variable in model.metrics_variables],
            "trainable": [self.name_of(weight) for weight in model.trainable_weights],
        }

    def state(self):
        """The state as it is now: a dict, name -> array of NumPy."""
        state = {name: np.asarray(variable) for name, variable in self.variables.items()}
        seed = seed_value(self.training.model)
        return state if seed is None else {SEED: seed, **state}

    def set_state(self, state):
        """Sets the Keras variables to the values of a state."""
        for name, variable in self.variables.items():
            variable.assign(state[name])

    def programs(self):
        """The training steps: a dict, rows of a batch -> serialized program."""
        settings = self.settings()
        sizes = {settings["last_batch"]}
        if settings["rows"] > settings["last_batch"]:
            sizes.add(settings["batch_size"])
        lower = functools.partial(lower_step, self.training.model, repeat=self._repeat)
        return {rows: lower(self._batch(rows), self.state()) for rows in sorted(sizes)}

    def _batch(self, rows):
        seed = self.training.seed
        lanes = () if isinstance(seed, int) else (len(seed),)
        return [_batch_kind(table, (*lanes, rows)) for table in self.tables]


def _distributes(model):
    return hasattr(model, "distribute_strategy")


def _table(array):
    """An array, or of sparse rows `(columns, values, zeros)` where that is smaller."""
    if not hasattr(array, "indptr"):
        return np.asarray(array)
    counts = np.diff(array.indptr)
    longest, width = int(counts.max(initial=0)), array.shape[1]
    if 2 * longest >= width:
        return array.toarray()
    columns = np.full((array.shape[0], longest), width, dtype="int32")
    values = np.zeros((array.shape[0], longest), dtype=array.dtype)
    filled = np.arange(longest) < counts[:, np.newaxis]
    columns[filled], values[filled] = array.indices, array.data
    return columns, values, np.zeros(width, dtype=array.dtype)


def _batch_kind(table, rows):
    """Shape and dtype of what is read from a table."""
    sample = table[2] if isinstance(table, tuple) else table[0]
    return jax.ShapeDtypeStruct((*rows, *sample.shape), sample.dtype)
