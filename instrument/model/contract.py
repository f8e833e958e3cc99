"""What makes bars: the contracts that a session plays by, whatever is behind them.

A `BarModel` is one epoch of a net (`instrument.model.onnx`) or its scripted twin (`instrument.model.scripted`). An
`Encoder` (`instrument.model.encoder`) goes the way back. A `ModelSource` is a preset: a manifest, a model for each of
its epochs, and an encoder for all. They may be called from any thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from instrument.core.bar import Bar, Floats
from instrument.core.manifest import Manifest, ModelContract

CONDITIONS = ("fill", "density", "energy")
"""The columns of the condition: fill 0..1, density and energy as z-scores."""


class BarModel(Protocol):
    """Turns a place in the latent into a bar; the same arguments always give the same bar."""

    @property
    def contract(self) -> ModelContract: ...

    def latents(self, index: int) -> range:
        """The numbers of the latents that bar `index` >= 0 is made from: its own, or those of the windows that hold it.
        A window that two bars share has one latent in both."""

    def bar_at(
        self,
        index: int,
        z: Floats,
        style: Floats,
        condition: Floats,
        threshold: float = 0.5,
        tap: Floats | None = None,
    ) -> Bar:
        """Bar `index` from z [n, latent_dim], a row for each of `latents(index)`, style weights [S] with sum 1, and
        condition [3] (see `CONDITIONS`). A net of phrases takes the bar's place in its phrase from `index`; one that
        listens keeps the groove of a `tap` [4, T] (see `ModelContract`).

        `threshold`: the probability above which an onset sounds. Raises ModelError where the net fails.
        """


@runtime_checkable
class ManyBars(Protocol):
    """A model of bars on a grid that makes many at once, as a search needs."""

    @property
    def contract(self) -> ModelContract: ...

    def raw_many(self, z: Floats, style: Floats, condition: Floats) -> tuple[Floats, Floats, Floats]:
        """First bars of a phrase without a tap, from z [B, latent_dim], style [B, S] and condition [B, 3]: onset
        probability, velocity and offset, each [B, H, V, T]. Raises ModelError where the net fails."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """A place: z [latent_dim], the number of a style, fill 0..1, density and energy as z-scores."""

    z: Floats
    style: int
    fill: float
    density: float
    energy: float


class Encoder(Protocol):
    """The way back, from a bar to a place whose bar resembles it; the same bar always has the same places."""

    def encode(self, bar: Bar, epoch: int) -> tuple[Encoded, ...]:
        """The bar's place under each style, in an epoch's latent. Raises ModelError where the net fails or the bar is
        on another grid."""


class ModelSource(Protocol):
    """A preset as a session sees it."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def epochs(self) -> tuple[int, ...]: ...

    def model(self, epoch: int) -> BarModel:
        """The epoch's model; made at the first call, then kept. Raises UsageError and ModelError."""

    def encoder(self) -> Encoder | None:
        """The preset's encoder, or None where it has none; made at the first call, then kept. Raises as `model`."""

    def resolve_epoch(self, wanted: str | int) -> int:
        """ "best" or a number -> the number of an epoch that is there. Raises UsageError, naming the nearest."""
