"""When XLA compiles a training."""

import inspect

import keras
import pytest
from tiny_models import tiny_model

from tfclust.models import CM, objective_model


@pytest.fixture
def model(monkeypatch):
    monkeypatch.setattr(objective_model, "STEPS_WORTH_COMPILING", 6)
    model = tiny_model("CM", batch_size=8)
    model.compile()
    return model


def test_a_fit_is_compiled_where_it_has_steps_enough_and_nothing_else_is(rows, model, tmp_path):
    whole_batches = rows[:32]  # XLA compiles each size of them
    model.fit(whole_batches, epochs=1, verbose=0)
    assert not model.trains_with_xla
    model.fit(whole_batches, epochs=2, verbose=0)
    assert model.trains_with_xla
    assert not model.jit_compile  # of predict and evaluate
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert not loaded.trains_with_xla
    loaded.fit(whole_batches, epochs=2, initial_epoch=1, verbose=0)
    assert loaded.trains_with_xla  # by all epochs, not those left


@pytest.mark.parametrize("jit_compile", [True, False])
def test_what_a_user_says_is_done_and_saved(model, jit_compile):
    model.compile(jit_compile=jit_compile)
    assert model.jit_compile is model.trains_with_xla is jit_compile
    assert model.get_compile_config()["jit_compile"] is jit_compile


def test_fewer_steps_pay_for_the_compiler_where_there_are_millions_of_weights():
    model = CM(2, seed=0)
    model.build((None, 250_000))
    assert model.pays_for_xla(10_000)
    assert not model.pays_for_xla(8_000)
    assert CM(2, seed=0, dtype="mixed_bfloat16").pays_for_xla(10**9) is False


@pytest.mark.parametrize("method", ["compile", "fit", "evaluate", "predict"])
def test_arguments_come_in_the_order_of_keras(method):
    ours, theirs = (inspect.signature(getattr(kind, method)) for kind in (CM, keras.Model))
    assert list(ours.parameters) == list(theirs.parameters)


@pytest.mark.parametrize("name", ["loss", "loss_weights"])
def test_a_loss_of_another_kind_is_refused(name):
    with pytest.raises(ValueError, match=f"`{name}` must be None: .*Received: {name}=mse"):
        CM(2).compile(**{name: "mse"})


def test_without_graphs_there_is_no_xla(rows, model):
    model.compile(run_eagerly=True)
    model.fit(rows, epochs=2, verbose=0)
    assert not model.trains_with_xla
