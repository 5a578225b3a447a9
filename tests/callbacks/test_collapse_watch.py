import warnings

import keras
import numpy as np
import pytest

from tfclust.callbacks import CollapseWatch
from tfclust.metrics import Occupancy
from tfclust.models import CM, CMEnsemble


def dying(rows, **kwargs):
    """A CM that assigns all rows to its first cluster, and stays so."""
    model = CM(3, batch_size=8, seed=0, **kwargs)
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    model.build((None, rows.shape[1]))
    kernel, _ = model.assignment.get_weights()
    model.assignment.set_weights([np.zeros_like(kernel), np.array([4.0, 0.0, 0.0], "float32")])
    return model


@pytest.mark.filterwarnings("ignore:Epoch 1 assigned no sample")
def test_logs_tell_how_the_clusters_are_used(rows):
    model = CM(3, batch_size=8, seed=0)
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    logs = model.fit(rows, verbose=0, callbacks=[CollapseWatch()], validation_data=rows).history
    memberships = model.predict(rows, verbose=0)
    sizes = np.bincount(memberships.argmax(axis=1), minlength=3)
    entropy = -(memberships * np.log(memberships)).sum(axis=1).mean()
    for prefix in ("", "val_"):
        assert logs[f"{prefix}occupied_clusters"] == [(sizes > 0).sum()]
        np.testing.assert_allclose(logs[f"{prefix}smallest_cluster"], sizes.min() / 37)
        np.testing.assert_allclose(logs[f"{prefix}assignment_entropy"], entropy, rtol=1e-5)


def test_a_warning_names_the_empty_clusters_once(rows):
    model = dying(rows)
    with pytest.warns(UserWarning, match=r"Epoch 1 .*2 of 3 clusters: 1, 2") as warned:
        model.fit(rows, epochs=3, verbose=0, callbacks=[CollapseWatch()])
    assert len(warned) == 1


def test_validation_data_are_not_taken_for_the_epochs(rows):
    model = CM(3, batch_size=8, seed=0)
    model.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    model.build((None, rows.shape[1]))
    used = np.unique(model.assign(rows))
    unused = sorted({0, 1, 2} - set(used.tolist()))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        watch = CollapseWatch()
        model.fit(rows, epochs=2, verbose=0, callbacks=[watch], validation_data=rows[:1])
    named = [str(each.message) for each in warned if "assigned no sample" in str(each.message)]
    assert [text.split(": ")[1] for text in named] == [
        ", ".join(map(str, unused)) for _ in range(bool(unused))
    ]


def test_patience_keeps_quiet_at_the_start(rows):
    with pytest.warns(UserWarning, match=r"Epoch 3 "):
        dying(rows).fit(rows, epochs=3, verbose=0, callbacks=[CollapseWatch(patience=2)])
    with pytest.raises(ValueError, match=r"`patience` must be.*Received: patience=-1"):
        CollapseWatch(patience=-1)


def test_without_it_the_logs_are_as_they_were(rows):
    logs = dying(rows).fit(rows, verbose=0).history
    assert set(logs) == {"loss", *CM.TERMS}


def test_models_side_by_side_are_counted_together(rows):
    ensemble = CMEnsemble(seeds=(0, 1), n_clusters=3, batch_size=8)
    ensemble.compile(jit_compile=False)
    watch = CollapseWatch()
    ensemble.fit(rows, verbose=0, callbacks=[watch])
    assert ensemble.watch_occupancy().sizes().sum() == 2 * 37


def test_occupancy_of_given_memberships():
    occupancy = Occupancy(3)
    assert [float(value) for value in occupancy.result().values()] == [0.0] * 3
    occupancy.update_state([[1.0, 0.0, 0.0], [0.6, 0.0, 0.4]])
    occupancy.update_state([[0.0, 0.0, 1.0]])
    np.testing.assert_array_equal(occupancy.sizes(), [2, 0, 1])
    result = {name: float(value) for name, value in occupancy.result().items()}
    entropy = -(0.6 * np.log(0.6) + 0.4 * np.log(0.4)) / 3
    assert result == pytest.approx(
        {"occupied_clusters": 2, "smallest_cluster": 0, "assignment_entropy": entropy}
    )
    assert Occupancy.from_config(occupancy.get_config()).n_clusters == 3
