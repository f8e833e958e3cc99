"""What the grids say of a bar: heights, leaning, second hits, the playhead, and the room they take."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.core.bar import GRID, Bar
from instrument.core.drums import Voice
from instrument.tui.glyphs import FINE, PLAIN
from instrument.tui.grid import GridLook, grid_layout, paint_grids
from instrument.tui.picture import Picture, Tone, text_of
from instrument.tui.strokes import LANES, SHORT_LANES, mean_lateness_ms, strokes

Hit = tuple[Voice, int, float, float]


def bar_of(*hits: Hit, second: tuple[Hit, ...] = ()) -> Bar:
    onset, velocity, offset = (np.zeros(GRID.shape, np.float32) for _ in range(3))
    for plane, group in enumerate((hits, second)):
        for voice, step, loud, late in group:
            onset[plane, voice, step], velocity[plane, voice, step], offset[plane, voice, step] = 1, loud, late
    return Bar(onset=onset, velocity=velocity, offset=offset)


def look(now: Bar | None, *, step: int = -1, fill_in: int = -1) -> GridLook:
    return GridLook(now=now, next=None, step=step, bar_number=3, fill_in=fill_in, tempo_bpm=120.0)


def line(picture: Picture, label: str) -> str:
    return next(row for row in text_of(picture).splitlines() if row.startswith(label))


def test_velocity_is_height() -> None:
    bar = bar_of((Voice.KICK, 0, 0.02, 0), (Voice.KICK, 4, 0.5, 0), (Voice.KICK, 8, 1.0, 0))
    assert line(paint_grids(look(bar), 78, 13, FINE), "kick")[8:40] == "▁ · · · ▄ · · · ▇ · · · · · · · "
    assert line(paint_grids(look(bar), 78, 13, PLAIN), "kick")[8:40] == "1 . . . 5 . . . 9 . . . . . . . "


def test_early_and_late_lean_in_narrow_cells() -> None:
    bar = bar_of((Voice.SNARE, 0, 0.9, -0.3), (Voice.SNARE, 4, 0.9, 0.3), (Voice.SNARE, 8, 0.9, -0.3))
    assert line(paint_grids(look(bar), 78, 13, FINE), "snare")[7:26] == "‹▇ · · · ▇›· · ·‹▇ "


def test_early_and_late_move_the_stroke_in_wide_cells() -> None:
    layout = grid_layout(194, 22)
    at = [
        text_of(paint_grids(look(bar_of((Voice.KICK, 4, 0.9, late))), 194, 22, FINE)).splitlines()[-2].index("█")
        for late in (-0.3, 0.0, 0.3)
    ]
    assert layout.cell > 2
    assert [at[1] - at[0], at[2] - at[1]] == [1, 1]


def test_a_second_hit_stands_beside_the_first() -> None:
    bar = bar_of((Voice.SNARE, 4, 0.9, 0.3), second=((Voice.SNARE, 4, 0.4, 0.45),))
    assert line(paint_grids(look(bar), 78, 13, FINE), "snare")[16:19] == "▇▃·"


@pytest.mark.parametrize("step", range(16))
def test_the_playhead_lights_its_column_and_nothing_else(step: int) -> None:
    picture = paint_grids(look(bar_of((Voice.KICK, step, 0.9, 0.0)), step=step), 78, 13, FINE)
    for row in picture[2:11]:
        lit, x = [], 0
        for span in row:
            lit += [x + i for i in range(len(span.text)) if span.tone in (Tone.HEAD, Tone.HEAD_HIT)]
            x += len(span.text)
        assert lit == [8 + 2 * step, 9 + 2 * step]
    assert text_of(picture).splitlines()[-1].index("▲") == 8 + 2 * step


def test_a_stopped_grid_has_no_playhead() -> None:
    tones = {span.tone for row in paint_grids(look(bar_of()), 78, 13, FINE) for span in row}
    assert not tones & {Tone.ALIVE, Tone.HEAD, Tone.HEAD_HIT}


@pytest.mark.parametrize(("fill_in", "words"), [(0, "now · bar 3  FILL"), (1, "FILL in 1"), (3, "fill in 3")])
def test_a_fill_announces_itself_even_without_captions(fill_in: int, words: str) -> None:
    if fill_in < 2:
        assert words in text_of(paint_grids(look(None, fill_in=fill_in), 78, 13, FINE))
        assert "FILL" in text_of(paint_grids(look(None, fill_in=fill_in), 40, 6, FINE))
    assert "FILL" not in text_of(paint_grids(look(None), 40, 6, FINE))


def test_short_lanes_show_the_loudest_of_their_voices() -> None:
    bar = bar_of((Voice.CLOSED_HAT, 0, 0.2, 0), (Voice.OPEN_HAT, 0, 0.9, 0), (Voice.CRASH, 4, 1.0, 0))
    hats, rest = (strokes(bar, lane) for lane in SHORT_LANES[1::-1])
    assert hats[0] is not None
    assert hats[0].velocity == pytest.approx(0.9)
    assert rest[4] is not None


def test_every_voice_has_a_lane() -> None:
    for lanes in (LANES, SHORT_LANES):
        assert sorted(voice for lane in lanes for voice in lane.voices) == sorted(Voice)


def test_mean_lateness_is_in_milliseconds() -> None:
    row = strokes(bar_of((Voice.KICK, 0, 1, 0.4), (Voice.KICK, 8, 1, 0.0)), LANES[-1])
    assert mean_lateness_ms(row, 120.0) == pytest.approx(25.0)
    assert mean_lateness_ms(strokes(bar_of(), LANES[0]), 120.0) is None


@given(st.integers(0, 260), st.integers(0, 70), st.integers(-1, 15), st.booleans())
def test_any_box_is_filled_exactly(width: int, height: int, step: int, plain: bool) -> None:
    bar = bar_of((Voice.KICK, 0, 1, -0.4), (Voice.RIDE, 15, 0.3, 0.4))
    picture = paint_grids(look(bar, step=step, fill_in=1), width, height, PLAIN if plain else FINE)
    assert [sum(len(span.text) for span in row) for row in picture] == [width] * height
