"""Figure 8: scikit-learn's six toy datasets by iGMM, CM and AE-CM."""

from __future__ import annotations

import functools
import sys
import time

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

from reproduce.experiments.aecm import ADAM, SGD_LEARNING_RATE, TEN_RUNS
from reproduce.figures.task import Needs
from tfclust import plots


def _toy(n_clusters, alpha, beta, hidden_units=(), embedding_dim=3, quadratic=False):
    return {
        "n_clusters": n_clusters,
        "alpha": alpha,
        "beta": beta,
        "lbd": 0.001,
        "hidden_units": hidden_units,
        "embedding_dim": embedding_dim,
        "quadratic": quadratic,
    }


# Table 10. K is not printed: it is the number of classes, and 3 for the set without structure, as
# the text has it.
_TOYS = {
    "circles": _toy(2, alpha=11, beta=0.001, quadratic=True),
    "moons": _toy(2, alpha=11, beta=100, hidden_units=(20, 20, 20), embedding_dim=1),
    "varied": _toy(3, alpha=11, beta=100),
    "aniso": _toy(3, alpha=11, beta=1),
    "blobs": _toy(3, alpha=11, beta=1),
    "no_structure": _toy(3, alpha=0.1, beta=1),
}
_PAPER = {
    "toys": _TOYS,
    # The size is not printed; scikit-learn's example drew as many when the paper was written.
    "n_samples": 1500,
    "batch_size": 20,
    "epochs": 100,
    "tolerance": 0.001,
    "seeds": TEN_RUNS,
    "learning_rate": SGD_LEARNING_RATE,
    "adam": ADAM,
}
SETTINGS = {"small": _PAPER, "paper": _PAPER}


def needs(task, settings) -> Needs:
    """The runs of a method on a set, drawn from a seed, are one part."""
    return Needs((), len(settings["toys"]) * len(_METHODS))


def gather(task, settings):
    """Run every method on every set ten times; keep labels, seconds and objectives."""
    from tfclust.datasets.synthetic import cluster_comparison

    arrays = {}
    for toy in settings["toys"]:
        x, y = cluster_comparison(toy, settings["n_samples"])
        arrays[f"points_{toy}"] = x
        if y is not None:
            arrays[f"classes_{toy}"] = y
        for method in _METHODS:
            one = {**settings, "toys": {toy: settings["toys"][toy]}, "method": method}
            runs = task.keep(one, functools.partial(_runs, x, toy, method, settings))
            arrays.update({f"{name}_{toy}_{method}": array for name, array in runs.items()})
    return arrays


def _runs(x, toy, method, settings):
    seeds = tqdm(settings["seeds"], desc=f"figure 8, {toy}, {method}", unit="run", file=sys.stderr)
    runs = [_timed(_METHODS[method], x, settings["toys"][toy], settings, seed) for seed in seeds]
    labels, objectives, seconds = zip(*runs, strict=True)
    return {"labels": np.array(labels), "objectives": objectives, "seconds": seconds}


def _timed(method, x, toy, settings, seed):
    start = time.monotonic()
    labels, objective = method(x, toy, settings, seed)
    return labels, objective, time.monotonic() - start


def _igmm(x, toy, settings, seed):
    from reproduce.methods.baselines import UniformGaussianMixture, fit_labels

    mixture = UniformGaussianMixture(
        toy["n_clusters"],
        covariance_type="spherical",
        init_params="random_from_data",
        max_iter=settings["epochs"],
        random_state=seed,
    )
    labels = fit_labels(mixture, x)
    return labels, -mixture.lower_bound_


def _cm(x, toy, settings, seed):
    import keras

    from tfclust.models import CM

    model = CM(toy["n_clusters"], toy["alpha"], batch_size=settings["batch_size"], seed=seed)
    return _fit(model, keras.optimizers.SGD(settings["learning_rate"]), x, settings)


def _aecm(x, toy, settings, seed):
    from reproduce.methods.training import make_optimizer
    from tfclust.models import AECM

    names = ("n_clusters", "alpha", "beta", "lbd", "hidden_units", "embedding_dim")
    arguments = {name: toy[name] for name in names}
    if toy["quadratic"]:
        arguments.update(_quadratic_networks(toy["embedding_dim"], seed))
    model = AECM(**arguments, batch_size=settings["batch_size"], seed=seed)
    return _fit(model, make_optimizer(settings["adam"]), x, settings)


