"""The strip of what is kept: snapshots, locks, the bar's recall code, on the line above the health."""

from __future__ import annotations

from dataclasses import dataclass

from instrument.core.drums import Voice
from instrument.session.snapshots import SLOTS
from instrument.tui.glyphs import Glyphs
from instrument.tui.picture import Picture, Row, Span, Tone, fill, gap, width_of

SHORT = {
    Voice.KICK: "kick",
    Voice.SNARE: "snare",
    Voice.CLOSED_HAT: "hat",
    Voice.OPEN_HAT: "open",
    Voice.LOW_TOM: "low",
    Voice.MID_TOM: "mid",
    Voice.HIGH_TOM: "hi",
    Voice.CRASH: "crash",
    Voice.RIDE: "ride",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StripLook:
    """`kept`: of each slot whether there is a snapshot; `morph_bars`, `capture_bars`: how long they take; `locked` and
    `resting` voices; `every`: bars between fills."""

    kept: tuple[bool, ...]
    morph_bars: int
    morphs: bool
    capture_bars: int
    frozen: bool
    back: int
    builds: bool
    monitored: bool
    holds: bool
    every: int
    locked: frozenset[int]
    resting: frozenset[int]
    code: str


def paint_strip(look: StripLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    """One line, a rule where it has nothing to say; what matters least is left out first."""
    row: Row = (Span(f"{glyphs.rule} ", Tone.GHOST), *_slots(look, glyphs))
    for part in _parts(look, glyphs):
        if width_of(row) + width_of(part) + 4 <= width:
            row = (*row, Span(f" {glyphs.rule} ", Tone.GHOST), *part)
    return fill([(*row, gap(1), Span(glyphs.rule * max(width - width_of(row) - 1, 0), Tone.GHOST))], width, height)


def _slots(look: StripLook, glyphs: Glyphs) -> Row:
    marks = [
        Span(f"{number}{slot}", Tone.STRONG) if kept else Span(f"{number}{glyphs.empty}", Tone.GHOST)
        for number, (slot, kept) in enumerate(zip(SLOTS, look.kept, strict=True), 1)
    ]
    return tuple(span for mark in marks for span in (mark, gap(1)))[:-1]


def _parts(look: StripLook, glyphs: Glyphs) -> list[Row]:
    """What there is to say, most needed first."""
    alive = [
        ("MORPH" if look.morphs else ""),
        ("BUILD" if look.builds else ""),
        ("SOUND" if look.monitored else ""),
        (f"BACK {look.back}" if look.back else "FROZEN" if look.frozen else ""),
    ]
    locked = () if look.frozen else look.locked
    found: list[Row] = [(Span(word, Tone.ALIVE),) for word in alive if word]
    found += [_voices(f"{glyphs.lock}lock", locked)] if locked else []
    found += [_voices(f"{glyphs.mute}mute", look.resting)] if look.resting else []
    quiet = [
        f"fill every {look.every}" if look.every else "",
        f"morph {look.morph_bars}" if look.morph_bars else "",
        "at bar line" if look.holds else "",
        look.code,
        f"capture {look.capture_bars}",
    ]
    return [*found, *((Span(words, Tone.QUIET),) for words in quiet if words)]


def _voices(word: str, voices: frozenset[int] | tuple[()]) -> Row:
    names = " ".join(SHORT[Voice(voice)] for voice in sorted(voices))
    return (Span(f"{word} ", Tone.QUIET), Span(names, Tone.STRONG))
