"""A Keras training step as a program that any PJRT device runs."""

import contextlib

import jax
import jax.export
import keras
import numpy as np
import tensorflow as tf

from tfclust.accelerator.stablehlo import as_function, canonical
from tfclust.layers.convolution_kernels import portable_kernels

SEED = "seed"  # name in the state of the model's seed, which a step's draws follow from


def named_variables(model):
    """All that a step may read or change: a dict, name -> Keras variable.

    Names are places among the model's own, its optimizers' and its metrics' variables: other than
    Keras's paths they are the same for another model of the kind.
    """
    others = [own for own in vars(model).values() if isinstance(own, keras.optimizers.Optimizer)]
    groups = {
        "weight": model.weights,
        "optimizer": model.optimizer.variables,
        "other optimizer": [variable for other in others for variable in other.variables],
        "metric": model.metrics_variables,
    }
    names, seen = {}, set()
    for group, variables in groups.items():
        for i, variable in enumerate(variables):
            if id(variable) not in seen:
                seen.add(id(variable))
                names[f"{group} {i:03}"] = variable
    return names


def seed_value(model):
    """The seed of a model's draws as a step takes it, or None where the model has none."""
    seed = getattr(model, "seed", None)
    if seed is None or not hasattr(model, "objective"):
        return None
    return np.asarray(seed, dtype="int32" if seed < 2**31 else "int64")  # as TensorFlow converts it


def lower_step(model, batch, state, repeat=False):
    """The step of `model.train_step` on a batch, serialized by `jax.export`.

    The program is a function `(batch, state) -> (logs, state)` of a tuple of arrays and dicts of
    arrays. It holds no weights, no seed and no name of a layer, so two models that differ in these
    alone have one program. It is for CPUs, GPUs and TPUs alike.

    Args:
        model: Keras model, built and compiled.
        batch: list of `jax.ShapeDtypeStruct`, the arrays of a batch.
        state: dict, name -> array, as `named_variables` names them, and the seed.
        repeat: whether the one array of a batch is also its targets.

    Returns:
        bytes.

    Raises:
        ValueError: the step cannot be lowered; the message says why.
    """
    seeds = [tf.constant(state[SEED])] if SEED in state else []
    examples = [tf.zeros(array.shape, array.dtype) for array in batch]

    @tf.function(jit_compile=True, autograph=False)
    def step(seeds, batch):
        with _seeded(model, seeds), portable_kernels():
            return model.train_step(tuple(batch) * 2 if repeat else tuple(batch))

    concrete = step.get_concrete_function(
        [tf.TensorSpec.from_tensor(seed) for seed in seeds],
        [tf.TensorSpec.from_tensor(example) for example in examples],
    )
    try:
        module = step.experimental_get_compiler_ir(seeds, examples)(stage="stablehlo_serialized")
    except tf.errors.OpError as error:
        raise ValueError(
            "A training step must consist of operations that XLA compiles. "
            f"Received: {type(model).__name__}, of which TensorFlow says: {error.message}"
        ) from error
    code, aliases = canonical(module)
    names = sorted(concrete.structured_outputs)
    captured = _captured(model, concrete)
    first = len(seeds) + len(batch)
    changed = {output: captured[argument - first] for output, argument in aliases.items()}
    if not all(isinstance(name, str) for name in changed.values()):
        raise ValueError(
            "A training step must change the variables of its model, optimizer and metrics alone. "
            f"Received: {type(model).__name__}, whose step changes another"
        )
    kinds = [_kind(concrete.structured_outputs[name]) for name in names]
    kinds += [_kind(state[changed[output]]) for output in sorted(changed)]
    if sorted(changed) != list(range(len(names), len(kinds))):
        raise ValueError(
            "A training step must give scalar logs that follow from the batch. "
            f"Received: {type(model).__name__} with the logs {names}"
        )
    call = as_function(code, kinds)

    def program(batch, state):
        seeds = [state[SEED]] if SEED in state else []
        read = (state[one] if isinstance(one, str) else one for one in captured)
        results = call(*seeds, *batch, *read)
        logs = dict(zip(names, results, strict=False))
        return logs, {**state, **{name: results[i] for i, name in changed.items()}}

    # The program holds nothing of a platform, so one lowering serves all of them.
    check = jax.export.DisabledSafetyCheck.platform()
    with jax.enable_x64(True):
        exported = jax.export.export(jax.jit(program), platforms=["cpu"], disabled_checks=[check])(
            tuple(batch), {name: _kind(value) for name, value in state.items()}
        )
        return bytes(exported.serialize())


@contextlib.contextmanager
def _seeded(model, seeds):
    """Within it, the model's seed is an input of the step and no constant in it."""
    if not seeds:
        yield
        return
    own, model.seed = model.seed, seeds[0]
    try:
        yield
    finally:
        model.seed = own


def _captured(model, concrete):
    """What a traced step takes after its arguments, in its order: names in the state, or values.

    The value is of a variable that is none of the model's, such as a number that an ensemble reads
    anew: to a program it is a constant.
    """
    taken = {id(variable.handle): np.asarray(variable) for variable in concrete.variables}
    taken |= {id(v.value.handle): name for name, v in named_variables(model).items()}
    captured = [taken.get(id(handle)) for handle in concrete.captured_inputs]
    strange = [h for h, one in zip(concrete.captured_inputs, captured, strict=True) if one is None]
    if strange:
        raise ValueError(
            "A training step must read variables, and no other tensors than its batch. "
            f"Received: {type(model).__name__}, whose step also uses {strange[0]!r}"
        )
    return captured


def _kind(value):
    return jax.ShapeDtypeStruct(tuple(value.shape), _dtype(value.dtype))


def _dtype(dtype):
    return dtype.as_numpy_dtype if isinstance(dtype, tf.DType) else dtype
