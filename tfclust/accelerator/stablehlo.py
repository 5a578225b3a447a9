"""StableHLO that TensorFlow lowered, as a function of JAX.

The one file that reaches into JAX's own parts, `jax._src`, as JAX has no public way to call a
module of StableHLO. What is made here is exported by `jax.export`, and runs without it.
"""

import hashlib
import re

from jax._src import core
from jax._src.interpreters import mlir
from jax._src.lib.mlir import ir
from jax._src.lib.mlir.dialects import func

MAIN = '"main"'
PRODUCTS = ("stablehlo.dot", "stablehlo.dot_general", "stablehlo.convolution")


def as_function(code, outputs):
    """A function of arrays -> list of arrays, for `jax.jit` and what is within it.

    Args:
        code: bytes or text of a module of StableHLO.
        outputs: `jax.ShapeDtypeStruct` of each result.

    Known limits: it has no derivative and cannot be mapped by `jax.vmap`.
    """
    primitive = core.Primitive(f"program_{hashlib.sha256(code.encode()).hexdigest()[:16]}")
    primitive.multiple_results = True
    primitive.def_abstract_eval(
        lambda *_: [core.ShapedArray(output.shape, output.dtype) for output in outputs]
    )

    def lower(context, *arguments):
        module = ir.Module.parse(code)
        main = _main(module)
        types = [ir.Type.parse(str(kind)) for kind in _signature(main).results]
        main.attributes["sym_visibility"] = ir.StringAttr.get("private")
        merged = context.module_context
        name = mlir.merge_mlir_modules(
            merged.module, primitive.name, module, dst_symtab=merged.symbol_table
        )
        return func.CallOp(types, ir.FlatSymbolRefAttr.get(name), arguments).results

    mlir.register_lowering(primitive, lower)
    return primitive.bind


def canonical(code):
    """A module's text without what differs between two tracings of one step, and its aliases.

    Args:
        code: bytes of a serialized module of StableHLO, as TensorFlow gives it.

    Returns:
        Its text, in which functions are named after their place and nothing tells of the source;
        and a dict, index of a result -> index of the argument whose new value it is.
    """
    with mlir.make_ir_context():
        module = ir.Module.parse(code)
        aliases = _aliases(module)
        for name in list(module.operation.attributes):
            del module.operation.attributes[_name(name)]
        main = _main(module)
        if "arg_attrs" in main.attributes:
            del main.attributes["arg_attrs"]
        _for_any_device(module)
        text = module.operation.get_asm(enable_debug_info=False)
    names = {}

    def renamed(match):
        name = match.group(1)
        return f"@{names.setdefault(name, name if name == 'main' else f'f{len(names)}')}"

    return re.sub(r"@([\w.$-]+)", renamed, text), aliases


def _main(module):
    return next(op for op in module.body.operations if str(op.attributes["sym_name"]) == MAIN)


def _for_any_device(module):
    """Takes out what TensorFlow adds to StableHLO, and keeps float32's digits in products.

    By default a TPU multiplies in bfloat16, and a recent GPU with ten bits of a mantissa.
    """
    whole = ", ".join(2 * ["#stablehlo<precision HIGHEST>"])
    copies = []

    def visit(operation):
        if operation.name == "mhlo.copy":
            copies.append(operation)
        elif operation.name in PRODUCTS and _is_float32(operation.operands[0]):
            operation.attributes["precision_config"] = ir.Attribute.parse(f"[{whole}]")
        return ir.WalkResult.ADVANCE

    module.operation.walk(visit)
    for copy in copies:
        copy.results[0].replace_all_uses_with(copy.operands[0])
        copy.erase()


def _is_float32(value):
    return isinstance(ir.RankedTensorType(value.type).element_type, ir.F32Type)


def _signature(function):
    return ir.FunctionType(ir.TypeAttr(function.attributes["function_type"]).value)


def _name(attribute):
    return attribute if isinstance(attribute, str) else attribute.name


def _aliases(module):
    text = str(module.operation.attributes["mhlo.input_output_alias"])
    pairs = re.findall(r"parameter_number = (\d+).*?output_index = array<i64: (\d+)>", text)
    return {int(output): int(argument) for argument, output in pairs}
