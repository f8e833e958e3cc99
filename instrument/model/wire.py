"""The wire format of protocol buffers, as far as an ONNX file uses it, read with distrust.

A file is a tree of messages; a message is a row of (field number, wire type, value). What may appear where stands in
`SCHEMA`, a table without cycles, so reading goes no deeper than the table. Whatever is not in it is refused, not
skipped: what we don't understand, ONNX Runtime might. A field that may appear once and appears twice is refused too,
since readers differ in which one counts. The number of fields is bounded, and with it the time.

Field numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from instrument.errors import ModelError
from instrument.text import printable

MOST_FIELDS = 100_000
LONGEST_TEXT = 2**16

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
GRAPH = 7
"""The number of a model's graph."""

_WIRE_TYPE = {"int": VARINT, "float": FIXED32}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field that may appear. `kind`: "int", "float", "text", "blob", or a message of SCHEMA."""

    name: str
    kind: str
    many: bool = False


def _one(name: str, kind: str) -> Field:
    return Field(name=name, kind=kind)


def _many(name: str, kind: str) -> Field:
    return Field(name=name, kind=kind, many=True)


SCHEMA: dict[str, dict[int, Field]] = {
    "Model": {
        1: _one("ir_version", "int"),
        2: _one("producer_name", "text"),
        3: _one("producer_version", "text"),
        4: _one("domain", "text"),
        5: _one("model_version", "int"),
        6: _one("doc_string", "text"),
        7: _one("graph", "Graph"),
        8: _many("opset_import", "OperatorSet"),
        14: _many("metadata_props", "Entry"),
    },
    "OperatorSet": {1: _one("domain", "text"), 2: _one("version", "int")},
    "Entry": {1: _one("key", "text"), 2: _one("value", "text")},
    "Graph": {
        1: _many("node", "Node"),
        2: _one("name", "text"),
        5: _many("initializer", "Tensor"),
        10: _one("doc_string", "text"),
        11: _many("input", "ValueInfo"),
        12: _many("output", "ValueInfo"),
        13: _many("value_info", "ValueInfo"),
        16: _many("metadata_props", "Entry"),
    },
    "Node": {
        1: _many("input", "text"),
        2: _many("output", "text"),
        3: _one("name", "text"),
        4: _one("op_type", "text"),
        5: _many("attribute", "Attribute"),
        6: _one("doc_string", "text"),
        7: _one("domain", "text"),
        9: _many("metadata_props", "Entry"),
    },
    "Attribute": {
        1: _one("name", "text"),
        2: _one("f", "float"),
        3: _one("i", "int"),
        4: _one("s", "blob"),
        5: _one("t", "Tensor"),
        7: _many("floats", "float"),
        8: _many("ints", "int"),
        13: _one("doc_string", "text"),
        20: _one("type", "int"),
    },
    "Tensor": {
        1: _many("dims", "int"),
        2: _one("data_type", "int"),
        8: _one("name", "text"),
        9: _one("raw_data", "blob"),
        12: _one("doc_string", "text"),
        14: _one("data_location", "int"),
        16: _many("metadata_props", "Entry"),
    },
    "ValueInfo": {
        1: _one("name", "text"),
        2: _one("type", "Type"),
        3: _one("doc_string", "text"),
        4: _many("metadata_props", "Entry"),
    },
    "Type": {1: _one("tensor_type", "TensorType"), 6: _one("denotation", "text")},
    "TensorType": {1: _one("elem_type", "int"), 2: _one("shape", "Shape")},
    "Shape": {1: _many("dim", "Dim")},
    "Dim": {1: _one("dim_value", "int"), 2: _one("dim_param", "text"), 3: _one("denotation", "text")},
}

REFUSED = {
    ("Model", 20): "a training step of its own",
    ("Model", 25): "functions of its own",
    ("Graph", 15): "sparse weights",
    ("Attribute", 6): "a graph within the graph",
    ("Attribute", 11): "graphs within the graph",
    ("Tensor", 4): "weights that are not raw bytes",
    ("Tensor", 5): "weights that are not raw bytes",
    ("Tensor", 7): "weights that are not raw bytes",
    ("Tensor", 13): "data outside its file",
}
"""Fields that have a name worth telling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message, whole: its fields' values by name, in the order of the file."""

    values: dict[str, list[Any]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return str(self._last(name, ""))

    def number(self, name: str) -> int:
        return int(self._last(name, 0))

    def blob(self, name: str) -> bytes:
        return bytes(self._last(name, b""))

    def message(self, name: str) -> Message:
        found = self._last(name, None)
        return found if isinstance(found, Message) else Message()

    def messages(self, name: str) -> list[Message]:
        return self.values.get(name, [])

    def numbers(self, name: str) -> list[int]:
        return self.values.get(name, [])

    def floats(self, name: str) -> list[float]:
        return self.values.get(name, [])

    def texts(self, name: str) -> list[str]:
        return self.values.get(name, [])

    def has(self, name: str) -> bool:
        return name in self.values

    def _last(self, name: str, default: Any) -> Any:
        found = self.values.get(name)
        return found[-1] if found else default


def read_model(data: bytes) -> Message:
    """The file's tree. Raises ModelError for anything that is not in `SCHEMA`, whatever the bytes."""
    return _Reader(data).message("Model", 0, len(data))


def joined(data: bytes, more: bytes) -> bytes:
    """A file with the weights that another holds for it: two graphs as one, as protocol buffers are merged. Raises
    ModelError where either is no such file, or the other holds anything but weights."""
    shared = read_model(more)
    if set(shared.values) != {"graph"} or set(shared.message("graph").values) != {"initializer"}:
        raise ModelError("the shared file holds more than weights")
    read_model(data)
    (at, start, end), (_, low, high) = (_Reader(each).graph() for each in (data, more))
    graph = data[start:end] + more[low:high]
    return data[:at] + bytes([GRAPH << 3 | BYTES]) + _length(len(graph)) + graph + data[end:]


def _length(value: int) -> bytes:
    """As a varint."""
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MOST_FIELDS

    def message(self, kind: str, start: int, end: int) -> Message:
        """The message in data[start:end]."""
        fields = SCHEMA[kind]
        values: dict[str, list[Any]] = {}
        place = start
        while place < end:
            key, place = self._varint(place, end)
            number, wire_type = key >> 3, key & 7
            known = fields.get(number)
            if known is None:
                raise ModelError(f"it holds {REFUSED.get((kind, number), f'field {number} of {kind}')}")
            found, place = self._field(known, wire_type, place, end)
            values.setdefault(known.name, []).extend(found)
            if len(values[known.name]) > 1 and not known.many:
                raise ModelError(f"{kind} holds {known.name} twice")
        return Message(values=values)

    def graph(self) -> tuple[int, int, int]:
        """Where the graph of a file that has been read stands: its field, and its bytes from their first to behind
        their last."""
        place = 0
        while place < len(self._data):
            at = place
            key, place = self._varint(place, len(self._data))
            value, place = self._varint(place, len(self._data))
            if key & 7 == BYTES:
                if key >> 3 == GRAPH:
                    return at, place, place + value
                place += value
        raise ModelError("it holds no net")

    def _field(self, known: Field, wire_type: int, place: int, end: int) -> tuple[list[Any], int]:
        self._spend(1)
        expected = _WIRE_TYPE.get(known.kind, BYTES)
        packed = wire_type == BYTES and known.many and expected != BYTES
        if wire_type != expected and not packed:
            raise ModelError(f"{known.name} is not written as {known.kind}")
        if wire_type != BYTES:
            value, place = self._scalar(known, place, end)
            return [value], place
        size, place = self._varint(place, end)
        if size > end - place:
            raise ModelError(f"{known.name} ends behind its end")
        stop = place + size
        if packed:
            return self._packed(known, place, stop), stop
        return [self._value(known, place, stop)], stop

    def _packed(self, known: Field, place: int, stop: int) -> list[Any]:
        values = []
        while place < stop:
            self._spend(1)
            value, place = self._scalar(known, place, stop)
            values.append(value)
        return values

    def _scalar(self, known: Field, place: int, end: int) -> tuple[Any, int]:
        if known.kind == "float":
            if end - place < 4:
                raise ModelError(f"{known.name} ends behind its end")
            return struct.unpack_from("<f", self._data, place)[0], place + 4
        value, place = self._varint(place, end)
        return (value - 2**64 if value >= 2**63 else value), place

    def _value(self, known: Field, place: int, stop: int) -> Any:
        if known.kind == "blob":
            return self._data[place:stop]
        if known.kind != "text":
            return self.message(known.kind, place, stop)
        if stop - place > LONGEST_TEXT:
            raise ModelError(f"{known.name} is longer than {LONGEST_TEXT} bytes")
        try:
            return self._data[place:stop].decode("utf-8")
        except UnicodeDecodeError as error:
            raise ModelError(f"{known.name} is not UTF-8: {printable(str(error.reason))}") from error

    def _varint(self, place: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if place >= end:
                break
            byte = self._data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value >= 2**64:
                    break
                return value, place
        raise ModelError("it is not an ONNX file, or cut short")

    def _spend(self, fields: int) -> None:
        self._left -= fields
        if self._left < 0:
            raise ModelError(f"it holds more than {MOST_FIELDS} fields")
