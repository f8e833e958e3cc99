"""The training time as a control: every exported epoch, its quality as a curve, the best one marked.

The scores that a manifest keeps are distances to real bars: lower is better. The curve shows their logarithm turned
over, so that up is good and an early epoch's enormous distance doesn't flatten the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from instrument.core.manifest import Epoch, Manifest
from instrument.tui.controls import LABEL, label_row
from instrument.tui.glyphs import Glyphs
from instrument.tui.picture import Picture, Row, Span, Tone, fill, gap, trim, width_of

SCORES = ("fd", "c2st")
"""Frechet distance of rhythm features, then the classifier two-sample test: the first that all epochs have is drawn."""
WIDEST_COLUMN = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochLook:
    """`quality` 0..1 by epoch, or nothing where the preset has no scores; `picked` and `best` index `numbers`."""

    numbers: tuple[int, ...]
    quality: tuple[float, ...]
    score: str
    picked: int
    best: int
    held: bool
    glide: float = 0.0


def epoch_look(manifest: Manifest, epoch: int, held: bool, glide: float = 0.0) -> EpochLook:
    numbers = tuple(e.number for e in manifest.epochs)
    picked = numbers.index(epoch) if epoch in numbers else 0
    name = score_name(manifest.epochs)
    score = manifest.epochs[picked].scores.get(name) if name else None
    return EpochLook(
        numbers=numbers,
        quality=quality(manifest.epochs),
        score=f"{name} {score:.3g}" if score is not None else "",
        picked=picked,
        best=numbers.index(manifest.best_epoch),
        held=held,
        glide=glide,
    )


def score_name(epochs: tuple[Epoch, ...]) -> str:
    """The score to draw, "" where no known one is there for all epochs."""
    for name in SCORES:
        if all(math.isfinite(epoch.scores.get(name, math.nan)) for epoch in epochs):
            return name
    return ""


def quality(epochs: tuple[Epoch, ...]) -> tuple[float, ...]:
    """0 the worst epoch, 1 the best, by the logarithm of the score; () without scores."""
    name = score_name(epochs)
    if not name:
        return ()
    logs = [math.log(max(epoch.scores[name], 1e-6)) for epoch in epochs]
    low, high = min(logs), max(logs)
    return tuple((high - value) / (high - low) if high > low else 1.0 for value in logs)


def paint_epochs(look: EpochLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    """The selector's line, the curve in what rows there are, and the epochs' numbers beneath."""
    rows = [_selector(look, width, glyphs)]
    if height >= 3:
        span = _columns(look, width - LABEL)
        rows += [*_curve(look, span, height - 2, glyphs), _numbers(look, span, glyphs)]
    elif height == 2:
        rows.append(_curve(look, _columns(look, width - LABEL), 1, glyphs)[0])
    return fill(rows, width, height)


def _selector(look: EpochLook, width: int, glyphs: Glyphs) -> Row:
    label = label_row("EPOCH", "E", look.held, glyphs)
    tone = Tone.ALIVE if look.held else Tone.GHOST
    words = f"{look.numbers[look.picked]}"
    if look.glide and look.picked + 1 < len(look.numbers):
        words += f" {100 * look.glide:.0f}% {look.numbers[look.picked + 1]}"
    number = Span(words, Tone.ALIVE if look.held else Tone.STRONG)
    best = look.numbers[look.best]
    row: Row = (
        *label,
        gap(LABEL - width_of(label)),
        Span(f"{glyphs.less} ", tone),
        number,
        Span(f" {glyphs.more}", tone),
    )
    notes = [f"  {glyphs.best} best" if look.picked == look.best else f"  best {best} {glyphs.best}"]
    notes += [f"  {look.score}"] * bool(look.score) + [f"  {len(look.numbers)} epochs"]
    for note in notes:
        if width_of(row) + len(note) <= width:
            row = (*row, Span(note, Tone.QUIET))
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Epochs `first` up to but without `last`, `cells` columns each: all of them, or a window around the picked one."""

    first: int
    last: int
    cells: int


def _columns(look: EpochLook, width: int) -> Columns:
    count = len(look.numbers)
    shown = min(count, max(width, 1))
    first = min(max(look.picked - shown // 2, 0), count - shown)
    return Columns(first=first, last=first + shown, cells=min(max(width // shown, 1), WIDEST_COLUMN))


def _curve(look: EpochLook, span: Columns, rows: int, glyphs: Glyphs) -> list[Row]:
    """A bar for each epoch, `rows` rows high; the picked one is alight."""
    if not look.quality:
        return [(gap(LABEL), Span("no scores in this preset" if row == 0 else "", Tone.GHOST)) for row in range(rows)]
    drawn: list[Row] = []
    for level in reversed(range(rows)):
        spans = [gap(LABEL)]
        for index in range(span.first, span.last):
            filled = max(look.quality[index], 0.04) * rows - level
            glyph = " " if filled <= 0 else glyphs.block if filled > 1 else glyphs.height(filled)
            width = max(span.cells - 1, 1)
            tone = Tone.ALIVE if index == look.picked else Tone.STRONG if index == look.best else Tone.QUIET
            spans += [Span(glyph * width, tone), gap(span.cells - width)]
        drawn.append(tuple(spans))
    return drawn


def _numbers(look: EpochLook, span: Columns, glyphs: Glyphs) -> Row:
    """The numbers where they fit; else only the ends, the best and a pointer at the picked one."""
    roomy = all(len(str(number)) < span.cells for number in look.numbers[span.first : span.last])
    row: list[Span] = [gap(LABEL)]
    for index in range(span.first, span.last):
        number = str(look.numbers[index])
        star = glyphs.best if index == look.best and len(number) + 1 < span.cells else ""
        mark = glyphs.head if index == look.picked else glyphs.best if index == look.best else ""
        tone = Tone.ALIVE if index == look.picked else Tone.STRONG if index == look.best else Tone.QUIET
        row += trim((Span(number + star if roomy else mark, tone),), span.cells)
    return tuple(row)


def epoch_at(look: EpochLook, column: int, width: int) -> int | None:
    """The epoch whose bar stands in a column of the curve."""
    span = _columns(look, width - LABEL)
    index = span.first + (column - LABEL) // span.cells
    return look.numbers[index] if column >= LABEL and index < span.last else None
