"""`ghostnote evaluate`: a preset's bars, or those of a MIDI file, against real ones, with floor and ceilings beside.

The references are the training bars of a data folder, the judge's test bars those of one of its splits. A preset is
asked under the conditions of that data: its own training bars' for what a judge learns from, the split's for what it is
tested on. A file has no conditions: the halves of its bars take the two parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from instrument.core.bar import encode
from instrument.errors import DataError, UsageError
from instrument.model.onnx import OnnxNet, input_names, no_tap
from training import features, groove
from training.cutting import BarCut, TickCut
from training.dataset import SPLITS
from training.examples import BarExamples, TickExamples, WindowExamples, held
from training.metrics.full import Trial, full_scores, nearest
from training.metrics.naive import CEILINGS
from training.metrics.played import Played, play
from training.metrics.playing import played_scores
from training.metrics.sets import LENGTH, enough, floor_scores
from training.metrics.sources import REFERENCE_BARS, BarSource, Source, TickSource
from training.metrics.steering import flams
from training.metrics.suite import Reference
from training.midi_file import UnusableFileError, read_drums

FEWEST_BARS = 32
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Scores by name of what was asked for, of other real bars (the floor) and of naive makers (the ceilings)."""

    scored: str
    split: str
    bars: int
    scores: dict[str, float]
    floor: dict[str, float]
    ceilings: dict[str, dict[str, float]]


