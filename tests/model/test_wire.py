from __future__ import annotations

from typing import Any

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrument.errors import ModelError
from instrument.model import wire
from instrument.model.inspection import inspect_model
from instrument.model.wire import SCHEMA, joined, read_model
from tests.model.nets import CONTRACT, small_net

WHOLE = small_net().SerializeToString()


def accepted(data: bytes) -> bool:
    """Anything but a ModelError falls through and fails the test."""
    try:
        inspect_model(data, CONTRACT)
    except ModelError:
        return False
    return True


def test_it_reads_what_onnx_wrote() -> None:
    model, ours = small_net(), read_model(WHOLE)
    graph = ours.message("graph")
    assert [node.text("op_type") for node in graph.messages("node")] == [node.op_type for node in model.graph.node]
    assert [list(t.numbers("dims")) for t in graph.messages("initializer")] == [
        list(t.dims) for t in model.graph.initializer
    ]
    assert graph.messages("initializer")[0].blob("raw_data") == model.graph.initializer[0].raw_data
    assert ours.messages("opset_import")[0].number("version") == 18
    assert graph.messages("node")[0].messages("attribute")[0].number("i") == 1


def test_the_table_has_the_numbers_of_onnx() -> None:
    kinds: dict[str, Any] = {
        "Model": onnx.ModelProto,
        "OperatorSet": onnx.OperatorSetIdProto,
        "Entry": onnx.StringStringEntryProto,
        "Graph": onnx.GraphProto,
        "Node": onnx.NodeProto,
        "Attribute": onnx.AttributeProto,
        "Tensor": onnx.TensorProto,
        "ValueInfo": onnx.ValueInfoProto,
        "Type": onnx.TypeProto,
        "TensorType": onnx.TypeProto.Tensor,
        "Shape": onnx.TensorShapeProto,
        "Dim": onnx.TensorShapeProto.Dimension,
    }
    assert kinds.keys() == SCHEMA.keys()
    for name, kind in kinds.items():
        official = {field.number: field.name for field in kind.DESCRIPTOR.fields}
        assert {number: field.name for number, field in SCHEMA[name].items()}.items() <= official.items()


def test_no_message_can_hold_itself() -> None:
    def depth(name: str, above: tuple[str, ...]) -> int:
        assert name not in above
        kinds = [field.kind for field in SCHEMA[name].values() if field.kind in SCHEMA]
        return 1 + max((depth(kind, (*above, name)) for kind in kinds), default=0)

    assert depth("Model", ()) <= 8


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_in_words(data: bytes) -> None:
    assert not accepted(data)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.integers(0, 60))
def test_a_changed_net_is_refused_or_read_but_never_breaks(place: int, byte: int, cut: int) -> None:
    for at in (place, place % 200, len(WHOLE) - 1 - place % 500):
        damaged = bytearray(WHOLE)
        damaged[at] = byte
        del damaged[at + 1 : at + 1 + cut]
        accepted(bytes(damaged))


@given(st.integers(1, len(WHOLE) - 1))
def test_a_net_that_is_cut_short_is_refused(length: int) -> None:
    assert not accepted(WHOLE[:length])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x0a\x00", "not written as int"),
        (b"\x3a\xff\xff\xff\xff\x07", "ends behind its end"),
        (b"\x3a\x00\x3a\x00", "twice"),
        (b"\x08" + b"\xff" * 11, "not an ONNX file"),
        (b"\x08", "not an ONNX file"),
        (b"\xca\x01\x00", "functions"),
        (b"\xa2\x01\x00", "training"),
        (b"\x0b\x0c", "not written as"),
        (b"\x12\x02\xff\xff", "not UTF-8"),
        (b"\x12\x81\x80\x04" + b"a" * 65537, "longer than"),
    ],
)
def test_each_refusal_says_why(data: bytes, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        read_model(data)


def test_the_number_of_fields_is_bounded() -> None:
    many = b"\x3a" + _varint(4 * wire.MOST_FIELDS) + b"\x2a\x00" * (2 * wire.MOST_FIELDS)
    packed = b"\x3a" + _varint(2_000_020)
    packed += b"\x2a" + _varint(2_000_004 + 12) + b"\x0a" + _varint(2_000_012) + b"\x00" * 2_000_012
    for data in (many, packed):
        with pytest.raises(ModelError, match="more than 100000 fields"):
            read_model(data)


def _apart(net: bytes) -> tuple[bytes, bytes]:
    """A net without its weights, and these."""
    whole = onnx.load_model_from_string(net)
    shared = onnx.ModelProto()
    shared.graph.initializer.extend(whole.graph.initializer)
    del whole.graph.initializer[:]
    return whole.SerializeToString(), shared.SerializeToString()


def test_weights_of_another_file_are_put_back() -> None:
    net = small_net().SerializeToString()
    bare, weights = _apart(net)
    assert len(bare) < len(net)
    found = onnx.load_model_from_string(joined(bare, weights))
    assert found == onnx.load_model_from_string(net)
    inspect_model(joined(bare, weights), CONTRACT)


def test_a_file_of_more_than_weights_is_not_put_in() -> None:
    net = small_net().SerializeToString()
    bare, weights = _apart(net)
    noded = onnx.ModelProto()
    noded.graph.node.extend(small_net().graph.node)
    for other in (net, bare, b"", noded.SerializeToString(), weights + weights):
        with pytest.raises(ModelError):
            joined(bare, other)
    with pytest.raises(ModelError, match="share a name"):
        inspect_model(joined(net, weights), CONTRACT)


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, 10**6), st.integers(0, 255))
def test_whatever_is_joined_is_refused_in_words_or_can_be_read(data: bytes, place: int, byte: int) -> None:
    bare, weights = _apart(small_net().SerializeToString())
    damaged = bytearray(weights)
    damaged[place % len(damaged)] = byte
    for one, other in ((bare, data), (data, weights), (bare, bytes(damaged))):
        try:
            whole = joined(one, other)
        except ModelError:
            continue
        assert read_model(whole).has("graph")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
