"""The generative models of the Gumbel-Softmax paper's tables, seed by seed."""

from __future__ import annotations

import numpy as np

from reproduce import known_settings
from reproduce.methods.parts import Parts
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import compile_for_epochs, score_curve, train
from tfclust.callbacks import AnnealTemperature
from tfclust.metrics import batch_entropy, evaluate, knn_error, sample_entropy
from tfclust.models import DLGMM, VAE, GumbelSoftmaxVAE
from tfclust.pretraining import kmeans

CURVE_EVERY = 10  # epochs between two points of the validation curve


def run_gumbel(task: Task) -> list[Outcome]:
    """Train on four fifths of the training part for `epochs`, score the test part."""
    return [_train_gumbel(task, seed) for seed in task.seeds]


def _train_gumbel(task: Task, seed: int) -> Outcome:
    x, y, parts = task.data.x, task.data.y, parts_of(task)
    model, state = build_gumbel(task, seed), {}
    rows = parts.validation
    curve = score_curve(task, x[rows], y[rows], CURVE_EVERY, state)
    terms = _fit(model, task, parts, state, [annealing(task.settings), *curve])
    memberships = model.predict(x, batch_size=2000, verbose=0)
    labels = memberships.argmax(axis=1)
    return Outcome(
        seed=seed,
        labels=labels,
        scored=parts.test,
        seconds=state["seconds"],
        loss_terms=terms,
        extra_metrics={
            "cluster_information": _information(memberships[parts.validation]),
            **_named("validation", y, labels, parts.validation),
            **_named("whole", y, labels, slice(None)),
            **_neighbour_errors(task, parts, model),
        },
        curve=state.get("curve", []),
    )


def run_vae(task: Task) -> list[Outcome]:
    """Train a VAE on the same rows; its clusters are those of k-means on its codes."""
    return [_train_vae(task, seed) for seed in task.seeds]


def _train_vae(task: Task, seed: int) -> Outcome:
    parts, state = parts_of(task), {}
    model = _built(VAE, task, seed)
    terms = _fit(model, task, parts, state, [])
    codes = model.embed(task.data.x, batch_size=2000)
    _, labels = kmeans(codes, task.settings["n_clusters"], seed, task.settings["kmeans_n_init"])
    return Outcome(
        seed=seed,
        labels=labels,
        scored=parts.test,
        seconds=state["seconds"],
        loss_terms=terms,
        extra_metrics=_neighbour_errors(task, parts, model),
    )


def run_dlgmm(task: Task) -> list[Outcome]:
    """Train DLGMM on the same rows, for the kNN errors of its codes."""
    return [_train_dlgmm(task, seed) for seed in task.seeds]


def _train_dlgmm(task: Task, seed: int) -> Outcome:
    parts, settings, state = parts_of(task), task.settings, {}
    named = {name: settings[name] for name in known_settings.DLGMM if name in settings}
    model = _compiled(DLGMM(**named, seed=seed, dtype=settings["precision"]), task)
    terms = _fit(model, task, parts, state, [])
    return Outcome(
        seed=seed,
        labels=model.assign(task.data.x, batch_size=2000),
        scored=parts.test,
        seconds=state["seconds"],
        loss_terms=terms,
        extra_metrics=_neighbour_errors(task, parts, model),
    )


def _fit(model, task: Task, parts: Parts, state: dict, callbacks) -> dict[str, float]:
    """Train on the training rows, keep the model; the terms of the loss on the validation rows."""
    x = task.data.x
    train(task, model, x[parts.train], task.experiment.epochs, state, callbacks=callbacks)
    model.save(task.directory / "model.keras")
    terms = model.evaluate(x[parts.validation], verbose=0, return_dict=True)
    return {name: terms[name] for name in model.TERMS}


def parts_of(task: Task) -> Parts:
    """The parts of a task's data."""
    return Parts.of(task.data.x.shape[0], task.data.n_train)


def build_gumbel(task: Task, seed: int) -> GumbelSoftmaxVAE:
    """The compiled, untrained model of a task."""
    own = {name: task.settings[name] for name in ("n_clusters", "temperature")}
    return _built(GumbelSoftmaxVAE, task, seed, **own)


def _built(model_class, task: Task, seed: int, **own):
    settings = task.settings
    shared = {name: settings[name] for name in known_settings.GENERATIVE if name in settings}
    return _compiled(model_class(**own, **shared, seed=seed, dtype=settings["precision"]), task)


def _compiled(model, task: Task):
    model.build((None, *task.data.x.shape[1:]))
    compile_for_epochs(model, task.settings, len(parts_of(task).train), xla=True)
    return model


def annealing(settings: dict) -> AnnealTemperature:
    """How the temperature of a task falls."""
    return AnnealTemperature(
        settings["temperature"],
        settings["end_temperature"],
        settings["annealing_epochs"],
        settings["annealing"],
    )


def _information(memberships) -> float:
    """Mutual information of row and cluster, in nats: Entr(mean q) less the mean of Entr(q)."""
    return batch_entropy(memberships) - sample_entropy(memberships)


def _named(part, y, labels, rows):
    scores = evaluate(y[rows], labels[rows])
    return {f"{part}_{name}": scores[name] for name in ("acc", "nmi", "ari")}


def _neighbour_errors(task: Task, parts: Parts, model) -> dict[str, float]:
    """kNN errors of the test part among the whole published training part (Table 2)."""
    counts = task.settings.get("neighbours", ())
    if not counts:
        return {}
    codes, y = model.embed(task.data.x, batch_size=2000), task.data.y
    known = np.concatenate([parts.train, parts.validation])
    return {
        f"knn_error_k{k}": knn_error(codes[known], y[known], codes[parts.test], y[parts.test], k)
        for k in counts
    }
