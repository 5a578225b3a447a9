import numpy as np
import pytest
from tiny_models import SETTINGS, tiny_model

from tfclust.datasets.synthetic import five_gaussians
from tfclust.models import CMEnsemble
from tfclust.pretraining import kmeans
from tfclust.randomness import LARGEST_SEED, check_seed, drawn_seed, layer_seeds, run_seeds

NO_SEEDS = [-1, 2**32, 2**64, 1.0, 1.5, True, "1", [1], np.float32(1.0)]


@pytest.mark.parametrize("seed", [0, LARGEST_SEED, np.int64(7), np.uint32(LARGEST_SEED)])
def test_integers_of_32_bits_of_any_kind_are_seeds(seed):
    assert check_seed(seed) == drawn_seed(seed) == int(seed)
    assert type(check_seed(seed)) is int


@pytest.mark.parametrize("seed", NO_SEEDS)
def test_what_is_no_seed_is_refused_wherever_seeds_come_in(rows, seed):
    for takes in (
        check_seed,
        drawn_seed,
        lambda seed: tiny_model("CM", seed=seed),
        lambda seed: CMEnsemble((0, seed), 3),
        lambda seed: kmeans(rows, 3, seed),
        lambda seed: five_gaussians(10, seed),
    ):
        with pytest.raises(
            ValueError, match=r"`seed` must be an integer from 0 to 4294967295.*Rec"
        ):
            takes(seed)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_model_of_the_largest_seed_trains_and_starts(rows, name):
    model = tiny_model(name, seed=LARGEST_SEED)
    x = rows.clip(0.0, 1.0)
    if hasattr(model, "pretrain"):
        model.pretrain(x, **({} if name == "CM" else {"epochs": 1, "verbose": 0}))
    assert np.isfinite(model.fit(x, verbose=0).history["loss"]).all()
    if name == "GumbelSoftmaxVAE":
        assert model.generate(0, n=2, seed=LARGEST_SEED).shape == (2, 6)


def test_without_a_seed_one_is_drawn():
    assert check_seed(drawn_seed(None)) != drawn_seed(None)


def test_seeds_of_layers_differ_and_follow_from_one():
    assert layer_seeds(3, 4) == layer_seeds(3, 4)
    assert len({*layer_seeds(3, 4), *layer_seeds(4, 4)}) == 8
    assert layer_seeds(None, 2) == [None, None]


def test_seeds_of_runs_are_no_others_and_stay_within_32_bits():
    assert run_seeds(0, 3) == (0, 1, 2)
    assert run_seeds(1, 3) == (3, 4, 5)
    assert run_seeds(LARGEST_SEED, 1) == (LARGEST_SEED,)
    with pytest.raises(ValueError, match=r"`seed` must be an integer from 0 to 1431655764.*Rec"):
        run_seeds(2**32 // 3, 3)
