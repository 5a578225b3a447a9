"""`tfclust fit`: reads, trains, writes results and report."""

import importlib
import platform
import shlex
from importlib.metadata import version

import numpy as np

from tfclust.auto import describe_clusters, evened_sizes
from tfclust.auto.effort import EFFORT
from tfclust.auto.record import summary
from tfclust.cli import findings, reading, results
from tfclust.cli import plan as plans
from tfclust.cli.messages import UserError, user_errors
from tfclust.cli.run_folder import RunFolder, whole
from tfclust.cli.scaling import Scaling
from tfclust.recipes import RECIPES
from tfclust.startup import start_tensorflow

PACKAGES = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn")


def run(arguments):
    """Fits, or goes on fitting; returns the exit status."""
    folder = RunFolder(arguments.out)
    record = folder.open_for_fit(arguments.resume)
    recipe = plans.read_recipe(arguments)
    chooses = plans.chooses(arguments)
    if arguments.join:
        reading.check_table(arguments.data)
    samples = reading.read(arguments.data, reading.Options.of(arguments))
    print(f"Read {arguments.data}: {samples.describe()}", flush=True)
    x = plans.as_samples(samples, recipe.name)
    scales = chooses and arguments.scale is None
    scaling = Scaling.chosen(x) if scales else Scaling.of(x, recipe.scaling)
    x = scaling.apply(x)
    counted = plans.count_clusters(arguments, x)
    n_clusters = arguments.clusters if counted is None else counted.pick
    plans.check_rows(x.shape[0], n_clusters)
    recipe = recipe.changed(n_clusters=n_clusters)
    plan = plans.make_plan(recipe, arguments.seed, x.shape[1:], x.shape[0])
    if chooses:
        plan = plans.choosing(plan, scaling.scale if scales else "rows", arguments.effort or EFFORT)
    new = _record(arguments, samples, scaling, plan)
    new["notes"] += findings.of_labels(samples.labels) + findings.of_rows(x, n_clusters)
    if counted is not None:
        new["number_of_clusters"] = counted.to_json()
        new["notes"].append(counted.words())
    if record is not None:
        _check_same(record, new)
        if record["status"] == "finished":
            _join(arguments, samples, folder)
            if folder.report.exists():
                print(f"{folder.path} is finished")
                return 0
    plans.check_range(x, plan)
    start_tensorflow()
    if record is None or record["status"] == "training":
        plans.build(plan["model"], plan["settings"], plan["sample_shape"])
        record = new
        folder.write(record)
    for note in record["notes"]:
        print(f"Note: {note}")
    try:
        model = _train(record, x, folder)
    except UserError:
        folder.forget()
        raise
    if record["status"] != "finished":
        _write_results(model, samples, x, folder)
        _join(arguments, samples, folder)
    _write_report(model, samples, x, folder)
    return 0


def _train(record, x, folder):
    """The trained model; with its training in the record and on the disk."""
    training = importlib.import_module("tfclust.cli.training")
    if record["status"] != "training":
        return training.load(folder)
    plan = record["plan"]
    if "effort" in plan:
        return _choose(record, x, folder, training)
    print(
        f"{plan['model']}: {plan['settings']['n_clusters']} clusters, {plan['epochs']} epochs, "
        f"batches of {plan['settings']['batch_size']}",
        flush=True,
    )
    with user_errors(f"{plan['model']}: "):  # such as of a range that the model's loss asks for
        model, history = training.train(plan, x, folder)
    training.save(model, folder)
    folder.write({**record, "status": "trained", "history": history})
    return model


def _choose(record, x, folder, training):
    """The model of what was chosen for the data, which the record tells."""
    found = training.choose(record["plan"], x, folder)
    preparation = Scaling(**record["scaling"]).preparation
    if preparation is not None:
        found.record["preparation"] = preparation.words()
    print(summary(found.record))
    with whole(folder.partitions) as part, part.open("wb") as file:
        np.save(file, np.stack(found.chosen.partitions))
    training.save(found.model, folder)
    folder.write({**record, "status": "trained", "history": {}, "choice": found.record})
    return found.model


