"""The search spaces of the models: a model joins by one entry.

Boubekki et al. (2021) name what they searched (appendices 1 and 3) and print what they found
(Tables 12 and 13), not where they searched; Zhang et al. (2017) print neither. The ranges here are
readings: they hold all printed values, with room at both ends.
"""

from tfclust.tuning.choice import Choice
from tfclust.tuning.range import Range
from tfclust.tuning.search_space import SearchSpace

ALPHA = Range("alpha", 1.0, 1000.0, log=True)  # printed: 2 to 1000
BATCH_SIZE = Range("batch_size", 32, 512, log=True, whole=True)  # printed: 35 to 500


def _rebalancing(settings):
    """MIXAE's schedules: alpha and beta start at their upper bounds; the rate falls as printed."""
    import keras

    from tfclust.callbacks import RebalanceEntropyWeights

    rate = settings.get("learning_rate", 1e-3)
    bounds = (0.0, settings.get("alpha", 1.0)), (0.0, settings.get("beta", 100.0))
    return (
        RebalanceEntropyWeights(*bounds),
        keras.callbacks.LearningRateScheduler(lambda epoch: rate * 0.9 ** (epoch // 10)),
    )


def _annealing(settings):
    """The Gumbel-Softmax model's temperature; over a third of the epochs, as in the paper."""
    from tfclust.callbacks import AnnealTemperature

    return (AnnealTemperature(epochs=33),)


SPACES = {
    "cm": SearchSpace(
        model="CM",
        parameters=(ALPHA, BATCH_SIZE),
        epochs=150,
        averages=True,
        ensemble="CMEnsemble",
    ),
    "aecm": SearchSpace(
        model="AECM",
        parameters=(
            ALPHA,
            Range("beta", 0.03, 300.0, log=True),  # printed: 0.5 to 232; the authors' code: 0.04
            Range("lbd", 0.01, 10.0, log=True),  # printed: 1 everywhere
            BATCH_SIZE,
            Range("embedding_dim", 10, 100, log=True, whole=True),  # printed: 10 and 100
        ),
        epochs=150,
        averages=True,
        ensemble="AECMEnsemble",
    ),
    "mixae": SearchSpace(
        model="MIXAE",
        parameters=(
            Range("alpha", 0.01, 10.0, log=True),
            Range("beta", 1.0, 1000.0, log=True),
            Range("learning_rate", 1e-4, 1e-2, log=True),  # printed: 1e-3
        ),
        epochs=100,
        callbacks=_rebalancing,
    ),
    "damic": SearchSpace(
        model="DAMIC",
        parameters=(  # printed: (1024, 256) and (512, 512), for all data
            Choice("hidden_units", ((128, 64), (512, 128), (1024, 256))),
            Choice("gate_units", ((64, 64), (256, 256), (512, 512))),
        ),
        epochs=50,
        pretraining={"epochs": 50},
    ),
    "gumbel": SearchSpace(
        model="GumbelSoftmaxVAE",
        parameters=(
            Range("gaussian_weight", 0.5, 50.0, log=True),  # printed: 5
            Range("latent_dim", 10, 200, log=True, whole=True),  # printed: 50 and 150
            Range("feature_dim", 25, 200, log=True, whole=True),  # printed: 100
        ),
        epochs=100,
        callbacks=_annealing,
    ),
}


def space_of(model):
    """The registered space of a model.

    Args:
        model: name of an entry, or a class or its name.

    Raises:
        ValueError: there is none; lists those there are.
    """
    name = getattr(model, "__name__", model)
    for key, space in SPACES.items():
        if name in (key, space.model):
            return space
    raise ValueError(
        f"`model` must have a search space: {', '.join(SPACES)}. Received: model={model!r}"
    )
