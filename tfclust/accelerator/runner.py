"""Trains what a bundle holds on whatever device JAX finds: `python FOLDER/runner.py`.

Needs NumPy and JAX and nothing else, so the file can be copied to a machine that has neither
TensorFlow nor tfclust. It is the only training loop on an accelerator: `tfclust.accelerator` calls
the same functions for a training in its own process.

A bundle is a folder:

- `programs/DIGEST.jaxexport`: a training step, `jax.export` of a function
  `(batch, state) -> (logs, state)`; `batch` is a tuple of arrays, the others dicts of arrays.
- `data/SHA256.npz`: an array, `array`, named after its checksum. Arrays may lie in another folder,
  `--data`.
- `runs/NAME/run.json` and `runs/NAME/state.npz`: a training's settings and initial state. Settings
  are `epochs`, `initial_epoch`, `rows`, `batch_size`, `last_batch` (rows of the last batch of an
  epoch), `shuffle`, `seed` (an int, or a list for models that take a batch for each of several
  members), `steps_taken` before, `metrics` (names in the state that are 0 when an epoch begins),
  `trainable` (names of the weights that `average` averages), `programs` (rows of a batch ->
  digest), `data` (what a batch is read from) and `schedule` (see `ACTIONS`).

The runner adds `runs/NAME/checkpoint.npz`, from which a process that was killed goes on, and at the
end `runs/NAME/result.npz`, the state, and `runs/NAME/result.json`, the logs of every epoch, how the
training ended, its seconds and the device.
"""

import argparse
import functools
import hashlib
import json
import math
import os
import sys
import time
from pathlib import Path

import jax
import jax.export
import jax.numpy as jnp
import numpy as np

FORMAT = 1  # of a bundle; another number is another format

# The order of an epoch ------------------------------------------------------------------------


