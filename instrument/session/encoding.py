"""From a bar that was played to the knobs whose bar resembles it: the encoder's answer, and a search from there.

The place is for the epoch that the knobs stand at. What the knobs do to a bar after the net, groove, mutes and locks,
is left as it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from instrument.core.bar import Bar
from instrument.errors import UsageError
from instrument.model.contract import ManyBars
from instrument.model.nearest import nearest
from instrument.session.knobs import Knobs
from instrument.text import printable

if TYPE_CHECKING:
    from instrument.session.composer import Composer


def place_of(bar: Bar, composer: Composer, knobs: Knobs) -> Knobs:
    """The same knobs at a place whose bar resembles `bar` [H, V, T]: z, style, density, energy and fill are its own,
    the pad in the middle, no walk, no morph, no straying. It takes up to 50 ms and is the same each time; any thread
    may ask. Raises UsageError where the preset has no encoder, ModelError where a net fails or the grids differ."""
    source = composer.source_of(knobs.preset)
    encoder, model = source.encoder(), source.model(knobs.epoch)
    manifest = source.manifest
    if encoder is None or not isinstance(model, ManyBars):
        raise UsageError(f'preset "{printable(manifest.name)}" has no encoder: it can\'t find the place of a bar')
    scales = manifest.conditions
    found = nearest(model, bar, encoder.encode(bar, knobs.epoch), scales)
    return replace(
        knobs,
        z=tuple(map(float, found.z)),
        style=manifest.model.styles[found.style],
        density=scales.density.knob(found.density),
        energy=scales.energy.knob(found.energy),
        fill=min(max(found.fill, 0.0), 1.0),
        x=0.0,
        y=0.0,
        truncation=1.0,
        walk=0.0,
        variation=0.0,
        glide=0.0,
        toward=None,
        morph=0.0,
    )
