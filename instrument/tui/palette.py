"""Tones into colours: the theme's variables in, one style for each tone out.

Colour is never alone: whatever a colour says, a glyph or a word says too. In a theme of the terminal's own colours, and
under NO_COLOR, the tones are told apart by dim, bold and reverse. Our own theme takes its two colours from Okabe and
Ito's palette (2008), which nearly everybody can tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from instrument.tui.picture import Tone

SKY, ORANGE = "#56b4e9", "#e69f00"
DEEP_BLUE, VERMILION = "#0072b2", "#b34700"

NIGHT = Theme(
    name="ghostnote",
    primary=SKY,
    secondary="#8fa3b3",
    accent=SKY,
    warning=ORANGE,
    error=ORANGE,
    success=SKY,
    foreground="#e4e8ec",
    background="#0e1114",
    surface="#151a1f",
    panel="#1c232a",
    dark=True,
)
DAY = Theme(
    name="ghostnote-day",
    primary=DEEP_BLUE,
    secondary="#5b6b78",
    accent=DEEP_BLUE,
    warning=VERMILION,
    error=VERMILION,
    success=DEEP_BLUE,
    foreground="#14181c",
    background="#f4f2ec",
    surface="#eae7df",
    panel="#dfdbd1",
    dark=False,
)
GHOST_SHARE, QUIET_SHARE, TEXT_SHARE = 0.26, 0.56, 0.82
"""How far a tone lies from the background towards the foreground."""
HEAD_SHARE = 0.26
"""How far the playhead's column lies from the background towards the accent."""

Palette = dict[Tone, Style]


def palette(variables: Mapping[str, str], ansi: bool) -> Palette:
    """Every tone's style. `variables` are Textual's: foreground, background, accent and error are read."""
    return _terminal(variables) if ansi else _blended(variables)


def _blended(variables: Mapping[str, str]) -> Palette:
    ground, ink = Color.parse(variables["background"]), Color.parse(variables["foreground"])
    accent, error = Color.parse(variables["accent"]), Color.parse(variables["error"])

    def style(colour: Color, *, on: Color = ground, bold: bool | None = None, underline: bool | None = None) -> Style:
        return Style(color=colour.rich_color, bgcolor=on.rich_color, bold=bold, underline=underline)

    head = ground.blend(accent, HEAD_SHARE)
    return {
        Tone.GHOST: style(ground.blend(ink, GHOST_SHARE)),
        Tone.QUIET: style(ground.blend(ink, QUIET_SHARE)),
        Tone.TEXT: style(ground.blend(ink, TEXT_SHARE)),
        Tone.STRONG: style(ink, bold=True),
        Tone.ALIVE: style(accent, bold=True),
        Tone.HEAD: style(ground.blend(ink, QUIET_SHARE), on=head),
        Tone.HEAD_HIT: style(ink, on=head, bold=True),
        Tone.TROUBLE: style(error, bold=True),
        Tone.KEY: style(ground.blend(ink, TEXT_SHARE), underline=True),
    }


def _terminal(variables: Mapping[str, str]) -> Palette:
    accent, error = _terminal_colour(variables["accent"]), _terminal_colour(variables["error"])
    return {
        Tone.GHOST: Style(dim=True),
        Tone.QUIET: Style(),
        Tone.TEXT: Style(),
        Tone.STRONG: Style(bold=True),
        Tone.ALIVE: Style(color=accent, bold=True),
        Tone.HEAD: Style(reverse=True, dim=True),
        Tone.HEAD_HIT: Style(reverse=True, bold=True),
        Tone.TROUBLE: Style(color=error, bold=True),
        Tone.KEY: Style(underline=True),
    }


def _terminal_colour(name: str) -> RichColor | None:
    """Textual's `ansi_green` as Rich's `green`; the default colour as none."""
    plain = name.removeprefix("ansi_")
    return None if plain == "default" else RichColor.parse(plain)
