"""A bar model without a net: the in-memory twin that plays where there is no preset, and in tests.

Each cell has a base chance to sound, from a written rock beat; z moves it through a fixed random projection, density
shifts all cells, fill brings in the toms and energy the velocities. So its bars differ by z, follow the conditions and
are the same on every machine.
"""

from __future__ import annotations

import numpy as np

from instrument.core.bar import GRID, Bar, Floats
from instrument.core.drums import VOICES, Voice
from instrument.core.manifest import KNOB_POINTS, SCHEMA, Conditions, Epoch, KnobScale, Manifest, ModelContract, Tensor
from instrument.errors import ModelError
from instrument.model.contract import Encoded
from instrument.model.epochs import resolve_epoch

LATENT_DIM = 16
STYLES = ("rock", "funk", "jazz")

BEAT = (
    (Voice.KICK, "9...1.2.8.3...1."),
    (Voice.SNARE, "..1.9..3.2..9..2"),
    (Voice.CLOSED_HAT, "8383838383838361"),
    (Voice.OPEN_HAT, "..............2."),
    (Voice.CRASH, "2..............."),
)
"""Voice, and the chance of each step in ninths; a dot is hardly ever."""

FILL = ((Voice.SNARE, 12), (Voice.HIGH_TOM, 13), (Voice.MID_TOM, 14), (Voice.LOW_TOM, 15))
USUAL_HITS = 24
"""Of a bar in the middle of the latent."""

SPREAD = 0.9
"""Standard deviation of a cell's logit over z."""


def scripted_contract() -> ModelContract:
    """The contract of a bar model with few dimensions."""
    return ModelContract(
        kind="bar",
        latent_dim=LATENT_DIM,
        planes=GRID.planes,
        voices=VOICES,
        steps=GRID.steps,
        styles=STYLES,
        inputs=(
            Tensor(name="z", shape=(LATENT_DIM,)),
            Tensor(name="style", shape=(len(STYLES),)),
            Tensor(name="condition", shape=(3,)),
        ),
        outputs=tuple(Tensor(name=name, shape=GRID.shape) for name in ("onset", "velocity", "offset")),
    )


class ScriptedBarModel:
    """Keeps the contract of `BarModel`. A higher `epoch` strays less from the written beat."""

    def __init__(self, epoch: int = 1) -> None:
        self.contract = scripted_contract()
        self._logits = _base_logits()
        random = np.random.default_rng(epoch)
        spread = SPREAD * (1 + 1 / max(epoch, 1)) / np.sqrt(LATENT_DIM)
        self._mix = (spread * random.standard_normal((3, *GRID.shape, LATENT_DIM))).astype(np.float32)
        self._lean = (0.4 * random.standard_normal((len(STYLES), *GRID.shape))).astype(np.float32)

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
        """See `BarModel.bar_at`. It doesn't listen to a tap."""
        return self.bar(z[0], style, condition, threshold)

    def bar(self, z: Floats, style: Floats, condition: Floats, threshold: float = 0.5) -> Bar:
        """One bar from z [latent_dim], style weights [S] and condition [3]."""
        return Bar.from_outputs(*self._outputs(z, style, condition), threshold)

    def raw_at(
        self, index: int, z: Floats, style: Floats, condition: Floats, tap: Floats | None
    ) -> tuple[Floats, Floats, Floats]:
        """See `RawBarModel.raw_at`."""
        return self._outputs(z[0], style, condition)

    def raw_many(self, z: Floats, style: Floats, condition: Floats) -> tuple[Floats, Floats, Floats]:
        """See `ManyBars.raw_many`."""
        bars = [self._outputs(*row) for row in zip(z, style, condition, strict=True)]
        onset, velocity, offset = (np.stack(parts) for parts in zip(*bars, strict=True))
        return onset, velocity, offset

    def _outputs(self, z: Floats, style: Floats, condition: Floats) -> tuple[Floats, Floats, Floats]:
        if z.shape != (LATENT_DIM,) or style.shape != (len(STYLES),) or condition.shape != (3,):
            raise ModelError(f"z {z.shape}, style {style.shape} or condition {condition.shape} doesn't fit the model")
        fill, density, energy = (float(value) for value in condition)
        moved, loud, late = self._mix @ z  # each [H, V, T]
        logits = self._logits + moved + np.tensordot(style, self._lean, 1) + np.float32(0.8 * density)
        for voice, step in FILL:
            logits[0, voice, step] += np.float32(4.0 * fill)
        velocity = _sigmoid(0.5 * self._logits + 0.5 * loud + np.float32(0.4 * energy))
        return _sigmoid(logits), velocity, np.asarray(np.tanh(0.3 * late) * 0.2, np.float32)


class ScriptedEncoder:
    """Keeps the contract of `Encoder`: the usual place of a bar's busyness and loudness. It leaves z to a search."""

    def encode(self, bar: Bar, epoch: int) -> tuple[Encoded, ...]:
        """See `Encoder.encode`."""
        if bar.onset.shape != GRID.shape:
            raise ModelError(f"a bar of shape {bar.onset.shape} doesn't fit the encoder")
        hits = float(bar.onset.sum())
        loud = float(bar.velocity.sum()) / max(hits, 1.0)
        density, energy = float(np.clip(hits / USUAL_HITS - 1, -1, 1)), float(np.clip(4 * loud - 2, -2, 2))
        middle = np.zeros(LATENT_DIM, np.float32)
        return tuple(
            Encoded(z=middle, style=style, fill=0.0, density=density, energy=energy) for style in range(len(STYLES))
        )


class ScriptedPreset:
    """Keeps the contract of `ModelSource`: epochs 1, 2 and 4 of scripted models."""

    def __init__(self) -> None:
        scale = KnobScale(quantiles=tuple(0.2 * i - 2.0 for i in range(KNOB_POINTS)))
        numbers = (1, 2, 4)
        self.manifest = Manifest(
            schema=SCHEMA,
            name="scripted",
            title="Scripted",
            licence="MIT",
            attribution="written by hand",
            recipe="none",
            best_epoch=numbers[-1],
            model=scripted_contract(),
            conditions=Conditions(density=scale, energy=scale),
            epochs=tuple(
                Epoch(number=n, file=f"epoch-{n:03d}.onnx", sha256="0" * 64, bytes=1, parity=0.0) for n in numbers
            ),
        )
        self._models = {number: ScriptedBarModel(number) for number in numbers}

    @property
    def epochs(self) -> tuple[int, ...]:
        return tuple(self._models)

    def model(self, epoch: int) -> ScriptedBarModel:
        """See `ModelSource.model`."""
        return self._models[self.resolve_epoch(epoch)]

    def encoder(self) -> ScriptedEncoder:
        """See `ModelSource.encoder`."""
        return ScriptedEncoder()

    def resolve_epoch(self, wanted: str | int) -> int:
        """See `ModelSource.resolve_epoch`."""
        return resolve_epoch(self.manifest, wanted)


def _base_logits() -> Floats:
    chance = np.full(GRID.shape, 0.01, np.float32)
    chance[1] = 0.002
    for voice, line in BEAT:
        for step, mark in enumerate(line):
            chance[0, voice, step] = 0.02 if mark == "." else int(mark) / 9.5
    return np.asarray(np.log(chance / (1 - chance)), np.float32)


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)), np.float32)
