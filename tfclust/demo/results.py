"""What the demo trains, and what came of it."""

import contextlib
import time
from dataclasses import dataclass

from tqdm import tqdm

from tfclust.callbacks import ProgressBar
from tfclust.metrics import evaluate
from tfclust.recipes import RECIPES, Recipe
from tfclust.selection import Run, measure, select

HOW_CHOSEN = (
    "Settings of CM and AE-CM were chosen without labels. Of alpha 10, 20, 40 and, for AE-CM, beta "
    "0.3, 1, 3, "
    "these have the lowest sum of L_sp and squared reconstruction error per image, averaged over "
    "seeds 0 to 2, and leave no cluster empty. (L_sp alone falls with beta, whatever that does to "
    "the reconstruction.) By the same sum, layers of 200, 200 and 500 units were preferred to 64, "
    "64 and 128. Lambda is the paper's, the batch size the one of its Table 13 for pendigits, the "
    "set most like this one; the epochs are what a short wait allows. MIXAE's settings are first "
    "guesses and not the end of a search; its cross-entropy was taken over the squared error after "
    "the scores of a trial of each had been seen. DAMIC's are a first guess too, less a layer and "
    "a third of its epochs, which made the wait longer; no other was tried. Of the Gumbel-Softmax "
    "model's weights of the Gaussian term 1, 1.25, 1.5, 2 and 5, with the paper's 100 epochs of "
    "annealing cut to a third like its training, 2 leaves the most information between image and "
    "cluster. The settings of DEC, IDEC, DCN, DKM, VaDE, VIB-GMM and GMVAE are their recipes', "
    "their epochs what a short wait allows; no others were tried. DLGMM's are its recipe's, with a "
    "cross-entropy and fewer epochs. ClusterGAN takes minutes, and is left out."
)
CRITERION = "reconstruction"  # by which one of the runs is shown

MINUTES = ("clustergan",)  # what takes them
# What differs from the recipes, by their names.
_CHANGES = {
    "aecm": {"pretraining": {"epochs": 50, "clustering_epochs": 50}},
    "dec": {"pretraining": {"epochs": 20, "layer_epochs": 10}, "epochs": 50},
    "idec": {"pretraining": {"epochs": 20, "layer_epochs": 10}, "epochs": 50},
    "vade": {
        "settings": {"reconstruction_loss": "cross_entropy"},
        "pretraining": {"epochs": 20, "layer_epochs": 10},
        "epochs": 30,
    },
    "vibgmm": {
        "settings": {"reconstruction_loss": "cross_entropy"},
        "epochs": 50,
        "callbacks": {"AnnealDivergence": {"epochs": 25}},
    },
    "gmvae": {"settings": {"reconstruction_loss": "cross_entropy"}, "epochs": 30},
    "dcn": {"pretraining": {"epochs": 20, "layer_epochs": 10}, "epochs": 20},
    "dkm": {"pretraining": {"epochs": 20, "layer_epochs": 0}, "epochs": 30},
    "mixae": {"settings": {"reconstruction_loss": "cross_entropy", "assignment_units": ()}},
    "damic": {
        "settings": {"hidden_units": (128,)},
        "pretraining": {"epochs": 20},
        "epochs": 20,
    },
    "dlgmm": {"settings": {"reconstruction_loss": "cross_entropy"}, "epochs": 30},
    "gumbel": {
        "settings": {"reconstruction_loss": "cross_entropy"},
        "epochs": 100,
        "callbacks": {"AnnealTemperature": {"epochs": 33}},
    },
}


def recipes():
    """The recipes of the demo: those of all models that take seconds, with what is its own."""
    return [
        recipe.changed({"batch_size": 100}).changed(**_CHANGES.get(recipe.name, {}))
        for recipe in RECIPES.values()
        if recipe.name not in MINUTES
    ]


@dataclass(frozen=True, eq=False)
class Result:
    """All runs of a recipe.

    Args:
        recipe: what was trained.
        runs: list of `tfclust.selection.Run`, one a seed.
        histories: dict, seed -> the logs of its training: name -> value after each epoch.
        scores: dict, seed -> scores against the classes.
        seconds: of all the trainings.
    """

    recipe: Recipe
    runs: list[Run]
    histories: dict[int, dict[str, list[float]]]
    scores: dict[int, dict[str, float]]
    seconds: float

    @property
    def best(self) -> Run:
        """The run that is shown, chosen without labels: see `tfclust.selection.select`."""
        return select(self.runs, CRITERION)


def train(recipe, data, seeds):
    """Trains a recipe on `data` once for each seed, with a progress bar; returns a `Result`."""
    start = time.perf_counter()
    models = [recipe.build(data.n_classes, seed) for seed in seeds]
    before = [recipe.pretraining_stages(model, len(data.x)).values() for model in models]
    epochs = sum(map(sum, before)) + len(models) * recipe.total_epochs()
    with tqdm(total=epochs, desc=recipe.model, unit="epoch") as bar:
        histories = [_fit(recipe, model, data, bar) for model in models]
    seconds = time.perf_counter() - start
    runs = measure(models, data.x)
    return Result(
        recipe=recipe,
        runs=runs,
        histories={run.seed: logs for run, logs in zip(runs, histories, strict=True)},
        scores={run.seed: evaluate(data.y, run.labels) for run in runs},
        seconds=seconds,
    )


def _fit(recipe, model, data, bar):
    """The logs of a training, which moves a bar on that it shares."""

    def progress(what, stages):
        return contextlib.nullcontext(ProgressBar(bar))

    return recipe.fit(model, data.x, progress=progress).history
