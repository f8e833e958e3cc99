"""A corpus of hostile nets: all are refused before ONNX Runtime sees them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from instrument.errors import ModelError
from instrument.model import inspection
from instrument.model.inspection import inspect_model
from tests.model.nets import CONTRACT, LATENT, changed, info, small_net, weights

Change = Callable[[onnx.ModelProto], object]


def put_first(*nodes: onnx.NodeProto) -> Change:
    """The nodes before all others; whether their output is used doesn't matter, a runtime may fold them."""

    def change(model: onnx.ModelProto) -> None:
        rest = list(model.graph.node)
        del model.graph.node[:]
        model.graph.node.extend([*nodes, *rest])

    return change


def loop() -> onnx.NodeProto:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [info("i", [], TensorProto.INT64), info("go", [], TensorProto.BOOL)],
        [info("on", [], TensorProto.BOOL)],
    )
    return helper.make_node("Loop", ["", "go_on"], [], body=body)


def external(model: onnx.ModelProto, path: str = "../../secret") -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", path


def marked_external(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL


def function(model: onnx.ModelProto) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    model.functions.append(helper.make_function("own", "F", ["x"], ["y"], [node], [helper.make_opsetid("", 18)]))


def huge_weights(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [2**31, 2**31]


def negative_weights(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [-1, -9]


def resize(factor: float) -> Change:
    def change(model: onnx.ModelProto) -> None:
        model.graph.initializer.append(weights("far", np.array([1.0, factor], np.float32)))
        put_first(helper.make_node("Resize", ["z", "", "far"], ["big"], mode="nearest"))(model)

    return change


def resize_to(size: int) -> Change:
    def change(model: onnx.ModelProto) -> None:
        model.graph.initializer.append(weights("far", np.array([1, size], np.int64)))
        put_first(helper.make_node("Resize", ["z", "", "", "far"], ["big"], mode="nearest"))(model)

    return change


def computed_shape(model: onnx.ModelProto) -> None:
    cast = helper.make_node("Cast", ["z"], ["sizes_of_z"], to=TensorProto.INT64)
    put_first(cast, helper.make_node("Reshape", ["z", "sizes_of_z"], ["big"]))(model)


def constant_of_shape(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(weights("size", np.array([2**33], np.int64)))
    put_first(helper.make_node("ConstantOfShape", ["size"], ["big"]))(model)


def output_renamed(model: onnx.ModelProto) -> None:
    model.graph.node[-1].output[0] = model.graph.output[2].name = "extra"


def output_missing(model: onnx.ModelProto) -> None:
    del model.graph.output[2]


def output_wide(model: onnx.ModelProto) -> None:
    model.graph.output[0].type.tensor_type.shape.dim[3].dim_value = 9


def input_more(model: onnx.ModelProto) -> None:
    model.graph.input.append(info("tap", ["B", 16]))


def input_twice(model: onnx.ModelProto) -> None:
    model.graph.input.append(info("z", ["B", LATENT]))


def input_whole(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64


def input_batch_of_two(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2


def input_that_is_a_weight(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(weights("z", np.zeros((1, LATENT), np.float32)))


def value_twice(model: onnx.ModelProto) -> None:
    put_first(helper.make_node("Identity", ["z"], ["logits"]))(model)


def no_nodes(model: onnx.ModelProto) -> None:
    del model.graph.node[:]


def weights_as_floats(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(helper.make_tensor("more", TensorProto.FLOAT, [2], [0.0, 1.0]))


def weights_as_text(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(TensorProto(name="more", data_type=TensorProto.STRING, dims=[1]))


def long_name(model: onnx.ModelProto) -> None:
    model.graph.node[0].name = "x" * 100_000


def custom_domain(model: onnx.ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def unknown_set(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 99


def subgraph(model: onnx.ModelProto) -> None:
    branch = helper.make_graph([helper.make_node("Identity", ["z"], ["x"])], "b", [], [info("x", [1])])
    put_first(helper.make_node("If", ["yes"], ["x"], then_branch=branch, else_branch=branch))(model)


HOSTILE: dict[str, tuple[Change, str]] = {
    "external": (external, "outside its file"),
    "external, absolute": (lambda model: external(model, "/etc/passwd"), "outside its file"),
    "marked external": (marked_external, "outside its file"),
    "loop": (put_first(loop()), "graph within"),
    "branch": (subgraph, "graph within"),
    "scan": (put_first(helper.make_node("Scan", ["z"], ["x"], num_scan_inputs=1)), "Scan, which is not on the list"),
    "function": (function, "functions"),
    "constant of shape": (constant_of_shape, "ConstantOfShape"),
    "custom operator": (put_first(helper.make_node("Evil", ["z"], ["x"], domain="my.own")), "Evil of my.own"),
    "custom domain": (custom_domain, "com.microsoft"),
    "unknown operator set": (unknown_set, "operator set 99"),
    "huge weights": (huge_weights, "can't be"),
    "negative weights": (negative_weights, "can't be"),
    "resize": (resize(1e9), "too large"),
    "resize by nan": (resize(math.nan), "too large"),
    "resize to": (resize_to(2**40), "too large"),
    "computed shape": (computed_shape, "computed"),
    "huge padding": (put_first(helper.make_node("Conv", ["z", "w"], ["x"], pads=[2**40, 0])), "beyond"),
    "output renamed": (output_renamed, "its outputs are"),
    "output missing": (output_missing, "its outputs are"),
    "output wide": (output_wide, '"onset" has the shape'),
    "input more": (input_more, "its inputs are"),
    "input twice": (input_twice, "its inputs are"),
    "input whole numbers": (input_whole, "not float32"),
    "input of a batch of two": (input_batch_of_two, "shape"),
    "input that is a weight": (input_that_is_a_weight, "share a name"),
    "value twice": (value_twice, "share a name"),
    "no operators": (no_nodes, "0 operators"),
    "weights as floats": (weights_as_floats, "not raw bytes"),
    "weights as text": (weights_as_text, "type 8"),
    "long name": (long_name, "longer than"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_nets_are_refused(case: str) -> None:
    change, words = HOSTILE[case]
    with pytest.raises(ModelError, match=words) as caught:
        inspect_model(changed(change), CONTRACT)
    assert "\n" not in str(caught.value)


def test_control_characters_of_a_net_are_not_told() -> None:
    node = helper.make_node("Ev\x1b]0;il\x07", ["z"], ["x"])
    with pytest.raises(ModelError) as caught:
        inspect_model(changed(put_first(node)), CONTRACT)
    assert str(caught.value).isprintable()


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(ModelError, match="at most"):
        inspect_model(b"\x00" * (inspection.LARGEST_MODEL + 1), CONTRACT)


def test_a_file_that_two_formats_could_claim_is_refused() -> None:
    polyglot = b"\x12\x06\x00\x00ORTM" + small_net().SerializeToString()
    with pytest.raises(ModelError, match="not in the ONNX format"):
        inspect_model(polyglot, CONTRACT)


def test_a_good_net_passes_with_its_metadata() -> None:
    def describe(model: onnx.ModelProto) -> None:
        entry = model.metadata_props.add()
        entry.key, entry.value = "ghostnote.epoch", "3"

    assert inspect_model(changed(describe), CONTRACT) == {"ghostnote.epoch": "3"}