def _quadratic_networks(embedding_dim, seed):
    """The encoder 2-quad-3 of the circles, and a decoder of a single layer."""
    import keras

    from tfclust.layers import QuadraticFeatures
    from tfclust.randomness import layer_seeds

    def dense(units, layer_seed):
        initializer = keras.initializers.GlorotUniform(seed=layer_seed)
        return keras.layers.Dense(units, kernel_initializer=initializer)

    first, second = layer_seeds(seed, 2)
    encoder = [keras.Input((2,)), QuadraticFeatures(), dense(embedding_dim, first)]
    decoder = [keras.Input((embedding_dim,)), dense(2, second)]
    return {"encoder": keras.Sequential(encoder), "decoder": keras.Sequential(decoder)}


def _fit(model, optimizer, x, settings):
    """Train until the clusters stay, then the averaging epoch; return the labels and the loss."""
    from tfclust.callbacks import AveragingEpoch, StopWhenStable

    model.compile(optimizer, steps_per_execution=25, jit_compile=True)
    stable = StopWhenStable(x, settings["tolerance"], batch_size=len(x))
    model.fit(x, epochs=settings["epochs"], verbose=0, callbacks=[stable])
    model.fit(x, epochs=1, verbose=0, callbacks=[AveragingEpoch()])
    return model.assign(x), model.evaluate(x, verbose=0, return_dict=True)["loss"]


_METHODS = {"iGMM": _igmm, "CM": _cm, "AE-CM": _aecm}


def plot(results, settings) -> Figure:
    """Draw the run of lowest objective of each method on each set, its mean seconds in a corner."""
    toys = settings["toys"]
    figure = Figure(figsize=(2 * len(toys), 6.4), layout="constrained")
    figure.suptitle("Clustering of six toy datasets (Figure 8)")
    panels = figure.subplots(len(_METHODS), len(toys), squeeze=False)
    for row, method in zip(panels, _METHODS, strict=True):
        row[0].set_ylabel(method)
        for ax, toy in zip(row, toys, strict=True):
            run = np.argmin(results[f"objectives_{toy}_{method}"])
            labels = results[f"labels_{toy}_{method}"][run]
            title = toy.replace("_", " ") if ax in panels[0] else None
            plots.scatter(results[f"points_{toy}"], labels, ax=ax, title=title)
            seconds = f"{np.mean(results[f'seconds_{toy}_{method}']):.2g} s"
            place = {"x": 0.97, "y": 0.03, "ha": "right", "transform": ax.transAxes}
            backing = {"facecolor": "#fffc", "linewidth": 0, "pad": 1}
            ax.text(**place, s=seconds, fontsize=8, bbox=backing)
    return figure


def caption(results, settings) -> str:
    """Tell what was run, and the scores of all runs."""
    return (
        f"**Figure 8. Toy datasets.** {settings['n_samples']} points each, by iGMM, CM (SGD at "
        f"rate {settings['learning_rate']}) and AE-CM (Adam), batches of {settings['batch_size']}, "
        f"at most {settings['epochs']} epochs, stopped when the clusters of less than "
        f"{100 * settings['tolerance']:g}% of the points change, and the averaging epoch; alpha, "
        f"beta, lambda and encoders of Table 10. Of {len(settings['seeds'])} runs the one of "
        "lowest objective is shown; in the corner is their mean time, which includes the "
        "compilation and was taken on a machine shared with other work.\n\n"
        "Mean ARI of the runs, and in brackets that of the run shown, in percent; without classes, "
        f"the share of the largest cluster.\n\n{_score_table(results, settings)}\n\n"
        "Readings: CM takes the alpha of AE-CM; iGMM starts from random points; the number of "
        "points, K, the rates and which run is shown are not printed. K is the number of classes, "
        "and 3 without structure."
    )


def _score_table(results, settings):
    from tfclust.metrics import adjusted_rand

    def cell(toy, method):
        runs = results[f"labels_{toy}_{method}"]
        if f"classes_{toy}" in results:
            scores = [adjusted_rand(results[f"classes_{toy}"], run) for run in runs]
        else:
            scores = [np.bincount(run).max() / len(run) for run in runs]
        shown = scores[int(np.argmin(results[f"objectives_{toy}_{method}"]))]
        return f"{100 * np.mean(scores):.1f} ({100 * shown:.1f})"

    toys = settings["toys"]
    lines = [("", *toys), ("---",) * (len(toys) + 1)]
    lines += [(method, *(cell(toy, method) for toy in toys)) for method in _METHODS]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
