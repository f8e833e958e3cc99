"""Eight bars from fixed noise after each epoch, as a MIDI file: what the net plays by then."""

from __future__ import annotations

import io

import mido
import numpy as np
import torch

from instrument.core.bar import Bar, Grid, decode
from instrument.core.drums import GM_KIT
from instrument.core.timebase import BAR_TICKS, PPQ, microseconds_per_beat
from training.networks import Generator

SAMPLE_BARS = 8
SAMPLE_TEMPO_BPM = 120.0


@torch.no_grad()
def fixed_bars(generator: Generator, style: torch.Tensor, condition: torch.Tensor) -> list[Bar]:
    """One bar per row of style weights and condition, from the same z at every call."""
    random = torch.Generator().manual_seed(0)
    z = torch.randn((len(style), generator.shape.latent_dim), generator=random)
    raw = [plane.numpy() for plane in generator.forward_raw(z, style, condition)]
    return [Bar.from_outputs(onset, velocity, offset) for onset, velocity, offset in zip(*raw, strict=True)]


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


def sample_conditions(styles: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Style weights and conditions of the fixed bars: the styles in turn, usual density and energy, the last a fill."""
    style = torch.eye(styles)[torch.arange(SAMPLE_BARS) % styles]
    condition = torch.from_numpy(np.zeros((SAMPLE_BARS, 3), np.float32))
    condition[-1, 0] = 1.0
    return style, condition
