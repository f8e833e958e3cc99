"""A bar as about a hundred numbers that a drummer could name, for distances between sets of bars.

How often each voice sounds, when kick, snare and hats do, how syncopated, how loud and how evenly, how early or late,
how tight, and what goes together. After Yang & Lerch 2020 (features for the evaluation of generated music), Longuet-
Higgins & Lee 1984 (syncopation) and Gillick et al. 2019 (velocity and microtiming).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from instrument.core.bar import Floats
from instrument.core.drums import Voice
from training.metrics.played import Played

Doubles = npt.NDArray[np.float64]

HANDS = [voice for voice in Voice if voice not in (Voice.KICK, Voice.CLOSED_HAT)]
"""Closed hat is left out: the foot plays a good part of it."""

TOMS = [Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM]
HATS = [Voice.CLOSED_HAT, Voice.OPEN_HAT]
ACCENT, GHOST = 110 / 127, 40 / 127


def rhythm_features(bars: Played) -> Doubles:
    """[N, F]. A bar without hits of a voice has 0 where that voice would be averaged."""
    onset = bars.onset[:, 0]  # [N, V, T]
    groups = [_counts(bars), _profiles(onset), _structure(onset), _loudness(bars), _timing(bars), _together(onset)]
    return np.concatenate(groups, 1).astype(np.float64)


def _counts(bars: Played) -> Floats:
    onset = bars.onset[:, 0]
    second = bars.onset[:, 1:].sum((1, 3)) if bars.onset.shape[1] > 1 else np.zeros((len(bars), onset.shape[1]))
    active = onset.any(1)
    per_step = onset.sum(1)
    return np.column_stack(
        [
            onset.sum(2),
            second.sum(1),
            second[:, Voice.SNARE],
            onset.sum((1, 2)),
            active.sum(1),
            per_step.sum(1) / np.maximum(active.sum(1), 1),
            (onset.any(2)).sum(1),
        ]
    ).astype(np.float32)


def _profiles(onset: npt.NDArray[np.bool_]) -> Floats:
    """When kick, snare and hats sound, by step."""
    return np.concatenate([onset[:, Voice.KICK], onset[:, Voice.SNARE], onset[:, HATS].any(1)], 1).astype(np.float32)


def metric_weights(steps: int) -> Floats:
    """Longuet-Higgins & Lee's weight of each step of a 4/4 bar: 0 on the first, one less per halving."""
    place = np.arange(steps)
    weights = np.zeros(steps, np.float32)
    size = steps
    while size > 1:
        weights[place % size != 0] -= 1
        size //= 2
    return weights


