"""A run folder and the loop that fills it: what is scored, written and told after each epoch."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import torch

from instrument.errors import DataError, ModelError, UsageError
from instrument.files import write_atomic
from training.checkpoint import load_checkpoint, save_checkpoint
from training.curves import Curves
from training.gan import Gan
from training.interrupt import StopSwitch
from training.loop import Loop, steps_per_epoch, whole_batch
from training.metrics.panel import Panel
from training.networks import BarGenerator
from training.parallel import Parallel
from training.phrase_gan import PhraseGan
from training.pictures import bars_picture
from training.plan import Plan
from training.progress import Reporter
from training.runs import read_facts, read_floor, read_stats, write_facts, write_floor, write_recipe, write_stats
from training.samples import bars_to_midi, sample_bars
from training.snapshot import save_snapshot
from training.warm import begun_from, take_over

Clock = Callable[[], float]

BEFORE = "before"
"""Of a run's facts: how many epochs of another one come before its own."""

SAVE_EVERY_S = 60.0
"""Within an epoch; at its end in any case."""


def new_gan(plan: Plan, parallel: Parallel) -> Gan:
    """The nets before the first step."""
    batch = whole_batch(len(plan.train), plan.recipe.optimiser.batch, parallel.world)
    steps = plan.recipe.schedule.epochs * steps_per_epoch(len(plan.train), batch)
    kind = PhraseGan if plan.recipe.data.bars > 1 else Gan
    return kind(plan.recipe, len(plan.facts.styles), steps, plan.seed, parallel)


def new_loop(plan: Plan, gan: Gan) -> Loop:
    batch = whole_batch(len(plan.train), plan.recipe.optimiser.batch, gan.parallel.world)
    return Loop(gan, plan.train, batch)


