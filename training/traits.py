"""What a bar has as a whole, in numbers that G learns by: strokes, how loud and how evenly, how early or late, hands.

A critic of cells hears where a stroke stands and hardly that a bar's kicks are too uneven among themselves: left to it
alone, velocities spread too much within a bar and offsets too little (LOG.md). So it is with windows, whose critic wins
nine of ten pairs while bars still differ from each other too much. `moments.Moments` compares these numbers between
real and made, their means and how they go together. Much of them is what FD and KID judge by, too, so that these say
less of a net that has learnt by them than they did; the two-sample tests see cells and know nothing of traits.

Bars are [B, C, T] as G makes them. Onsets and velocities carry straight-through gradients. Where a number is a mean
over strokes, the strokes are taken as they are: a stroke that isn't there isn't asked for by its loudness.
"""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor

from instrument.core.drums import VOICES, Voice
from training.networks import PLANES

HATS = [Voice.CLOSED_HAT, Voice.OPEN_HAT]
TIME = [*HATS, Voice.RIDE]
TOMS = [Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM]
GROUPS = ([Voice.KICK], [Voice.SNARE], HATS, [Voice.RIDE], TOMS)
HANDS = [voice for voice in Voice if voice not in (Voice.KICK, Voice.CLOSED_HAT)]
"""A foot plays a good part of the closed hat."""

FOLLOWED = [Voice.KICK, Voice.SNARE, Voice.CLOSED_HAT, Voice.RIDE]
"""Voices whose changes are taken by quarters, too."""

ACCENT, GHOST = 110 / 127, 40 / 127
BOUNDS = (0.15, 0.3, 0.45, 0.6, 0.8, 0.98)
"""Velocities that strokes are counted by; at the last lies 127, which a seventh of the strokes have."""

SHARPNESS = 20.0
"""Of the gradient at these velocities."""

SMALL = 1e-4


def traits(x: Tensor) -> Tensor:
    """[B, F]; 0 where there is nothing to measure."""
    onset, velocity, offset = x.view(len(x), PLANES, -1, VOICES, x.shape[2]).unbind(1)
    strokes, main = onset[:, 0], onset[:, 0].detach()
    groups = [
        _counts(onset),
        _loudness(velocity[:, 0], main),
        _spread(velocity[:, 0], main),
        _timing(offset[:, 0], main),
        _spread(offset[:, 0], main),
        _together(strokes),
        _alike(strokes),
        _bands(velocity[:, 0], main),
        _steps(strokes),
    ]
    return torch.cat(groups, 1)


def between(windows: Tensor) -> Tensor:
    """How each two bars of windows [N, K, C, T] differ, [N, F]: strokes by voice, by quarter and by both, whether none;
    strokes that both have, and how much louder and later or the other way round those are."""
    x = windows.view(*windows.shape[:2], PLANES, -1, VOICES, windows.shape[3])[:, :, :, 0]
    found = []
    for a, b in combinations(range(x.shape[1]), 2):
        onset, other = x[:, a, 0], x[:, b, 0]
        moved, both = onset + other - 2 * onset * other, (onset * other).detach()
        cells = moved.view(*moved.shape[:2], 4, -1).sum(3)
        same = torch.exp(-moved.sum((1, 2)))
        feel = [_mean((x[:, a, plane] - x[:, b, plane]).abs(), both) for plane in (1, 2)]
        found += [cells.sum(2), cells.sum(1), cells[:, FOLLOWED].flatten(1)]
        found.append(torch.stack([same, (onset * other).sum((1, 2)), *feel], 1))
    return torch.cat(found, 1)


def _counts(onset: Tensor) -> Tensor:
    """Strokes of each voice and in all, second strokes in all and of the snare."""
    by_voice, second = onset[:, 0].sum(2), onset[:, 1:].sum((1, 3))
    return torch.cat([by_voice, by_voice.sum(1, keepdim=True), second.sum(1, keepdim=True), second[:, 1:2]], 1)


