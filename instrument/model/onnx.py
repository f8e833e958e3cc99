"""A bar model out of an ONNX file: one epoch of a preset, run by ONNX Runtime on one thread.

One thread, since a bar takes a fraction of a millisecond and the engine needs the other core. ONNX Runtime is imported
at the first session, as it takes longer than all the rest of a start; it says nothing on stdout or stderr, for the
screen is there. A session may be run from any thread.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from instrument.core.bar import Bar, Floats
from instrument.core.manifest import ModelContract
from instrument.errors import ModelError
from instrument.model.contract import CONDITIONS
from instrument.model.inspection import inspect_model
from instrument.text import printable

OUTPUTS = ("onset", "velocity", "offset")
SILENT = 4
"""ONNX Runtime's log level at which only a fatal error is told."""


class OnnxBarModel:
    """Keeps the contract of `BarModel`."""

    def __init__(self, data: bytes, contract: ModelContract) -> None:
        """Looks into the file, loads it and runs it once. Raises ModelError, saying what is wrong with "it"."""
        check_playable(contract)
        self.contract = contract
        self.metadata = inspect_model(data, contract)
        self._session = _open(data)
        self._run(*_quiet_inputs(contract))

    def bar(self, z: Floats, style: Floats, condition: Floats, threshold: float = 0.5) -> Bar:
        """See `BarModel.bar`."""
        onset, velocity, offset = self._run(z[None], style[None], condition[None])
        return Bar.from_outputs(onset[0], velocity[0], offset[0], threshold)

    def outputs(self, z: Floats, style: Floats, condition: Floats) -> tuple[Floats, Floats, Floats]:
        """Many bars at once, raw: z [B, latent_dim], style [B, S], condition [B, 3] -> onset probability, velocity and
        offset, each [B, H, V, T]. Raises ModelError where the net fails."""
        return self._run(z, style, condition)

    def _run(self, z: Floats, style: Floats, condition: Floats) -> tuple[Floats, Floats, Floats]:
        given = {"z": z, "style": style, "condition": condition}
        feeds = {}
        for tensor in self.contract.inputs:
            value = np.asarray(given[tensor.name], np.float32)
            if value.shape != (len(z), *tensor.shape):
                raise ModelError(f"{tensor.name} of shape {value.shape} doesn't fit the net's {tensor.shape}")
            feeds[tensor.name] = value
        try:
            found = self._session.run(OUTPUTS, feeds)
        except Exception as error:  # ONNX Runtime's errors have no class in common
            raise ModelError(f"the net failed: {printable(str(error), 200)}") from error
        wanted = (len(z), self.contract.planes, self.contract.voices, self.contract.steps)
        for name, value in zip(OUTPUTS, found, strict=True):
            if value.shape != wanted or value.dtype != np.float32:
                raise ModelError(f"its {name} has the shape {value.shape}, where the manifest says {wanted}")
            if not np.isfinite(value).all():
                raise ModelError(f"its {name} holds a number that is not finite")
        onset, velocity, offset = found
        return onset, velocity, offset


def check_playable(contract: ModelContract) -> None:
    """Raises ModelError where this version has nothing to feed an input with, or misses an output."""
    known = {"z": (contract.latent_dim,), "style": (len(contract.styles),), "condition": (len(CONDITIONS),)}
    planes = (contract.planes, contract.voices, contract.steps)
    if contract.kind != "bar":
        raise ModelError(f'the net makes a "{contract.kind}", which this version can\'t play')
    for tensor in contract.inputs:
        if known.get(tensor.name) != tensor.shape:
            raise ModelError(f'the input "{tensor.name}" {list(tensor.shape)} is not one that this version can feed')
    if not contract.takes("z") or len({tensor.name for tensor in contract.inputs}) != len(contract.inputs):
        raise ModelError("the inputs must be there once each, z among them")
    if {tensor.name: tensor.shape for tensor in contract.outputs} != dict.fromkeys(OUTPUTS, planes):
        raise ModelError(f"the outputs must be {', '.join(OUTPUTS)}, each of shape {list(planes)}")


def golden_inputs(contract: ModelContract, count: int, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """z [N, latent_dim], style [N, S] and condition [N, 3]: normal and far z, single and blended styles, conditions
    to their ends. The same on every machine."""
    random = np.random.default_rng(seed)
    styles = len(contract.styles)
    z = random.standard_normal((count, contract.latent_dim))
    z[1::8] *= 3.0
    style = np.eye(styles)[np.arange(count) % styles]
    style[3::4] = random.dirichlet(np.ones(styles), len(style[3::4]))
    condition = np.stack([random.random(count), *random.uniform(-3.0, 3.0, (2, count))], 1)
    condition[2::8] = random.choice([-5.0, 0.0, 5.0], (len(condition[2::8]), 3)) * (0.0, 1.0, 1.0) + (1.0, 0.0, 0.0)
    return z.astype(np.float32), style.astype(np.float32), condition.astype(np.float32)


def _quiet_inputs(contract: ModelContract) -> tuple[Floats, Floats, Floats]:
    style = np.zeros((1, len(contract.styles)), np.float32)
    style[0, 0] = 1.0
    return np.zeros((1, contract.latent_dim), np.float32), style, np.zeros((1, len(CONDITIONS)), np.float32)


def _open(data: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = SILENT
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:  # ONNX Runtime's errors have no class in common
        raise ModelError(f"ONNX Runtime refuses it: {printable(str(error), 200)}") from error
