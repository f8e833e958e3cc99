"""A training before its first step: data read and checked, and nothing written yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from instrument.errors import DataError
from training import features, groove
from training.cutting import BarCut
from training.dataset import Catalogue, Dataset
from training.examples import BarExamples, Examples, TickExamples, WindowExamples, held
from training.metrics.sets import LENGTH
from training.metrics.sources import BarSource, Source, TickSource
from training.progress import Reporter
from training.reading import read
from training.recipes import Recipe
from training.runs import RunFacts
from training.windows import TickWindows


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is learnt from and judged by. `judged`, `held_out`: items one by one, as the critic of single ones takes
    them. `windows`: those of four bars, for learning and held out, where the recipe scores them."""

    recipe: Recipe
    seed: int
    dataset: Catalogue
    facts: RunFacts
    train: Examples
    judged: Examples
    held_out: Examples
    source: Source
    windows: tuple[WindowExamples, WindowExamples] | None = None


def make_plan(data: Path, recipe: Recipe, seed: int, reporter: Reporter, cache: Path | None) -> Plan:
    """Reads `data` as the recipe says. Raises DataError where there is too little of it."""
    dataset = read(data, recipe.data, cache, reporter)
    for line in dataset.report.lines():
        reporter.note(line)
    try:
        scale = features.scales(dataset)
    except DataError as error:
        raise DataError(f"{data}: {error}") from error
    parts = [features.features(dataset, split, scale) for split in ("train", "validation")]
    train, judged, held_out, source = _examples(data, dataset, parts, recipe, cache)
    return Plan(
        recipe=recipe,
        seed=seed,
        dataset=dataset,
        facts=_facts(dataset, _asked(dataset, parts[0], recipe), recipe, seed),
        train=train,
        judged=judged,
        held_out=held_out,
        source=source,
        windows=_windows(dataset, parts, recipe),
    )


def _windows(
    dataset: Catalogue, parts: list[features.Features], recipe: Recipe
) -> tuple[WindowExamples, WindowExamples] | None:
    if not recipe.metrics.sets_every or not isinstance(dataset, Dataset):
        return None
    return WindowExamples.of(dataset, parts[0], LENGTH), WindowExamples.of(dataset, parts[1], LENGTH)


def _examples(
    data: Path, dataset: Catalogue, parts: list[features.Features], recipe: Recipe, cache: Path | None
) -> tuple[Examples, Examples, Examples, Source]:
    """What is learnt from, the same one by one, what is held out, and where the bars to be scored come from."""
    styles = len(dataset.styles)
    if isinstance(dataset, TickWindows):
        windows = [TickExamples.of(dataset, part, recipe.data.velocity_only) for part in parts]
        bars = groove.load(data, BarCut(), cache=cache)
        return windows[0], windows[0], windows[1], TickSource(windows[0], windows[1], bars, styles)
    assert isinstance(dataset, Dataset)
    learnt, kept = (BarExamples.of(dataset, _asked(dataset, part, recipe)) for part in parts)
    if recipe.network.leanings:
        learnt, kept = learnt.leaning(), kept.leaning()
    source = BarSource(learnt, kept, styles)
    if recipe.data.bars == 1:
        return learnt, learnt, kept, source
    train = WindowExamples.of(dataset, parts[0], recipe.data.bars)
    if not len(train):
        raise DataError(f"{data}: no file has {recipe.data.bars} successive bars that sound; train with --recipe bar")
    if recipe.network.leanings:
        train = train.leaning()
    return train, learnt, kept, source


def _asked(dataset: Catalogue, part: features.Features, recipe: Recipe) -> features.Features:
    """Under the conditions that the recipe's nets are given."""
    return held(dataset, part, recipe.data.bars) if recipe.data.bars > 1 else part


def _facts(dataset: Catalogue, train: features.Features, recipe: Recipe, seed: int) -> RunFacts:
    conditions, prior = features.knob_scales(train), features.prior(train)
    return RunFacts(
        kind=recipe.kind,
        styles=dataset.styles,
        density=conditions.density.quantiles,
        energy=conditions.energy.quantiles,
        prior_style=prior.style,
        prior_density=prior.density,
        prior_energy=prior.energy,
        prior_fill=prior.fill,
        seed=seed,
        data={"fingerprint": dataset.fingerprint(), "files": len(dataset.files), **dataset.windows()},
    )
