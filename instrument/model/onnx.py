"""Bar models out of ONNX files: one epoch of a preset, run by ONNX Runtime on one thread.

One thread, since a bar takes a fraction of a millisecond and the engine needs the other core. ONNX Runtime is imported
at the first session, as it takes longer than all the rest of a start; it says nothing on stdout or stderr, for the
screen is there. A session may be run from any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from instrument.core.bar import Bar, Floats
from instrument.core.manifest import ModelContract
from instrument.core.windows import audible, bar_of, peaks, phase, windows_of_bar
from instrument.errors import ModelError
from instrument.model.contract import CONDITIONS
from instrument.model.inspection import Signature, inspect_model
from instrument.text import printable

OUTPUTS = ("onset", "velocity", "offset")
WINDOW_OUTPUTS = (("onset", "velocity"), ("velocity",))
"""Of a net that makes windows; one without onsets sounds where its velocity is one that MIDI can say."""

TAP_ROWS = 4
"""Onset, velocity 0..1, offset in half steps, and 1 throughout where there is a tap."""

SILENT = 4
"""ONNX Runtime's log level at which only a fatal error is told."""


class OnnxSession:
    """A file as ONNX Runtime runs it."""

    def __init__(self, data: bytes, signature: Signature) -> None:
        """Looks into the file and loads it. Raises ModelError, saying what is wrong with "it"."""
        self.signature = signature
        self.metadata = inspect_model(data, signature)
        self._session = _open(data)

    def feed(self, given: Mapping[str, Floats]) -> tuple[Floats, ...]:
        """Many at once: the inputs by name, each [B, *shape] -> the outputs in the signature's order, each [B, *shape].

        Raises ModelError for inputs that don't fit and where the net fails.
        """
        batch = len(next(iter(given.values())))
        feeds = {}
        for tensor in self.signature.inputs:
            value = np.asarray(given[tensor.name], np.float32)
            if value.shape != (batch, *tensor.shape):
                raise ModelError(f"{tensor.name} of shape {value.shape} doesn't fit the net's {tensor.shape}")
            feeds[tensor.name] = value
        names = [tensor.name for tensor in self.signature.outputs]
        try:
            found = self._session.run(names, feeds)
        except Exception as error:  # ONNX Runtime's errors have no class in common
            raise ModelError(f"the net failed: {printable(str(error), 200)}") from error
        for tensor, value in zip(self.signature.outputs, found, strict=True):
            if value.shape != (batch, *tensor.shape) or value.dtype != np.float32:
                wanted = (batch, *tensor.shape)
                raise ModelError(f"its {tensor.name} has the shape {value.shape}, where the manifest says {wanted}")
            if not np.isfinite(value).all():
                raise ModelError(f"its {tensor.name} holds a number that is not finite")
        return tuple(found)


class OnnxNet(OnnxSession):
    """A net that makes bars or windows, and what the contract says of it."""

    def __init__(self, data: bytes, contract: ModelContract) -> None:
        """Looks into the file, loads it and runs it once. Raises ModelError, saying what is wrong with "it"."""
        check_playable(contract)
        super().__init__(data, contract)
        self.contract = contract
        self.run(*_quiet_inputs(contract))

    def run(self, *inputs: Floats) -> tuple[Floats, ...]:
        """Many at once: the inputs that `input_names` tells, each [B, ...] -> the contract's outputs, [B, H, V, T].

        Raises ModelError for inputs that don't fit and where the net fails.
        """
        return self.feed(dict(zip(input_names(self.contract), inputs, strict=True)))


