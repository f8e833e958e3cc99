"""From knobs, seed and a bar's number to its notes: a pure function of these and the preset.

That is what makes a render offline equal to what was played live, and a seed worth writing down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from instrument.core import groove, latent, phrases
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

MOST_LATENTS = 4096
"""More than any bar is made from: each bar of an independent render has so many numbers to itself."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Composed:
    """A bar as it sounds, and the same as the kit's notes."""

    bar: Bar
    notes: tuple[Note, ...]

    def revision(self, index: int, revision: int) -> BarNotes:
        return BarNotes(index=index, revision=revision, notes=self.notes)


class Composer:
    """Makes bars. Any thread may call it: it holds nothing that changes but the models' own caches."""

    def __init__(self, source: ModelSource, kit: KitMap, seed: int) -> None:
        self.source = source
        self.kit = kit
        self.seed = seed
        self._plane = lru_cache(maxsize=64)(self._plane_of)

    @property
    def manifest(self) -> Manifest:
        return self.source.manifest

    def compose(self, index: int, knobs: Knobs, tap: Floats | None = None) -> Composed:
        """Bar `index` >= 0, around the groove of a `tap` [4, T] where the net listens (see `ModelContract`). Raises
        ModelError where the net fails and UsageError for an unknown style or epoch."""
        conditions = self.manifest.conditions
        condition = np.array(
            [knobs.fill, conditions.density.value(knobs.density), conditions.energy.value(knobs.energy)], np.float32
        )
        model = self.source.model(knobs.epoch)
        if self.manifest.model.phrase_dim:
            index = phrases.sounding(self.seed, index, knobs.variation)
            place = phrases.place(self.seed, index, knobs.variation)
            home, contract = self._home(knobs), self.manifest.model
            z = phrases.z_of(self.seed, index, home, contract, knobs.variation, knobs.phrase)[None]
        else:
            z, place = np.stack([self._z(number, knobs) for number in model.latents(index)]), index
        return self._finish(model.bar_at(place, z, self._style(knobs), condition, tap=tap), knobs)

    def compose_independent(self, index: int, knobs: Knobs) -> Composed:
        """A bar from its own z and its own conditions, drawn from the preset's prior over beats (for scoring)."""
        prior = self.manifest.prior
        if not len(prior):
            raise UsageError(f'preset "{printable(self.manifest.name)}" keeps no prior to draw conditions from')
        row = int(latent.stream(self.seed, "conditions", index).integers(len(prior)))
        style = np.zeros(len(self.manifest.model.styles), np.float32)
        style[prior.style[row]] = 1.0
        condition = np.array([prior.fill[row], prior.density[row], prior.energy[row]], np.float32)
        model = self.source.model(knobs.epoch)
        count = len(model.latents(index))
        draws = range(index * MOST_LATENTS, index * MOST_LATENTS + count) if count > 1 else [index]
        z = np.stack([latent.draw(self.seed, "bar", number, self.manifest.model.latent_dim) for number in draws])
        return self._finish(model.bar_at(index, z, style, condition), knobs)

    def style_of_home(self, home: int) -> str:
        """The style that a home draws where the player names none: one of the training beats'."""
        manifest = self.manifest
        if not len(manifest.prior):
            return manifest.model.styles[0]
        row = int(latent.stream(self.seed, "conditions", home).integers(len(manifest.prior)))
        return manifest.model.styles[manifest.prior.style[row]]

    def check(self, knobs: Knobs) -> None:
        """Raises UsageError for a style or an epoch that the preset doesn't have, naming the nearest."""
        self._style(knobs)
        self.source.resolve_epoch(knobs.epoch)

    def _finish(self, bar: Bar, knobs: Knobs) -> Composed:
        bar = groove.quantise(bar, knobs.quantise)
        return Composed(bar=bar, notes=groove.strokes(bar, self.kit, swing=knobs.swing))

    def _z(self, index: int, knobs: Knobs) -> Latent:
        home = self._home(knobs)
        return latent.stray(home, latent.draw(self.seed, "bar", index, len(home)), knobs.variation)

    def _home(self, knobs: Knobs) -> Latent:
        home = latent.draw(self.seed, "home", knobs.home, self.manifest.model.latent_dim)
        if knobs.x or knobs.y:
            across, up = self._plane(knobs.epoch)
            home = home + np.float32(PAD_REACH * knobs.x) * across + np.float32(PAD_REACH * knobs.y) * up
        return home

    def _style(self, knobs: Knobs) -> Floats:
        styles = self.manifest.model.styles
        name = knobs.style or self.style_of_home(knobs.home)
        if name not in styles:
            known = ", ".join(styles)
            raise UsageError(f'no style "{printable(name)}"{nearest(name, styles)}; there are: {known}')
        weights = np.zeros(len(styles), np.float32)
        weights[styles.index(name)] = 1.0
        return weights

    def _plane_of(self, epoch: int) -> tuple[Latent, Latent]:
        axes = [np.array(d.vector, np.float32) for d in self.manifest.epoch(epoch).directions[:2]]
        return latent.plane(self.manifest.model.latent_dim, axes)


def with_fill(knobs: Knobs) -> Knobs:
    """The knobs of a bar that a fill was asked for."""
    return replace(knobs, fill=1.0)
