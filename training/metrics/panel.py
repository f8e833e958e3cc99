"""What is asked of a net after each epoch, always the same: D's success on fixed fakes, and the scores of its bars."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from instrument.core.drums import VOICES
from training.gan import RealBars
from training.metrics.c2st import two_sample_test
from training.metrics.played import Played, generate, play_real
from training.metrics.suite import Reference, fast_scores
from training.networks import Discriminator, Generator, NetworkShape, for_critic
from training.recipes import MetricSettings

PAIRS = 512
REFERENCE_BARS = 4000


class Panel:
    """Fixed rows, latents and references of one run. It draws from generators of its own, never from the training's.

    The reference is a part of the training bars; the generated bars are asked for under the conditions of others, so
    that nothing is scored against the very bar that its condition was taken from.
    """

    def __init__(self, train: RealBars, held_out: RealBars, shape: NetworkShape, settings: MetricSettings) -> None:
        self.train, self.held_out, self.shape, self.settings = train, held_out, shape, settings
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
        split = min(REFERENCE_BARS, max(len(order) // 2, 1))
        self.reference_rows = order[:split]
        self.asked_rows = order[split:] if len(order) > split else order
        self.reference = Reference.of(self._real(train, self.reference_rows), train.step_ticks)

    @torch.no_grad()
    def success(self, critic: Discriminator, generator: Generator) -> dict[str, float]:
        """Share of pairs (real, fake of fixed noise under the real's condition) in which D scores the real higher."""
        return {
            "d_fixed": self._success(critic, generator, self.train),
            "d_held_out": self._success(critic, generator, self.held_out),
        }

    def scores(self, generator: Generator, epoch: int, *, last: bool) -> dict[str, float]:
        """The fast suite at each epoch, the two-sample test at each `c2st_every`-th and the last."""
        scores = fast_scores(self.asked(generator, self.settings.bars), self.reference)
        if last or epoch % self.settings.c2st_every == 0:
            scores["c2st"] = self.two_sample(generator)
        return scores

    def asked(self, generator: Generator, count: int, seed: int = 2) -> Played:
        """Generated bars under the conditions of training bars outside the reference."""
        rows = self.asked_rows[torch.arange(count) % len(self.asked_rows)]
        return self._fake(generator, self.train, rows, seed)

    def two_sample(self, generator: Generator, seed: int = 0) -> float:
        """The two-sample test with one seed for latents and judge: good to about 0.03."""
        test_rows = torch.randperm(len(self.held_out), generator=torch.Generator().manual_seed(0))
        test_rows = test_rows[: self.settings.bars]
        return two_sample_test(
            self.reference.bars,
            self.asked(generator, len(self.reference_rows), seed=10 + seed),
            self._real(self.held_out, test_rows),
            self._fake(generator, self.held_out, test_rows, seed=20 + seed),
            seed=seed,
        )

    def _success(self, critic: Discriminator, generator: Generator, bars: RealBars) -> float:
        rows = torch.linspace(0, len(bars) - 1, min(PAIRS, len(bars))).long()
        style = self._style(bars, rows)
        fake = for_critic(generator(self._latents(len(rows), seed=1), style, bars.condition[rows]))
        real_score = critic(for_critic(bars.x[rows]), style, bars.condition[rows])
        fake_score = critic(fake, style, bars.condition[rows])
        return float((real_score > fake_score).float().mean())

    def _real(self, bars: RealBars, rows: Tensor) -> Played:
        return play_real(bars.x[rows], VOICES, bars.step_ticks)

    def _fake(self, generator: Generator, bars: RealBars, rows: Tensor, seed: int) -> Played:
        z = self._latents(len(rows), seed)
        return generate(generator, z, self._style(bars, rows), bars.condition[rows], bars.step_ticks)

    def _style(self, bars: RealBars, rows: Tensor) -> Tensor:
        return F.one_hot(bars.style[rows], self.shape.styles).float()

    def _latents(self, count: int, seed: int) -> Tensor:
        return torch.randn((count, self.shape.latent_dim), generator=torch.Generator().manual_seed(seed))
