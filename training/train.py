"""From a folder of drum files to a run folder: the one entry to training.

A line of `stats.jsonl` holds, per finished epoch: `epoch`, `bars` seen so far, `seconds` of training so far, the
epoch's mean `loss_d`, `loss_g`, `loss_code`, `penalty`, `d_gap` (mean score of reals less fakes) and `d_success` (share
of the pairs that D ranks rightly, on training batches); `d_fixed` and `d_held_out`, the same share for fakes of the
averaged G from fixed noise against training bars and against held-out bars; `lr` and `jitter`; and the scores of
`training.metrics.suite`.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import msgspec
import torch

from instrument.core.bar import Grid
from instrument.core.latent import LARGEST_SEED
from instrument.errors import DataError, ModelError, UsageError
from instrument.files import write_atomic
from training import features, groove
from training.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from training.curves import Curves
from training.dataset import Dataset, Report
from training.gan import Gan, RealBars
from training.interrupt import StopSwitch, stop_on_signals
from training.loop import Loop, steps_per_epoch
from training.metrics.panel import Panel
from training.progress import Reporter, SilentReporter
from training.recipes import Recipe, load_recipe
from training.runs import (
    RunFacts,
    best_epoch,
    read_facts,
    read_recipe,
    read_stats,
    write_facts,
    write_recipe,
    write_stats,
)
from training.samples import bars_to_midi, fixed_bars, sample_conditions
from training.snapshot import network_shape, save_snapshot

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """What became of a training. `interrupted`: stopped by a signal, saved, and exit code 130 is due."""

    run: Path
    epochs: int
    best_epoch: int | None
    seconds: float
    interrupted: bool
    report: Report
    windows: dict[str, int]
    parameters: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A training before its first step: checked, nothing written yet."""

    recipe: Recipe
    seed: int
    dataset: Dataset
    facts: RunFacts
    train: RealBars
    held_out: RealBars

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.recipe.schedule.epochs * steps_per_epoch(len(self.train), self.recipe.optimiser.batch)


def run(
    data: Path,
    out: Path,
    recipe: Recipe | None = None,
    *,
    seed: int = 0,
    epochs: int | None = None,
    minutes: float | None = None,
    resume: bool = False,
    dry_run: bool = False,
    reporter: Reporter | None = None,
    stop: StopSwitch | None = None,
    clock: Clock = time.monotonic,
    cache: Path | None = None,
) -> TrainResult:
    """Trains on `data` into the run folder `out`.

    `recipe` is the shipped "bar" where None; on `resume` the run's own, which a given one may only lengthen. `epochs`
    replaces the recipe's, and the schedule with it. `minutes` ends the training at the last epoch that fits into them,
    the first in any case; the schedule stays that of all epochs. `dry_run` makes one step and writes nothing. A signal
    saves a checkpoint and returns. Raises UsageError, DataError and, where the nets diverge, ModelError.
    """
    _check_limits(seed, minutes)
    reporter = reporter or SilentReporter()
    switch = stop or StopSwitch()
    started = clock()
    chosen = _choose_recipe(out, recipe, epochs, resume)
    with stop_on_signals(switch):
        plan = _plan(data, chosen, read_facts(out).seed if resume else seed, reporter, cache)
        if dry_run:
            return _dry_run(plan, out)
        _claim(out)
        with _locked(out):
            session = _Session(plan, out, reporter, resume)
            deadline = None if minutes is None else started + 60 * minutes
            return session.train(switch, deadline, clock)


def _check_limits(seed: int, minutes: float | None) -> None:
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"--seed {seed} is not in 0..{LARGEST_SEED}")
    if minutes is not None and not (math.isfinite(minutes) and minutes > 0):
        raise UsageError(f"--minutes {minutes:g} is no length of time")


