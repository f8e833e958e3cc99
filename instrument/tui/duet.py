"""The conversation as a picture: what the other player played in the last bar and plays in this one, and our answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from instrument.core.bar import Bar
from instrument.core.taps import Tapped, loudest
from instrument.core.timebase import STEPS_PER_BAR
from instrument.core.trading import Turn
from instrument.session.view import StageView
from instrument.tui.glyphs import Glyphs
from instrument.tui.picture import Picture, Row, Span, Tone, beside, fill, gap, retone
from instrument.tui.transport import STEPS_PER_BEAT, step_of

COUNT = "e&a"
LABEL = 9
WIDEST = 6
FACTS_WIDTH = 60
UNDER_HEAD = {Tone.GHOST: Tone.HEAD, Tone.QUIET: Tone.HEAD, Tone.STRONG: Tone.HEAD_HIT}

Steps = tuple[float, ...]
"""A velocity 0..1 for each step, 0 for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DuetLook:
    """What the picture shows. `step`: the playhead's, -1 while stopped. `listens`: whether anything was heard."""

    last: Steps
    now: Steps
    ours: Steps
    step: int
    turn: Turn | None
    clicks: int
    listens: bool
    busy: float
    hard: float
    loop: str
    loop_bars: int
    latency_ms: float


def duet_look(view: StageView) -> DuetLook:
    partner = view.partner
    return DuetLook(
        last=_of_strokes(partner.last),
        now=_of_strokes(partner.now),
        ours=_of_bar(view.now),
        step=step_of(view) if view.playing and view.position_ticks >= 0 else -1,
        turn=partner.turn,
        clicks=partner.clicks,
        listens=partner.notes > 0,
        busy=round(partner.energy.busy, 2),
        hard=round(partner.energy.hard, 2),
        loop=partner.loop,
        loop_bars=partner.loop_bars,
        latency_ms=partner.latency_ms,
    )


def turn_words(turn: Turn | None) -> str:
    """ "your turn 2/4", or nothing where no bars are traded."""
    return f"{'our' if turn.ours else 'your'} turn {turn.bar + 1}/{turn.bars}" if turn else ""


def paint_duet(look: DuetLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    """What goes on, the count, then three lines of steps; each of several rows where there is room."""
    cell = max(min((width - LABEL - 3) // STEPS_PER_BAR, WIDEST), 1)
    rows_each = max(min((height - 5) // 3, 4), 1)
    apart = height >= 2 + 3 * rows_each + 2
    facts = _facts(look, glyphs) if width >= FACTS_WIDTH else ()
    rows: list[Row] = [beside(_says(look), facts, width), _count(look, cell)]
    lines: list[Row] = []
    for name, steps, tone in (
        ("before", look.last, Tone.QUIET),
        ("you", look.now, Tone.STRONG),
        ("ours", look.ours, Tone.STRONG),
    ):
        lines += [(gap(width),)] if apart and lines else []
        lines += _line(name, steps, tone, cell, rows_each, glyphs)
    if look.step >= 0:
        at = LABEL + 1 + look.step * cell + look.step // STEPS_PER_BEAT
        lines = [retone(row, at, at + cell, UNDER_HEAD) for row in lines]
    spare = height - len(rows) - len(lines)
    return fill([*[()] * max(spare // 2, 0), *rows, *lines], width, height)


def _says(look: DuetLook) -> Row:
    if look.clicks >= 0:
        return (Span(" play to the clicks", Tone.ALIVE), Span(f"  {look.clicks} to go", Tone.STRONG))
    if look.turn is not None:
        return (Span(f" {turn_words(look.turn)}", Tone.ALIVE if look.turn.ours else Tone.STRONG),)
    if not look.listens:
        return (Span(" nothing heard yet: play into our MIDI input", Tone.QUIET),)
    return (Span(" together", Tone.TEXT),)


def _facts(look: DuetLook, glyphs: Glyphs) -> Row:
    words = f"busy {glyphs.height(look.busy)}  hard {glyphs.height(look.hard)}"
    if look.latency_ms:
        words += f"  {look.latency_ms:+g} ms taken off"
    loop = {"empty": "", "records": "LOOP records", "plays": "loop", "overdubs": "LOOP overdubs"}[look.loop]
    if loop and look.loop_bars:
        loop += f" {look.loop_bars} {'bar' if look.loop_bars == 1 else 'bars'}"
    return (Span(f"{loop}  " if loop else "", Tone.ALIVE), Span(words, Tone.QUIET))


def _count(look: DuetLook, cell: int) -> Row:
    spans: list[Span] = [gap(LABEL + 1)]
    for step in range(STEPS_PER_BAR):
        beat, part = divmod(step, STEPS_PER_BEAT)
        lit = look.step >= 0 and look.step // STEPS_PER_BEAT == beat and not part
        mark = COUNT[part - 1] if part else str(beat + 1)
        spans.append(Span(f"{mark:<{cell}}", Tone.ALIVE if lit else Tone.GHOST if part else Tone.QUIET))
        spans.append(gap(int(part == STEPS_PER_BEAT - 1)))
    return tuple(spans)


def _line(name: str, steps: Steps, tone: Tone, cell: int, rows: int, glyphs: Glyphs) -> list[Row]:
    """Bars over the steps, `rows` high, from the foot up."""
    lines: list[Row] = []
    for row in reversed(range(rows)):
        spans: list[Span] = [Span(f" {name if row == 0 else '':<{LABEL}}", Tone.QUIET)]
        for step, level in enumerate(steps):
            mark, shade = _mark(level, row, rows, tone, glyphs)
            bar = mark * max(cell - 1, 1) if level > 0 else f"{mark:^{max(cell - 1, 1)}}"
            spans.append(Span(f"{bar:<{cell}}", shade))
            spans.append(gap(int(step % STEPS_PER_BEAT == STEPS_PER_BEAT - 1)))
        lines.append(tuple(spans))
    return lines


def _mark(level: float, row: int, rows: int, tone: Tone, glyphs: Glyphs) -> tuple[str, Tone]:
    """The character of a step in one of its rows, row 0 at the foot."""
    part = level * rows - row
    if level <= 0 or part <= 0:
        return (glyphs.empty, Tone.GHOST) if row == 0 else (" ", Tone.GHOST)
    return (glyphs.block if part >= 1 and rows > 1 else glyphs.height(min(part, 0.999)), tone)


def _of_strokes(strokes: Iterable[Tapped]) -> Steps:
    struck = loudest(strokes)
    return tuple(struck[step].velocity / 127 if step in struck else 0.0 for step in range(STEPS_PER_BAR))


def _of_bar(bar: Bar | None) -> Steps:
    if bar is None or bar.velocity.shape[2] != STEPS_PER_BAR:
        return (0.0,) * STEPS_PER_BAR
    return tuple(round(float(level), 2) for level in bar.velocity.max(axis=(0, 1)))
