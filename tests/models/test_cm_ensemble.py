from typing import ClassVar

import keras
import numpy as np
import pytest
from battery import BATCH_SIZE, ClusteringModelBattery, compiled
from centroid_battery import ConcentrationBattery
from ensemble_battery import EnsembleBattery

from tfclust.metrics import ClusteringAccuracy, clustering_accuracy
from tfclust.models import CM, CMEnsemble


class TestCMEnsemble(EnsembleBattery, ClusteringModelBattery, ConcentrationBattery):
    model_class = CMEnsemble
    kwargs: ClassVar = {"seeds": (0, 5), "n_clusters": 3, "alpha": 5.0}
    lanes = (2,)
    needs_weights: ClassVar = {
        "members": (),
        "centroids": (),
        "set_centroids": (np.zeros((2, 3, 6)),),
    }

    def build_seeded(self, seed, **changes):
        return self.build(seeds=(seed, seed + 1), **changes)

    @pytest.mark.parametrize("alpha", [5.0, (2.0, 9.0, 4.0)])
    def test_each_member_follows_the_run_that_it_would_be_alone(self, rows, alpha):
        changes = {"alpha": alpha, "term_weights": {"cross": 0.5}}
        ensemble = self.make(**changes)
        logs = ensemble.fit(rows, epochs=3, verbose=0).history
        members = ensemble.members()
        alone = [compiled(CM(3, batch_size=BATCH_SIZE, seed=seed, **changes)) for seed in (0, 5)]
        logs_alone = [model.fit(rows, epochs=3, verbose=0).history for model in alone]
        for member, model in zip(members, alone, strict=True):
            assert member.get_config() | {"name": ""} == model.get_config() | {"name": ""}
            for weight, expected in zip(member.get_weights(), model.get_weights(), strict=True):
                np.testing.assert_allclose(weight, expected, rtol=1e-4, atol=1e-5)
        for name, values in logs.items():
            expected = np.mean([one[name] for one in logs_alone], axis=0)
            np.testing.assert_allclose(values, expected, rtol=1e-4)

    def test_its_layers_and_weights_are_its_own(self, rows, trained):
        assert trained.layers == []
        assert {weight.shape[0] for weight in trained.trainable_weights} == {2}
        for lane, member in enumerate(trained.members()):
            expected = member.reconstruct(rows)
            np.testing.assert_allclose(trained.reconstruct(rows)[:, lane], expected, atol=1e-6)

    def test_given_centroids_start_the_members(self, rows):
        ensemble = self.build()
        ensemble.build((None, 6))
        given = np.random.default_rng(0).normal(size=(2, 3, 6))
        ensemble.set_centroids(given)
        for member, centroids in zip(ensemble.members(), given, strict=True):
            np.testing.assert_allclose(member.centroids(), centroids, rtol=1e-6)

    def test_a_metric_is_the_mean_over_the_members(self, rows, labels, tmp_path):
        model = self.build()
        model.compile(metrics=[ClusteringAccuracy(3)], jit_compile=False)
        logs = model.fit(rows, labels, validation_data=(rows, labels), verbose=0).history
        each = [clustering_accuracy(labels, m.assign(rows)) for m in model.members()]
        np.testing.assert_allclose(logs["val_acc"], [np.mean(each)], rtol=1e-6)
        assert 0.0 < logs["acc"][0] <= 1.0
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert loaded.evaluate(rows, labels, verbose=0) == model.evaluate(rows, labels, verbose=0)
        with pytest.raises(ValueError, match=r"`metrics` of an ensemble.*Received: 'accuracy'"):
            model.compile(metrics=["accuracy"])

    @pytest.mark.parametrize("seeds", [(), (1, 1), (-1, 0), (0.5,)])
    def test_bad_seeds_are_refused(self, seeds):
        with pytest.raises(ValueError, match=r"`seeds?` must be .*Received: seed"):
            self.build(seeds=seeds)