def _choose_recipe(out: Path, recipe: Recipe | None, epochs: int | None, resume: bool) -> Recipe:
    if resume:
        stored = read_recipe(out)
        if recipe is not None:
            _same_but_for_length(stored, recipe, out)
        chosen = recipe or stored
    else:
        if checkpoints(out) or read_stats(out):
            raise UsageError(f"{out} already holds a training; --resume goes on with it, or choose another folder")
        chosen = recipe or load_recipe("bar")
    if epochs is not None:
        if epochs < 1:
            raise UsageError(f"--epochs {epochs}: at least one epoch is needed")
        chosen = msgspec.structs.replace(chosen, schedule=msgspec.structs.replace(chosen.schedule, epochs=epochs))
    return chosen


def _same_but_for_length(stored: Recipe, recipe: Recipe, out: Path) -> None:
    for name in ("kind", "data", "network", "loss", "optimiser"):
        if getattr(stored, name) != getattr(recipe, name):
            raise UsageError(f'{out} was trained with another "{name}"; resume without --recipe and --set')


def _plan(data: Path, recipe: Recipe, seed: int, reporter: Reporter, cache: Path | None) -> Plan:
    grid = Grid(steps=recipe.data.steps, planes=recipe.data.planes)
    dataset = groove.load(data, grid=grid, cache=cache, progress=reporter.reading)
    for line in dataset.report.lines():
        reporter.note(line)
    try:
        scale = features.scales(dataset)
    except DataError as error:
        raise DataError(f"{data}: {error}") from error
    train = features.features(dataset, "train", scale)
    conditions, prior = features.knob_scales(train), features.prior(train)
    facts = RunFacts(
        styles=dataset.styles,
        density=conditions.density.quantiles,
        energy=conditions.energy.quantiles,
        prior_style=prior.style,
        prior_density=prior.density,
        prior_energy=prior.energy,
        prior_fill=prior.fill,
        seed=seed,
        data={"fingerprint": _fingerprint(dataset), "files": len(dataset.files), **dataset.windows()},
    )
    held_out = features.features(dataset, "validation", scale)
    return Plan(
        recipe=recipe,
        seed=seed,
        dataset=dataset,
        facts=facts,
        train=_in_memory(dataset, train),
        held_out=_in_memory(dataset, held_out),
    )


def _in_memory(dataset: Dataset, part: features.Features) -> RealBars:
    return RealBars(
        x=torch.from_numpy(dataset.planes(part.rows)).flatten(1, 3),
        style=torch.from_numpy(part.style),
        condition=torch.from_numpy(part.condition),
        step_ticks=dataset.grid.step_ticks,
    )


def _fingerprint(dataset: Dataset) -> str:
    digest = hashlib.sha256(repr(dataset.styles).encode())
    for column in (dataset.velocity, dataset.offset_ticks, dataset.style, dataset.fill, dataset.split):
        digest.update(column.tobytes())
    return digest.hexdigest()


def _dry_run(plan: Plan, out: Path) -> TrainResult:
    gan = _gan(plan)
    stepped: list[int] = []
    Loop(gan, plan.train, plan.recipe.optimiser.batch).run_epoch(lambda: bool(stepped), stepped.append)
    return TrainResult(
        run=out,
        epochs=0,
        best_epoch=None,
        seconds=0.0,
        interrupted=False,
        report=plan.dataset.report,
        windows=plan.dataset.windows(),
        parameters=gan.parameters(),
    )


def _gan(plan: Plan) -> Gan:
    return Gan(plan.recipe, network_shape(plan.recipe, len(plan.facts.styles)), plan.steps, plan.seed)


def _claim(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"can't make the run folder {out}: {error.strerror}") from error


def _locked(out: Path) -> AbstractContextManager[object]:
    """Held by the one trainer of a run; the system lets go of it if that dies."""
    try:
        return filelock.FileLock(out / ".lock").acquire(timeout=0)
    except filelock.Timeout as error:
        raise DataError(f"another training is at work in {out}; wait for it, or choose another folder") from error
    except OSError as error:
        raise DataError(f"can't write {out}: {error.strerror}") from error


