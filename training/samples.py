"""Eight bars from fixed noise after each epoch, as a MIDI file: what the net plays by then."""

from __future__ import annotations

import io
from typing import Any

import mido
import torch

from instrument.core.bar import Bar, Grid, decode, encode
from instrument.core.drums import GM_KIT
from instrument.core.timebase import BAR_TICKS, PPQ, microseconds_per_beat
from instrument.core.windows import windows_of_bar
from training.metrics.sources import join_hits, strokes_of
from training.tick_layers import TickShape

SAMPLE_BARS = 8
SAMPLE_TEMPO_BPM = 120.0


@torch.no_grad()
def sample_bars(generator: Any, styles: int) -> list[Bar]:
    """SAMPLE_BARS bars of a generator of either kind, from the same latents at every call: the styles in turn, usual
    density and energy, the last a fill."""
    shape = generator.shape
    if isinstance(shape, TickShape):
        return _cut_bars(generator, styles)
    number = torch.arange(SAMPLE_BARS)
    style, condition = _sample_conditions(number, styles)
    if shape.places:
        condition = torch.cat([condition, torch.eye(shape.bars)[number % shape.bars]], 1)
    raw = [plane.numpy() for plane in generator.forward_raw(_latents(SAMPLE_BARS, shape.latent_dim), style, condition)]
    return [Bar.from_outputs(onset, velocity, offset) for onset, velocity, offset in zip(*raw, strict=True)]


def _cut_bars(generator: Any, styles: int) -> list[Bar]:
    """Windows laid end to end from the first bar line on; each has the style of the bar that it begins in."""
    ticks = generator.shape.window_ticks
    count = windows_of_bar(SAMPLE_BARS - 1, ticks).stop
    starts = torch.arange(count) * ticks
    style, condition = _sample_conditions((starts // BAR_TICKS).clamp(max=SAMPLE_BARS - 1), styles)
    phase = (starts % BAR_TICKS / BAR_TICKS).unsqueeze(1)
    raw = generator.forward_raw(_latents(count, generator.shape.latent_dim), style, torch.cat([condition, phase], 1))
    hits = join_hits(strokes_of(raw), ticks)
    bars = encode(hits, bars=SAMPLE_BARS)
    return [bars[index] for index in range(SAMPLE_BARS)]


def _latents(count: int, latent_dim: int) -> torch.Tensor:
    return torch.randn((count, latent_dim), generator=torch.Generator().manual_seed(0))


def _sample_conditions(bar: torch.Tensor, styles: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Style weights and conditions of what begins in the bars of these numbers."""
    condition = torch.zeros((len(bar), 3))
    condition[bar == SAMPLE_BARS - 1, 0] = 1.0
    return torch.eye(styles)[bar % styles], condition


def bars_to_midi(bars: list[Bar]) -> bytes:
    """Bars end to end as a type 0 file at 120 BPM; a hit early on the first step sounds at its start."""
    events: list[tuple[int, int, int]] = []  # tick, note, velocity (0 ends a note)
    for index, bar in enumerate(bars):
        planes, _, steps = bar.onset.shape
        hits, _ = decode(bar, grid=Grid(planes=planes, steps=steps))
        for tick, voice, velocity in zip(hits.tick, hits.voice, hits.velocity, strict=True):
            target = GM_KIT.targets[int(voice)]
            start = max(index * BAR_TICKS + int(tick), 0)
            events += [(start, target.note, int(velocity)), (start + target.length_ticks, target.note, 0)]
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("set_tempo", tempo=microseconds_per_beat(SAMPLE_TEMPO_BPM)))
    track.append(mido.MetaMessage("time_signature", numerator=4, denominator=4))
    now = 0
    for tick, note, velocity in sorted(events, key=lambda event: (event[0], event[2] > 0)):
        kind = "note_on" if velocity else "note_off"
        track.append(mido.Message(kind, channel=9, note=note, velocity=velocity, time=tick - now))
        now = tick
    file = mido.MidiFile(type=0, ticks_per_beat=PPQ)
    file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()
