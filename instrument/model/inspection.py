"""What an ONNX file may hold, looked at before ONNX Runtime sees a byte of it.

ONNX Runtime trusts a model: one of 72 bytes can take a gigabyte or never end, and a model loaded from memory reads
other files from the current folder. So only what our own exports need is let through: standard operators from a list,
all weights inside, no loops, branches or functions, inputs and outputs as the manifest says. An operator's shape never
depends on a value that is computed (see `SHAPE_INPUTS`), so one run at batch 1 shows what every later one will take;
that run is made in a process that can be stopped (`instrument.model.probe`).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from typing import Protocol

from instrument.core.manifest import Tensor
from instrument.errors import ModelError
from instrument.model.wire import Message, read_model
from instrument.text import printable

LARGEST_MODEL = 16 * 2**20
LARGEST_NUMBER = 2**16
"""In an operator's attributes and in the sizes it is given."""

LARGEST_SCALE = 64.0
MOST_NODES = 4096
OPSETS = range(13, 24)
STANDARD_DOMAINS = ("", "ai.onnx")

FLOAT, INT64 = 1, 7
ITEM_BYTES = {FLOAT: 4, 2: 1, 3: 1, 6: 4, INT64: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8}
"""Bytes per number, by onnx.TensorProto.DataType."""

