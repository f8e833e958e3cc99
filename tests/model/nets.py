"""Small ONNX nets made by hand: one that is right, and the parts to make hostile ones from it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from instrument.core.drums import VOICES
from instrument.core.manifest import KNOB_POINTS, SCHEMA, Conditions, Epoch, KnobScale, Manifest, ModelContract, Tensor
from instrument.model.preset import write_preset

LATENT, STYLES, STEPS, PLANES = 4, ("rock", "jazz"), 8, 2
CELLS = PLANES * VOICES * STEPS

CONTRACT = ModelContract(
    kind="bar",
    latent_dim=LATENT,
    planes=PLANES,
    voices=VOICES,
    steps=STEPS,
    styles=STYLES,
    inputs=(
        Tensor(name="z", shape=(LATENT,)),
        Tensor(name="style", shape=(len(STYLES),)),
        Tensor(name="condition", shape=(3,)),
    ),
    outputs=tuple(Tensor(name=name, shape=(PLANES, VOICES, STEPS)) for name in ("onset", "velocity", "offset")),
)


def weights(name: str, value: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(value), name)


def info(name: str, shape: list[Any], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def small_net(seed: int = 0) -> onnx.ModelProto:
    """Concat -> Gemm -> Sigmoid -> Split -> Reshape, as an export would write it."""
    random = np.random.default_rng(seed)
    width = LATENT + len(STYLES) + 3
    nodes = [
        helper.make_node("Concat", ["z", "style", "condition"], ["all"], axis=1),
        helper.make_node("Gemm", ["all", "w"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["chance"]),
        helper.make_node("Split", ["chance", "sizes"], ["a", "b", "c"], axis=1),
        *(
            helper.make_node("Reshape", [part, "shape"], [name])
            for part, name in zip("abc", ("onset", "velocity", "offset"), strict=True)
        ),
    ]
    constants = [
        weights("w", random.standard_normal((width, 3 * CELLS)).astype(np.float32)),
        weights("sizes", np.array([CELLS] * 3, np.int64)),
        weights("shape", np.array([-1, PLANES, VOICES, STEPS], np.int64)),
    ]
    graph = helper.make_graph(
        nodes,
        "bar",
        [info("z", ["B", LATENT]), info("style", ["B", len(STYLES)]), info("condition", ["B", 3])],
        [info(name, ["B", PLANES, VOICES, STEPS]) for name in ("onset", "velocity", "offset")],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def changed(change: Callable[[onnx.ModelProto], object]) -> bytes:
    """The small net after `change`."""
    model = small_net()
    change(model)
    return bytes(model.SerializeToString())


def manifest_of(files: dict[int, bytes], name: str = "tiny") -> Manifest:
    """A manifest that fits the files of these epochs."""
    scale = KnobScale(quantiles=tuple(0.2 * i - 2 for i in range(KNOB_POINTS)))
    return Manifest(
        schema=SCHEMA,
        name=name,
        title="Tiny",
        licence="MIT",
        attribution="made for a test",
        recipe="none",
        best_epoch=max(files),
        model=CONTRACT,
        conditions=Conditions(density=scale, energy=scale),
        epochs=tuple(entry_of(number, data) for number, data in sorted(files.items())),
    )


def entry_of(number: int, data: bytes) -> Epoch:
    return Epoch(
        number=number,
        file=f"epoch-{number:03d}.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        parity=0.0,
        scores={"fd": 3.5},
    )


def write_tiny(folder: Path, files: dict[int, bytes] | None = None, **changes: Any) -> Manifest:
    """A preset of small nets in `folder`."""
    files = files or {1: small_net(1).SerializeToString(), 2: small_net(2).SerializeToString()}
    manifest = replace(manifest_of(files, changes.pop("name", folder.name)), **changes)
    write_preset(manifest, {entry.file: files[entry.number] for entry in manifest.epochs}, folder)
    return manifest
