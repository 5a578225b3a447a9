"""ClusterGAN, seed by seed."""

from __future__ import annotations

from reproduce import known_settings
from reproduce.methods.mixae import samples
from reproduce.methods.task import Outcome, Task
from reproduce.methods.training import compile_for_epochs, prefixed, score_curve, train
from tfclust.callbacks.stop_on_nan import LossNotFinite
from tfclust.metrics import evaluate
from tfclust.models import ClusterGAN
from tfclust.pretraining import kmeans

CURVE_EVERY = 10  # epochs between two points of the curve


def run_clustergan(task: Task) -> list[Outcome]:
    """Train for `epochs`; clusters are those of k-means on the codes, as in the paper."""
    return [_train(task, seed) for seed in task.seeds]


def _train(task: Task, seed: int) -> Outcome:
    x, y, settings, state = samples(task), task.data.y, task.settings, {}
    model = _build(task, seed)
    curve = score_curve(task, x, y, CURVE_EVERY, state, ("loss", *model.TERMS))
    train(task, model, x, task.experiment.epochs, state, callbacks=curve)
    terms = model.evaluate(x, verbose=0, return_dict=True)
    if model.diverges(terms):
        raise LossNotFinite(
            "The critic has diverged: its gradients are far from a norm of 1. "
            f"Received: penalty={terms['penalty']:.4g}",
            epoch=task.experiment.epochs,
        )
    model.save(task.directory / "model.keras")
    codes = model.embed(x, batch_size=2000)
    _, labels = kmeans(codes, model.n_clusters, seed, settings["kmeans_n_init"])
    return Outcome(
        seed=seed,
        labels=labels,
        seconds=state["seconds"],
        loss_terms={name: terms[name] for name in model.TERMS},
        extra_metrics=prefixed("softmax", evaluate(y, model.assign(x, batch_size=2000))),
        curve=state.get("curve", []),
    )


def _build(task: Task, seed: int) -> ClusterGAN:
    settings, x = task.settings, samples(task)
    named = {name: settings[name] for name in known_settings.CLUSTERGAN if name in settings}
    model = ClusterGAN(**named, seed=seed, dtype=settings["precision"])
    model.build((None, *x.shape[1:]))
    compile_for_epochs(model, settings, x.shape[0])
    return model
