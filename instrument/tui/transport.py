"""The head of the page: what plays, how fast, led by whom, and where in the music one is."""

from __future__ import annotations

from dataclasses import dataclass

from instrument.core.timebase import BAR_TICKS, BEATS_PER_BAR, PPQ, STEPS_PER_BAR
from instrument.session.view import StageView
from instrument.text import printable
from instrument.tui.digits import HEIGHT, big
from instrument.tui.glyphs import Glyphs, cut
from instrument.tui.picture import Picture, Row, Span, Tone, beside, fill, gap, trim, width_of

NAME = "GHOSTNOTE"
STEP_TICKS = BAR_TICKS // STEPS_PER_BAR
STEPS_PER_BEAT = STEPS_PER_BAR // BEATS_PER_BAR
BIG_WIDTH = 138
"""Columns that the big figures need, side by side."""
NAME_WIDTH = 30
BEAT_WIDTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A step in the music, counted from 1 as musicians do; before the first bar line, bar 0."""

    bar: int
    beat: int
    sixteenth: int

    def __str__(self) -> str:
        return f"{self.bar}.{self.beat}.{self.sixteenth}"


def step_of(view: StageView) -> int:
    """The step 0..15 of the bar that sounds."""
    return view.position_ticks % BAR_TICKS // STEP_TICKS


def place_of(view: StageView) -> Place:
    tick = view.position_ticks % BAR_TICKS
    return Place(
        bar=view.position_ticks // BAR_TICKS + 1,
        beat=tick // PPQ + 1,
        sixteenth=tick // STEP_TICKS % STEPS_PER_BEAT + 1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportLook:
    """What the head shows."""

    title: str
    epoch: int
    best: bool
    playing: bool
    tempo_bpm: float
    sync: str
    place: Place


def transport_look(view: StageView) -> TransportLook:
    return TransportLook(
        title=printable(view.manifest.title or view.manifest.name),
        epoch=view.knobs.epoch,
        best=view.knobs.epoch == view.manifest.best_epoch,
        playing=view.playing,
        tempo_bpm=round(view.tempo_bpm, 1),
        sync=printable(f"{view.sync} {view.health.clock.state}".strip()),
        place=place_of(view),
    )


def paint_transport(look: TransportLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    """One line, or the big figures where there are five rows and more and room beside each other."""
    if height >= HEIGHT and width >= BIG_WIDTH:
        return fill(_tall(look, width, glyphs), width, height)
    if height >= 2:
        return fill([_line(look, width, glyphs), _name(look, width, glyphs)], width, height)
    name = (
        Span(NAME, Tone.STRONG),
        Span(f" {cut(look.title, width // 5, glyphs)}"),
        *_epoch(look, glyphs),
    )
    return fill([beside(name, _clock(look, glyphs), width)], width, height)


def _epoch(look: TransportLook, glyphs: Glyphs) -> Row:
    star = f" {glyphs.best}" if look.best else ""
    return (Span(f" {glyphs.mid} epoch {look.epoch}{star}", Tone.QUIET),)


def _state(look: TransportLook, glyphs: Glyphs) -> Span:
    return Span(glyphs.play, Tone.ALIVE) if look.playing else Span(glyphs.stop, Tone.QUIET)


def beats(look: TransportLook, glyphs: Glyphs) -> Row:
    """Four dots, the one that sounds alight: the only thing that blinks."""
    row: list[Span] = []
    for beat in range(1, BEATS_PER_BAR + 1):
        on = look.playing and look.place.beat == beat
        row.append(Span(glyphs.beat_on if on else glyphs.beat_off, Tone.ALIVE if on else Tone.GHOST))
        row.append(gap(1))
    return tuple(row[:-1])


def _clock(look: TransportLook, glyphs: Glyphs) -> Row:
    """State, tempo, sync, beats and place; the place keeps its width, so that nothing jumps."""
    return (
        *(_state(look, glyphs), Span(f" {look.tempo_bpm:.1f}", Tone.STRONG), Span(f"  {look.sync}  ", Tone.QUIET)),
        *beats(look, glyphs),
        Span(f"{look.place!s:>9}", Tone.STRONG if look.playing else Tone.QUIET),
    )


def _line(look: TransportLook, width: int, glyphs: Glyphs) -> Row:
    tempo = (_state(look, glyphs), Span(f" {look.tempo_bpm:.1f}", Tone.STRONG), Span(f" {look.sync}", Tone.QUIET))
    place = Span(f"{look.place!s:>8}", Tone.STRONG if look.playing else Tone.QUIET)
    return beside(tempo, (*beats(look, glyphs), place), width)


def _name(look: TransportLook, width: int, glyphs: Glyphs) -> Row:
    epoch = _epoch(look, glyphs)
    title = cut(look.title, width - len(NAME) - 1 - width_of(epoch), glyphs)
    return (Span(NAME, Tone.QUIET), Span(f" {title}", Tone.QUIET), *epoch)


def _tall(look: TransportLook, width: int, glyphs: Glyphs) -> list[Row]:
    tone = Tone.ALIVE if look.playing else Tone.QUIET
    sign = big(">" if look.playing else "#", tone, glyphs)
    tempo = big(f"{look.tempo_bpm:.1f}", Tone.STRONG, glyphs)
    place = big(f"{look.place!s:>8}", tone, glyphs)
    star = f" {glyphs.best} best" if look.best else ""
    words: list[Row] = [
        (Span(NAME, Tone.STRONG),),
        (Span(cut(look.title, NAME_WIDTH - 2, glyphs)),),
        (Span(f"epoch {look.epoch}{star}", Tone.QUIET),),
        (),
        (Span(f"bar {look.place.bar}", Tone.QUIET),),
    ]
    rows: list[Row] = []
    for y in range(HEIGHT):
        note = {0: "BPM", 2: look.sync, 4: "playing" if look.playing else "stopped"}.get(y, "")
        left = (*words[y], gap(NAME_WIDTH - width_of(words[y])), *sign[y], gap(4), *tempo[y], gap(2))
        left = (
            *trim((*left, Span(cut(note, 12, glyphs), Tone.QUIET)), width_of(left) + 14),
            *_big_beats(look, y, glyphs),
        )
        rows.append(beside(left, place[y], width))
    return rows


def _big_beats(look: TransportLook, y: int, glyphs: Glyphs) -> Row:
    """Four fields on a line; the one of the beat that sounds is full."""
    row: list[Span] = []
    for beat in range(1, BEATS_PER_BAR + 1):
        on = look.playing and look.place.beat == beat
        mark = glyphs.block if on and y > 0 else glyphs.rule if y == HEIGHT - 1 else " "
        row += [Span(mark * BEAT_WIDTH, Tone.ALIVE if on else Tone.GHOST), gap(2)]
    return tuple(row)
