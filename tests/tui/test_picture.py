"""Rows keep their width, pictures their characters, and patches hold every difference."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from instrument.tui.picture import Row, Span, Tone, beside, centred, fill, patches, retone, text_of, trim, width_of

tones = st.sampled_from(Tone)
words = st.text(st.sampled_from("ab ·█字ｗ"), max_size=6)
rows = st.lists(st.builds(Span, words, tones), max_size=6).map(tuple)
narrow_rows = st.lists(st.builds(Span, st.text("ab ·", max_size=6), tones), max_size=6).map(tuple)


@given(rows, st.integers(0, 30))
def test_a_trimmed_row_has_its_width_and_no_neighbours_of_one_tone(row: Row, width: int) -> None:
    trimmed = trim(row, width)
    assert width_of(trimmed) == width
    assert all(a.tone is not b.tone for a, b in pairwise(trimmed))


@given(rows, rows, st.integers(0, 40))
def test_beside_keeps_the_right_part_whole_where_it_fits(left: Row, right: Row, width: int) -> None:
    row = beside(left, right, width)
    assert width_of(row) == width
    if width_of(right) <= width:
        assert "".join(s.text for s in row).endswith("".join(s.text for s in right))


@given(narrow_rows, st.integers(0, 30), st.integers(0, 30))
def test_retoning_changes_tones_inside_and_no_characters(row: Row, x0: int, width: int) -> None:
    changed = retone(row, x0, x0 + width, dict.fromkeys(Tone, Tone.HEAD))
    before = [(c, span.tone) for span in row for c in span.text]
    after = [(c, span.tone) for span in changed for c in span.text]
    assert after == [(c, Tone.HEAD if x0 <= x < x0 + width else t) for x, (c, t) in enumerate(before)]


@given(narrow_rows, narrow_rows)
def test_patches_hold_every_difference(one: Row, other: Row) -> None:
    old, new = fill([one], 24, 2), fill([other], 24, 2)
    changed = {(p.y, x) for p in patches(old, new) for x in range(p.x0, p.x1)}
    cells = [[(c, span.tone) for span in picture[0] for c in span.text] for picture in (old, new)]
    assert {(0, x) for x in range(24) if cells[0][x] != cells[1][x]} <= changed
    assert bool(changed) == (old != new)


def test_centred_text_stands_in_the_middle() -> None:
    assert text_of((centred((Span("abc"),), 9),)) == "   abc"


@given(rows, st.integers(0, 5), st.integers(0, 30))
def test_a_filled_picture_is_a_rectangle(row: Row, height: int, width: int) -> None:
    picture = fill([row] * 3, width, height)
    assert [sum(cell_len(s.text) for s in r) for r in picture] == [width] * height
