"""Knobs, epochs, pad, transport, health and hints as pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.session.dial import next_epoch
from instrument.session.scripted import GOOD_HEALTH, NO_MIDI_HEALTH, ScriptedSession, scripted_manifest
from instrument.session.view import Knobs
from instrument.tui.controls import (
    DENSITY,
    DIALS,
    FEEL,
    SWING,
    ChoiceLook,
    Dial,
    DialLook,
    next_style,
    paint_dial,
    paint_style,
)
from instrument.tui.epochs import epoch_at, epoch_look, paint_epochs, quality, score_name
from instrument.tui.glyphs import FINE, PLAIN, Glyphs
from instrument.tui.health import doctor_lines, paint_health
from instrument.tui.hints import HintsLook, paint_hints
from instrument.tui.pad import PadLook, cell_of, paint_pad, place_at
from instrument.tui.picture import Picture, Tone, text_of, width_of
from instrument.tui.transport import paint_transport, transport_look

MANIFEST = scripted_manifest()
VIEW = ScriptedSession(lambda: 0.0).view()
PAD = PadLook(x=0.0, y=0.0, home=3, across="x", up="y", held=False)

Painter = Callable[[int, int, Glyphs], Picture]
PAINTERS: dict[str, Painter] = {
    "dial": lambda w, h, g: paint_dial(DialLook(dial=DENSITY, place=0.5, held=True), w, h, g),
    "style": lambda w, h, g: paint_style(ChoiceLook(style="rock", names=("", "rock"), held=False), w, h, g),
    "epochs": lambda w, h, g: paint_epochs(epoch_look(MANIFEST, 48, False), w, h, g),
    "pad": lambda w, h, g: paint_pad(PAD, w, h, g),
    "transport": lambda w, h, g: paint_transport(transport_look(VIEW), w, h, g),
    "health": lambda w, h, g: paint_health(GOOD_HEALTH, w, h, g),
    "trouble": lambda w, h, g: paint_health(NO_MIDI_HEALTH, w, h, g),
    "hints": lambda w, h, g: paint_hints(HintsLook(message="", trouble=False, playing=True), w, h, g),
}


@pytest.mark.parametrize("name", PAINTERS)
@given(width=st.integers(0, 220), height=st.integers(0, 20), glyphs=st.sampled_from((FINE, PLAIN)))
def test_any_box_is_filled_exactly(name: str, width: int, height: int, glyphs: Glyphs) -> None:
    picture = PAINTERS[name](width, height, glyphs)
    assert [width_of(row) for row in picture] == [width] * height
    if glyphs.plain:
        assert text_of(picture).isascii()


@given(st.sampled_from(DIALS), st.floats(0, 1))
def test_a_dial_stands_where_it_was_put(dial: Dial, place: float) -> None:
    changes: dict[str, Any] = dict(dial.to(place))
    assert dial.place(replace(Knobs(epoch=1), **changes)) == pytest.approx(
        place, abs=0.5 / (dial.high - dial.low) if dial.whole else 1e-5
    )


def test_a_dial_stops_at_its_ends() -> None:
    knobs = Knobs(epoch=1, swing=74.5)
    assert SWING.change(knobs, 3) == {"swing": 75.0}
    assert DENSITY.change(knobs, -100) == {"density": 0.0}


def test_feel_says_human_and_grid() -> None:
    assert (FEEL.words(FEEL.place(Knobs(epoch=1))), FEEL.words(FEEL.place(Knobs(epoch=1, quantise=1.0)))) == (
        "human",
        "grid",
    )


def test_styles_go_round_and_an_unknown_one_counts_as_the_mixture() -> None:
    assert [next_style(MANIFEST, name, 1) for name in ("", "latin", "polka")] == ["rock", "", "rock"]


def test_quality_is_one_at_the_best_and_falls_with_distance() -> None:
    drawn = dict(zip((e.number for e in MANIFEST.epochs), quality(MANIFEST.epochs), strict=True))
    assert drawn[48] == 1.0
    assert drawn[1] == 0.0
    assert drawn[1] < drawn[8] < drawn[32] < drawn[64] < drawn[48]


def test_a_score_that_some_epochs_lack_is_not_drawn() -> None:
    first, *rest = MANIFEST.epochs
    assert score_name((replace(first, scores={"c2st": 0.9}), *rest)) == ""
    assert quality((replace(first, scores={}),)) == ()


def test_the_picked_epoch_and_the_best_are_marked() -> None:
    picture = paint_epochs(epoch_look(MANIFEST, 8, True), 51, 3, FINE)
    text = text_of(picture)
    assert "◂ 8 ▸" in text
    assert "48★" in text
    assert [span.text.strip() for span in picture[2] if span.tone is Tone.ALIVE] == ["8"]


@pytest.mark.parametrize("count", [1, 40, 300])
def test_many_epochs_show_a_window_with_the_picked_one_in_it(count: int) -> None:
    manifest = scripted_manifest({n: float(count + 1 - n) for n in range(1, count + 1)})
    for picked in (1, count // 2 + 1, count):
        look = epoch_look(manifest, picked, True)
        alive = [span for span in paint_epochs(look, 51, 3, FINE)[1] if span.tone is Tone.ALIVE]
        assert len(alive) == 1
        hits = {epoch_at(look, column, 51) for column in range(51)}
        assert picked in hits


def test_next_epoch_stops_at_the_ends() -> None:
    assert (next_epoch(MANIFEST, 1, -1), next_epoch(MANIFEST, 128, 1), next_epoch(MANIFEST, 48, 1)) == (1, 128, 64)


@given(st.floats(-1, 1), st.floats(-1, 1), st.integers(2, 60), st.integers(2, 30))
def test_a_click_on_the_place_means_the_place(x: float, y: float, width: int, height: int) -> None:
    column, row = cell_of(x, y, width, height)
    again = place_at(column, row, width, height)
    assert again[0] == pytest.approx(x, abs=1.01 / (width - 1))
    assert again[1] == pytest.approx(y, abs=1.01 / (height - 1))
    assert cell_of(*again, width, height) == (column, row)


@pytest.mark.parametrize("height", [6, 7, 12])
def test_the_middle_of_the_pad_is_its_cross(height: int) -> None:
    moved = text_of(paint_pad(replace(PAD, x=1.0, y=1.0), 25, height, FINE)).splitlines()
    middle = text_of(paint_pad(PAD, 25, height, FINE)).splitlines()
    row = next(y for y, line in enumerate(moved) if "┼" in line)
    assert middle[row][moved[row].index("┼")] == "●"


def test_health_is_quiet_while_all_is_well_and_speaks_otherwise() -> None:
    well = paint_health(GOOD_HEALTH, 80, 1, FINE)
    assert Tone.TROUBLE not in {span.tone for span in well[0]}
    late = replace(GOOD_HEALTH, lateness_p99_ms=12.0, misses=2)
    assert [span.text for span in paint_health(late, 80, 1, FINE)[0] if span.tone is Tone.TROUBLE] == [
        "late 12.00 ms p99",
        "misses 2",
    ]
    assert text_of(paint_health(NO_MIDI_HEALTH, 80, 1, FINE)).startswith("▲ no MIDI system: output none")
    assert ("what helps", NO_MIDI_HEALTH.advice) in doctor_lines(NO_MIDI_HEALTH)


def test_a_message_takes_the_place_of_the_hints() -> None:
    look = HintsLook(message="no\x1b[31m such style", trouble=True, playing=False)
    assert text_of(paint_hints(look, 40, 1, FINE)) == "▲ no[31m such style"


def test_the_big_figures_show_place_and_tempo() -> None:
    stopped = text_of(paint_transport(transport_look(VIEW), 190, 6, FINE))
    assert "stopped" in stopped
    assert "BPM" in stopped
    assert stopped.count("█") > 60
