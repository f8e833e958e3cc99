"""How a net answers its player: the latent, the knobs and the tap, each asked where drummers can't be.

Latent, under one usual condition: `unique`, the share of bars of as many z that no other has; `slerp_p99`, the onsets
that a step of a slerp in SLERP_STEPS changes, and `slerp_heard`, the share of its steps that change any. Knobs:
`density_rank`, `energy_rank` and `fill_rank`, the mean rank correlation (Spearman) over z of the knob with the hits,
the mean velocity and the tom hits; `toms_0`, `toms_1` the tom hits at both ends of the fill knob. Tap: `tap_recall`,
the share of tapped steps that the bar has, `tap_precision`, the share of its own that were tapped, `tap_velocity` the
correlation of their velocities. `flams`: per cent of hits with another of their voice within FLAM_TICKS after them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from instrument.core.drums import Voice
from instrument.core.latent import slerp
from training.examples import BarExamples
from training.metrics.distances import Doubles
from training.metrics.played import Played, play
from training.metrics.sources import conditions_of, latents
from training.networks import CONDITIONS
from training.taps import tap_of

PLACES, KNOB_PLACES, SLERPS, SLERP_STEPS = 2000, 200, 100, 32
KNOB = torch.linspace(-2, 2, 9)
"""Where the knobs of density and energy are turned to, in standard deviations."""

FILL = torch.linspace(0, 1, 9)
FLAM_TICKS = 60
TOMS = [Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM]
TAPPED = 1500

_CHUNK = 500


def steering_scores(generator: Any, tested: BarExamples, styles: int, style: int) -> dict[str, float]:
    """All but the tap's of a net that doesn't listen. `style`: the one that the knobs are turned under; `tested`: bars
    whose taps are given."""
    ask = Asked(generator, styles, style, tested.step_ticks)
    scores = {**latent_scores(ask), **knob_scores(ask)}
    if getattr(generator.shape, "tap", False):
        scores |= tap_scores(generator, tested, styles)
    return scores


class Asked:
    """A net under usual conditions of one style; its places in the phrase in turn."""

    def __init__(self, generator: Any, styles: int, style: int, step_ticks: int) -> None:
        self.generator, self.step_ticks = generator, step_ticks
        self.latent_dim = int(generator.shape.latent_dim)
        self.style = torch.eye(styles)[style]

    def __call__(self, z: Tensor, **conditions: Tensor) -> Played:
        """Bars [n] of z [n, latent_dim]; `fill`, `density`, `energy` [n], 0 where not given."""
        columns = [conditions.get(name, torch.zeros(len(z))) for name in ("fill", "density", "energy")]
        condition = torch.stack(columns, 1)
        places = getattr(self.generator.shape, "places", 0)
        if places:
            condition = torch.cat([condition, torch.eye(places)[torch.arange(len(z)) % places]], 1)
        return bars_of(self.generator, (z, self.style.expand(len(z), -1), condition), self.step_ticks)


@torch.no_grad()
def bars_of(generator: Any, given: tuple[Tensor, ...], step_ticks: int) -> Played:
    """What a net plays, from its inputs [n, ...]."""
    parts = zip(*(torch.split(value, _CHUNK) for value in given), strict=True)
    raw = [generator.forward_raw(*part) for part in parts]
    onset, velocity, offset = (torch.cat(planes).numpy() for planes in zip(*raw, strict=True))
    return play(onset, velocity, offset, step_ticks)


def latent_scores(ask: Asked) -> dict[str, float]:
    bars = ask(latents(PLACES, ask.latent_dim, seed=3))
    places = max(getattr(ask.generator.shape, "places", 0), 1)
    found = [
        len(np.unique(bars.onset[k::places, 0].reshape(len(bars.onset[k::places]), -1), axis=0)) for k in range(places)
    ]
    ends = latents(2 * SLERPS, ask.latent_dim, seed=4).numpy()
    pairs = list(zip(ends[::2], ends[1::2], strict=True))
    ways = [slerp(*pair, step / SLERP_STEPS) for step in range(SLERP_STEPS + 1) for pair in pairs]
    onset = ask(torch.from_numpy(np.stack(ways))).onset[:, 0].reshape(SLERP_STEPS + 1, SLERPS, -1)
    changed = (onset[1:] != onset[:-1]).sum(2)
    return {
        "unique": sum(found) / PLACES,
        "slerp_p99": float(np.quantile(changed, 0.99)),
        "slerp_heard": float((changed > 0).mean()),
    }


def knob_scores(ask: Asked) -> dict[str, float]:
    toms = turned(ask, "fill", FILL, lambda bars: bars.onset[:, :, TOMS].sum((1, 2, 3)))
    return {
        "density_rank": _rank(turned(ask, "density", KNOB, lambda bars: bars.onset.sum((1, 2, 3)))),
        "energy_rank": _rank(turned(ask, "energy", KNOB, mean_velocity)),
        "fill_rank": _rank(toms),
        "toms_0": float(toms[:, 0].mean()),
        "toms_1": float(toms[:, -1].mean()),
    }


def turned(ask: Asked, knob: str, values: Tensor, measure: Callable[[Played], Any]) -> Doubles:
    """What a knob does: `measure` of KNOB_PLACES bars at each of its values, [KNOB_PLACES, len(values)]."""
    z = latents(KNOB_PLACES, ask.latent_dim, seed=5)
    return np.stack([measure(ask(z, **{knob: value.expand(len(z))})) for value in values], 1).astype(np.float64)


def tap_scores(generator: Any, tested: BarExamples, styles: int) -> dict[str, float]:
    """Bars around the taps of real ones, under these bars' conditions."""
    rows = torch.linspace(0, len(tested) - 1, min(TAPPED, len(tested))).long()
    tap = tap_of(tested.x(rows))
    z = latents(len(rows), generator.shape.latent_dim, seed=6)
    style, condition = conditions_of(tested, rows, styles)
    known = condition[:, : CONDITIONS + getattr(generator.shape, "places", 0)]
    made = bars_of(generator, (z, style, known, tap), tested.step_ticks)
    kept = tap_of(made.bars()).numpy().astype(np.float64)
    wanted = tap.numpy().astype(np.float64)
    both = (kept[:, 0] > 0.5) & (wanted[:, 0] > 0.5)
    return {
        "tap_recall": float(both.sum() / max(wanted[:, 0].sum(), 1)),
        "tap_precision": float(both.sum() / max(kept[:, 0].sum(), 1)),
        "tap_velocity": float(correlation(kept[None, :, 1][:, both], wanted[:, 1][both])[0]) if both.any() else 0.0,
    }


