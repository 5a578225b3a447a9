"""AE-CM, and k-means or a Gaussian mixture on the codes of an autoencoder."""

from __future__ import annotations

from reproduce import known_settings
from reproduce.experiment import Experiment
from reproduce.methods.baselines import fit_labels, make_mixture
from reproduce.methods.ensembles import train_ensemble
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import (
    Clock,
    Progress,
    compile_for_epochs,
    finished,
    kmeans_of_codes,
    prefixed,
    pretrain_once,
    score_curve,
    train,
)
from tfclust.callbacks import AveragingEpoch, Checkpoint
from tfclust.metrics import evaluate, sparsity_criterion
from tfclust.models import AECM, AECMEnsemble
from tfclust.pretraining import kmeans

CURVE_EVERY = 25  # epochs between two evaluations of a run long enough to have a curve


def run_aecm(task: Task) -> list[Outcome]:
    """Train AE-CM for `epochs` and the averaging epoch, small ones together, else seed by seed."""
    if is_small(task.experiment):
        return train_ensemble(task, _build_ensemble(task))
    return [_train_aecm(task, seed) for seed in task.seeds]


def is_small(experiment: Experiment) -> bool:
    """Whether an AE-CM is trained faster beside others than alone."""
    settings = dict(experiment.settings)
    small = experiment.method == "aecm" and experiment.init == "random"
    return small and settings["precision"] == "float32" and AECMEnsemble.pays(settings)


def _build_ensemble(task: Task) -> AECMEnsemble:
    ensemble = AECMEnsemble(task.seeds, **_arguments(task))
    ensemble.build((None, *task.data.x.shape[1:]))
    compile_for_epochs(ensemble, task.settings, task.data.x.shape[0], xla=True)
    return ensemble


def _arguments(task: Task) -> dict:
    settings = task.settings
    named = {name: settings[name] for name in known_settings.AECM if name in settings}
    return {**named, "dtype": settings["precision"]}


def _train_aecm(task: Task, seed: int) -> Outcome:
    x, directory = task.data.x, task.directory
    model, state = build_aecm(task, seed), {}
    epochs, before = task.experiment.epochs + 1, 0
    if task.experiment.init == "pretrained":
        before = task.settings["pretrain_epochs"]
        pretrain_once(model, directory, lambda: _pretrain(model, task, before + epochs))
    curve = score_curve(task, x, task.data.y, CURVE_EVERY, state)
    train(task, model, x, epochs, state, before, [*curve, AveragingEpoch()])
    memberships = model.predict(x, batch_size=2000, verbose=0)
    labels = memberships.argmax(axis=1)
    by_kmeans = kmeans_of_codes(model, x)
    clusters_codes = task.experiment.method == "aecm_kmeans"
    return finished(
        *(task, model, x, state, by_kmeans if clusters_codes else labels),
        l_sp=sparsity_criterion(memberships, model.centroids()),
        extra_metrics=prefixed("embedding_kmeans", evaluate(task.data.y, by_kmeans)),
    )


def build_aecm(task: Task, seed: int) -> AECM:
    """The compiled, untrained AE-CM of a task."""
    model = AECM(**_arguments(task), seed=seed)
    model.build((None, *task.data.x.shape[1:]))
    compile_for_epochs(model, task.settings, task.data.x.shape[0], xla=True)
    return model


def _pretrain(model: AECM, task: Task, total_epochs: int) -> None:
    settings = task.settings
    model.pretrain_autoencoder(
        task.data.x,
        settings["pretrain_epochs"],
        verbose=0,
        callbacks=[
            Progress(task.progress, total=total_epochs),
            Checkpoint(task.directory / "pretraining"),
        ],
    )
    # The module is float32 whatever the precision of the autoencoder.
    model.pretrain_clustering_module(
        task.data.x,
        settings["pretrain_cm_epochs"],
        n_init=settings["kmeans_n_init"],
        jit_compile=True,
    )


def run_ae_kmeans(task: Task) -> list[Outcome]:
    """Train the autoencoder alone for `epochs`, then k-means on its codes, seed by seed."""
    return [_cluster_codes(task, seed, _by_kmeans) for seed in task.seeds]


def run_ae_gmm(task: Task) -> list[Outcome]:
    """Train the autoencoder alone for `epochs`, then a mixture on its codes, seed by seed."""
    return [_cluster_codes(task, seed, _by_mixture) for seed in task.seeds]


def _by_kmeans(task: Task, seed: int, codes):
    return kmeans(codes, task.settings["n_clusters"], seed, task.settings["kmeans_n_init"])[1]


def _by_mixture(task: Task, seed: int, codes):
    return fit_labels(make_mixture(task, seed), codes.astype("float64"))


def _cluster_codes(task: Task, seed: int, cluster) -> Outcome:
    x, state = task.data.x, {}
    model = build_aecm(task, seed)
    history = model.pretrain_autoencoder(
        x,
        task.experiment.epochs,
        verbose=0,
        callbacks=[
            Progress(task.progress),
            Clock(state),
            Checkpoint(task.directory / "checkpoints", state=state),
        ],
    )
    return Outcome(
        seed=seed,
        labels=cluster(task, seed, model.embed(x)),
        seconds=state["seconds"],
        loss_terms={"reconstruction": float(history.history["loss"][-1])},
    )
