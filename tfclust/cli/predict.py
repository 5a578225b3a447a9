"""`tfclust predict`: the clusters of the rows of another file."""

import importlib
import io
import sys

from tfclust.auto.row_facts import Yardstick
from tfclust.cli import plan as plans
from tfclust.cli import reading, results
from tfclust.cli.messages import UserError, counted
from tfclust.cli.run_folder import RunFolder, check_new
from tfclust.cli.scaling import Scaling
from tfclust.recipes import RECIPES
from tfclust.startup import start_tensorflow


def run(arguments):
    """Prints or writes labels; returns the exit status."""
    folder = RunFolder(arguments.run)
    record = folder.read_finished()
    if arguments.out is not None:
        check_new(arguments.out)
    if arguments.join:
        reading.check_table(arguments.data)
    options = reading.Options.of(record["data"]["options"])
    samples = reading.read(arguments.data, options, reading.Known(**record["data"]["known"]))
    for note in samples.notes:
        print(f"Note: {note}", file=sys.stderr)
    plan = record["plan"]
    x = plans.as_samples(samples, plan["model"])
    _check_shape(x, samples, record)
    x, beyond = plans.cut_to_range(Scaling(**record["scaling"]).apply(x), plan)
    if beyond:
        are = "is" if beyond == 1 else "are"
        print(
            f"Note: {counted(beyond, 'value')} beyond the range of the data that the model was "
            f"trained on {are} cut to it",
            file=sys.stderr,
        )
    start_tensorflow()
    model = importlib.import_module("tfclust.cli.training").load(folder)
    yardstick = Yardstick(**record["yardstick"])
    table = reading.read_rows(arguments.data, options) if arguments.join else None
    if arguments.out is None:
        _print(model, x, samples, yardstick, table)
        return 0
    with_embedding = RECIPES[plan["model"]].has_code or not hasattr(x, "tocsr")
    results.write(model, x, samples.index, arguments.out, yardstick, with_embedding)
    if table is not None:
        results.join(table, samples.left_out, arguments.out)
    print(f"Read {arguments.data}: {samples.describe()}\nWrote {arguments.out / results.LABELS}")
    return 0


def _print(model, x, samples, yardstick, table):
    """Prints what `labels.csv` would hold, or `joined.csv` where there is a table to join with."""
    if table is None:
        results.write_labels(model, x, samples.index, yardstick, sys.stdout)
        return
    with io.StringIO() as labels:
        results.write_labels(model, x, samples.index, yardstick, labels)
        labels.seek(0)
        results.write_joined(table, samples.left_out, labels, sys.stdout)


def _check_shape(x, samples, record):
    """Raises `UserError`, with the shapes that the files have, where they are of another kind."""
    if x.shape[1:] != tuple(record["plan"]["sample_shape"]):
        expected = tuple(record["data"]["shape"][1:])
        raise UserError(
            f"the data must have samples of shape {expected}, as {record['data']['path']} had. "
            f"Received: {samples.x.shape[1:]}"
        )