def flams(bars: Played, step_ticks: int) -> float:
    """Per cent of hits that another of their voice in the same bar follows within FLAM_TICKS."""
    n, planes, voices, steps = bars.onset.shape
    tick = np.rint((np.arange(steps) + bars.offset) * step_ticks)
    tick = np.where(bars.onset, tick, np.inf).transpose(0, 2, 1, 3).reshape(n * voices, planes * steps)
    with np.errstate(invalid="ignore"):
        gaps = np.diff(np.sort(tick, axis=1), axis=1)
    return 100 * float((gaps <= FLAM_TICKS).sum()) / max(float(bars.onset.sum()), 1.0)


def mean_velocity(bars: Played) -> Doubles:
    """Of each bar's hits, [n]."""
    return np.asarray(bars.velocity.sum((1, 2, 3)) / np.maximum(bars.onset.sum((1, 2, 3)), 1), np.float64)


def spearman(a: Doubles, b: Doubles) -> Doubles:
    """Rank correlation of each row of a [n, m] with b [m]; 0 for a row that stays."""
    return correlation(ranks(a), ranks(b[None])[0])


def correlation(a: Doubles, b: Doubles) -> Doubles:
    """Pearson's of each row of a [n, m] with b [m]; 0 for a row that stays."""
    x, y = a - a.mean(1, keepdims=True), b - b.mean()
    scale = np.sqrt((x**2).sum(1) * (y**2).sum())
    return np.asarray((x @ y) / np.maximum(scale, 1e-9))


def ranks(a: Doubles) -> Doubles:
    """Of each row's numbers [n, m], equal ones at their mean rank."""
    less = (a[:, None, :] < a[:, :, None]).sum(2)
    same = (a[:, None, :] == a[:, :, None]).sum(2)
    return np.asarray(less + (same - 1) / 2, np.float64)


def _rank(found: Doubles) -> float:
    return float(spearman(found, np.arange(found.shape[1], dtype=np.float64)).mean())
