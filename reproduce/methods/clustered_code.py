"""DEC, DEC-DA, IDEC, DCN, DKM, and k-means alone, on the code of a pretrained autoencoder."""

from __future__ import annotations

from pathlib import Path

from reproduce import known_settings
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import (
    Progress,
    alone_in,
    compile_for_epochs,
    finished,
    kmeans_of_codes,
    prefixed,
    pretrain_once,
    score_curve,
    shared_folder,
    train,
)
from tfclust.callbacks import AnnealInverseTemperature
from tfclust.feeding import count_batches
from tfclust.metrics import evaluate
from tfclust.models import DCN, DEC, DKM, IDEC
from tfclust.models.clustered_code import ClusteredCode
from tfclust.pretraining import kmeans, seconds_of_stages, stepwise_sgd

CURVE_EVERY = 25  # epochs between two evaluations of a run long enough to have a curve
ON_CODES = "_kmeans"  # ends the name of a method whose clusters are of k-means on its codes
_OPTIMIZERS = {None: None, "stepwise_sgd": stepwise_sgd}  # of the pretraining; None is Adam
# Of AE+KM the autoencoder alone is trained, which is that of all.
_MODELS = {"ae_kmeans": DKM, "dec": DEC, "dec_da": DEC, "idec": IDEC, "dcn": DCN, "dkm": DKM}


def run_clustered_code(task: Task) -> list[Outcome]:
    """Train a model for `epochs`, from k-means on the codes of its pretrained autoencoder.

    A row that starts at random has networks and centroids as they are drawn.
    """
    return [_train(task, seed) for seed in task.seeds]


def run_code_kmeans(task: Task) -> list[Outcome]:
    """K-means on the codes of the autoencoder that starts the others, trained for `epochs`."""
    return [_cluster_codes(task, seed) for seed in task.seeds]


def _train(task: Task, seed: int) -> Outcome:
    x, y, directory = task.data.x, task.data.y, task.directory
    model, state = _build(task, seed), {}
    compile_for_epochs(model, task.settings, x.shape[0], interval=_interval(model))
    random = task.experiment.init == "random"
    stages = {} if random else _stages(model, task, task.settings["pretrain_epochs"])
    before = sum(stages.values())
    total = before + task.experiment.epochs
    pretrain_once(model, directory, lambda: _start(model, task, stages, total))
    rules = [*_annealing(task), *score_curve(task, x, y, CURVE_EVERY, state)]
    train(task, model, x, task.experiment.epochs, state, before, rules)
    labels = model.assign(x, batch_size=2000)
    by_kmeans = kmeans_of_codes(model, x)
    return finished(
        *(task, model, x, state),
        by_kmeans if task.experiment.method not in _MODELS else labels,
        _seconds_before(model, task, stages),
        extra_metrics=prefixed("embedding_kmeans", evaluate(y, by_kmeans)),
    )


def _cluster_codes(task: Task, seed: int) -> Outcome:
    model = _build(task, seed)
    stages = _stages(model, task, task.experiment.epochs)
    losses = _pretrain_autoencoder(model, task, stages, sum(stages.values())).history
    codes, starts = model.embed(task.data.x), task.settings["kmeans_n_init"]
    return Outcome(
        seed=seed,
        labels=kmeans(codes, model.n_clusters, seed, starts)[1],
        seconds=_seconds_before(model, task, stages),
        loss_terms={"reconstruction": losses["autoencoder"][-1]},
    )


def _build(task: Task, seed: int) -> ClusteredCode:
    settings, x = task.settings, task.data.x
    method = task.experiment.method
    method = method if method in _MODELS else method.removesuffix(ON_CODES)
    named = {name: settings[name] for name in known_settings.CLUSTERED_CODE if name in settings}
    if "update_every" in settings:
        steps = count_batches(x.shape[0], settings["batch_size"])
        named["update_interval"] = settings["update_every"] * steps
    if "gamma" in settings:
        # The papers' is that of an error averaged over features, whose sum is the model's.
        named["gamma"] = settings["gamma"] * x.shape[1]
    model = _MODELS[method](**named, seed=seed, dtype=settings["precision"])
    model.build((None, x.shape[1]))
    return model


def _interval(model: ClusteredCode) -> int:
    """Steps after which something is done between two steps; 0 where nothing is."""
    return getattr(model, "update_interval", None) or 0


def _annealing(task: Task) -> list[AnnealInverseTemperature]:
    settings = task.settings
    if "anneal_every" not in settings:
        return []
    return [AnnealInverseTemperature(epochs=settings["anneal_every"])]


def _stages(model: ClusteredCode, task: Task, epochs: int) -> dict[str, int]:
    """The trainings of the autoencoder, `epochs` of the whole, with the epochs of each."""
    layer_epochs = task.settings.get("layer_epochs", 0)
    return model.pretraining_stages(task.data.x.shape[0], epochs, layer_epochs)


def _start(model: ClusteredCode, task: Task, stages: dict[str, int], total: int) -> None:
    if stages:
        _pretrain_autoencoder(model, task, stages, total)
        model.pretrain_centroids(task.data.x, task.settings["kmeans_n_init"])


def _pretrain_autoencoder(model: ClusteredCode, task: Task, stages: dict[str, int], total: int):
    """Trains the autoencoder once for all rows that begin with it, whatever their method.

    Its stages lie in a folder that these rows share. One process at a time trains there; the others
    wait, and find the stages finished, or go on where a process was killed.
    """
    folder = _shared_folder(model, task, stages)
    with alone_in(folder):
        return model.pretrain_autoencoder(
            task.data.x,
            stages["autoencoder"],
            stages.get("layer_1", 0),
            task.settings.get("dropout", 0.0),
            directory=folder,
            verbose=0,
            callbacks=[Progress(task.progress, total=total, stages=stages)],
            optimizer=_OPTIMIZERS[task.settings.get("pretrain_optimizer")],
            drop_ends=task.settings.get("drop_ends", True),
        )


def _seconds_before(model: ClusteredCode, task: Task, stages: dict[str, int]) -> float:
    """Seconds of the pretraining, in whatever run it was done; 0 of a random start."""
    return seconds_of_stages(_shared_folder(model, task, stages)) if stages else 0.0


def _shared_folder(model: ClusteredCode, task: Task, stages: dict[str, int]) -> Path:
    settings = {
        "model": [model.embedding_dim, model.hidden_units, model.activation, model.batch_size],
        "training": [stages, task.settings.get("dropout", 0.0), task.settings["precision"]],
        "data": [task.data.sha256, task.settings["scale"]],
    }
    more = ("augment", "drop_ends", "kernel_start", "pretrain_optimizer")
    settings |= {name: task.settings[name] for name in more if name in task.settings}
    name = f"{task.experiment.dataset}-autoencoder"
    return shared_folder(task, name, model.seed, settings)
