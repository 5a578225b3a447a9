"""What a model's class writes is what `ClusteringModel` lists."""

import inspect
import re

import pytest

from tfclust import models
from tfclust.models import ClusteringModel, ObjectiveModel
from tfclust.models.fed_model import FedModel

BASES = (ClusteringModel, ObjectiveModel, FedModel)
MODELS = sorted(set(models.__all__) - {base.__name__ for base in BASES})


def is_private(name):
    return name.startswith("_") and not name.endswith("__")


@pytest.mark.parametrize("name", MODELS)
def test_no_model_overrides_a_private_name_of_its_base(name):
    own = {
        name
        for cls in inspect.getmro(getattr(models, name))
        if cls.__module__.startswith("tfclust") and cls not in BASES
        for name in vars(cls)
    }
    private = {name for base in BASES for name in vars(base) if is_private(name)}
    assert not own & private


def test_every_name_of_the_contract_is_there():
    listed = re.findall(r"^    - ((?:`\w+.*?`(?:, )?)+)", ClusteringModel.__doc__, re.MULTILINE)
    names = {name for names in listed for name in re.findall(r"`(\w+)", names)}
    optional = {"pretrain", "generate_batch"}
    assert len(names) > 15
    assert all(hasattr(ClusteringModel, name) for name in names - optional)


def test_the_batch_size_of_validation_is_the_one_that_is_given(rows):
    model, sizes = models.CM(3, batch_size=8, seed=0), []
    model.compile(run_eagerly=True)
    objective = model.objective

    def recorded(x, training=False):
        sizes.append((training, len(x)))
        return objective(x, training)

    model.objective = recorded
    held_out = {"validation_split": 0.3, "verbose": 0}  # 12 of 37 rows
    model.fit(rows, batch_size=10, validation_batch_size=7, **held_out)
    assert sizes == [(True, 10), (True, 10), (True, 5), (False, 7), (False, 5)]
    sizes.clear()
    model.fit(rows, batch_size=10, **held_out)
    assert sizes[3:] == [(False, 10), (False, 2)]
