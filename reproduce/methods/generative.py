"""The Gumbel-Softmax model and its plainer relative, seed by seed."""

from __future__ import annotations

from reproduce.methods.outcome import Outcome
from reproduce.methods.parts import Parts
from reproduce.methods.task import Task
from reproduce.methods.training import Clock, Progress, ScoreCurve, make_optimizer
from tfclust.callbacks import AnnealTemperature, Checkpoint
from tfclust.feeding import count_batches
from tfclust.metrics import batch_entropy, evaluate, knn_error, sample_entropy
from tfclust.models import GumbelSoftmaxVAE

CURVE_EVERY = 10  # epochs between two points of the validation curve
MODEL_SETTINGS = (
    "n_clusters",
    "feature_dim",
    "latent_dim",
    "gaussian_weight",
    "reconstruction_loss",
    "temperature",
    "batch_size",
)


def run_gumbel(task: Task) -> list[Outcome]:
    """Train on four fifths of the training part for `epochs`, score the test part."""
    return [_train_gumbel(task, seed) for seed in task.seeds]


def _train_gumbel(task: Task, seed: int) -> Outcome:
    x, y, parts = task.data.x, task.data.y, parts_of(task)
    model, state = build_gumbel(task, seed), {}
    model.fit(
        x[parts.train],
        epochs=task.experiment.epochs,
        verbose=0,
        callbacks=[
            annealing(task.settings),
            ScoreCurve(x[parts.validation], y[parts.validation], CURVE_EVERY, state),
            Progress(task.progress),
            Clock(state),
            Checkpoint(task.directory / "checkpoints", state=state),
        ],
    )
    model.save(task.directory / "model.keras")
    memberships = model.predict(x, batch_size=2000, verbose=0)
    labels = memberships.argmax(axis=1)
    terms = model.evaluate(x[parts.validation], verbose=0, return_dict=True)
    return Outcome(
        seed=seed,
        labels=labels,
        scored=parts.test,
        seconds=state["seconds"],
        loss_terms={name: terms[name] for name in model.TERMS},
        extra_metrics={
            "cluster_information": _information(memberships[parts.validation]),
            **_named("validation", y, labels, parts.validation),
            **_named("whole", y, labels, slice(None)),
            **neighbour_errors(task, model.embed(x, batch_size=2000)),
        },
        curve=state.get("curve", []),
    )


def parts_of(task: Task) -> Parts:
    """The parts of a task's data."""
    return Parts.of(task.data.x.shape[0], task.data.n_train)


def build_gumbel(task: Task, seed: int) -> GumbelSoftmaxVAE:
    """The compiled, untrained model of a task."""
    settings, n = task.settings, len(parts_of(task).train)
    model = GumbelSoftmaxVAE(
        **{name: settings[name] for name in MODEL_SETTINGS if name in settings},
        seed=seed,
        dtype=settings["precision"],
    )
    model.build((None, *task.data.x.shape[1:]))
    # An epoch is one execution: nothing looks at a single step.
    steps = count_batches(n, model.batch_size)
    model.compile(make_optimizer(settings), steps_per_execution=steps)
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


def neighbour_errors(task: Task, codes) -> dict[str, float]:
    """kNN errors of the test part among the whole published training part (Table 2)."""
    parts, y = parts_of(task), task.data.y
    known = [*parts.train, *parts.validation]
    return {
        f"knn_error_k{k}": knn_error(codes[known], y[known], codes[parts.test], y[parts.test], k)
        for k in task.settings.get("neighbours", ())
    }
