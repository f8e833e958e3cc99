"""What nets of a preset have in common, kept once: a theme that was left as it was while its variations learnt."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping

import onnx

from instrument.core.manifest import SharedFile

FILE = "shared.onnx"

WORTH_A_FILE = 2**16
"""Bytes of weights."""


def without_shared(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], bytes, list[str]]:
    """The nets by file name without the weights that most of them have in common, a file of these, which
    `instrument.model.wire.joined` puts back, and the names of the nets that it is for; the nets as they are, nothing
    and none where that isn't worth it."""
    models = {name: onnx.load_model_from_string(data) for name, data in files.items()}
    weights = {name: {t.name: t.SerializeToString() for t in model.graph.initializer} for name, model in models.items()}
    sharers = _alike(weights)
    first = weights[sharers[0]]
    same = {name for name in first if len({weights[file].get(name) for file in sharers}) == 1}
    if len(sharers) < 2 or sum(len(first[name]) for name in same) < WORTH_A_FILE:
        return dict(files), b"", []
    shared = onnx.ModelProto()
    shared.graph.initializer.extend(t for t in models[sharers[0]].graph.initializer if t.name in same)
    kept = dict(files)
    for file in sharers:
        own = [tensor for tensor in models[file].graph.initializer if tensor.name not in same]
        del models[file].graph.initializer[:]
        models[file].graph.initializer.extend(own)
        kept[file] = bytes(models[file].SerializeToString(deterministic=True))
    return kept, bytes(shared.SerializeToString(deterministic=True)), sharers


def _alike(weights: Mapping[str, Mapping[str, bytes]]) -> list[str]:
    """The nets that have the same weights in common with others, of such sets of nets the one that saves most."""
    often = Counter(value for there in weights.values() for value in there.values())
    found: dict[frozenset[bytes], list[str]] = {}
    for file, there in weights.items():
        found.setdefault(frozenset(value for value in there.values() if often[value] > 1), []).append(file)
    return max(found.items(), key=lambda item: sum(map(len, item[0])) * (len(item[1]) - 1))[1]


def shared_file(data: bytes, epochs: tuple[int, ...]) -> SharedFile | None:
    """What the manifest says of it; None for nothing."""
    digest = hashlib.sha256(data).hexdigest()
    return SharedFile(file=FILE, sha256=digest, bytes=len(data), epochs=epochs) if data else None