class OnnxBarModel(OnnxNet):
    """Keeps the contract of `BarModel` by a net that makes a bar on a grid."""

    def bar(
        self,
        z: Floats,
        style: Floats,
        condition: Floats,
        threshold: float = 0.5,
        *,
        place: int = 0,
        tap: Floats | None = None,
    ) -> Bar:
        """One bar from z [latent_dim], style weights [S] and condition [3]; a net that doesn't take the place in the
        phrase (a bar's number will do) or the tap [4, T] does without."""
        return Bar.from_outputs(*self.raw_at(place, z[None], style, condition, tap), threshold)

    def raw_at(
        self, index: int, z: Floats, style: Floats, condition: Floats, tap: Floats | None
    ) -> tuple[Floats, Floats, Floats]:
        """See `RawBarModel.raw_at`."""
        values = {"place": place_of(index, self.contract), "tap": no_tap(self.contract) if tap is None else tap}
        more = [values[name] for name in input_names(self.contract)[3:]]
        onset, velocity, offset = self.outputs(z, *(value[None] for value in (style, condition, *more)))
        return onset[0], velocity[0], offset[0]

    def raw_many(self, z: Floats, style: Floats, condition: Floats) -> tuple[Floats, Floats, Floats]:
        """See `ManyBars.raw_many`."""
        values = {"place": place_of(0, self.contract), "tap": no_tap(self.contract)}
        more = [np.repeat(values[name][None], len(z), 0) for name in input_names(self.contract)[3:]]
        return self.outputs(z, style, condition, *more)

    def outputs(self, *inputs: Floats) -> tuple[Floats, Floats, Floats]:
        """Many bars at once, raw: z [B, latent_dim], style [B, S], condition [B, 3] and so on -> onset probability,
        velocity and offset, each [B, H, V, T]. Raises ModelError where the net fails."""
        found = dict(zip((t.name for t in self.contract.outputs), self.run(*inputs), strict=True))
        return found["onset"], found["velocity"], found["offset"]

    def latents(self, index: int) -> range:
        """See `BarModel.latents`."""
        return range(index, index + 1)

    def bar_at(
        self,
        index: int,
        z: Floats,
        style: Floats,
        condition: Floats,
        threshold: float = 0.5,
        tap: Floats | None = None,
    ) -> Bar:
        """See `BarModel.bar_at`."""
        return self.bar(z[0], style, condition, threshold, place=index, tap=tap)


class OnnxWindowModel(OnnxNet):
    """Keeps the contract of `BarModel` by a net of windows of ticks, laid end to end and cut at the bar line."""

    def latents(self, index: int) -> range:
        """See `BarModel.latents`: the windows that hold the bar."""
        return windows_of_bar(index, self.contract.steps)

    def bar_at(
        self,
        index: int,
        z: Floats,
        style: Floats,
        condition: Floats,
        threshold: float = 0.5,
        tap: Floats | None = None,
    ) -> Bar:
        """See `BarModel.bar_at`."""
        onset, velocity = self.windows(self.latents(index), z, style, condition, threshold)
        return bar_of(onset, velocity, self.latents(index).start * self.contract.steps, index)

    def windows(
        self, numbers: range, z: Floats, style: Floats, condition: Floats, threshold: float = 0.5
    ) -> tuple[npt.NDArray[np.bool_], Floats]:
        """Windows of these numbers laid end to end, onset and velocity [V, n W]; z [n, latent_dim]."""
        ticks = self.contract.steps
        phases = np.array([[phase(number, ticks)] for number in numbers], np.float32)
        given = (np.repeat(value[None], len(numbers), 0) for value in (style, condition))
        found = dict(zip((t.name for t in self.contract.outputs), self.run(z, *given, phases), strict=True))
        velocity = np.concatenate(found["velocity"][:, 0], 1)
        if "onset" not in found:
            return audible(velocity), velocity
        return peaks(np.concatenate(found["onset"][:, 0], 1), threshold), velocity


def open_model(data: bytes, contract: ModelContract) -> OnnxBarModel | OnnxWindowModel:
    """The model of a file by the contract's kind. Raises ModelError."""
    return OnnxBarModel(data, contract) if contract.kind == "bar" else OnnxWindowModel(data, contract)


def input_names(contract: ModelContract) -> tuple[str, ...]:
    """The inputs that a net of this kind may take, in the order that `OnnxNet.run` wants them all."""
    if contract.kind == "window":
        return ("z", "style", "condition", "phase")
    return ("z", "style", "condition", *(name for name in ("place", "tap") if contract.takes(name)))