class Judges:
    """What everything is scored against: the data's training bars and the bars of one split."""

    def __init__(self, data: Path, split: str, bars: int, cache: Path | None, held_for: int = 1) -> None:
        """`held_for`: the bars of a phrase, whose mean condition a net of phrases is asked for. Raises
        UsageError for a split or number that can't be, DataError for data that has too little."""
        if split not in SPLITS:
            raise UsageError(f'--split "{split}" is none of {", ".join(SPLITS)}')
        if bars < FEWEST_BARS:
            raise UsageError(f"--bars {bars}: at least {FEWEST_BARS} are needed to score")
        self.data, self.split, self.bars, self.cache = data, split, bars, cache
        self.dataset = groove.load(data, BarCut(), cache=cache)
        for name, fewest in (("train", 2 * FEWEST_BARS), (split, FEWEST_BARS)):
            there = len(self.dataset.rows(name))
            if there < fewest:
                raise DataError(f"{data} has {there} bars of {name}; scoring needs {fewest}")
        scale = features.scales(self.dataset, split)
        parts = [features.features(self.dataset, name, scale) for name in ("train", split)]
        self.windows = (
            WindowExamples.of(self.dataset, parts[0], LENGTH),
            WindowExamples.of(self.dataset, parts[1], LENGTH),
        )
        if held_for > 1:
            parts = [held(self.dataset, part, held_for) for part in parts]
        train, tested = (BarExamples.of(self.dataset, part) for part in parts)
        self.source = BarSource(train, tested, len(self.dataset.styles))
        self.reference = Reference.of(self.source.reference(), self.source.step_ticks)
        self.library = self.source.all_training()

    def score(self, scored: Played, learnt: Played, tested: Played, seeds: int = 3) -> dict[str, float]:
        trial = Trial(scored=scored, learnt=learnt, tested=tested, held_out=self.source.held_out(self.bars))
        return full_scores(trial, self.reference, self.library, seeds=seeds)

    def of_source(self, source: Source, generator: Any) -> dict[str, float]:
        learnt = source.asked(generator, min(REFERENCE_BARS, len(self.reference.bars)), seed=10)
        tested = source.asked_held_out(generator, self.bars, seed=20)
        return self.score(source.asked(generator, self.bars, seed=2), learnt, tested)

    def of_playing(self, generator: Any) -> dict[str, float]:
        """Bars in a row, knobs, latent and tap."""
        scored = self.source.asked(generator, self.bars, seed=2)
        return played_scores(generator, scored, self.windows, len(self.dataset.styles))

    def of_bars(self, bars: Played) -> dict[str, float]:
        half = len(bars) // 2
        first, second = bars.take(np.arange(half)), bars.take(np.arange(half, len(bars)))
        return self.score(bars.take(np.arange(min(len(bars), self.bars))), first, second)

    def floor(self) -> dict[str, float]:
        """Other real training bars in the place of made ones; held-out bars where copies are looked for."""
        others = self.source.others()
        third = max(len(others) // 3, 1)
        parts = [others.take(np.arange(k * third, min((k + 1) * third, len(others)))) for k in range(3)]
        scored, learnt, tested = parts[0], parts[1], parts[2]
        scores = self.score(scored.take(np.arange(min(len(scored), self.bars))), learnt, tested)
        scores |= nearest(self.source.held_out(self.bars), self.library)
        scores["flams"] = flams(scored, self.source.step_ticks)
        return scores | (floor_scores(*self.windows) if enough(*self.windows) else {})

    def ceiling(self, name: str) -> dict[str, float]:
        make, real = CEILINGS[name], self.reference.bars
        return self.score(make(real, self.bars, 1), make(real, len(real), 2), make(real, self.bars, 3), seeds=1)

    def tick_source(self, window_ticks: int) -> TickSource:
        windows = groove.load(self.data, TickCut(window_ticks), cache=self.cache)
        scale = features.scales(windows, self.split)
        train, tested = (
            TickExamples.of(windows, features.features(windows, name, scale), False) for name in ("train", self.split)
        )
        return TickSource(train, tested, self.dataset, len(windows.styles), self.split)


class Exported:
    """A file of a preset in the place of a generator: same shapes, same raw planes, the data's styles made its own."""

    def __init__(self, model: OnnxNet, styles: tuple[str, ...]) -> None:
        """Raises DataError where model and data share no style."""
        self.shape = self
        contract = model.contract
        self.latent_dim, self.phrase_dim, self.walk_dim = contract.latent_dim, contract.phrase_dim, contract.walk_dim
        self.bars, self.tap = contract.bars, contract.takes("tap")
        self.places = self.bars if contract.takes("place") else 0
        self.styles = np.array([[a == b for b in model.contract.styles] for a in styles], np.float32)
        self._model = model
        if not self.styles.any() and len(model.contract.styles) > 1:
            raise DataError("the preset knows none of the data's styles")
        self.styles[~self.styles.any(1)] = 1 / len(model.contract.styles)

    def forward_raw(self, z: Tensor, style: Tensor, condition: Tensor, tap: Tensor | None = None) -> tuple[Tensor, ...]:
        """See `training.networks.Generator.forward_raw`; what follows the third condition is phase or place. A net that
        knows neither is not told."""
        given = [z.numpy(), style.numpy() @ self.styles, condition[:, :3].numpy()]
        names = input_names(self._model.contract)[3:]
        if "phase" in names or "place" in names:
            given.append(condition[:, 3:].numpy())
        if "tap" in names:
            none = np.repeat(no_tap(self._model.contract)[None], len(z), 0)
            given.append(none if tap is None else tap.numpy())
        return tuple(torch.from_numpy(plane) for plane in self._model.run(*given))


def evaluate_model(
    model: OnnxNet, name: str, data: Path, *, split: str, bars: int, cache: Path | None, told: Told
) -> Evaluation:
    """Scores one epoch of a preset."""
    judges = Judges(data, split, bars, cache, model.contract.bars)
    told(f"{name}: {bars} bars")
    generator = Exported(model, judges.dataset.styles)
    source: Source = judges.source
    if model.contract.kind == "window":
        source = judges.tick_source(model.contract.steps)
    scores = judges.of_source(source, generator)
    if model.contract.kind == "bar":
        told(f"{name}: bars in a row, knobs, latent")
        scores |= judges.of_playing(generator)
    return _beside(judges, name, scores, told)


def evaluate_file(path: Path, data: Path, *, split: str, bars: int, cache: Path | None, told: Told) -> Evaluation:
    """Scores the bars of a MIDI file. Raises DataError for a file that can't be used."""
    judges = Judges(data, split, bars, cache)
    try:
        hits = read_drums(path).hits
    except UnusableFileError as error:
        raise DataError(f"{path}: {error}") from error
    found = encode(hits, grid=judges.dataset.grid)
    played = play(found.onset, found.velocity, found.offset, judges.source.step_ticks)
    if len(played) < FEWEST_BARS:
        raise DataError(f"{path} has {len(played)} bars; scoring needs {FEWEST_BARS}")
    told(f"{path.name}: {len(played)} bars")
    return _beside(judges, path.name, judges.of_bars(played), told)


def _beside(judges: Judges, name: str, scores: dict[str, float], told: Told) -> Evaluation:
    told("the floor: other real bars")
    floor = judges.floor()
    ceilings = {}
    for ceiling in CEILINGS:
        told(f"a ceiling: {ceiling}")
        ceilings[ceiling] = judges.ceiling(ceiling)
    return Evaluation(scored=name, split=judges.split, bars=judges.bars, scores=scores, floor=floor, ceilings=ceilings)
