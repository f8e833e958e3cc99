"""The bars around the two that the stage shows large: the last four, and the one after the next, small."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from instrument.core.bar import Bar
from instrument.core.drums import Voice
from instrument.core.timebase import STEPS_PER_BAR
from instrument.session.view import StageView
from instrument.tui.glyphs import Glyphs
from instrument.tui.picture import Picture, Row, Span, Tone, fill, gap, trim
from instrument.tui.strokes import Lane, strokes

LABEL = 10
STEPS_PER_BEAT = 4
BARS = 5
LANES = (
    Lane(label="cymbals", voices=(Voice.CLOSED_HAT, Voice.OPEN_HAT, Voice.CRASH, Voice.RIDE)),
    Lane(label="skins", voices=(Voice.SNARE, Voice.LOW_TOM, Voice.MID_TOM, Voice.HIGH_TOM)),
    Lane(label="kick", voices=(Voice.KICK,)),
)

Numbered = tuple[int, Bar]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastLook:
    """`past`: bars that have sounded, the newest last, with their numbers from 1; `after`: the bar after the next."""

    past: tuple[Numbered, ...]
    after: Bar | None


def past_look(view: StageView) -> PastLook:
    return PastLook(past=tuple((index + 1, bar) for index, bar in view.past), after=view.after)


def paint_past(look: PastLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    """A caption over each bar, then its lanes; the newest of the past stands before the one to come."""
    room = (width - LABEL) // BARS
    cell = max((room - 1 - STEPS_PER_BAR // STEPS_PER_BEAT) // STEPS_PER_BAR, 1)
    shown: list[tuple[str, Bar | None, Tone]] = [("", None, Tone.GHOST)] * (BARS - 1 - len(look.past))
    shown += [(f"bar {number}", bar, Tone.QUIET) for number, bar in look.past]
    shown.append((f"after next {glyphs.mid} draft", look.after, Tone.QUIET))
    caption: list[Span] = [gap(LABEL)]
    for name, _, tone in shown:
        caption += trim((Span(name, tone),), room)
    rows: list[Row] = [tuple(caption)]
    for lane in LANES:
        row: list[Span] = [Span(f"{lane.label:<{LABEL}}", Tone.GHOST)]
        for _, bar, tone in shown:
            row += trim(_small(bar, lane, cell, tone, glyphs), room)
        rows.append(tuple(row))
    return fill(rows, width, height)


@lru_cache(maxsize=64)
def _small(bar: Bar | None, lane: Lane, cell: int, tone: Tone, glyphs: Glyphs) -> Row:
    """A lane of one bar, a glyph to a step."""
    if bar is None:
        return ()
    spans: list[Span] = []
    for step, stroke in enumerate(strokes(bar, lane)):
        mark = Span(glyphs.height(stroke.velocity), tone) if stroke else Span(glyphs.empty, Tone.GHOST)
        beat_ends = step % STEPS_PER_BEAT == STEPS_PER_BEAT - 1
        spans += [mark, gap(cell - 1 + beat_ends)]
    return tuple(spans)
