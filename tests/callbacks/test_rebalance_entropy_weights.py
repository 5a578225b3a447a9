import numpy as np
import pytest

from tfclust.callbacks import RebalanceEntropyWeights
from tfclust.models import MIXAE

WIDE = (0.0, 1e9)


def make():
    model = MIXAE(3, embedding_dim=2, hidden_units=(8,), alpha=2.0, beta=5.0, batch_size=8, seed=0)
    model.compile(jit_compile=False)
    return model


def test_terms_of_the_last_epoch_would_have_been_equal(rows):
    model = make()
    logs = model.fit(rows, verbose=0, callbacks=[RebalanceEntropyWeights(WIDE, WIDE)]).history
    error = logs["reconstruction"][0]
    np.testing.assert_allclose(model.alpha * logs["unweighted_sample_entropy"][0], error, rtol=1e-5)
    np.testing.assert_allclose(model.beta * logs["unweighted_batch_entropy"][0], error, rtol=1e-5)


def test_weights_stay_within_their_bounds(rows):
    model = make()
    model.fit(rows, verbose=0, callbacks=[RebalanceEntropyWeights((0.0, 1e-3), (50.0, 60.0))])
    assert float(model.alpha) == pytest.approx(1e-3)
    assert float(model.beta) == 50.0


@pytest.mark.parametrize(
    ("entropies", "weights"), [((0.0, 1.0), (7.0, 1.0)), ((1.0, 0.0), (1.0, 9.0))]
)
def test_an_entropy_of_0_sets_the_upper_bound(entropies, weights):
    model, callback = make(), RebalanceEntropyWeights((0.0, 7.0), (0.0, 9.0))
    callback.set_model(model)
    model.build((None, 6))
    names = ("unweighted_sample_entropy", "unweighted_batch_entropy")
    callback.on_epoch_end(0, {"reconstruction": 1.0, **dict(zip(names, entropies, strict=True))})
    assert (float(model.alpha), float(model.beta)) == weights


def test_bounds_of_none_end_at_what_the_model_was_built_with():
    model, callback = make(), RebalanceEntropyWeights(None, None)
    callback.set_model(model)
    model.alpha.assign(0.3)  # as a checkpoint may
    names = ("reconstruction", "unweighted_sample_entropy", "unweighted_batch_entropy")
    callback.on_epoch_end(0, dict(zip(names, (1.0, 0.0, 0.0), strict=True)))
    assert (float(model.alpha), float(model.beta)) == (2.0, 5.0)


def test_logs_tell_the_weights_that_an_epoch_had(rows):
    callback = RebalanceEntropyWeights((0.5, 0.5), (4.0, 4.0))
    logs = make().fit(rows, epochs=3, verbose=0, callbacks=[callback]).history
    assert logs["alpha"] == [2.0, 0.5, 0.5]
    assert logs["beta"] == [5.0, 4.0, 4.0]


def test_beta_keeps_its_share_which_decays(rows):
    model, callback = make(), RebalanceEntropyWeights(WIDE, WIDE, beta_factor=3.0, beta_decay=0.5)
    logs = model.fit(rows, epochs=2, verbose=0, callbacks=[callback]).history
    entropy, error = logs["unweighted_batch_entropy"], logs["reconstruction"]
    assert logs["beta"][1] * entropy[0] == pytest.approx(1.5 * error[0])
    assert float(model.beta) * entropy[1] == pytest.approx(0.75 * error[1])


@pytest.mark.parametrize(("name", "value"), [("beta_factor", -1.0), ("beta_decay", 0.0)])
def test_a_bad_factor_or_decay_is_refused(name, value):
    with pytest.raises(ValueError, match=rf"`{name}` must be .*Received: {name}"):
        RebalanceEntropyWeights(**{name: value})


@pytest.mark.parametrize("bounds", [(1.0, 0.5), (-1.0, 1.0), (1.0,), 3.0, (0.0, np.inf)])
def test_bad_bounds_are_refused(bounds):
    with pytest.raises(ValueError, match=r"`alpha_bounds` must be .*Received: alpha_bounds"):
        RebalanceEntropyWeights(alpha_bounds=bounds)