ARITHMETIC = ("Abs", "Add", "Div", "Exp", "Floor", "Log", "Mul", "Neg", "Pow", "Reciprocal", "Sqrt", "Sub")
WAVES = ("Cos", "Sin")
DECISIONS = ("Cast", "Clip", "Greater", "Less", "Max", "Min", "Where")
ACTIVATIONS = ("Elu", "Erf", "Gelu", "HardSigmoid", "LeakyRelu", "PRelu", "Relu", "Sigmoid", "Softplus", "Tanh")
LAYERS = ("Conv", "ConvTranspose", "Gemm", "GlobalAveragePool", "MatMul")
NORMS = ("BatchNormalization", "GroupNormalization", "InstanceNormalization", "LayerNormalization")
SUMS = ("Softmax", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceSum", "ReduceSumSquare")
LAYOUTS = ("Concat", "Constant", "DepthToSpace", "Flatten", "Gather", "Identity", "Reshape", "Resize", "Slice", "Split")
AXES = ("Squeeze", "Transpose", "Unsqueeze")
OPERATORS = frozenset(ARITHMETIC + WAVES + DECISIONS + ACTIVATIONS + LAYERS + NORMS + SUMS + LAYOUTS + AXES)

SHAPE_INPUTS: dict[str, tuple[int, ...]] = {
    "ReduceL2": (1,),
    "ReduceMax": (1,),
    "ReduceMean": (1,),
    "ReduceSum": (1,),
    "ReduceSumSquare": (1,),
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "Squeeze": (1,),
    "Unsqueeze": (1,),
}
"""Inputs that decide a shape, by operator: they must be constants of the file."""


class Signature(Protocol):
    """What a file's net must take and give."""

    @property
    def inputs(self) -> tuple[Tensor, ...]: ...

    @property
    def outputs(self) -> tuple[Tensor, ...]: ...


def inspect_model(data: bytes, contract: Signature) -> dict[str, str]:
    """The file's metadata, if it may be loaded. Raises ModelError that says in a line what it holds and should not."""
    if len(data) > LARGEST_MODEL:
        raise ModelError(f"it has {len(data)} bytes; at most {LARGEST_MODEL} are read")
    if data[4:8] == b"ORTM":
        raise ModelError("it is not in the ONNX format")
    model = read_model(data)
    _check_operator_sets(model)
    graph = model.message("graph")
    _check_values("input", graph, contract.inputs)
    _check_values("output", graph, contract.outputs)
    _check_graph(graph)
    return {entry.text("key"): entry.text("value") for entry in model.messages("metadata_props")}


def _check_operator_sets(model: Message) -> None:
    for entry in model.messages("opset_import"):
        domain, version = entry.text("domain"), entry.number("version")
        if domain not in STANDARD_DOMAINS:
            raise ModelError(f'it needs operators of "{printable(domain, 40)}"')
        if version not in OPSETS:
            raise ModelError(f"it needs operator set {version}; {OPSETS[0]} to {OPSETS[-1]} are known")
    if not model.messages("opset_import") or not model.has("graph"):
        raise ModelError("it holds no net")


def _check_values(what: str, graph: Message, tensors: tuple[Tensor, ...]) -> None:
    """Inputs or outputs: exactly those of the contract, float32, [batch, *shape]."""
    found = {info.text("name"): info for info in graph.messages(what)}
    wanted = {tensor.name: tensor.shape for tensor in tensors}
    if found.keys() != wanted.keys() or len(graph.messages(what)) != len(wanted):
        raise ModelError(f"its {what}s are {_names(found)}, where the manifest says {_names(wanted)}")
    for name, info in found.items():
        tensor = info.message("type").message("tensor_type")
        batch, *shape = _dims(tensor.message("shape")) or [None]
        if tensor.number("elem_type") != FLOAT:
            raise ModelError(f'its {what} "{name}" is not float32')
        if batch not in (None, 1) or tuple(shape) != wanted[name]:
            raise ModelError(f'its {what} "{name}" has the shape {shape}, where the manifest says {list(wanted[name])}')


def _dims(shape: Message) -> list[int | None]:
    return [dim.number("dim_value") if dim.has("dim_value") else None for dim in shape.messages("dim")]


def _check_graph(graph: Message) -> None:
    nodes = graph.messages("node")
    if not 1 <= len(nodes) <= MOST_NODES:
        raise ModelError(f"it has {len(nodes)} operators; 1 to {MOST_NODES} are read")
    constants = {tensor.text("name"): tensor for tensor in graph.messages("initializer")}
    for tensor in graph.messages("initializer"):
        _check_tensor(tensor)
    names = [info.text("name") for info in graph.messages("input")] + [
        tensor.text("name") for tensor in graph.messages("initializer")
    ]
    for node in nodes:
        _check_operator(node)
        names += [name for name in node.texts("output") if name]
        if node.text("op_type") == "Constant":
            constants |= dict.fromkeys(node.texts("output"), _constant(node))
    if len(set(names)) != len(names):
        raise ModelError("two of its values share a name")
    for node in nodes:
        _check_shape_inputs(node, constants)


def _check_operator(node: Message) -> None:
    operator, domain = node.text("op_type"), node.text("domain")
    if domain not in STANDARD_DOMAINS or operator not in OPERATORS:
        where = f" of {printable(domain, 40)}" if domain else ""
        raise ModelError(f"it uses the operator {printable(operator, 40)}{where}, which is not on the list")
    for attribute in node.messages("attribute"):
        numbers = [attribute.number("i"), *attribute.numbers("ints")]
        if any(abs(number) > LARGEST_NUMBER for number in numbers):
            raise ModelError(f"{operator} has {printable(attribute.text('name'), 40)} beyond {LARGEST_NUMBER}")
        if attribute.has("t"):
            _check_tensor(attribute.message("t"))


def _check_tensor(tensor: Message) -> None:
    """Its bytes are in the file, and as many as its shape asks for."""
    name, dims = printable(tensor.text("name"), 40), tensor.numbers("dims")
    if tensor.number("data_location"):
        raise ModelError(f'the weights "{name}" lie outside its file')
    item = ITEM_BYTES.get(tensor.number("data_type"))
    if item is None:
        raise ModelError(f'the weights "{name}" have type {tensor.number("data_type")}')
    if len(dims) > 8 or any(not 0 <= dim <= LARGEST_MODEL for dim in dims):
        raise ModelError(f'the weights "{name}" have a shape that can\'t be')
    if math.prod(dims) * item != len(tensor.blob("raw_data")):
        raise ModelError(f'the weights "{name}" are not as many as their shape says')


def _constant(node: Message) -> Message:
    """What a Constant node holds, as a tensor. Other forms than a tensor decide no shape here."""
    for attribute in node.messages("attribute"):
        if attribute.text("name") == "value" and attribute.has("t"):
            return attribute.message("t")
    return Message()


def _check_shape_inputs(node: Message, constants: dict[str, Message]) -> None:
    operator, inputs = node.text("op_type"), node.texts("input")
    for place in SHAPE_INPUTS.get(operator, ()):
        name = inputs[place] if place < len(inputs) else ""
        if not name:
            continue
        if name not in constants:
            raise ModelError(f"{operator} takes its shape from a value that is computed")
        if operator == "Resize" and any(not abs(number) <= _most(constants[name]) for number in _read(constants[name])):
            raise ModelError("Resize asks for too large a size")


def _most(tensor: Message) -> float:
    return LARGEST_SCALE if tensor.number("data_type") == FLOAT else LARGEST_NUMBER


def _read(tensor: Message) -> list[float]:
    """The numbers of a float32 or int64 tensor."""
    code = {FLOAT: "f", INT64: "q"}.get(tensor.number("data_type"))
    if code is None:
        raise ModelError("a size is neither float32 nor int64")
    raw = tensor.blob("raw_data")
    return list(struct.unpack(f"<{len(raw) // struct.calcsize(code)}{code}", raw))


def _names(names: Iterable[str]) -> str:
    return ", ".join(printable(name, 40) for name in sorted(names)[:8]) or "none"