def _loudness(velocity: Tensor, onset: Tensor) -> Tensor:
    """Shares of accents and of ghost notes, and how much louder beats are than the rest."""
    total = onset.sum((1, 2)).clamp(min=1)
    accents = (_above(velocity, ACCENT) * onset).sum((1, 2)) / total
    ghosts = (_above(-velocity, -GHOST) * onset)[:, Voice.SNARE].sum(1)
    beat = torch.zeros_like(onset)
    beat[:, :, :: onset.shape[2] // 4] = 1
    louder = _mean(velocity, onset * beat) - _mean(velocity, onset * (1 - beat))
    return torch.stack([accents, ghosts, louder], 1)


def _above(value: Tensor, bound: float) -> Tensor:
    soft = torch.sigmoid(SHARPNESS * (value - bound))
    return (value > bound).to(value.dtype) + (soft - soft.detach())


def _spread(plane: Tensor, onset: Tensor) -> Tensor:
    """Mean and deviation over a bar's strokes, of all and of each of GROUPS."""
    found = []
    for voices in (list(Voice), *GROUPS):
        value, mask = plane[:, voices], onset[:, voices]
        mean = _mean(value, mask)
        apart = _mean((value - mean.view(-1, 1, 1)).square(), mask)
        found += [mean, (apart + SMALL).sqrt() - SMALL**0.5]
    return torch.stack(found, 1)


def _timing(offset: Tensor, onset: Tensor) -> Tensor:
    """How late the off-eighths and the off-sixteenths are, and how tight what sounds together is."""
    steps = onset.shape[2]
    late = [
        _mean(offset[:, :, start :: 2 * start], onset[:, :, start :: 2 * start])
        for start in (max(steps // 16, 1), steps // 8)
    ]
    count = onset.sum(1)
    mean = (offset * onset).sum(1, keepdim=True) / count.clamp(min=1).unsqueeze(1)
    apart = ((offset - mean).square() * onset).sum(1) / count.clamp(min=1)
    many = (count > 1).to(onset.dtype)
    tight = ((apart + SMALL).sqrt() * many).sum(1) / many.sum(1).clamp(min=1)
    return torch.stack([*late, tight], 1)


def _together(strokes: Tensor) -> Tensor:
    """Shares of the sounding steps at which two things sound at once, or three hands are asked for; a crash on 1."""
    active = strokes.detach().amax(1).sum(1).clamp(min=1)
    kick, snare, crash = strokes[:, Voice.KICK], strokes[:, Voice.SNARE], strokes[:, Voice.CRASH]
    hats, ride, time = _any(strokes[:, HATS]), strokes[:, Voice.RIDE], _any(strokes[:, TIME])
    pairs = [kick * time, snare * time, kick * snare, kick * crash, hats * ride]
    third = (strokes[:, HANDS].sum(1) - 2).clamp(min=0)
    return torch.stack([*(pair.sum(1) / active for pair in pairs), crash[:, 0], third.sum(1) / active], 1)


def _alike(strokes: Tensor) -> Tensor:
    """How much of a bar changes as it is turned by an eighth, a quarter or half of it, the same of its time-keeping;
    how many voices it has and how many steps sound."""
    steps = strokes.shape[2]
    found = []
    for line in (strokes, _any(strokes[:, TIME]).unsqueeze(1)):
        for by in (steps // 8, steps // 4, steps // 2):
            turned = torch.roll(line, by, 2)
            found.append((line + turned - 2 * line * turned).mean((1, 2)))
    voices, active = _any(strokes.mT).sum(1), _any(strokes).sum(1)
    return torch.stack([*found, voices, active], 1)


def _bands(velocity: Tensor, onset: Tensor) -> Tensor:
    """Strokes of each of GROUPS that are louder than each of BOUNDS."""
    found = []
    for voices in GROUPS:
        loud, there = velocity[:, voices], onset[:, voices]
        found += [(_above(loud, bound) * there).sum((1, 2)) for bound in BOUNDS]
    return torch.stack(found, 1)


def _steps(strokes: Tensor) -> Tensor:
    """When kick, snare, hats and ride sound."""
    lines = [strokes[:, Voice.KICK], strokes[:, Voice.SNARE], _any(strokes[:, HATS]), strokes[:, Voice.RIDE]]
    return torch.cat(lines, 1)


def _any(strokes: Tensor) -> Tensor:
    """Whether any of the second axis sounds, 1 or 0."""
    return 1 - (1 - strokes).prod(1)


def _mean(value: Tensor, mask: Tensor) -> Tensor:
    """Over all but the first axis where the mask is set."""
    return (value * mask).sum((1, 2)) / mask.sum((1, 2)).clamp(min=1)
