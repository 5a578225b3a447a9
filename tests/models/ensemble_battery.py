"""What every ensemble must pass besides."""

import numpy as np
import pytest
from battery import BATCH_SIZE, compiled

from tfclust.callbacks import AveragingEpoch, LossNotFinite


class EnsembleBattery:
    """Tests to mix in to a `ClusteringModelBattery`, before it."""

    def test_each_member_predicts_what_the_ensemble_does(self, trained, rows):
        memberships, assigned = trained.predict(rows, verbose=0), trained.assign(rows)
        for lane, member in enumerate(trained.members()):
            expected = member.predict(rows, verbose=0)
            np.testing.assert_allclose(memberships[:, lane], expected, atol=1e-6)
            np.testing.assert_array_equal(assigned[:, lane], member.assign(rows))
            np.testing.assert_allclose(trained.centroids()[lane], member.centroids(), atol=1e-6)

    def test_at_once_each_member_goes_the_way_that_it_would_go_alone(self, rows):
        ensemble = self.make()
        ensemble.fit_at_once(rows, epochs=2)
        for seed, member in zip(ensemble.seeds, ensemble.members(), strict=True):
            settings = {name: v for name, v in self.kwargs.items() if name != "seeds"}
            alone = compiled(self.model_class.MEMBER(batch_size=BATCH_SIZE, seed=seed, **settings))
            alone.fit(rows, epochs=3, verbose=0, callbacks=[AveragingEpoch()])
            for weight, expected in zip(member.get_weights(), alone.get_weights(), strict=True):
                np.testing.assert_allclose(weight, expected, rtol=1e-4, atol=1e-5)

    def test_restarted_with_another_number_it_is_a_new_ensemble_of_it(self, rows):
        restarted, new = self.make(), self.make(alpha=9.0)
        restarted.fit_at_once(rows, epochs=1)
        program = restarted._program
        restarted.restart(alpha=9.0)
        for ensemble in (restarted, new):
            ensemble.fit_at_once(rows, epochs=1)
        assert restarted._program is program
        assert restarted.get_config()["alpha"] == 9.0
        for weight, expected in zip(restarted.get_weights(), new.get_weights(), strict=True):
            np.testing.assert_array_equal(weight, expected)

    def test_what_only_a_new_program_could_change_is_refused(self, trained):
        with pytest.raises(ValueError, match=r"among alpha.*Received: batch_size"):
            trained.restart(batch_size=4)
        with pytest.raises(ValueError, match=r"`alpha` must be positive.*Received: "):
            trained.restart(alpha=-1.0)

    def test_at_once_a_member_that_diverges_is_told(self, rows):
        ensemble = self.make()
        ensemble.build((None, rows.shape[1]))
        ensemble.set_weights([np.full_like(weight, np.nan) for weight in ensemble.get_weights()])
        with pytest.raises(LossNotFinite, match=r"must stay finite.*after epoch 1") as error:
            ensemble.fit_at_once(rows, epochs=1)
        assert error.value.epoch == 1
