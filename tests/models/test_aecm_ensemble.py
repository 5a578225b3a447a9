from typing import ClassVar

from battery import ClusteringModelBattery
from centroid_battery import ConcentrationBattery
from ensemble_battery import EnsembleBattery

from tfclust.models import AECMEnsemble


class TestAECMEnsemble(EnsembleBattery, ClusteringModelBattery, ConcentrationBattery):
    model_class = AECMEnsemble
    kwargs: ClassVar = {
        "seeds": (0, 5),
        "n_clusters": 3,
        "embedding_dim": 4,
        "hidden_units": (7,),
        "alpha": 5.0,
        "beta": 0.5,
        "lbd": 0.1,
    }
    lanes = (2,)
    needs_weights: ClassVar = {"members": (), "centroids": (), "restart": ()}

    def build_seeded(self, seed, **changes):
        return self.build(seeds=(seed, seed + 1), **changes)

    def test_it_pays_for_small_layers_alone(self):
        assert AECMEnsemble.pays({"hidden_units": ()})
        assert AECMEnsemble.pays({"hidden_units": (20, 20, 20)})
        assert not AECMEnsemble.pays({"hidden_units": (500, 500, 2000)})
        assert not AECMEnsemble.pays({})