class _Session:
    """A run folder and the loop that fills it."""

    def __init__(self, plan: Plan, out: Path, reporter: Reporter, resume: bool) -> None:
        self.plan, self.out, self.reporter = plan, out, reporter
        self.gan = _gan(plan)
        self.loop = Loop(self.gan, plan.train, plan.recipe.optimiser.batch)
        if resume:
            self._restore()
        else:
            write_facts(out, plan.facts)
        write_recipe(out, plan.recipe)
        self.rows = [row for row in read_stats(out) if row["epoch"] <= self.loop.epoch]
        self.panel = Panel(plan.train, plan.held_out, self.gan.shape, plan.recipe.metrics)
        self.sample_style, self.sample_condition = sample_conditions(len(plan.facts.styles))

    def _restore(self) -> None:
        if read_facts(self.out).data.get("fingerprint") != self.plan.facts.data["fingerprint"]:
            raise DataError(f"{self.out} was trained on other data; resume with the folder it began with")
        try:
            self.loop.restore(load_checkpoint(self.out))
        except (KeyError, ValueError, RuntimeError, TypeError) as error:
            raise DataError(f"the checkpoint in {self.out} is not of this run's nets") from error

    def train(self, stop: StopSwitch, deadline: float | None, clock: Clock) -> TrainResult:
        epochs = self.plan.recipe.schedule.epochs
        interrupted = False
        curves = Curves(self.out / "tensorboard", self.loop.epoch)
        try:
            longest = 0.0
            while self.loop.epoch < epochs:
                began = clock()
                if deadline is not None and self.rows and began + longest > deadline:
                    break
                losses = self.loop.run_epoch(stop, self._stepped)
                self.loop.seconds += clock() - began
                if losses is None:
                    interrupted = True
                    break
                self._finish_epoch(losses, curves)
                longest = max(longest, clock() - began)
        finally:
            curves.close()
        save_checkpoint(self.out, self.gan.step, self.loop.state())
        return self._result(interrupted)

    def _stepped(self, step: int) -> None:
        self.reporter.training(step, self.plan.steps)

    def _finish_epoch(self, losses: dict[str, float], curves: Curves) -> None:
        epoch = self.loop.epoch
        self._refuse_divergence(losses)
        row: dict[str, Any] = {
            "epoch": epoch,
            "bars": self.gan.step * self.loop.batch,
            "seconds": round(self.loop.seconds, 3),
            **losses,
            "lr": self.plan.recipe.optimiser.lr * self.gan.decay(),
            "jitter": self.gan.jitter(),
            **self.panel.success(self.gan.D, self.gan.G_ema),
            **self.panel.scores(self.gan.G_ema, epoch, last=epoch == self.plan.recipe.schedule.epochs),
        }
        save_snapshot(self.out, epoch, self.gan.G_ema.state_dict())
        self._save_sample(epoch)
        self.rows.append(row)
        write_stats(self.out, self.rows)
        save_checkpoint(self.out, self.gan.step, self.loop.state())
        curves.add(row)
        self.reporter.epoch(row, self.plan.recipe.schedule.epochs)

    def _refuse_divergence(self, losses: dict[str, float]) -> None:
        """Nets that are no numbers any more are neither scored nor saved."""
        weights = torch.nn.utils.parameters_to_vector(self.gan.G_ema.parameters())
        if not (all(map(math.isfinite, losses.values())) and bool(weights.isfinite().all())):
            lr = self.plan.recipe.optimiser.lr
            raise ModelError(
                f"{self.out}: the training diverged in epoch {self.loop.epoch}; start anew with --set lr={lr / 10:g}"
            )

    def _save_sample(self, epoch: int) -> None:
        folder = self.out / "samples"
        folder.mkdir(exist_ok=True)
        bars = fixed_bars(self.gan.G_ema, self.sample_style, self.sample_condition)
        write_atomic(folder / f"epoch-{epoch:04d}.mid", bars_to_midi(bars))

    def _result(self, interrupted: bool) -> TrainResult:
        return TrainResult(
            run=self.out,
            epochs=self.loop.epoch,
            best_epoch=best_epoch(self.rows),
            seconds=self.loop.seconds,
            interrupted=interrupted,
            report=self.plan.dataset.report,
            windows=self.plan.dataset.windows(),
            parameters=self.gan.parameters(),
        )