def _structure(onset: npt.NDArray[np.bool_]) -> Floats:
    """Syncopation of kick, snare and hats; likeness of the halves; autocorrelation; regularity of the hats."""
    steps = onset.shape[2]
    weights = metric_weights(steps)
    columns: list[npt.NDArray[np.generic]] = []
    for voices in ([Voice.KICK], [Voice.SNARE], HATS):
        line: npt.NDArray[np.bool_] = np.any(onset[:, voices], axis=1)
        rest_ahead = ~np.roll(line, -1, axis=1)
        gain = np.maximum(np.roll(weights, -1) - weights, 0)
        columns.append((line & rest_ahead) @ gain)
    half = steps // 2
    columns.append((onset[:, :, :half] == onset[:, :, half:]).mean((1, 2)))
    line = onset.sum(1).astype(np.float32)
    centred = line - line.mean(1, keepdims=True)
    power = np.maximum((centred**2).sum(1), 1e-6)
    columns += [(centred * np.roll(centred, lag, axis=1)).sum(1) / power for lag in (steps // 8, steps // 4, half)]
    hats: npt.NDArray[np.bool_] = np.any(onset[:, [*HATS, Voice.RIDE]], axis=1)
    columns += [hats[:, :: steps // 4].mean(1), hats[:, :: steps // 8].mean(1), hats[:, 1::2].mean(1)]
    columns.append((hats == np.roll(hats, steps // 8, axis=1)).mean(1))
    columns += [onset[:, TOMS, :half].sum((1, 2)), onset[:, TOMS, half:].sum((1, 2))]
    return np.column_stack(columns).astype(np.float32)


def _masked_mean(x: Floats, mask: npt.NDArray[np.bool_]) -> Floats:
    """Mean over all but the first axis where the mask is set."""
    axes = tuple(range(1, x.ndim))
    return np.asarray((x * mask).sum(axes) / np.maximum(mask.sum(axes), 1), np.float32)


def _masked_deviation(x: Floats, mask: npt.NDArray[np.bool_]) -> Floats:
    mean = _masked_mean(x, mask).reshape(-1, *[1] * (x.ndim - 1))
    return np.sqrt(_masked_mean((x - mean) ** 2, mask))


_MAIN_GROUPS = ([Voice.KICK], [Voice.SNARE], HATS, [Voice.RIDE], TOMS)


def _loudness(bars: Played) -> Floats:
    onset, velocity = bars.onset[:, 0], bars.velocity[:, 0]
    columns = [_masked_mean(velocity, onset), _masked_deviation(velocity, onset)]
    for voices in _MAIN_GROUPS:
        columns += [_masked_mean(velocity[:, voices], onset[:, voices])]
        columns += [_masked_deviation(velocity[:, voices], onset[:, voices])]
    hits = np.maximum(onset.sum((1, 2)), 1)
    ghost = onset[:, Voice.SNARE] & (velocity[:, Voice.SNARE] < GHOST)
    columns += [(velocity > ACCENT).sum((1, 2)) / hits, ghost.sum(1)]
    steps = onset.shape[2]
    on_beat = np.zeros_like(onset)
    on_beat[:, :, :: steps // 4] = True
    columns.append(_masked_mean(velocity, onset & on_beat) - _masked_mean(velocity, onset & ~on_beat))
    return np.column_stack(columns).astype(np.float32)


def _timing(bars: Played) -> Floats:
    onset, offset = bars.onset[:, 0], bars.offset[:, 0]
    columns = [_masked_mean(offset, onset), _masked_deviation(offset, onset)]
    columns += [_masked_mean(offset[:, voices], onset[:, voices]) for voices in _MAIN_GROUPS]
    columns += [_masked_deviation(offset[:, voices], onset[:, voices]) for voices in _MAIN_GROUPS[:3]]
    steps = onset.shape[2]
    for start, stride in ((steps // 16, steps // 8), (steps // 8, steps // 4)):
        columns.append(_masked_mean(offset[:, :, start::stride], onset[:, :, start::stride]))
    count = onset.sum(1)
    mean = (offset * onset).sum(1) / np.maximum(count, 1)
    spread = np.sqrt((((offset - mean[:, None]) * onset) ** 2).sum(1) / np.maximum(count, 1))
    columns.append(_masked_mean(spread.astype(np.float32), count > 1))
    return np.column_stack(columns).astype(np.float32)


def hands(onset: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """How many voices that need a hand sound at each step, [N, V, T] -> [N, T]."""
    return np.asarray(onset[:, HANDS].sum(1), np.int64)


def _together(onset: npt.NDArray[np.bool_]) -> Floats:
    """What sounds at the same step, as shares of the active steps."""
    active = np.maximum(onset.any(1).sum(1), 1)
    kick, snare, crash = onset[:, Voice.KICK], onset[:, Voice.SNARE], onset[:, Voice.CRASH]
    time = onset[:, [*HATS, Voice.RIDE]].any(1)
    pairs = [kick & time, snare & time, kick & snare, kick & crash, onset[:, HATS].any(1) & onset[:, Voice.RIDE]]
    columns = [pair.sum(1) / active for pair in pairs]
    columns += [crash[:, 0], (hands(onset) > 2).sum(1) / active]
    return np.column_stack(columns).astype(np.float32)