def epoch_order(n, seed, steps_taken):
    """The order of `n` rows in the epoch that begins after so many steps.

    It is that of `tf.random.experimental.stateless_shuffle(range(n), [seed, steps_taken])` on a
    CPU: Fisher and Yates's shuffle by draws of Philox 4x32-10.

    Args:
        n: number of rows.
        seed: int from 0 to 2**63 - 1. A list of S of them makes S orders, `(S, n)`.
        steps_taken: int from 0 to 2**63 - 1.

    Returns:
        int32 array `(n,)`.

    Example:

    >>> from tfclust.accelerator.runner import epoch_order
    >>> epoch_order(6, seed=3, steps_taken=5).tolist()
    [3, 1, 2, 5, 4, 0]

    Reference: Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, 2011.
    """
    if not isinstance(seed, int):
        return np.stack([epoch_order(n, one, steps_taken) for one in seed])
    words = [seed & 0xFFFFFFFF, seed >> 32, steps_taken & 0xFFFFFFFF, steps_taken >> 32]
    mixed = _philox([np.array([word]) for word in words], 0x3EC8F720, 0x02461E29)[0]
    blocks = np.arange(-(-n // 4))
    counter = (blocks, np.zeros_like(blocks), *(np.full_like(blocks, w) for w in mixed[2:]))
    draws = _philox(counter, int(mixed[0]), int(mixed[1])).reshape(-1)[: n - 1]
    places = np.arange(n - 1) + (draws % np.arange(n, 1, -1)).astype("int64")
    order = list(range(n))
    for i, place in enumerate(places.tolist()):
        order[i], order[place] = order[place], order[i]
    return np.array(order, dtype="int32")


def _philox(counter, key0, key1):
    """Draws `(n, 4)` of 32 bits, as int64, for a counter of four words `(n,)` and a key of two."""
    a, b, c, d = (np.asarray(word, dtype="uint64") for word in counter)
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    for _ in range(10):
        first, second = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a = (second >> half) ^ b ^ np.uint64(key0)
        c = (first >> half) ^ d ^ np.uint64(key1)
        b, d = second & low, first & low
        key0, key1 = (key0 + 0x9E3779B9) & 0xFFFFFFFF, (key1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([a, b, c, d], axis=-1).astype("int64")


# What acts between epochs ---------------------------------------------------------------------


class Action:
    """Something that acts before and after epochs; its settings and its memory are JSON values."""

    def __init__(self, memory=None):
        self.memory = {} if memory is None else memory

    def before(self, run):
        """Acts before epoch `run.epoch`, counted from 0."""

    def after(self, run, logs):
        """Acts after epoch `run.epoch`; may add to its logs, and end the training."""


class Values(Action):
    """Sets a variable of the state before each epoch to a value given for it, and logs it."""

    def __init__(self, variable, values, log, **kwargs):
        super().__init__(**kwargs)
        self.variable, self.values, self.log = variable, values, log

    def before(self, run):
        """Sets the value of the epoch."""
        run.set(self.variable, self.values[run.epoch])

    def after(self, run, logs):
        """Logs the value."""
        logs[self.log] = run.get(self.variable)


class Ratio(Action):
    """Logs a variable and sets it to the ratio of two logs, within bounds.

    The ratio is times `factor`, and times `decay` for each epoch done.
    """

    def __init__(self, variable, numerator, denominator, bounds, log, factor, decay, **kwargs):
        super().__init__(**kwargs)
        self.variable, self.bounds, self.log = variable, bounds, log
        self.factor, self.decay = factor, decay
        self.numerator, self.denominator = numerator, denominator

    def after(self, run, logs):
        """Sets the ratio for the next epoch, and logs that of this one."""
        logs[self.log] = run.get(self.variable)
        share = self.factor * self.decay ** (run.epoch + 1) * logs[self.numerator]
        with np.errstate(divide="ignore"):
            ratio = np.float64(share) / logs[self.denominator]
        run.set(self.variable, np.clip(ratio, *self.bounds))


class Average(Action):
    """Sets the trainable weights to their average over the steps of the last epoch."""

    def before(self, run):
        """Starts the average when the last epoch begins."""
        if run.epoch == run.settings["epochs"] - 1:
            run.start_average()

    def after(self, run, logs):
        """Sets the weights to their average when the last epoch ends."""
        if run.epoch == run.settings["epochs"] - 1:
            run.finish_average()


class Plateau(Action):
    """Ends the training after `patience` epochs without a new minimum of the loss."""

    def __init__(self, patience, **kwargs):
        super().__init__(**kwargs)
        self.patience = patience

    def after(self, run, logs):
        """Compares the loss with the least so far."""
        if logs["loss"] < self.memory.get("least_loss", math.inf):
            self.memory.update(least_loss=logs["loss"], epochs_since=0)
            return
        self.memory["epochs_since"] = self.memory.get("epochs_since", 0) + 1
        if self.memory["epochs_since"] >= self.patience:
            run.end("stopped")


class Finite(Action):
    """Ends a training that has diverged."""

    def after(self, run, logs):
        """Checks the loss."""
        if not math.isfinite(logs["loss"]):
            run.end("diverged")


ACTIONS = {
    "values": Values,
    "ratio": Ratio,
    "average": Average,
    "plateau": Plateau,
    "finite": Finite,
}


def make_actions(schedule):
    """Actions that a schedule describes: a list of dicts of a `kind` and its settings."""
    return [
        ACTIONS[entry["kind"]](**{key: v for key, v in entry.items() if key != "kind"})
        for entry in schedule
    ]


# One training ---------------------------------------------------------------------------------


class Step:
    """A training step, and the programs of whole epochs made of it."""

    def __init__(self, serialized):
        self.call = jax.export.deserialize(bytearray(serialized)).call
        self._epochs = {}

    def epoch(self, last, metrics):
        """The program of an epoch whose last batch takes the step `last`, compiled when called.

        `(state, sums, data, whole, rest)` -> `(state, sums, logs)`, with the rows of the whole
        batches `(steps, ..., batch)` and of the last one `(..., rows)`, `last` None without one.
        """
        if (last, metrics) not in self._epochs:
            self._epochs[last, metrics] = jax.jit(
                functools.partial(_epoch, self, last, metrics), donate_argnums=(0, 1)
            )
        return self._epochs[last, metrics]


@functools.lru_cache(maxsize=64)
def step_of(serialized):
    """The `Step` of a serialized program: one for all trainings, which compile it once."""
    return Step(serialized)


def _epoch(step, last, metrics, state, sums, data, whole, rest):
    state = {**state, **{name: jnp.zeros_like(state[name]) for name in metrics}}

    def take(step, carry, rows):
        state, sums = carry
        logs, state = step.call(tuple(_rows(table, rows) for table in data), state)
        return (state, {name: total + state[name] for name, total in sums.items()}), logs

    carry, logs = (state, sums), {}
    if whole.shape[0]:
        carry, logs = jax.lax.scan(functools.partial(take, step), carry, whole)
        logs = {name: values[-1] for name, values in logs.items()}
    if last is not None:
        carry, logs = take(last, carry, rest)
    return *carry, logs


def _rows(table, rows):
    """Rows of a table: an array, or `(columns, values, zeros)` of a sparse one."""
    if not isinstance(table, tuple):
        return table[rows]
    columns, values, zeros = table
    flat = rows.reshape(-1)
    dense = jnp.zeros((flat.shape[0], zeros.shape[0]), values.dtype)
    places = jnp.arange(flat.shape[0])[:, jnp.newaxis], columns[flat]
    return dense.at[places].add(values[flat], mode="drop").reshape(*rows.shape, -1)


class Run:
    """One training: its state on the device, and how far it is.

    Args:
        settings: dict, what `run.json` holds of a bundle.
        steps: dict, rows of a batch -> `Step`.
        data: tables that batches are read from, arrays on the device or triples of them: see
            `put_table`.
        state: dict of arrays, name -> value.
        device: `jax.Device`.
        actions: `Action`s; None makes those of the settings' schedule.

    Attributes:
        epoch: int, the epoch that runs or comes next, counted from 0.
        logs: dict, name -> values of the epochs done.
        status: "training"; at the end "finished", "stopped" or "diverged".
        seconds: wall time since the training began, in all processes that took part.
        side_by_side: the most runs that were trained in that time, this one among them.
    """

    def __init__(self, settings, steps, data, state, device, actions=None):
        self.settings = settings
        self.device = device
        self.actions = make_actions(settings["schedule"]) if actions is None else actions
        self.epoch = settings["initial_epoch"]
        self.logs = {}
        self.status = "training" if self.epoch < settings["epochs"] else "finished"
        self.seconds = 0.0
        self.side_by_side = 0
        self.replace_state(state)
        self._data = tuple(data)
        batch, rest = settings["batch_size"], settings["last_batch"]
        self._whole_steps = (settings["rows"] - rest) // batch + (rest == batch)
        self._steps = self._whole_steps + (rest != batch)
        last = None if rest == batch else steps[rest]
        self._program = steps.get(batch, last).epoch(last, tuple(settings["metrics"]))
        self._orders = {}
        self._sums = {}
        self._started = time.monotonic()

    def replace_state(self, state):
        """Takes up a state of host arrays."""
        put = {name: jax.device_put(np.asarray(v), self.device) for name, v in state.items()}
        # Donated to the first epoch, a buffer must be JAX's own.
        self.state = {name: jnp.array(value, copy=True) for name, value in put.items()}

    def get(self, name):
        """A number of the state."""
        return float(self.state[name])

    def set(self, name, value):
        """Sets a variable of the state."""
        value = np.asarray(value, dtype=self.state[name].dtype)
        self.state[name] = jax.device_put(value, self.device)

    def host_state(self):
        """The state as arrays of NumPy."""
        return {name: np.array(value) for name, value in jax.device_get(self.state).items()}

    def start_average(self):
        """Adds every further step's trainable weights to an average."""
        self._sums = {name: jnp.zeros_like(self.state[name]) for name in self.settings["trainable"]}

    def finish_average(self):
        """Sets the trainable weights to their average over the steps since `start_average`."""
        for name, total in self._sums.items():
            self.state[name] = total / np.asarray(self._steps, total.dtype)
        self._sums = {}

    def end(self, status):
        """Makes this epoch the last one."""
        self.status = status

    def begin_epoch(self):
        """Starts an epoch and does not wait for it."""
        for action in self.actions:
            action.before(self)
        order = self._orders.pop(self.epoch, None)
        order = self._order(self.epoch) if order is None else order
        batch = self.settings["batch_size"]
        split = self._whole_steps * batch
        whole = order[..., :split].reshape(*order.shape[:-1], self._whole_steps, batch)
        rows = np.moveaxis(whole, -2, 0), order[..., split:]
        self.state, self._sums, self._epoch_logs = self._program(
            self.state, self._sums, self._data, *jax.device_put(rows, self.device)
        )
        if self.epoch + 1 < self.settings["epochs"]:  # while the device is at work
            self._orders[self.epoch + 1] = self._order(self.epoch + 1)

    def end_epoch(self):
        """Waits for the epoch that was started, acts on its logs and keeps them."""
        logs = {name: float(value) for name, value in jax.device_get(self._epoch_logs).items()}
        for action in self.actions:
            action.after(self, logs)
        for name, value in logs.items():
            self.logs.setdefault(name, []).append(value)
        self.epoch += 1
        now = time.monotonic()
        self.seconds += now - self._started
        self._started = now
        if self.status == "training" and self.epoch == self.settings["epochs"]:
            self.status = "finished"

    @property
    def done(self):
        """Whether the training is over."""
        return self.status != "training"

    def _order(self, epoch):
        settings = self.settings
        if not settings["shuffle"]:
            rows = np.arange(settings["rows"], dtype="int32")
            lanes = () if isinstance(settings["seed"], int) else (len(settings["seed"]),)
            return np.broadcast_to(rows, (*lanes, len(rows)))
        before = settings["steps_taken"] + (epoch - settings["initial_epoch"]) * self._steps
        return epoch_order(settings["rows"], settings["seed"], before)


def put_table(table, device):
    """A table on the device: an array, or of a sparse one `(columns, values, zeros)`.

    Row i of a sparse table has `values[i]` in `columns[i]`, both `(n, m)`, where the columns of
    what is only there to fill the row are beyond the last one, and else 0, `zeros` being `(d,)`.
    """
    return jax.device_put(table, device)


def train(runs, together=8, after_epoch=None):
    """Trains runs side by side, and gives each as it ends.

    Args:
        runs: iterable of `Run`; each is taken from it when its turn comes.
        together: the most runs at a time. Each waits for none of the others' epochs.
        after_epoch: function of a run, called after each of its epochs.
    """
    runs, active = iter(runs), []
    while True:
        while len(active) < together and (run := next(runs, None)) is not None:
            active.append(run)
        if not active:
            return
        training = [run for run in active if not run.done]
        for run in training:
            run.side_by_side = max(run.side_by_side, len(training))
            run.begin_epoch()
        for run in training:
            run.end_epoch()
            if after_epoch is not None:
                after_epoch(run)
        yield from (run for run in active if run.done)
        active = [run for run in active if not run.done]


def find_device(name=None):
    """The device named, such as "cpu", "gpu" or "gpu:1"; None is JAX's first.

    Raises:
        ValueError: JAX finds no such device.
    """
    kind, _, index = (name or "").partition(":")
    try:
        return jax.devices(kind or None)[int(index or 0)]
    except (IndexError, RuntimeError, ValueError) as error:
        found = ", ".join(f"{device.platform}:{device.id}" for device in jax.devices())
        raise ValueError(
            f"`device` must name one that JAX finds: {found}. Received: device={name!r}"
        ) from error


class Progress:
    """One line on standard error: epochs, trainings, the loss and the time that is left.

    Args:
        epochs: of all trainings together.
        done: epochs that earlier processes have done.
        trainings: how many there are.
        stream: where to write.
    """

    def __init__(self, epochs, done=0, trainings=1, stream=None):
        self.epochs, self.before, self.done, self.trainings = epochs, done, done, trainings
        self.ended = 0
        self.stream = sys.stderr if stream is None else stream
        self._start, self._shown = time.monotonic(), -math.inf

    def count(self, run):
        """Counts an epoch of a run, and those that it ends without."""
        self.done += 1
        if run.done:
            self.ended += 1
            self.done += run.settings["epochs"] - run.epoch
        now = time.monotonic()
        # A terminal shows one line that changes; what is written to a file stays short.
        if now - self._shown >= (0.2 if self.stream.isatty() else 30.0) or self._is_over():
            self._show(run, now)

    def _is_over(self):
        return self.ended == self.trainings

    def _show(self, run, now):
        self._shown, taken = now, now - self._start
        left = taken / max(self.done - self.before, 1) * (self.epochs - self.done)
        loss = run.logs["loss"][-1]
        trainings = f", {self.ended} of {self.trainings} trainings" if self.trainings > 1 else ""
        line = (
            f"epoch {self.done} of {self.epochs}{trainings}, loss {loss:.4g}, "
            f"{_clock(taken)} taken, {_clock(left)} left"
        )
        if self.stream.isatty():
            end = "\n" if self._is_over() else ""
            self.stream.write(f"\r\x1b[K{line}{end}")
        else:
            self.stream.write(f"{line}\n")
        self.stream.flush()


def _clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


# Bundles --------------------------------------------------------------------------------------


class Bundle:
    """A folder of trainings: see the beginning of this file.

    Args:
        folder: its path.
        device: `jax.Device`.
        data: folder of the arrays, by checksum; None is the bundle's own.

    Raises:
        ValueError: a run has another format, or an array has another checksum.
        FileNotFoundError: an array is missing; the message names it.
    """

    def __init__(self, folder, device, data=None):
        self.folder = Path(folder)
        self.device = device
        self._data = Path(data) if data else self.folder / "data"
        self._tables = {}

    def unfinished(self):
        """Names of the runs that have no result, those of one program side by side."""
        runs = self.folder.glob("runs/*/run.json")
        todo = [path.parent for path in runs if not (path.parent / "result.json").exists()]
        return [run.name for run in sorted(todo, key=self._order_key)]

    def _order_key(self, run):
        return sorted(self.settings(run.name)["programs"].values()), run.name

    def settings(self, name):
        """The settings of a run."""
        settings = json.loads((self._run(name) / "run.json").read_text())
        if settings["format"] != FORMAT:
            raise ValueError(
                f"A bundle must have format {FORMAT}, that of this runner. "
                f"Received: format={settings['format']} of run {name!r}"
            )
        return settings

    def epochs_done(self, name):
        """Epochs that a run has done in the processes before."""
        path = self._run(name) / "checkpoint.npz"
        if not path.exists():
            return 0
        with np.load(path) as arrays:
            progress = json.loads(str(arrays[_PROGRESS]))
        return progress["epoch"] - self.settings(name)["initial_epoch"]

    def load(self, name):
        """The `Run`, as its last checkpoint left it, where there is one."""
        settings, place = self.settings(name), self._run(name)
        steps = {int(rows): self._step(digest) for rows, digest in settings["programs"].items()}
        checkpoint = place / "checkpoint.npz"
        with np.load(checkpoint if checkpoint.exists() else place / "state.npz") as arrays:
            state = dict(arrays)
        progress = state.pop(_PROGRESS, None)
        tables = [self._table(table) for table in settings["data"]]
        run = Run(settings, steps, tables, state, self.device)
        run.name = name
        run.saved = time.monotonic()
        if progress is not None:
            kept = json.loads(str(progress))
            run.epoch, run.logs, run.seconds = kept["epoch"], kept["logs"], kept["seconds"]
            for action, memory in zip(run.actions, kept["memories"], strict=True):
                action.memory.update(memory)
        return run

    def save(self, run):
        """Writes a checkpoint, which no moment sees half written."""
        progress = {
            "epoch": run.epoch,
            "logs": run.logs,
            "seconds": run.seconds,
            "memories": [action.memory for action in run.actions],
        }
        arrays = {**run.host_state(), _PROGRESS: np.array(json.dumps(progress))}
        _write_arrays(self._run(run.name) / "checkpoint.npz", arrays)
        run.saved = time.monotonic()

    def finish(self, run):
        """Writes the result of a run that is over."""
        place = self._run(run.name)
        _write_arrays(place / "result.npz", run.host_state())
        result = {
            "format": FORMAT,
            "status": run.status,
            "epochs": run.epoch,
            "logs": run.logs,
            "seconds": round(run.seconds, 4),
            "side_by_side": run.side_by_side,
            "device": describe_device(self.device),
        }
        part = place / "result.part"
        part.write_text(json.dumps(result))
        os.replace(part, place / "result.json")  # the last file: it says that the run is over
        (place / "checkpoint.npz").unlink(missing_ok=True)

    def _run(self, name):
        return self.folder / "runs" / name

    def _step(self, digest):
        return step_of((self.folder / "programs" / f"{digest}.jaxexport").read_bytes())

    def _table(self, table):
        """A table on the device, once however many runs read it."""
        key = json.dumps(table)
        if key not in self._tables:
            array, *values = (self._array(checksum) for checksum in table["arrays"])
            if "width" in table:
                array = (array, *values, np.zeros(table["width"], values[0].dtype))
            self._tables[key] = put_table(array, self.device)
        return self._tables[key]

    def _array(self, checksum):
        path = self._data / f"{checksum}.npz"
        if not path.exists():
            raise FileNotFoundError(
                f"The data of a bundle must lie in its folder `data`, or in `--data FOLDER`. "
                f"Received: no file {path}"
            )
        with np.load(path) as arrays:
            array = arrays["array"]
        if array_checksum(array) != checksum:
            raise ValueError(
                f"An array of a bundle must have the checksum that it is named after. "
                f"Received: another one in {path}"
            )
        return array


_PROGRESS = "progress.json"  # beside the arrays of a checkpoint


def array_checksum(array):
    """SHA-256 of an array's dtype, shape and values."""
    array = np.ascontiguousarray(array)
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(array.data)
    return digest.hexdigest()


def describe_device(device):
    """What trained: the platform, the kind of device, and the version of JAX."""
    return {
        "platform": device.platform,
        "kind": device.device_kind,
        "platform_version": device.client.platform_version,
        "jax": jax.__version__,
    }


def _write_arrays(path, arrays):
    part = path.with_suffix(".part")
    with open(part, "wb") as file:
        np.savez(file, **arrays)
    os.replace(part, path)


def train_bundle(folder, device=None, data=None, together=8, checkpoint_seconds=60.0):
    """Trains what a bundle's folder holds and has no result yet.

    Args:
        folder: the bundle's.
        device: name of the device, see `find_device`.
        data: folder of the data, None for the bundle's own.
        together: the most trainings side by side.
        checkpoint_seconds: least time between two checkpoints of a training.
    """
    bundle = Bundle(folder, find_device(device), data)
    names = bundle.unfinished()
    settings = [bundle.settings(name) for name in names]
    progress = Progress(
        sum(one["epochs"] - one["initial_epoch"] for one in settings),
        sum(map(bundle.epochs_done, names)),
        len(names),
    )

    def after_epoch(run):
        progress.count(run)
        if not run.done and time.monotonic() - run.saved >= checkpoint_seconds:
            bundle.save(run)

    with jax.enable_x64(True):  # the counts of steps are 64-bit integers
        for run in train(map(bundle.load, names), together, after_epoch):
            bundle.finish(run)


def main(arguments=None):
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="runner.py", description="Train a bundle of tfclust; killed, the same command goes on."
    )
    parser.add_argument(
        "folder",
        nargs="?",
        default=Path(__file__).parent,
        help="the bundle; the folder that this file lies in if none is named",
    )
    parser.add_argument("--device", help='such as "cpu", "gpu" or "gpu:1"; JAX\'s first if none')
    parser.add_argument("--data", help="folder of the data, where it is not in the bundle")
    parser.add_argument("--together", type=int, default=8, help="trainings side by side (8)")
    parser.add_argument(
        "--checkpoint-seconds", type=float, default=60.0, help="between two checkpoints (60)"
    )
    train_bundle(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
