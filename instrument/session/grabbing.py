"""What another player has played as a place in the latent: home, with the conditions that the bar itself has.

Where the preset has an encoder and a drummer played, it is asked. Else the place is searched for: of `DRAWS` places the
one whose bar resembles the strokes most, and again nearby, `ROUNDS` times. What is found is the same for the same
strokes, seed and preset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from instrument.core import latent
from instrument.core.answer import TIMEKEEPERS
from instrument.core.bar import Bar, encode
from instrument.core.taps import ANY_VOICE, Tapped, hits_of
from instrument.session.composer import Composer
from instrument.session.encoding import place_of
from instrument.session.knobs import Knobs
from instrument.session.places import seed_of

DRAWS, ROUNDS = 24, 2
NEAR = 0.5
"""How far from the best place the next round looks, as `variation`."""


def grabbed(strokes: Sequence[Tapped], composer: Composer, knobs: Knobs) -> Knobs:
    """The knobs at the place of a bar played in (steps 0..15); bars stray from it as they did from home before."""
    drummed = all(stroke.voice != ANY_VOICE for stroke in strokes)
    if not drummed or composer.source_of(knobs.preset).encoder() is None:
        return _searched(strokes, composer, knobs)
    bar = encode(hits_of(strokes), bars=1)[0]
    return replace(place_of(bar, composer, knobs), variation=knobs.variation, locks=())


def _searched(strokes: Sequence[Tapped], composer: Composer, knobs: Knobs) -> Knobs:
    size = composer.source_of(knobs.preset).manifest.model.latent_dim
    seed, base = seed_of(composer.seed, knobs), replace(knobs, locks=(), variation=0.0, walk=0.0, x=0.0, y=0.0)
    best, best_score, home = knobs, -1.0, None
    for number in range(DRAWS * ROUNDS):
        z = latent.draw(seed, "place", number, size)
        if home is not None:
            z = latent.stray(home, z, NEAR)
        tried = replace(base, z=tuple(map(float, z)), toward=None, morph=0.0)
        score = alike(composer.compose(0, tried).given, strokes)
        if score > best_score:
            best_score = score
            best = replace(knobs, z=tried.z, x=0.0, y=0.0, toward=None, morph=0.0, locks=())
        if number == DRAWS - 1:
            home = np.array(best.z, np.float32)
    return best


def alike(bar: Bar, strokes: Sequence[Tapped]) -> float:
    """How alike a bar and strokes are, 0..1: F1 over (voice, step) where the voice is known, else over steps."""
    voiced = all(stroke.voice != ANY_VOICE for stroke in strokes)
    ours = {(int(voice), int(step)) for voice, step in np.argwhere(bar.onset[0] > 0.5)}
    theirs = {(stroke.voice, stroke.step) for stroke in strokes}
    if not voiced:
        ours = {(ANY_VOICE, step) for voice, step in ours if voice not in TIMEKEEPERS}
        theirs = {(ANY_VOICE, step) for _, step in theirs}
    total = len(ours) + len(theirs)
    return 2 * len(ours & theirs) / total if total else 0.0
