"""What Keras finds by name in a saved file, before the modules that define it are imported.

Keras looks a class up in a registry that fills as modules are imported, and `import tfclust`
imports none. So names are entered for classes that are imported once a file asks for them: at once
where Keras is there, and as soon as it is where not.
"""

import importlib
import importlib.abc
import sys

PACKAGE = "tfclust"
SAVED = {  # module -> the classes that it registers
    "tfclust.augmentation": ("ImageAugmentation", "RowDropout", "RowNoise"),
    "tfclust.layers": (
        "BatchNormalization",
        "ParallelBatchNormalization",
        "ParallelConv2D",
        "ParallelConv2DTranspose",
        "ParallelDense",
        "ParallelReshape",
        "ParallelSequential",
        "QuadraticFeatures",
    ),
    "tfclust.layers.parallel_layer": ("StackedInitializer",),
    "tfclust.metrics": (
        "AdjustedRandIndex",
        "ClusteringAccuracy",
        "NormalizedMutualInformation",
        "Occupancy",
        "Purity",
    ),
    "tfclust.models.aecm_ensemble": ("AECMEnsemble",),
    "tfclust.models.cm_ensemble": ("CMEnsemble",),
    "tfclust.models.ensemble": ("MeanOfMembers",),
    "tfclust.models.objective_terms": ("ObjectiveTerms",),
    "tfclust.optimizers": ("FusedAdam", "FusedSGD", "LossScaling"),
}


class Deferred:
    """Stands in Keras's registry for a class whose module is not imported yet.

    Args:
        module, name: str, where the class is.
    """

    def __init__(self, module, name):
        self.module, self.name = module, name

    def from_config(self, config):
        """The object that `config` describes; importing its module replaces this entry."""
        return getattr(importlib.import_module(self.module), self.name).from_config(config)


def register(models):
    """Enters the names of `models` and `SAVED` in Keras's registry, now or once there is one.

    Args:
        models: sequence of str, names of classes of `tfclust.models`.
    """
    names = [Deferred("tfclust.models", name) for name in models]
    names += [Deferred(module, name) for module, own in SAVED.items() for name in own]
    if "keras" in sys.modules:
        _enter(sys.modules["keras"], names)
    else:
        sys.meta_path.insert(0, _KerasFinder(names))


def _enter(keras, names):
    registry = keras.saving.get_custom_objects()
    for entry in names:
        registry.setdefault(f"{PACKAGE}>{entry.name}", entry)


class _KerasFinder(importlib.abc.MetaPathFinder):
    """Finds Keras where Python finds it, and has the names entered after its import."""

    def __init__(self, names):
        self._names = names

    def find_spec(self, name, path=None, target=None):
        if name != "keras":
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            self._enter_after(spec.loader)
        return spec

    def _enter_after(self, loader):
        execute = loader.exec_module

        def execute_and_enter(module):
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            _enter(module, self._names)

        loader.exec_module = execute_and_enter