def place_of(index: int, contract: ModelContract) -> Floats:
    """The place [K] of bar `index` in its phrase."""
    place = np.zeros(contract.bars, np.float32)
    place[index % contract.bars] = 1.0
    return place


def no_tap(contract: ModelContract) -> Floats:
    """The tap [4, T] that is none."""
    return np.zeros((TAP_ROWS, contract.steps), np.float32)


def check_playable(contract: ModelContract) -> None:
    """Raises ModelError where this version has nothing to feed an input with, or misses an output."""
    known = {
        "z": (contract.latent_dim,),
        "style": (len(contract.styles),),
        "condition": (len(CONDITIONS),),
        "phase": (1,),
        "place": (contract.bars,),
        "tap": (TAP_ROWS, contract.steps),
    }
    planes = (contract.planes, contract.voices, contract.steps)
    names = input_names(contract)
    for tensor in contract.inputs:
        if tensor.name not in names or known[tensor.name] != tensor.shape:
            raise ModelError(f'the input "{tensor.name}" {list(tensor.shape)} is not one that this version can feed')
    if not contract.takes("z") or len({tensor.name for tensor in contract.inputs}) != len(contract.inputs):
        raise ModelError("the inputs must be there once each, z among them")
    found = {tensor.name: tensor.shape for tensor in contract.outputs}
    if contract.kind == "bar" and found != dict.fromkeys(OUTPUTS, planes):
        raise ModelError(f"the outputs must be {', '.join(OUTPUTS)}, each of shape {list(planes)}")
    if contract.kind == "window" and (
        contract.planes != 1 or found not in [dict.fromkeys(outputs, planes) for outputs in WINDOW_OUTPUTS]
    ):
        raise ModelError(f"the outputs must be onset and velocity, or velocity, each of shape {[1, *planes[1:]]}")


def golden_inputs(contract: ModelContract, count: int, seed: int = 0) -> tuple[Floats, ...]:
    """What `input_names` tells, [N, ...] each: normal and far z, single and blended styles, conditions to their ends,
    every phase or place, half of them with a tap. The same on every machine."""
    random = np.random.default_rng(seed)
    styles = len(contract.styles)
    z = random.standard_normal((count, contract.latent_dim))
    z[1::8] *= 3.0
    style = np.eye(styles)[np.arange(count) % styles]
    style[3::4] = random.dirichlet(np.ones(styles), len(style[3::4]))
    condition = np.stack([random.random(count), *random.uniform(-3.0, 3.0, (2, count))], 1)
    condition[2::8] = random.choice([-5.0, 0.0, 5.0], (len(condition[2::8]), 3)) * (0.0, 1.0, 1.0) + (1.0, 0.0, 0.0)
    tap = np.ones((count, TAP_ROWS, contract.steps), np.float32)
    if contract.takes("tap"):
        tap[:, 0] = random.random(tap[:, 0].shape) < 0.3
        tap[:, 1], tap[:, 2] = tap[:, 0] * random.random(tap[:, 0].shape), tap[:, 0] * random.uniform(-1, 1)
        tap[::2] = 0
    values = {
        "z": z,
        "style": style,
        "condition": condition,
        "phase": np.array([[phase(number, contract.steps)] for number in range(count)]),
        "place": np.eye(contract.bars)[np.arange(count) % contract.bars],
        "tap": tap,
    }
    return tuple(values[name].astype(np.float32) for name in input_names(contract))


def _quiet_inputs(contract: ModelContract) -> tuple[Floats, ...]:
    """One of each: the middle of the latent, the first style, usual conditions."""
    style = np.zeros((1, len(contract.styles)), np.float32)
    style[0, 0] = 1.0
    values = {
        "z": np.zeros((1, contract.latent_dim), np.float32),
        "style": style,
        "condition": np.zeros((1, len(CONDITIONS)), np.float32),
        "phase": np.zeros((1, 1), np.float32),
        "place": place_of(0, contract)[None],
        "tap": no_tap(contract)[None],
    }
    return tuple(values[name] for name in input_names(contract))


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
