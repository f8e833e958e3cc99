"""The knobs and selectors: what they are called, what they turn, how far a press goes, and their pictures.

One table says it all. A control is named in capitals, and the underlined capital, pressed with shift, takes it in hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from instrument.core.manifest import Manifest
from instrument.session.view import Knobs
from instrument.text import printable
from instrument.tui.glyphs import Glyphs, cut
from instrument.tui.picture import Picture, Row, Span, Tone, beside, fill, gap, width_of

LABEL = 11
VALUE = 6
MIXTURE = "mixture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """A knob: a field of `Knobs` between `low` and `high`, turned by `step` or `fine`; `rest` is where it is at home.

    `inverted`: the knob shows the field the other way round, as FEEL (human to the right) shows `quantise`. `whole`:
    the field is counted.
    """

    name: str
    field: str
    key: str
    says: str
    low: float = 0.0
    high: float = 1.0
    step: float = 0.05
    fine: float = 0.01
    rest: float = 0.5
    inverted: bool = False
    whole: bool = False
    words: Callable[[float], str] = lambda value: f"{100 * value:.0f}"

    @property
    def label(self) -> str:
        return self.name.upper()

    def place(self, knobs: Knobs) -> float:
        """Where the knob stands, 0..1."""
        place = (float(getattr(knobs, self.field)) - self.low) / (self.high - self.low)
        return 1 - place if self.inverted else place

    def change(self, knobs: Knobs, steps: float) -> dict[str, float]:
        """The change of knobs after a turn by this many `step`s, stopped at the ends."""
        sign = -1 if self.inverted else 1
        value = float(getattr(knobs, self.field)) + sign * steps * self.step
        return {self.field: self._kept(value)}

    def to(self, place: float) -> dict[str, float]:
        """The change of knobs that puts the knob at `place` 0..1."""
        place = 1 - place if self.inverted else place
        return {self.field: self._kept(self.low + place * (self.high - self.low))}

    def _kept(self, value: float) -> float:
        within = min(max(value, self.low), self.high)
        return round(within) if self.whole else round(within, 6)


def _feel_words(human: float) -> str:
    return {0.0: "grid", 1.0: "human"}.get(round(human, 3), f"{100 * human:.0f}")


DENSITY = Dial(name="density", field="density", key="D", says="how much is played")
INTENSITY = Dial(name="intensity", field="energy", key="I", says="how hard it is played")
VARIATION = Dial(name="variation", field="variation", key="V", says="how far bars stray from home", rest=0.4)
FEEL = Dial(
    name="feel",
    field="quantise",
    key="F",
    says="from the grid to the hands",
    rest=0.0,
    inverted=True,
    words=_feel_words,
)
SWING = Dial(
    name="swing",
    field="swing",
    key="W",
    says="how late the off-sixteenths fall",
    low=50.0,
    high=75.0,
    step=1.0,
    fine=0.1,
    rest=50.0,
    words=lambda place: f"{50 + 25 * place:.0f}",
)
HUMANISE = Dial(name="humanise", field="humanise", key="N", says="how far the hands wander", rest=0.0)
ACCENT = Dial(
    name="accent",
    field="accent",
    key="A",
    says="loud and soft apart",
    low=-1.0,
    rest=0.0,
    words=lambda place: f"{200 * place - 100:+.0f}",
)
WALK = Dial(name="walk", field="walk", key="", says="how far home wanders, leg by leg", rest=0.0)
LEG = Dial(
    name="leg",
    field="walk_bars",
    key="",
    says="bars to a leg of the walk",
    low=1,
    high=64,
    step=1,
    fine=1,
    rest=8,
    whole=True,
    words=lambda place: f"{1 + 63 * place:.0f}",
)
REACH = Dial(name="reach", field="truncation", key="R", says="usual bars, or all of the latent", rest=1.0)
FOLLOW = Dial(name="follow", field="follow", key="", says="from our own groove to yours", rest=0.0)
LEAST = Dial(name="least", field="least", key="", says="where energy ends below", rest=0.1)
MOST = Dial(name="most", field="most", key="", says="where energy ends above", rest=0.9)
DISTANCE = Dial(name="distance", field="distance", key="", says="how far an answer strays", rest=0.3)
DIALS = (DENSITY, INTENSITY, VARIATION, FEEL, SWING, HUMANISE, ACCENT, WALK, LEG, REACH, FOLLOW, LEAST, MOST, DISTANCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One of several values of a field of `Knobs`; `words` says what each is called. The first is where it rests."""

    name: str
    field: str
    key: str
    says: str
    options: tuple[Any, ...]
    words: tuple[str, ...]

    @property
    def label(self) -> str:
        return self.name.upper()

    def word(self, knobs: Knobs) -> str:
        value = getattr(knobs, self.field)
        return self.words[self.options.index(value)] if value in self.options else str(value)

    def next(self, knobs: Knobs, steps: int) -> dict[str, Any]:
        value = getattr(knobs, self.field)
        at = self.options.index(value) if value in self.options else 0
        return {self.field: self.options[(at + steps) % len(self.options)]}