class Session:
    """All processes run one; the leader's alone scores, writes and tells."""

    def __init__(
        self, plan: Plan, out: Path, reporter: Reporter, parallel: Parallel, resume: bool, init: str | None = None
    ) -> None:
        self.plan, self.out, self.reporter, self.parallel = plan, out, reporter, parallel
        self.gan = new_gan(plan, parallel)
        self.loop = new_loop(plan, self.gan)
        self._saved_s = 0.0
        self.rows: list[dict[str, Any]] = []
        if resume:
            self._restore()
        elif init is not None:
            reporter.note(f"begins from {self._begin(init)}")
        if parallel.leader:
            if not resume:
                write_facts(out, self.plan.facts)
            write_recipe(out, plan.recipe)
            styles, metrics = len(plan.facts.styles), plan.recipe.metrics
            self.panel = Panel(
                plan.judged, plan.held_out, plan.source, styles, metrics, self.gan.for_critic, plan.windows
            )
            if not read_floor(out):
                write_floor(out, self.panel.floor())

    @property
    def epoch(self) -> int:
        """The number of the last finished epoch, those of a run that this one was begun from among them."""
        return int(self.plan.facts.data.get(BEFORE, 0)) + self.loop.epoch

    def _begin(self, init: str) -> str:
        """Takes over a generator, and a run's epochs; gives its name, which the run's facts keep."""
        if not isinstance(self.gan.G, BarGenerator):
            raise UsageError("--init is for nets of bars")
        begun, facts = begun_from(init), self.plan.facts
        begun.fill(self.gan.G, facts.styles)
        said: dict[str, str | int] = {"init": str(begun)}
        if begun.run is not None:
            said[BEFORE] = begun.epoch
            if self.parallel.leader:
                self.rows = take_over(begun, copy.deepcopy(self.gan.G), facts.styles, self.out)
                write_stats(self.out, self.rows)
        self.gan.G_ema.load_state_dict(self.gan.G.state_dict())
        self.plan = replace(self.plan, facts=msgspec.structs.replace(facts, data=facts.data | said))
        return str(begun)

    def _restore(self) -> None:
        facts = read_facts(self.out)
        if facts.data.get("fingerprint") != self.plan.facts.data["fingerprint"]:
            raise DataError(f"{self.out} was trained on other data; resume with the folder it began with")
        try:
            self.loop.restore(load_checkpoint(self.out, self.reporter.note))
        except (KeyError, ValueError, RuntimeError, TypeError) as error:
            raise DataError(f"the checkpoint in {self.out} is not of this run's nets") from error
        self.plan = replace(self.plan, facts=facts)
        self.rows = [row for row in read_stats(self.out) if row["epoch"] <= self.epoch]

    def train(self, stop: StopSwitch, deadline: float | None, clock: Clock) -> bool:
        """Up to the recipe's epochs, or until `deadline`; whether a signal ended it."""
        curves = Curves(self.out / "tensorboard", self.epoch) if self.parallel.leader else None
        try:
            self._save(clock)
            interrupted = self._epochs(stop, deadline, clock, curves)
        finally:
            if curves is not None:
                curves.close()
        self._save(clock)
        self.parallel.wait()
        return interrupted

    def _save(self, clock: Clock) -> None:
        """A checkpoint of where the loop stands: whenever a training dies, little is lost."""
        if self.parallel.leader:
            save_checkpoint(self.out, self.gan.step, self.loop.state())
        self._saved_s = clock()

    def _epochs(self, stop: StopSwitch, deadline: float | None, clock: Clock, curves: Curves | None) -> bool:
        longest, first = 0.0, self.loop.epoch == 0
        while self.loop.epoch < self.plan.recipe.schedule.epochs:
            began = clock()
            late = deadline is not None and not first and began + longest > deadline
            if self.parallel.any(late):
                break
            losses = self.loop.run_epoch(stop, lambda step: self._stepped(step, clock))
            self.loop.seconds += clock() - began
            if losses is None:
                return True
            self._refuse_divergence(losses)
            if curves is not None:
                self._finish_epoch(losses, curves, clock)
            self.parallel.wait()
            longest, first = max(longest, clock() - began), False
        return False

    def _stepped(self, step: int, clock: Clock) -> None:
        self.reporter.training(step, self.gan.steps)
        if clock() - self._saved_s > SAVE_EVERY_S and self.loop.position < self.loop.steps:
            self._save(clock)

    def _finish_epoch(self, losses: dict[str, float], curves: Curves, clock: Clock) -> None:
        done, epochs = self.loop.epoch, self.plan.recipe.schedule.epochs
        critic, generator = self.gan.on_cpu()
        row: dict[str, Any] = {
            "epoch": self.epoch,
            "bars": self.gan.step * self.loop.batch * self.plan.recipe.data.bars,
            "seconds": round(self.loop.seconds, 3),
            **losses,
            "lr": self.plan.recipe.optimiser.lr * self.gan.decay(),
            "jitter": self.gan.jitter(),
            **self.panel.success(critic, generator),
            **self.panel.scores(generator, done, last=done == epochs),
        }
        save_snapshot(self.out, self.epoch, generator.state_dict())
        self._save_samples(self.epoch, generator)
        self.rows.append(row)
        write_stats(self.out, self.rows)
        self._save(clock)
        curves.add(row)
        self.reporter.epoch(row, self.epoch - done + epochs)

    def _refuse_divergence(self, losses: dict[str, float]) -> None:
        """Nets that are no numbers any more are neither scored nor saved."""
        weights = torch.nn.utils.parameters_to_vector(self.gan.G_ema.parameters())
        if not (all(map(math.isfinite, losses.values())) and bool(weights.isfinite().all())):
            lr = self.plan.recipe.optimiser.lr
            raise ModelError(
                f"{self.out}: the training diverged in epoch {self.epoch}; start anew with --set lr={lr / 10:g}"
            )

    def _save_samples(self, epoch: int, generator: torch.nn.Module) -> None:
        folder = self.out / "samples"
        folder.mkdir(exist_ok=True)
        bars = sample_bars(generator, len(self.plan.facts.styles))
        write_atomic(folder / f"epoch-{epoch:04d}.mid", bars_to_midi(bars))
        write_atomic(folder / f"epoch-{epoch:04d}.png", bars_picture(bars, f"{self.plan.recipe.name}, epoch {epoch}"))
