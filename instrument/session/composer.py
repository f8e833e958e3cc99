"""From knobs, seed and a bar's number to its notes: a pure function of these and the preset.

That is what makes a render offline equal to what was played live, and a seed worth writing down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from instrument.core import groove, latent
from instrument.core.bar import Bar, Floats
from instrument.core.drums import KitMap
from instrument.core.events import BarNotes, Note
from instrument.core.latent import Latent
from instrument.core.manifest import Manifest
from instrument.errors import UsageError, nearest
from instrument.model.contract import ModelSource
from instrument.session.view import Knobs
from instrument.text import printable

PAD_REACH = 2.5
"""How far the pad's edge lies from its middle, in standard deviations of the latent."""

MOST_PRESETS = 8
"""Open at a time."""

AGAIN = 0.6
"""How much the hands wander at least in a bar that is played again for want of a new one."""

MOST_LATENTS = 4096
"""More than any bar is made from: each bar of an independent render has so many numbers to itself."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Composed:
    """A bar as the net gave it, as it sounds after the groove, and the same as the kit's notes."""

    given: Bar
    bar: Bar
    notes: tuple[Note, ...]

    def revision(self, index: int, revision: int) -> BarNotes:
        return BarNotes(index=index, revision=revision, notes=self.notes)


class Composer:
    """Makes bars. Any thread may call it: it holds nothing that changes but the models' own caches."""

    def __init__(
        self, source: ModelSource, kit: KitMap, seed: int, others: Callable[[str], ModelSource] | None = None
    ) -> None:
        """`others` opens a preset by its name, where the performance may change to another one."""
        self.source = source
        self.kit = kit
        self.seed = seed
        self._others = None if others is None else lru_cache(maxsize=MOST_PRESETS)(others)
        self._plane = lru_cache(maxsize=64)(self._plane_of)

    @property
    def manifest(self) -> Manifest:
        """Of the preset that it began with."""
        return self.source.manifest

    def source_of(self, preset: str) -> ModelSource:
        """The preset of that name, opened at the first call. Raises UsageError and ModelError."""
        if preset in ("", self.source.manifest.name):
            return self.source
        if self._others is None:
            raise UsageError(f'preset "{printable(preset)}" can\'t be opened here')
        return self._others(preset)

    def again(self, last: Composed, index: int, knobs: Knobs) -> Composed:
        """The net's last bar in the place of bar `index`: the hands wander, so that it isn't a frozen loop."""
        return self._finish(last.given, index, replace(knobs, humanise=max(knobs.humanise, AGAIN)))

    def compose(self, index: int, knobs: Knobs) -> Composed:
        """Bar `index` >= 0. Raises ModelError where the net fails and UsageError for an unknown style or epoch."""
        source = self.source_of(knobs.preset)
        conditions = source.manifest.conditions
        condition = np.array(
            [knobs.fill, conditions.density.value(knobs.density), conditions.energy.value(knobs.energy)], np.float32
        )
        model = source.model(knobs.epoch)
        z = np.stack([self._z(number, knobs) for number in model.latents(index)])
        return self._finish(model.bar_at(index, z, self._style(knobs), condition), index, knobs)

    def compose_independent(self, index: int, knobs: Knobs) -> Composed:
        """A bar from its own z and its own conditions, drawn from the preset's prior over beats (for scoring)."""
        source = self.source_of(knobs.preset)
        prior = source.manifest.prior
        if not len(prior):
            raise UsageError(f'preset "{printable(source.manifest.name)}" keeps no prior to draw conditions from')
        row = int(latent.stream(self.seed, "conditions", index).integers(len(prior)))
        style = np.zeros(len(source.manifest.model.styles), np.float32)
        style[prior.style[row]] = 1.0
        condition = np.array([prior.fill[row], prior.density[row], prior.energy[row]], np.float32)
        model = source.model(knobs.epoch)
        count = len(model.latents(index))
        draws = range(index * MOST_LATENTS, index * MOST_LATENTS + count) if count > 1 else [index]
        z = np.stack([latent.draw(self.seed, "bar", number, source.manifest.model.latent_dim) for number in draws])
        return self._finish(model.bar_at(index, z, style, condition), index, knobs)

    def style_of_home(self, knobs: Knobs) -> str:
        """The style that a home draws where the player names none: one of the training beats'."""
        manifest = self.source_of(knobs.preset).manifest
        if not len(manifest.prior):
            return manifest.model.styles[0]
        row = int(latent.stream(self.seed, "conditions", knobs.home).integers(len(manifest.prior)))
        return manifest.model.styles[manifest.prior.style[row]]

    def check(self, knobs: Knobs) -> None:
        """Raises UsageError for a style or an epoch that the preset doesn't have, naming the nearest."""
        self._style(knobs)
        self.source_of(knobs.preset).resolve_epoch(knobs.epoch)

    def _finish(self, bar: Bar, index: int, knobs: Knobs) -> Composed:
        played = groove.mute(bar, knobs.muted)
        played = groove.quantise(played, knobs.quantise)
        played = groove.lean(played, knobs.late)
        played = groove.humanise(played, knobs.humanise, self.seed, index)
        played = groove.accent(played, knobs.accent)
        played = groove.velocity_range(played, knobs.softest, knobs.loudest)
        return Composed(given=bar, bar=played, notes=groove.strokes(played, self.kit, swing=knobs.swing))

    def _z(self, index: int, knobs: Knobs) -> Latent:
        size = self.source_of(knobs.preset).manifest.model.latent_dim
        home = latent.draw(self.seed, "home", knobs.home, size)
        if knobs.x or knobs.y:
            across, up = self._plane(knobs.preset, knobs.epoch)
            home = home + np.float32(PAD_REACH * knobs.x) * across + np.float32(PAD_REACH * knobs.y) * up
        return latent.stray(home, latent.draw(self.seed, "bar", index, size), knobs.variation)

    def _style(self, knobs: Knobs) -> Floats:
        styles = self.source_of(knobs.preset).manifest.model.styles
        name = knobs.style or self.style_of_home(knobs)
        if name not in styles:
            known = ", ".join(styles)
            raise UsageError(f'no style "{printable(name)}"{nearest(name, styles)}; there are: {known}')
        weights = np.zeros(len(styles), np.float32)
        weights[styles.index(name)] = 1.0
        return weights

    def _plane_of(self, preset: str, epoch: int) -> tuple[Latent, Latent]:
        manifest = self.source_of(preset).manifest
        axes = [np.array(d.vector, np.float32) for d in manifest.epoch(epoch).directions[:2]]
        return latent.plane(manifest.model.latent_dim, axes)


def with_fill(knobs: Knobs) -> Knobs:
    """The knobs of a bar that a fill was asked for."""
    return replace(knobs, fill=1.0)
