"""What G learns from beside its critics: that its latent is heard, a tap kept, a control obeyed, and traits matched."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from training.batch import Batch, Sums
from training.controls import CONTROLS
from training.examples import Examples, WindowExamples
from training.losses import code_loss, smooth_loss, steer_loss, tap_loss
from training.moments import Moments
from training.networks import PLANES, from_critic
from training.recipes.schema import LossSettings
from training.taps import tap_of
from training.traits import between, traits
from training.turns import heard

TOMS_SPREAD = 2.0
"""Strokes on toms that count as one deviation. Most bars have none, so that theirs says little."""

WINDOWS = 4000
"""Whose means and deviations stand for all."""


class Lessons:
    """Losses of one recipe, each with its weight, for nets of one shape."""

    def __init__(self, settings: LossSettings, shape: Any) -> None:
        self.settings, self.shape = settings, shape
        self._spread: Tensor | None = None
        self._moments: dict[str, Moments] = {}
        self._restored: dict[str, dict[str, Tensor]] = {}

    def know(self, bars: Examples, windows: WindowExamples | None = None) -> None:
        """Takes what is compared from all bars, once: a batch may be without a ride."""
        settings = self.settings
        if self._spread is not None or not (settings.match or settings.relate or settings.steer or settings.smooth):
            return
        every = bars.x(torch.arange(len(bars)))
        self._spread = heard(every).std(0).clamp(min=1e-2)
        self._spread[-1] = TOMS_SPREAD
        if settings.match:
            self._moments["match"] = Moments(traits(every))
        if settings.relate and windows is not None:
            rows = torch.linspace(0, len(windows) - 1, min(WINDOWS, len(windows))).long()
            x = windows.x(rows)
            self._moments["relate"] = Moments(between(x.view(len(x), windows.length, -1, x.shape[2])))
        self.restore(self._restored)

    def state(self) -> dict[str, dict[str, Tensor]]:
        """What the next step's losses depend on."""
        return {name: moments.state() for name, moments in self._moments.items()} or self._restored

    def restore(self, state: dict[str, dict[str, Tensor]]) -> None:
        """Raises KeyError for a state of something else."""
        self._restored = state
        for name, moments in self._moments.items():
            if name in state:
                moments.restore(state[name])

    def losses(
        self,
        real: Batch,
        fake: Tensor,
        generator: nn.Module,
        reader: nn.Module | None,
        *,
        decay: float,
        strength: float,
        sums: Sums,
    ) -> list[Tensor]:
        """Of a batch and the fakes that G made for it. `decay` is what is left of the learning rates, `strength` 0..1
        how far the lessons that need a net which makes bars already have been faded in."""
        settings, found = self.settings, []
        if reader is not None:
            code = code_loss(reader(fake), real.z[:, self.shape.code])
            sums.add("loss_code", code)
            found.append(settings.code * decay * code)
        if settings.tap and real.tap is not None:
            missed = tap_loss(tap_of(from_critic(fake)), real.tap)
            sums.add("loss_tap", missed)
            found.append(settings.tap * missed)
        if settings.match:
            unlike = self._moments["match"].loss(*(traits(from_critic(x)) for x in (fake, real.x)))
            sums.add("loss_match", unlike)
            found.append(strength * settings.match * unlike)
        if settings.relate and real.windows is not None:
            made, there = (between(from_critic(x)[real.windows]) for x in (fake, real.x))
            unlike = self._moments["relate"].loss(made, there)
            sums.add("loss_relate", unlike)
            found.append(strength * settings.relate * unlike)
        if real.turn is not None:
            found += [strength * loss for loss in self._turned(real, from_critic(fake), generator, sums)]
        return found

    def _turned(self, real: Batch, made: Tensor, generator: nn.Module, sums: Sums) -> list[Tensor]:
        turn, settings = real.turn, self.settings
        assert turn is not None
        assert self._spread is not None
        rows, count = turn.rows, len(turn.what)
        given = (turn.z, real.style[rows], turn.condition)
        free = torch.ones(len(rows), device=made.device)
        if real.tap is None:
            again = generator(*given)
        else:
            again = generator(*given, real.tap[rows])
            free = 1 - real.tap[rows, -1, 0]
        before = made[rows]
        gain = (heard(again[:count]) - heard(before[:count])) / self._spread.to(made.device)
        gain = gain.gather(1, turn.what.unsqueeze(1)).squeeze(1) * turn.by.sign()
        open_to = free[:count] > 0  # a tap tells the number of kicks
        steer = steer_loss(gain[open_to], turn.by[open_to], *_asked(turn.what[open_to]))
        onsets, stepped = (x[count:].chunk(PLANES, 1)[0] for x in (before, again))
        smooth = smooth_loss(onsets, stepped)
        sums.add("loss_steer", steer)
        sums.add("loss_smooth", smooth)
        return [settings.steer * steer, settings.smooth * smooth]


def _asked(what: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Slope, spare and weight of what is turned, each [n]."""
    asked = torch.tensor([(c.slope, c.spare, c.weight) for c in CONTROLS], device=what.device)[what]
    return asked[:, 0], asked[:, 1], asked[:, 2]