def _write_results(model, samples, x, folder):
    """Writes what was found, and with it that the run is finished."""
    record = folder.read()
    with_code = RECIPES[record["plan"]["model"]].has_code
    with_embedding = with_code or not hasattr(x, "tocsr")
    print("Writing the results and the report", flush=True)
    partitions = np.load(folder.partitions) if folder.partitions.exists() else ()
    yardstick = results.write(
        *(model, x, samples.index, folder.path),
        with_embedding=with_embedding,
        partitions=partitions,
    )
    results.write_examples(samples, folder.examples)
    facts = results.read_facts(folder.path)
    codes = np.load(folder.path / results.EMBEDDING, mmap_mode="r") if with_embedding else x
    columns = None if samples.image_shape else samples.x
    clusters = describe_clusters(facts, model.n_clusters, codes, columns, partitions)
    sizes = np.array([cluster.size for cluster in clusters])
    memberships = np.load(folder.path / results.MEMBERSHIPS, mmap_mode="r")
    is_scaled = record["scaling"]["scale"] is not None or samples.pixel_max > 1
    warnings = findings.of_clusters(sizes, memberships, is_scaled)
    warnings += findings.of_sizes(sizes, evened_sizes(codes, facts.cluster, model.n_clusters))
    if not with_embedding:
        print("No embedding.npy: this model clusters the data themselves")
    print("Rows in each cluster: " + ", ".join(f"{k}: {n:,}" for k, n in enumerate(sizes)))
    for warning in warnings:
        print(f"Warning: {warning}")
    found = {
        "cluster_sizes": sizes.tolist(),
        "clusters": [cluster.to_json(samples.names) for cluster in clusters],
        "yardstick": yardstick.to_json(),
        "warnings": warnings,
    }
    folder.write({**record, **found, "status": "finished"})


def _join(arguments, samples, folder):
    """Writes `joined.csv` where it is asked for."""
    if arguments.join:
        table = reading.read_rows(arguments.data, reading.Options.of(arguments))
        results.join(table, samples.left_out, folder.path)


def _write_report(model, samples, x, folder):
    """Writes the report last: it costs no run where it fails, and `--resume` writes it then."""
    report = importlib.import_module("tfclust.cli.report")
    facts = results.read_facts(folder.path)
    report.write(model, samples, x, facts, folder.read(), folder.report)
    print(f"Report: {folder.report}")


def _record(arguments, samples, scaling, plan):
    """What `run.json` holds when the training begins."""
    return {
        "status": "training",
        "command": shlex.join(["tfclust", *arguments.argv]),
        "data": {
            "path": str(arguments.data),
            "place": str(arguments.data.resolve()),
            "sha256": reading.sha256(arguments.data),
            "shape": list(samples.x.shape),
            "columns": None if samples.columns is None else list(samples.columns),
            "label_column": arguments.label_column,
            "pixel_max": samples.pixel_max,
            "dtype": samples.x.dtype.name,
            "options": reading.Options.of(arguments).to_json(),
            "known": samples.known.to_json(),
            "left_out": list(map(int, samples.left_out)),
        },
        "scaling": scaling.to_json(),
        "plan": plan,
        "notes": [*samples.notes, *findings.of_data(samples, scaling)],
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("tfclust", *PACKAGES)},
        },
    }


def _check_same(record, new):
    """Raises `UserError` where `--resume` is not the command that was cut off, on the same data."""
    before, now = ({**r["data"], **r["plan"]} for r in (record, new))
    own = ("path", "place", "known")  # which the same data may have in other words
    changed = [n for n in now if n not in own and before.get(n) != now[n]]
    if changed:
        raise UserError(
            "--resume must come with the command that was cut off, on the same data. Received: "
            f"other {', '.join(changed)} than in {record['command']!r}"
        )
