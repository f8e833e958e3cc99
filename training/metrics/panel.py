"""What is asked of a net after each epoch, always the same: D's success on fixed fakes, and the scores of its bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.examples import Examples, WindowExamples
from training.metrics.c2st import two_sample_test
from training.metrics.full import Trial, full_scores
from training.metrics.played import Played
from training.metrics.playing import played_scores
from training.metrics.sources import Source, conditions_of, latents
from training.metrics.suite import Reference, fast_scores
from training.recipes import MetricSettings

PAIRS = 512
FLOOR_SETS = 3


class Panel:
    """Fixed rows, latents and references of one run."""

    def __init__(
        self,
        train: Examples,
        held_out: Examples,
        source: Source,
        styles: int,
        settings: MetricSettings,
        for_critic: Callable[[Tensor], Tensor],
        windows: tuple[WindowExamples, WindowExamples] | None = None,
    ) -> None:
        """`windows` of four bars, to learn from and held out, where bars are scored as a set too."""
        self.train, self.held_out, self.source = train, held_out, source
        self.styles, self.settings, self.for_critic = styles, settings, for_critic
        self.windows = windows
        self.reference = Reference.of(source.reference(), source.step_ticks)

    @torch.no_grad()
    def success(self, critic: Any, generator: Any) -> dict[str, float]:
        """Share of pairs (real, fake of fixed noise under the real's condition) in which D scores the real higher."""
        return {
            "d_fixed": self._success(critic, generator, self.train),
            "d_held_out": self._success(critic, generator, self.held_out),
        }

    def scores(self, generator: Any, epoch: int, *, last: bool) -> dict[str, float]:
        """The fast suite at each epoch, the two-sample test at each `c2st_every`-th, the full suite at the last; how
        bars follow each other and how the net is steered, at each `sets_every`-th and the last."""
        scored, every = self.source.asked(generator, self.settings.bars, seed=2), self.settings.sets_every
        if last:
            scores = full_scores(self._trial(generator, scored), self.reference, self.source.all_training())
        else:
            scores = fast_scores(scored, self.reference)
            if epoch % self.settings.c2st_every == 0:
                scores["c2st"] = self.two_sample(generator)
        if every and (last or epoch % every == 0) and self.windows is not None:
            scores |= played_scores(generator, scored, self.windows, self.styles)
        return scores

    def _trial(self, generator: Any, scored: Played) -> Trial:
        bars = self.settings.bars
        return Trial(
            scored=scored,
            learnt=self.source.asked(generator, len(self.reference.bars), seed=10),
            tested=self.source.asked_held_out(generator, bars, seed=20),
            held_out=self.source.held_out(bars),
        )

    def floor(self) -> dict[str, tuple[float, float]]:
        """What real training bars outside the reference score: lowest and highest of FLOOR_SETS sets of them."""
        others, bars = self.source.others(), self.settings.bars
        held_out = self.source.held_out(bars)
        found = []
        for seed in range(FLOOR_SETS):
            order = np.random.default_rng(seed).permutation(len(others))
            learnt = others.take(order[: len(self.reference.bars)])
            scored = others.take(order[-bars:])
            judged = two_sample_test(self.reference.bars, learnt, held_out, scored, seed=seed)
            found.append(fast_scores(scored, self.reference) | {"c2st": judged})
        return {name: (min(s[name] for s in found), max(s[name] for s in found)) for name in found[0]}

    def two_sample(self, generator: Any, seed: int = 0) -> float:
        """The two-sample test with one seed for latents and judge: good to about 0.03."""
        bars = self.settings.bars
        return two_sample_test(
            self.reference.bars,
            self.source.asked(generator, len(self.reference.bars), seed=10 + seed),
            self.source.held_out(bars),
            self.source.asked_held_out(generator, bars, seed=20 + seed),
            seed=seed,
        )

    def _success(self, critic: Any, generator: Any, examples: Examples) -> float:
        """Row by row of a batch, so that a long window's memory is bounded."""
        rows = torch.linspace(0, len(examples) - 1, min(PAIRS, len(examples))).long()
        style, condition = conditions_of(examples, rows, self.styles)
        z, told = latents(len(rows), generator.shape.latent_dim, seed=1), condition
        own = getattr(examples, "own", None)
        if own is not None:
            z[:, generator.shape.named] = own[rows]
            told = torch.cat([condition, own[rows]], 1)
        right = []
        for part in torch.split(torch.arange(len(rows)), _batch(len(rows))):
            made = generator(z[part], style[part], condition[part])
            real, fake = (self.for_critic(x) for x in (examples.x(rows[part]), made))
            right.append(critic(real, style[part], told[part]) > critic(fake, style[part], told[part]))
        return float(torch.cat(right).float().mean())


def _batch(count: int) -> int:
    """At most 128 pairs at a time, alike but for the last: D compares the items of a batch with each other."""
    return -(-count // -(-count // 128))
