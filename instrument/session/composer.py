"""From knobs, seed and a bar's number to its notes: a pure function of these and the preset.

That is what makes a render offline equal to what was played live, and a seed worth writing down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from instrument.core import answer, groove, latent
from instrument.core.bar import Bar, Floats, encode
from instrument.core.drums import KitMap
from instrument.core.events import BarNotes, Note
from instrument.core.latent import Latent
from instrument.core.manifest import Manifest
from instrument.core.taps import ANY_VOICE, Tapped, asked_to_keep, fold, hits_of, known, tap_of
from instrument.errors import UsageError, nearest
from instrument.model.blend import bar_between
from instrument.model.contract import BarModel, ModelSource
from instrument.session import accompaniment, recall
from instrument.session.encoding import place_of
from instrument.session.knobs import Knobs, settled
from instrument.session.places import PAD_REACH, Landmark, bar_latent, home_latent, landmarks, phrase_latent, seed_of
from instrument.text import printable

MOST_PRESETS = 8
"""Open at a time."""

AGAIN = 0.6
"""How much the hands wander at least in a bar that is played again for want of a new one."""

LATENT = ("preset", "seed", "home", "z", "x", "y", "pad", "toward", "morph")
"""The knobs that a place in the latent depends on."""

MOST_KEPT = 64
"""Bars that locked voices come from, remembered."""

_KNOBS = Knobs(epoch=0)
ALONE: dict[str, Any] = {
    name: getattr(_KNOBS, name) for name in ("heard", "call", "follow", "hushed", "waits", "distance", "clicks")
}
"""Knobs that say nothing of another player."""

OTHERS = 2**40
"""Beyond any bar's number: where the latents of a bar's candidates are drawn."""

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
        self,
        source: ModelSource,
        kit: KitMap,
        seed: int,
        others: Callable[[str], ModelSource] | None = None,
        known: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """`others` opens a preset by its name, `known` tells the names, where the performance may change to another."""
        self.source = source
        self._known = known
        self.kit = kit
        self.seed = seed
        self._others = None if others is None else lru_cache(maxsize=MOST_PRESETS)(others)
        self._plane = lru_cache(maxsize=64)(self._plane_of)
        self._landmarks = lru_cache(maxsize=64)(self._landmarks_of)
        self._code = lru_cache(maxsize=64)(self._code_of)
        self._net = lru_cache(maxsize=MOST_KEPT)(self._given)
        self._kept = lru_cache(maxsize=MOST_KEPT)(self._kept_of)
        self._place = lru_cache(maxsize=MOST_KEPT)(self._place_of)
        self._likest = lru_cache(maxsize=MOST_KEPT)(self._likest_of)

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
        knobs = replace(knobs, humanise=max(knobs.humanise, AGAIN))
        return self._composed(last.given, self._groove(last.given, index, knobs), knobs)

    def compose(self, index: int, knobs: Knobs, tap: Floats | None = None) -> Composed:
        """Bar `index` >= 0, around the groove of a `tap` [4, T] where the net listens (see `ModelContract`). Raises
        ModelError where the net fails and UsageError for an unknown style or epoch."""
        parts = [(at, self._known_at(at, index, knobs, tap)) for at in accompaniment.boundaries(knobs)]
        played = accompaniment.spliced([(at, self._groove(bar, index, knobs)) for at, bar in parts])
        return self._composed(accompaniment.spliced(parts), played, knobs)

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
        given = model.bar_at(index, z, style, condition)
        return self._composed(given, self._groove(given, index, knobs), knobs)

    def style_of_home(self, knobs: Knobs) -> str:
        """The style that a home draws where the player names none: one of the training beats'."""
        manifest = self.source_of(knobs.preset).manifest
        if not len(manifest.prior):
            return manifest.model.styles[0]
        row = int(latent.stream(seed_of(self.seed, knobs), "conditions", knobs.home).integers(len(manifest.prior)))
        return manifest.model.styles[manifest.prior.style[row]]

    def known_presets(self) -> tuple[str, ...]:
        """The names of the presets that can be opened, the first one's first."""
        return tuple(dict.fromkeys((self.source.manifest.name, *self._known())))

    def landmarks(self, knobs: Knobs) -> tuple[Landmark, ...]:
        """The preset's named places as the pad shows them."""
        return self._landmarks(replace(Knobs(epoch=knobs.epoch), **{name: getattr(knobs, name) for name in LATENT}))

    def pads(self, knobs: Knobs) -> tuple[tuple[int, int], ...]:
        """(channel 0..15, note) of each voice."""
        return knobs.pads or tuple((target.channel, target.note) for target in self.kit.targets)

    def settle(self, knobs: Knobs) -> Knobs:
        """Knobs on their way to another place, with the place where they are as their home."""
        if knobs.toward is None:
            return knobs
        size = self.source_of(knobs.preset).manifest.model.latent_dim
        z = home_latent(self.seed, knobs, size, self._axes)
        return replace(knobs, z=tuple(map(float, z)), x=0.0, y=0.0, toward=None, morph=0.0)

    def code(self, index: int, knobs: Knobs) -> str:
        """The recall code of a bar."""
        return self._code(index, knobs)

    def _code_of(self, index: int, knobs: Knobs) -> str:
        manifest = self.source_of(knobs.preset).manifest
        return recall.encode(manifest, settled(knobs, self.seed, self.manifest.name), index)

    def check(self, knobs: Knobs) -> None:
        """Raises UsageError for a style or an epoch that the preset doesn't have, naming the nearest."""
        self._style(knobs)
        self.source_of(knobs.preset).resolve_epoch(knobs.epoch)

    def _given(self, index: int, knobs: Knobs, tap: Floats | None = None, other: int = 0) -> Bar:
        """Bar `index` as the net makes it; `other` > 0: another one for the same place."""
        source = self.source_of(knobs.preset)
        manifest, model = source.manifest, source.model(knobs.epoch)
        scales = manifest.conditions
        condition = np.array(
            [knobs.fill, scales.density.value(knobs.density), scales.energy.value(knobs.energy)], np.float32
        )
        if manifest.model.phrase_dim:
            index, place, z = phrase_latent(self.seed, index, knobs, manifest.model, self._axes)
        else:
            size, place = manifest.model.latent_dim, index
            z = np.stack(
                [
                    bar_latent(self.seed, number + other * OTHERS, knobs, size, self._axes)
                    for number in model.latents(index)
                ]
            )
        later = self._later(source, knobs)
        if later is None:
            return model.bar_at(place, z, self._style(knobs), condition, tap=tap)
        return bar_between(model, later, knobs.glide, place, z, self._style(knobs), condition, tap)

    def _later(self, source: ModelSource, knobs: Knobs) -> BarModel | None:
        """The epoch that the dial glides to."""
        later = next((number for number in source.epochs if number > knobs.epoch), None)
        return source.model(later) if knobs.glide and later is not None else None

    def _known_at(self, boundary: int, index: int, knobs: Knobs, tap: Floats | None) -> Bar:
        """Bar `index` before the groove, as far as it is known at a boundary (see `session.accompaniment`)."""
        if knobs.frozen:
            return self._kept(knobs.locks[0].index, knobs.locks[0].knobs)
        strokes = fold(known(knobs.heard, boundary))
        given = accompaniment.bent(self._made(index, knobs, strokes, tap), knobs, boundary)
        for lock in knobs.locks:
            given = groove.keep_voices(given, self._kept(lock.index, lock.knobs), (lock.voice,))
        return given

    def _made(self, index: int, knobs: Knobs, strokes: tuple[Tapped, ...], tap: Floats | None) -> Bar:
        """The net's own bar: around what the player plays where the net listens, else the likest of several."""
        alone = replace(knobs, locks=(), **ALONE)
        if knobs.call:
            return self._net(index, replace(self._place(knobs.call, alone), variation=knobs.distance))
        if not (strokes and knobs.follow):
            return self._given(index, alone, tap) if tap is not None else self._net(index, alone)
        if self.source_of(knobs.preset).manifest.model.takes("tap"):
            return self._given(index, alone, tap_of(asked_to_keep(strokes, knobs.follow)))
        return self._likest(index, alone, fold(known(knobs.heard, 0)), accompaniment.candidates(knobs))

    def _place_of(self, call: tuple[Tapped, ...], knobs: Knobs) -> Knobs:
        """Where in the latent a bar lies that a drummer played; where one is, for other players and nets."""
        drummed = all(stroke.voice != ANY_VOICE for stroke in call)
        if not drummed or self.source_of(knobs.preset).encoder() is None:
            return knobs
        found = place_of(encode(hits_of(fold(call)), bars=1)[0], self, knobs)
        return replace(found, fill=max(found.fill, knobs.fill), energy=max(found.energy, knobs.energy))

    def _likest_of(self, index: int, knobs: Knobs, strokes: tuple[Tapped, ...], count: int) -> Bar:
        bars = [self._net(index, knobs)]
        bars += [self._given(index, knobs, other=number) for number in range(1, count)]
        return max(bars, key=lambda bar: answer.likeness(bar, strokes))

    def _kept_of(self, index: int, knobs: Knobs) -> Bar:
        """A bar that voices are locked to."""
        return self.compose(index, knobs).given

    def _composed(self, given: Bar, played: Bar, knobs: Knobs) -> Composed:
        kit = self.kit.with_pads(knobs.pads) if knobs.pads else self.kit
        return Composed(given=given, bar=played, notes=groove.strokes(played, kit, swing=knobs.swing))

    def _groove(self, bar: Bar, index: int, knobs: Knobs) -> Bar:
        played = groove.land(bar) if knobs.landing else bar
        played = groove.mute(played, knobs.resting)
        played = groove.thin(played, knobs.voice_density)
        played = groove.quantise(played, knobs.quantise)
        played = groove.lean(played, knobs.late)
        played = groove.humanise(played, knobs.humanise, seed_of(self.seed, knobs), index)
        played = groove.accent(played, knobs.accent)
        played = groove.trim(played, knobs.voice_velocity)
        return groove.velocity_range(played, knobs.softest, knobs.loudest)

    def _axes(self, knobs: Knobs) -> tuple[Latent, Latent]:
        return self._plane(knobs.preset, knobs.epoch, knobs.pad)

    def _style(self, knobs: Knobs) -> Floats:
        styles = self.source_of(knobs.preset).manifest.model.styles
        name = knobs.style or self.style_of_home(knobs)
        if name not in styles:
            known = ", ".join(styles)
            raise UsageError(f'no style "{printable(name)}"{nearest(name, styles)}; there are: {known}')
        weights = np.zeros(len(styles), np.float32)
        weights[styles.index(name)] = 1.0
        return weights

    def _landmarks_of(self, knobs: Knobs) -> tuple[Landmark, ...]:
        manifest = self.source_of(knobs.preset).manifest
        named, size = manifest.epoch(knobs.epoch).places, manifest.model.latent_dim
        return landmarks(self.seed, knobs, named, size, self._axes)

    def _plane_of(self, preset: str, epoch: int, pad: int) -> tuple[Latent, Latent]:
        """The pad's axes; those of macros shorter, as they go less far."""
        manifest = self.source_of(preset).manifest
        axes = [np.array(d.vector, np.float32) for d in manifest.epoch(epoch).axes(pad)]
        across, up = latent.plane(manifest.model.latent_dim, axes)
        length = np.float32(1 if pad == 0 else latent.MACRO_REACH / PAD_REACH)
        return across * length, up * length
