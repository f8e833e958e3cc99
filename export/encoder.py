"""From a run to the encoder of its exported epochs: taught, exported, proved and scored.

Teaching is a part of the export, as it depends on which epochs are exported and on nothing else that a run doesn't
hold but its data. The run's seed makes it repeatable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from export.graph import encode, to_onnx
from export.half import rounded, stored
from export.parity import TOLERANCE
from instrument.core.bar import Bar
from instrument.core.manifest import Conditions, EncoderContract, EncoderFile, ModelContract
from instrument.errors import DataError, ModelError
from instrument.model.contract import ManyBars
from instrument.model.encoder import OnnxEncoder, golden_bars
from instrument.model.nearest import Effort, bar_of, likeness, nearest, usual
from training.encoding import Encoder, EncoderSchedule, teach
from training.examples import BarExamples
from training.networks import BarGenerator
from training.plan import Plan, make_plan
from training.progress import SilentReporter
from training.runs import read_facts, read_recipe
from training.snapshot import load_snapshot

FILE = "encoder.onnx"
GOLDEN = 64
JUDGED = 256
"""Held-out bars by which an encoder is scored."""

Told = Callable[[int, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What an encoder is taught from: the data's folder, and for how long. `told`: each step's number and loss."""

    data: Path
    schedule: EncoderSchedule | None = None
    cache: Path | None = None
    told: Told | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The epoch that an encoder is scored at: its number, its exported net, and the knobs' scales."""

    number: int
    model: ManyBars
    scales: Conditions


def export_encoder(
    run: Path, epochs: list[int], contract: ModelContract, lesson: Lesson, best: Best, facts: dict[str, Any]
) -> tuple[EncoderFile, bytes]:
    """The encoder of these epochs of a run that makes bars. Raises DataError for data that are not the run's, and
    ModelError where the file is not proved."""
    bars = [net for net in (load_snapshot(run, epoch) for epoch in epochs) if isinstance(net, BarGenerator)]
    plan = lesson_plan(run, lesson)
    learnt, kept = plan.judged, plan.held_out
    assert isinstance(learnt, BarExamples)
    assert isinstance(kept, BarExamples)
    net = rounded(teach(bars, learnt, plan.seed, lesson.schedule, lesson.told, epochs.index(best.number)))
    assert isinstance(net, Encoder)
    asked = EncoderContract(model=contract, epochs=len(epochs))
    data = encode(stored(to_onnx(net, asked)), asked, facts)
    entry = EncoderFile(
        file=FILE,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        parity=prove_encoder(net, OnnxEncoder(data, asked)),
        epochs=tuple(epochs),
    )
    scores = score(OnnxEncoder(data, asked, entry), kept, best)
    return replace(entry, scores=scores), data


def score(encoder: OnnxEncoder, kept: BarExamples, best: Best) -> dict[str, float]:
    """How like held-out bars the bars found for them are, see `EncoderFile`: means over JUDGED bars."""
    rows = torch.linspace(0, len(kept) - 1, min(JUDGED, len(kept))).round().long()
    _, planes, voices, steps = encoder.contract.inputs[0].shape
    alone: list[float] = []
    found: list[float] = []
    for x in kept.x(rows).view(len(rows), 3, planes, voices, steps).numpy():
        bar = Bar(onset=x[0], velocity=x[1], offset=x[2])
        starts = encoder.encode(bar, best.number)
        for shares, effort in ((alone, Effort(rounds=0)), (found, usual(best.model.contract))):
            place = nearest(best.model, bar, starts, best.scales, effort)
            shares.append(likeness(bar_of(best.model, place), bar))
    return {"onsets": round(float(np.mean(found)), 6), "alone": round(float(np.mean(alone)), 6)}


def lesson_plan(run: Path, lesson: Lesson) -> Plan:
    """The run's data, read again. Raises DataError where they are others."""
    facts = read_facts(run)
    plan = make_plan(lesson.data, read_recipe(run), facts.seed, SilentReporter(), lesson.cache)
    said = facts.data.get("fingerprint", plan.facts.data["fingerprint"])
    if said != plan.facts.data["fingerprint"]:
        raise DataError(f"{lesson.data} is not what {run} was trained on; its encoder must learn from the same")
    return plan


def prove_encoder(net: Encoder, encoder: OnnxEncoder, count: int = GOLDEN) -> float:
    """The largest difference between file and torch, over golden bars at once and one by one. Raises ModelError above
    the tolerance, which is of z's scale, one, too."""
    inputs = golden_bars(encoder.contract, count)
    with torch.no_grad():
        wanted = [value.numpy() for value in net(*map(torch.from_numpy, inputs))]
    singly = [encoder.run(*(value[row : row + 1] for value in inputs)) for row in range(count)]
    at_play = [np.concatenate(parts) for parts in zip(*singly, strict=True)]
    together = encoder.run(*inputs)
    difference = max(
        float(np.abs(a - b).max()) for found in (at_play, together) for a, b in zip(wanted, found, strict=True)
    )
    if not difference <= TOLERANCE:
        raise ModelError(f"the encoder's file and torch differ by {difference:.2g} (at most {TOLERANCE:g} is right)")
    return difference
