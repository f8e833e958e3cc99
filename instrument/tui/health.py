"""Whether all is well: grey zeros while it is, words when it isn't, and the whole story for who asks."""

from __future__ import annotations

from instrument.session.view import ClockFacts, Health
from instrument.text import printable
from instrument.tui.glyphs import Glyphs, cut
from instrument.tui.picture import Picture, Row, Span, Tone, fill, width_of

LATE_MS = 5.0
"""A 99th percentile above this is heard as loose."""
ASK = "d doctor"


def is_well(health: Health) -> bool:
    return not health.trouble and health.misses == 0 and health.lateness_p99_ms <= LATE_MS


def paint_health(health: Health, width: int, height: int, glyphs: Glyphs) -> Picture:
    """One line, exactly as wide as there is room; what is wrong comes first and in the colour of trouble."""
    return fill([_line(health, width, glyphs)], width, height)


def _line(health: Health, width: int, glyphs: Glyphs) -> Row:
    if health.trouble:
        words = f"{glyphs.bad} {printable(health.trouble)}"
        return (Span(cut(words, width - len(ASK) - 3, glyphs), Tone.TROUBLE), *_ask(glyphs))
    where = f"{printable(health.backend)} {printable(health.port)}"
    link = "" if health.connected else " (nothing connected)"
    spans = [Span(cut(where + link, width, glyphs), Tone.QUIET)]
    late = health.lateness_p99_ms > LATE_MS
    missed = health.misses > 0
    facts = [
        Span(f"late {health.lateness_p99_ms:.2f} ms p99", Tone.TROUBLE if late else Tone.QUIET),
        Span(f"misses {health.misses}", Tone.TROUBLE if missed else Tone.QUIET),
        Span(f"net {health.model_ms:.1f} ms", Tone.QUIET),
    ]
    if not health.realtime or health.advice:
        facts.append(Span(ASK, Tone.QUIET))
    for fact in facts:
        if width_of(tuple(spans)) + 3 + len(fact.text) <= width:
            spans += [Span(f" {glyphs.mid} ", Tone.GHOST), fact]
    return tuple(spans)


def _ask(glyphs: Glyphs) -> Row:
    return Span(f" {glyphs.mid} ", Tone.GHOST), Span("d", Tone.KEY), Span(" doctor", Tone.QUIET)


def doctor_lines(health: Health) -> list[tuple[str, str]]:
    """What the doctor says: pairs of a name and a finding."""
    knob = health.knob_p99_ms > 0
    return [
        ("state", "well" if is_well(health) else "not well"),
        ("trouble", printable(health.trouble) or "none"),
        ("what helps", printable(health.advice) or "nothing needed"),
        ("output", f"{printable(health.backend)}, port {printable(health.port) or 'none'}"),
        ("listener", "connected" if health.connected else "nothing is connected to the port"),
        ("real time", "yes" if health.realtime else "no: timing depends on what else runs"),
        ("lateness p50", f"{health.lateness_p50_ms:.2f} ms"),
        ("lateness p99", f"{health.lateness_p99_ms:.2f} ms"),
        ("lateness max", f"{health.lateness_max_ms:.2f} ms"),
        *_clock_lines(health.clock),
        ("knob to sound", f"{health.knob_p50_ms:.1f} ms p50, {health.knob_p99_ms:.1f} ms p99" if knob else "not yet"),
        ("missed bars", f"{health.misses}"),
        ("a bar takes", f"{health.model_ms:.2f} ms"),
    ]


def _clock_lines(clock: ClockFacts) -> list[tuple[str, str]]:
    if clock.sync == "internal":
        return []
    return [
        ("clock", f"{clock.state}, {clock.tempo_bpm:.1f} BPM from {printable(clock.source) or 'nobody yet'}"),
        ("clock jitter", f"{clock.jitter_ms:.2f} ms"),
        ("phase error", f"{clock.phase_error_ms:.2f} ms"),
    ]
