"""From a folder of drum files to a run folder: the one entry to training.

A line of `stats.jsonl` holds, per finished epoch: `epoch`, `bars` seen so far, `seconds` of training so far, the
epoch's mean `loss_d`, `loss_g`, `penalty` and, where the recipe has them, `loss_code`, `loss_tap`, `loss_match`,
`loss_relate`, `loss_steer` and `loss_smooth`; `d_gap` (mean score of reals less fakes) and `d_success` (share of the
pairs that D ranks rightly, on training batches); `d_fixed` and `d_held_out`, the same share for fakes of the averaged G
from fixed noise against training bars and against held-out bars; `lr` and `jitter`; the scores of
`training.metrics.suite`, and at the last epoch those of `training.metrics.full`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import filelock
import msgspec

from instrument.core.latent import LARGEST_SEED
from instrument.errors import DataError, UsageError
from training import groove
from training.checkpoint import checkpoints
from training.dataset import Report
from training.interrupt import StopSwitch, stop_on_signals
from training.loop import Loop, steps_per_epoch, whole_batch
from training.parallel import Parallel
from training.plan import Plan, make_plan
from training.progress import Reporter, SilentReporter
from training.recipes import Recipe, load_recipe
from training.runs import best_epoch, read_facts, read_recipe, read_stats
from training.session import Clock, Session, new_gan, new_loop

LEAD, LEAD_EPOCHS = 60, 3
"""Steps that critics learn alone where a training begins from a preset's net, and epochs, whichever is less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """What became of a training. `interrupted`: stopped by a signal, saved, and exit code 130 is due. `leader`: this is
    the process that speaks for all."""

    run: Path
    epochs: int
    best_epoch: int | None
    seconds: float
    interrupted: bool
    report: Report
    windows: dict[str, int]
    parameters: dict[str, int]
    leader: bool = True


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
    init: str | None = None,
    reporter: Reporter | None = None,
    stop: StopSwitch | None = None,
    clock: Clock = time.monotonic,
    cache: Path | None = None,
    parallel: Callable[[], Parallel] = Parallel,
) -> TrainResult:
    """Trains on `data` into the run folder `out`.

    `recipe` is the shipped "bar" where None; on `resume` the run's own, which a given one may only lengthen. `epochs`
    replaces the recipe's, and the schedule with it. `minutes` ends the training at the last epoch that fits into them,
    the first in any case; the schedule stays that of all epochs. `dry_run` makes one step and writes nothing. `init`
    names a preset or a run whose generator is begun from (see `training.warm`). A signal saves a checkpoint and
    returns. Raises UsageError, DataError and, where the nets diverge, ModelError.
    """
    _check_limits(seed, minutes)
    if init is not None and resume:
        raise UsageError("--init begins a training, and --resume goes on with one: give one of them")
    switch = stop or StopSwitch()
    started = clock()
    chosen = _choose_recipe(out, recipe, epochs, resume)
    if chosen.network.theme_dim and not (init or resume or dry_run):
        raise UsageError(f"recipe {chosen.name} varies the bars of a net of single ones: begin with one, --init groove")
    seed = read_facts(out).seed if resume else seed
    processes = parallel()
    teller = (reporter or SilentReporter()) if processes.leader else SilentReporter()
    with stop_on_signals(switch):
        plan = make_plan(data, chosen, seed, teller, groove.NO_CACHE if dry_run else cache)
        if init is not None:
            plan = _for_a_net_that_plays(plan, processes)
        if dry_run:
            return _dry_run(plan, out, processes)
        with _held(out) if processes.leader else nullcontext():
            processes.wait()
            session = Session(plan, out, teller, processes, resume, init)
            deadline = None if minutes is None else started + 60 * minutes
            interrupted = session.train(switch, deadline, clock)
            return _result(plan, out, session, interrupted)


def _result(plan: Plan, out: Path, session: Session, interrupted: bool) -> TrainResult:
    return TrainResult(
        run=out,
        epochs=session.epoch,
        best_epoch=best_epoch(session.rows),
        seconds=session.loop.seconds,
        interrupted=interrupted,
        report=plan.dataset.report,
        windows=plan.dataset.windows(),
        parameters=session.gan.parameters(),
        leader=session.parallel.leader,
    )


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


def _for_a_net_that_plays(plan: Plan, processes: Parallel) -> Plan:
    """Critics that begin beside a net that has learnt already get a lead, where the recipe gives none, and its lessons
    count at once: what is asked of its bars as a whole holds it while the critics, who know little, would lead it
    astray."""
    schedule = plan.recipe.schedule
    batch = whole_batch(len(plan.train), plan.recipe.optimiser.batch, processes.world)
    lead = schedule.lead or min(LEAD, LEAD_EPOCHS * steps_per_epoch(len(plan.train), batch))
    schedule = msgspec.structs.replace(schedule, lead=lead, lessons_from=0.0)
    return replace(plan, recipe=msgspec.structs.replace(plan.recipe, schedule=schedule))


def _same_but_for_length(stored: Recipe, recipe: Recipe, out: Path) -> None:
    for name in ("kind", "data", "network", "loss", "optimiser"):
        if getattr(stored, name) != getattr(recipe, name):
            raise UsageError(f'{out} was trained with another "{name}"; resume without --recipe and --set')


def _dry_run(plan: Plan, out: Path, parallel: Parallel) -> TrainResult:
    gan = new_gan(plan, parallel)
    stepped: list[int] = []
    loop: Loop = new_loop(plan, gan)
    loop.run_epoch(lambda: bool(stepped), stepped.append)
    return TrainResult(
        run=out,
        epochs=0,
        best_epoch=None,
        seconds=0.0,
        interrupted=False,
        report=plan.dataset.report,
        windows=plan.dataset.windows(),
        parameters=gan.parameters(),
        leader=parallel.leader,
    )


def _held(out: Path) -> AbstractContextManager[object]:
    """The run folder, made where it isn't there, and held by the one trainer of a run; the system lets go of it if
    that dies."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"can't make the run folder {out}: {error.strerror}") from error
    try:
        return filelock.FileLock(out / ".lock").acquire(timeout=0)
    except filelock.Timeout as error:
        raise DataError(f"another training is at work in {out}; wait for it, or choose another folder") from error
    except OSError as error:
        raise DataError(f"can't write {out}: {error.strerror}") from error