ENERGY = Pick(
    name="energy",
    field="with_energy",
    key="",
    says="density and intensity go by how you play",
    options=(False, True),
    words=("ours", "yours"),
)
TRADE = Pick(
    name="trade",
    field="trade",
    key="T",
    says="bars in turn, you first",
    options=(0, 1, 2, 4, 8),
    words=("no turns", "ones", "twos", "fours", "eights"),
)
WAITS = Pick(
    name="we wait",
    field="waits",
    key="",
    says="in your silence and your turn",
    options=("hat", "rest", "play"),
    words=("on the hat", "silently", "not at all"),
)
COMPLEMENT = Pick(
    name="make room",
    field="complement",
    key="",
    says="we leave you the voices that you play",
    options=(False, True),
    words=("no", "yes"),
)
PICKS = (ENERGY, TRADE, WAITS, COMPLEMENT)


def style_names(manifest: Manifest) -> tuple[str, ...]:
    """The selector's choices: the mixture of the training beats first, then each style."""
    return ("", *manifest.model.styles)


def next_style(manifest: Manifest, style: str, steps: int) -> str:
    names = style_names(manifest)
    at = names.index(style) if style in names else 0
    return names[(at + steps) % len(names)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DialLook:
    dial: Dial
    place: float
    held: bool


def paint_dial(look: DialLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    """A line: name, bar, value. With more rows: name and value, the bar, what it does."""
    tone = Tone.ALIVE if look.held else Tone.TEXT
    words = look.dial.words(look.place)
    label = label_row(look.dial.label, look.dial.key, look.held, glyphs)
    if height >= 2:
        value = Span(words, Tone.ALIVE if look.held else Tone.STRONG)
        rail = _rail(look.place, width - 1, tone, glyphs)
        says = Span(f" {look.dial.says}", Tone.QUIET)
        return fill([beside(label, (value,), width), (gap(1), *rail), (says,)], width, height)
    rail = _rail(look.place, max(width - LABEL - VALUE, 1), tone, glyphs)
    row: Row = (*label, gap(LABEL - width_of(label)), *rail, Span(f" {words:<{VALUE - 1}}", _value_tone(look.held)))
    return fill([row], width, height)


def _value_tone(held: bool) -> Tone:
    return Tone.ALIVE if held else Tone.STRONG


def label_row(label: str, key: str, held: bool, glyphs: Glyphs) -> Row:
    """The name with its key marked; a pointer before it while it is held."""
    at = label.find(key) if key else -1
    mark = Span(glyphs.picked if held else " ", Tone.ALIVE)
    tone = Tone.ALIVE if held else Tone.QUIET
    if at < 0:
        return mark, Span(label, tone)
    return mark, Span(label[:at], tone), Span(key, Tone.KEY), Span(label[at + 1 :], tone)


def _rail(place: float, width: int, tone: Tone, glyphs: Glyphs) -> Row:
    """The bar: filled up to the grip, a rail behind it."""
    at = round(min(max(place, 0.0), 1.0) * (width - 1))
    return (Span(glyphs.fill * at + glyphs.grip, tone), Span(glyphs.rail * (width - 1 - at), Tone.GHOST))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceLook:
    style: str
    names: tuple[str, ...]
    held: bool


def paint_style(look: ChoiceLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    """The style in hand between two pointers; with two rows, the others beneath."""
    label = label_row("STYLE", "S", look.held, glyphs)
    tone = Tone.ALIVE if look.held else Tone.GHOST
    name = printable(look.style) or MIXTURE
    room = max(width - LABEL - 4, 1)
    body = (
        Span(f"{glyphs.less} ", tone),
        Span(cut(name, room, glyphs), _value_tone(look.held)),
    )
    row: Row = (*label, gap(LABEL - width_of(label)), *body, Span(f" {glyphs.more}", tone))
    return fill([row, _styles(look, width)], width, height)


@dataclass(frozen=True, slots=True, kw_only=True)
class PickLook:
    pick: Pick
    word: str
    held: bool


def paint_pick(look: PickLook, width: int, height: int, glyphs: Glyphs) -> Picture:
    """The choice between two pointers; with two rows, what it does beneath."""
    label = label_row(look.pick.label, look.pick.key, look.held, glyphs)
    tone = Tone.ALIVE if look.held else Tone.GHOST
    word = cut(look.word, max(width - LABEL - 4, 1), glyphs)
    body = (Span(f"{glyphs.less} ", tone), Span(word, _value_tone(look.held)), Span(f" {glyphs.more}", tone))
    row: Row = (*label, gap(LABEL - width_of(label)), *body)
    return fill([row, (Span(f" {look.pick.says}", Tone.QUIET),)], width, height)


def _styles(look: ChoiceLook, width: int) -> Row:
    """As many of the names as there is room for, around the one in hand."""
    spans: list[Span] = [gap(1)]
    at = look.names.index(look.style) if look.style in look.names else 0
    for name in look.names[max(at - 2, 0) :]:
        tone = _value_tone(look.held) if name == look.style else Tone.GHOST
        word = Span(printable(name) or MIXTURE, tone)
        if width_of((*spans, word)) > width:
            break
        spans += [word, gap(2)]
    return tuple(spans)
