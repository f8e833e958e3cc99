"""What the nets of a preset have in common, kept once: a theme that was left as it was while its variations learnt."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import onnx

from instrument.core.manifest import SharedFile

FILE = "shared.onnx"

WORTH_A_FILE = 2**16
"""Bytes of weights."""


def without_shared(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], bytes]:
    """The nets by file name without the weights that are the same in all of them, and a file of these, which
    `instrument.model.wire.joined` puts back; the nets as they are and nothing where that isn't worth it."""
    models = {name: onnx.load_model_from_string(data) for name, data in files.items()}
    weights = [{t.name: t.SerializeToString() for t in model.graph.initializer} for model in models.values()]
    same = set(weights[0]).intersection(*weights[1:])
    same = {name for name in same if len({found[name] for found in weights}) == 1}
    if len(files) < 2 or sum(len(weights[0][name]) for name in same) < WORTH_A_FILE:
        return dict(files), b""
    shared = onnx.ModelProto()
    for number, model in enumerate(models.values()):
        there = list(model.graph.initializer)
        del model.graph.initializer[:]
        for tensor in there:
            if tensor.name not in same:
                model.graph.initializer.append(tensor)
            elif number == 0:
                shared.graph.initializer.append(tensor)
    kept = {name: bytes(model.SerializeToString(deterministic=True)) for name, model in models.items()}
    return kept, bytes(shared.SerializeToString(deterministic=True))


def shared_file(data: bytes) -> SharedFile | None:
    """What the manifest says of it; None for nothing."""
    return SharedFile(file=FILE, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data)) if data else None
